"""The live tails that are open: how many, and how far the log is, asked once for all tails of an organisation."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from proxy.control.slots import Slots
from proxy.logstore import LogStore
from proxy.logstore.sql import query

__all__ = ["POLL_S", "Tails"]

POLL_S: Final = 0.5
_MAX_OPEN: Final = 100
_MAX_READING: Final = 1
"""Reads at once of all tails together."""

Rows = TypeVar("Rows")


class Tails:
    """Belongs to one event loop."""

    def __init__(self, most: int = _MAX_OPEN) -> None:
        self.slots = Slots("live tails", most)
        self._reading = asyncio.Semaphore(_MAX_READING)
        self._newest: dict[str, _Newest] = {}

    async def newest_us(self, store: LogStore, org: str) -> int:
        """The highest `ingested_at` of an organisation, at most `POLL_S` old. Raises `StoreError`."""
        newest = self._newest.setdefault(org, _Newest())
        async with newest.lock:
            if time.monotonic() - newest.asked_at >= POLL_S:
                bound = {"org": org, "after_us": newest.us}
                rows = await self.read(store.read, query("newest_arrival"), bound)
                newest.us = max(newest.us, int(rows[0]["last_us"]))
                newest.asked_at = time.monotonic()
        return newest.us

    async def read(self, call: Callable[..., Rows], *arguments: Any) -> Rows:
        """What a read of the store returns. Tails wait for each other, so that other callers find a reader free."""
        async with self._reading:
            return await asyncio.to_thread(call, *arguments)


class _Newest:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.us = 0
        self.asked_at = float("-inf")
