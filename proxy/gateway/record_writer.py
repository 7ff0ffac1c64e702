"""Writes the records of calls that end in one tick of the event loop together: the cache stores their answers, their
frames are written in one write, and only then the ends of their answers are sent.

Together costs less than one by one (docs/architecture.md).
"""

import asyncio
from typing import Final

from proxy.core import log
from proxy.core.clock import monotonic
from proxy.core.identity import UNKNOWN
from proxy.core.record import encode
from proxy.gateway.build_record import build_record, build_refusal
from proxy.gateway.cache import Cache
from proxy.gateway.exchange import Exchange
from proxy.gateway.metrics import Metrics
from proxy.spool.writer import Writer

__all__ = ["RecordWriter"]

_REFUSALS: Final = 100
"""Records of calls that were refused before it was known whose they are: as many at once, and then
`_REFUSALS_A_SECOND`. Further ones are counted: whoever has no key must not fill the disk or flood the log."""
_REFUSALS_A_SECOND: Final = 1.0


class RecordWriter:
    """The calls that ended in this tick of one event loop. A logged request body has at most `max_body` bytes."""

    def __init__(self, spool: Writer, cache: Cache, metrics: Metrics, *, worker: str, max_body: int) -> None:
        self._spool = spool
        self._cache = cache
        self._metrics = metrics
        self._worker = worker
        self._max_body = max_body
        self._ended: list[Exchange] = []
        self._refusals = float(_REFUSALS)
        self._counted_at = monotonic()

    def add(self, ex: Exchange) -> None:
        """Take a call that ended. Its caller gets the end of the answer once the record is written or counted as
        dropped."""
        if not self._ended:
            asyncio.get_running_loop().call_soon(self.flush)
        self._ended.append(ex)

    def flush(self) -> None:
        """Write the records of the calls taken. Never raises: a call must not fail because its log did."""
        ended, self._ended = self._ended, []
        self._cache.save_finished()
        frames: list[bytes] = []
        for ex in ended:
            try:
                if ex.identity is UNKNOWN:
                    record = build_refusal(ex, self._worker)
                    if self._may_log_refusal():
                        frames.append(encode(record))
                    else:
                        self._metrics.refused_unlogged += 1
                else:
                    record = build_record(ex, self._worker, self._max_body)
                    frames.append(encode(record))
                self._metrics.ended(record)
            except Exception as error:
                self._metrics.unlogged += 1
                log.swallowed("record", error)
        self._spool.extend(frames)
        for ex in ended:
            if ex.final_chunk is not None:
                try:
                    ex.wire.finish(ex.final_chunk)
                except Exception as error:  # the callers of the other calls wait too
                    log.swallowed("finish", error)

    def _may_log_refusal(self) -> bool:
        now = monotonic()
        self._refusals = min(_REFUSALS, self._refusals + (now - self._counted_at) * _REFUSALS_A_SECOND)
        self._counted_at = now
        if self._refusals < 1:
            return False
        self._refusals -= 1
        return True
