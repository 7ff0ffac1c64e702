"""The live tails that are open: how many, and how far the log is, asked once for all tails of an organisation."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from proxy.core.errors import PerihelionError
from proxy.logstore import LogStore
from proxy.logstore.sql import query

__all__ = ["POLL_S", "Tails", "TooManyTails"]

POLL_S: Final = 0.5
_MAX_OPEN: Final = 100


class TooManyTails(PerihelionError):
    """No further live tail can be opened now."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} live tails are open, as many as there can be. Close one, or poll with `after`.")


class Tails:
    """Belongs to one event loop."""

    def __init__(self, most: int = _MAX_OPEN) -> None:
        self.open = 0
        self._most = most
        self._newest: dict[str, _Newest] = {}

    def check_free(self) -> None:
        """Raises `TooManyTails` where one more cannot be opened."""
        if self.open >= self._most:
            raise TooManyTails(self._most)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Counts one tail as open until the end of the block."""
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    async def newest_us(self, store: LogStore, org: str) -> int:
        """The highest `ingested_at` of an organisation, at most `POLL_S` old. Raises `StoreError`."""
        newest = self._newest.setdefault(org, _Newest())
        async with newest.lock:
            if time.monotonic() - newest.asked_at >= POLL_S:
                bound = {"org": org, "after_us": newest.us}
                rows = await asyncio.to_thread(store.read, query("newest_arrival"), bound)
                newest.us = max(newest.us, int(rows[0]["last_us"]))
                newest.asked_at = time.monotonic()
        return newest.us


class _Newest:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.us = 0
        self.asked_at = float("-inf")
