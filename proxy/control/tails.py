"""The live tails that are open: how many, and how far the log is, asked once for all tails of an organisation."""

import asyncio
import time
from typing import Final

from proxy.control.slots import Slots
from proxy.logstore import LogStore
from proxy.logstore.sql import query

__all__ = ["POLL_S", "Tails"]

POLL_S: Final = 0.5
_MAX_OPEN: Final = 100


class Tails:
    """Belongs to one event loop."""

    def __init__(self, most: int = _MAX_OPEN) -> None:
        self.slots = Slots("live tails", most)
        self._newest: dict[str, _Newest] = {}

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
