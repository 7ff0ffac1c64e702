"""Calls that end in one loop tick are entered together: their answers kept, their frames written in one write, and only
then do their last pieces leave.

Together costs less than one by one: a write of its own takes 5.4 µs, one sixteenth of a common write 0.9 µs, and a
record made right after another finds code and tables still in the processor's cache.
"""

import asyncio

from proxy.core import log
from proxy.core.record import encode
from proxy.gateway.build_record import build_record
from proxy.gateway.cache import Cache
from proxy.gateway.exchange import Exchange
from proxy.gateway.metrics import Metrics
from proxy.spool.writer import Writer

__all__ = ["RecordWriter"]


class RecordWriter:
    """The ends of calls as one event loop sees them."""

    def __init__(self, spool: Writer, cache: Cache, metrics: Metrics, worker: str) -> None:
        self._spool = spool
        self._cache = cache
        self._metrics = metrics
        self._worker = worker
        self._ended: list[Exchange] = []

    def add(self, ex: Exchange) -> None:
        """Takes a call that ended. Its caller gets the last piece once the record is written or counted as dropped."""
        if not self._ended:
            asyncio.get_running_loop().call_soon(self.flush)
        self._ended.append(ex)

    def flush(self) -> None:
        """Enters what was taken. Never raises: a call must not fail because its log did."""
        ended, self._ended = self._ended, []
        self._cache.keep()
        frames: list[bytes] = []
        for ex in ended:
            try:
                record = build_record(ex, self._worker)
                frames.append(encode(record))
                self._metrics.ended(record)
            except Exception as error:
                self._metrics.unlogged += 1
                log.swallowed("record", error)
        self._spool.extend(frames)
        for ex in ended:
            if ex.last is not None:
                try:
                    ex.wire.finish(ex.last)
                except Exception as error:  # the others' callers wait too
                    log.swallowed("finish", error)
