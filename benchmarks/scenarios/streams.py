"""What the proxy adds to a stream's first token, and whether hundreds of paced streams keep their pace."""

from statistics import median
from typing import Any

from benchmarks import machine
from benchmarks.load import Result, Spec, run
from benchmarks.rig import COUNTER, HEADERS, chat_body, rig

__all__ = ["measure"]

_CHUNKS = 60
_PACE_MS = 20.0


def measure(short: bool) -> dict[str, Any]:
    """Added TTFT in milliseconds; stalls among 512 streams; the 40 ms tail of Nagle with delayed ACK."""
    turns, seconds = (2, 2.0) if short else (5, 4.0)
    body = chat_body(1_000, stream=True)
    found: dict[str, Any] = {}
    with rig(chunks=8, chunk_ms=1.0) as made:
        direct: list[Result] = []
        proxied: list[Result] = []
        for _ in range(turns):
            spec = Spec(url=made.direct, connections=8, body=body, headers=HEADERS, counter=COUNTER, seconds=seconds)
            direct.append(run(spec))
            spec.url = made.proxied
            with made.control_waits():
                proxied.append(run(spec))
        row: dict[str, Any] = {"streams": sum(one.calls for one in proxied)}
        for name in ("first_p50", "first_p99"):
            a = median(getattr(one, name) for one in direct)
            b = median(getattr(one, name) for one in proxied)
            row[f"added_{name}_ms"] = round(b - a, 4)
        row["nagle_tail"] = row["added_first_p99_ms"] > 35
        found["first token, 8 streams"] = row
    with rig(chunks=_CHUNKS, chunk_ms=_PACE_MS) as made:
        spec = Spec(
            url=made.direct,
            connections=512,
            body=body,
            headers=HEADERS,
            counter=COUNTER,
            calls=512 if short else 2048,
            warm_up=0,
        )
        source = run(spec)
        spec.url = made.proxied
        before = machine.cpu_seconds(made.gateway)
        with made.control_waits():
            result = run(spec)
        cpu = machine.cpu_seconds(made.gateway) - before
        found["512 streams, 20 ms a chunk"] = {
            "streams": result.calls,
            "errors": result.errors,
            "chunks": result.chunks,
            "stalls_over_100_ms": result.stalls,
            "without_the_proxy": source.stalls,
            "gateway_core_share": round(cpu / result.seconds, 3),
            "rss_mib": round(machine.rss_kib(made.worker) / 1024, 1),
        }
    return found
