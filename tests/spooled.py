"""The log of a gateway that runs without a control plane, read from its spool in this process."""

from pathlib import Path
from typing import Any

import msgspec

from proxy.control.jobs.row_builder import RowBuilder
from proxy.logstore import event_of_rows
from proxy.prices import PriceBook
from proxy.spool.reader import Reader

__all__ = ["SpooledEvents"]

_MAX_ROWS, _MAX_BYTES = 500, 1 << 20


class SpooledEvents:
    """Every event in a spool folder so far, as the API would show it; each call of `all` reads what is new."""

    def __init__(self, folder: Path, prices: PriceBook) -> None:
        self._reader = Reader(folder)
        self._builder = RowBuilder(prices)
        self._offsets: dict[str, int] = {}
        self._events: dict[str, dict[str, Any]] = {}

    def all(self) -> dict[str, dict[str, Any]]:
        """By id, oldest first."""
        for segment in self._reader.segments():
            for batch in self._reader.batches(segment, self._offsets.get(segment, 0), _MAX_ROWS, _MAX_BYTES):
                assert not batch.lost, f"damage in {segment} at {batch.start}"
                for rows in self._builder.build(batch):
                    event = event_of_rows(rows.request, rows.body, with_bodies=True)
                    self._events[event.id] = msgspec.json.decode(msgspec.json.encode(event))
                self._offsets[segment] = batch.end
        return self._events
