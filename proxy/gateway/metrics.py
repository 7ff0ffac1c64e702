"""Counters of one worker, and the Prometheus page summed over all workers.

Incrementing is attribute arithmetic on the hot path. Each worker leaves its counters in a small file once a second; a
scrape, which reaches any one worker, sums them all. Files of workers that died are kept, so no counter goes back.
"""

import os
from bisect import bisect_left
from collections import Counter
from pathlib import Path

import msgspec

from proxy.core import log
from proxy.core.files import replace
from proxy.core.record import Record

__all__ = ["PREFIX", "Metrics", "store", "total"]

_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

PREFIX = "perihelion_"


class Metrics:
    """One worker's counters."""

    def __init__(self) -> None:
        self.opened = 0
        self.finished = 0
        self.unlogged = 0
        self.refused_unlogged = 0
        self.request_bytes = 0
        self.response_bytes = 0
        self.calls: Counter[tuple[str, int, str]] = Counter()
        self.buckets = [0] * (len(_BOUNDS_S) + 1)
        self.duration_s = 0.0

    def ended(self, record: Record) -> None:
        """Count a finished call."""
        self.finished += 1
        self.request_bytes += record.request_size
        self.response_bytes += record.response_size
        self.calls[record.provider, record.status // 100, record.outcome] += 1
        seconds = record.ended_us / 1e6
        self.duration_s += seconds
        self.buckets[bisect_left(_BOUNDS_S, seconds)] += 1

    def values(self, spool: dict[str, int], upstream: dict[str, int]) -> dict[str, float]:
        """Return every sample by its Prometheus name with labels, without the prefix."""
        samples: dict[str, float] = {
            f'calls_total{{provider="{provider or "none"}",status="{status}xx",outcome="{outcome}"}}': count
            for (provider, status, outcome), count in self.calls.items()
        }
        samples["opened_total"] = self.opened
        samples["open"] = self.opened - self.finished - self.unlogged
        samples["unlogged_total"] = self.unlogged
        samples["refused_unlogged_total"] = self.refused_unlogged
        samples["request_bytes_total"] = self.request_bytes
        samples["response_bytes_total"] = self.response_bytes
        running = 0
        for bound, count in zip((*map(str, _BOUNDS_S), "+Inf"), self.buckets, strict=True):
            running += count
            samples[f'duration_seconds_bucket{{le="{bound}"}}'] = running
        samples["duration_seconds_sum"] = self.duration_s
        samples["duration_seconds_count"] = running
        samples |= {f"spool_{name}_total": value for name, value in spool.items()}
        samples |= {f"upstream_{name}": value for name, value in upstream.items()}
        samples["workers"] = 1
        return samples


def store(folder: Path, values: dict[str, float]) -> None:
    """Leaves one worker's samples where its siblings find them. A disk that takes none costs the sums and no call."""
    try:
        replace(folder / f"{os.getpid()}.metrics", msgspec.msgpack.encode(values))
    except OSError as error:
        log.swallowed("metrics", error)


def total(folder: Path, own: dict[str, float]) -> dict[str, float]:
    """`own` and the samples of all other workers, added up; gauges of dead workers are left out."""
    sums = dict(own)
    for path in folder.glob("*.metrics"):
        if not path.stem.isdecimal() or (pid := int(path.stem)) == os.getpid():
            continue
        try:
            samples = msgspec.msgpack.decode(path.read_bytes(), type=dict[str, float])
        except (
            OSError,
            msgspec.MsgspecError,
            UnicodeDecodeError,
        ):  # damaged: a living worker writes another within a second
            continue
        alive = Path(f"/proc/{pid}").exists()
        for name, value in samples.items():
            if alive or "_total" in name or "duration" in name:
                sums[name] = sums.get(name, 0) + value
    return sums
