"""Stores hourly figures of large organisations, some hours at a time."""

from collections import deque
from collections.abc import Callable
from typing import Final

from proxy.control.jobs.runner import SlicedJob
from proxy.core.clock import monotonic, now_us
from proxy.core.settings import Settings
from proxy.logstore import LogStore
from proxy.logstore.hourly import CLOSED_US, StoredHours
from proxy.query.hours import HOUR_US, Span, spans_of

__all__ = ["HourKeeper"]

_INTERVAL_S: Final = 600.0
_SLICE_HOURS: Final = 6
_PAUSE_S: Final = 0.1
"""Between two slices: the log is there for others."""
_DAY_US: Final = 24 * HOUR_US


class HourKeeper:
    """Finds the hours that are not stored, or no longer right, and stores them."""

    def __init__(
        self, settings: Settings, store: Callable[[], LogStore | None], clock: Callable[[], int] = now_us
    ) -> None:
        """`store` returns the open log, or None where it is not open. `clock` gives microseconds since the epoch."""
        self._store = store
        self._clock = clock
        self._calls = settings.get_int("metrics.exact_rows") if settings.get_bool("metrics.store_hours") else None
        self._window_us = settings.get_int("metrics.max_window_days") * _DAY_US
        self._todo: deque[tuple[str, Span]] = deque()
        self._looked_at = 0.0

    @property
    def job(self) -> SlicedJob:
        return SlicedJob(name="store_hours", wanted=self.wanted, run=self.run)

    def wanted(self) -> bool:
        """Return whether there are hours to store, or it is time to look for some."""
        if self._calls is None or self._store() is None:
            return False
        return bool(self._todo) or not self._looked_at or monotonic() - self._looked_at > _INTERVAL_S

    def look_again(self) -> None:
        """Look for hours to store at once: some were made stale."""
        self._looked_at = 0.0

    def run(self) -> float | None:
        """Store some hours. Returns the seconds until the next ones; None where all are stored."""
        store = self._store()
        if store is None or self._calls is None:
            return None
        hours = StoredHours(store)
        if not self._todo:
            self._looked_at = monotonic()
            self._look(hours, self._calls)
        if self._todo:
            org, span = self._todo.popleft()
            hours.fill(org, span, self._clock())
        return _PAUSE_S if self._todo else None

    def _look(self, hours: StoredHours, calls: int) -> None:
        """Note what is to be stored, newest first."""
        now = self._clock()
        since_us = max(0, now - self._window_us)
        closed_us = (now - CLOSED_US) // HOUR_US * HOUR_US
        for org in hours.large_orgs(since_us, calls):
            first_us = hours.first_call_us(org, since_us)
            if first_us is None or first_us >= closed_us:
                continue
            span = Span(first_us // HOUR_US * HOUR_US, closed_us)
            hours.verify(org, span)
            current = set(hours.current(org, span))
            missing = [hour for hour in range(span.since_us, span.until_us, HOUR_US) if hour not in current]
            self._todo.extend((org, part) for part in slices_of(missing))


def slices_of(hours: list[int]) -> list[Span]:
    """Hours as spans of at most `_SLICE_HOURS`, newest first."""
    parts: list[Span] = []
    for span in spans_of(hours, most=len(hours)):
        for since_us in range(span.since_us, span.until_us, _SLICE_HOURS * HOUR_US):
            parts.append(Span(since_us, min(since_us + _SLICE_HOURS * HOUR_US, span.until_us)))
    return parts[::-1]
