"""Collects the values of columns and properties for suggestions, some calls at a time."""

from collections.abc import Callable
from typing import Final

from proxy.control.jobs.runner import SlicedJob
from proxy.core.clock import monotonic, now_us
from proxy.logstore import LogStore
from proxy.logstore.values import ValueCollector

__all__ = ["ValueJob"]

_INTERVAL_S: Final = 15.0


class ValueJob:
    """Takes the calls that arrived since it was last there."""

    def __init__(self, store: Callable[[], LogStore | None]) -> None:
        """`store` returns the open log, or None where it is not open."""
        self._store = store
        self._collector: tuple[LogStore, ValueCollector] | None = None
        self._next_look = 0.0

    @property
    def job(self) -> SlicedJob:
        return SlicedJob(name="collect_values", wanted=self.wanted, run=self.run)

    def wanted(self) -> bool:
        """Return whether it is time to look for calls."""
        return monotonic() >= self._next_look and self._store() is not None

    def run(self) -> float | None:
        """Take some calls. Returns the seconds until the next ones; None where all are taken."""
        store = self._store()
        if store is None:
            return None
        if self._collector is None or self._collector[0] is not store:
            self._collector = (store, ValueCollector(store))
        if self._collector[1].collect(now_us()):
            return 0.0
        self._next_look = monotonic() + _INTERVAL_S
        return None
