"""Stored hours: fills them, says which may be read, and notes what makes one stale.

An hour may be read if it was filled and no change was noted since: a fill notes how many changes it has seen. Calls
that come later than `LATE_US` after their start note a change, in the insert's wake; so does whoever alters calls.
Hours are filled only long after that, and `verify` finds by the number of calls what a crash kept from being noted.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from proxy.logstore.sql import query
from proxy.query.hours import HOUR_US, Span, fill_sql

__all__ = ["CLOSED_US", "LATE_US", "StoredHours", "late_hours"]

LATE_US: Final = HOUR_US
"""Calls that begin earlier than this before they are inserted note a change of their hour."""
CLOSED_US: Final = 2 * HOUR_US
"""Hours that ended earlier than this ago are filled. Clocks of machines may differ by the rest."""


class _Tables(Protocol):
    """What is needed of a `LogStore`."""

    def read(self, sql: str, bound: dict[str, Any]) -> list[dict[str, Any]]: ...

    def execute(self, sql: str, bound: dict[str, Any]) -> list[dict[str, Any]]: ...


def late_hours(rows: Iterable[Any], now_us: int) -> set[tuple[str, int]]:
    """(organisation, hour in seconds since the epoch) of the `RequestRow`s that may belong to a filled hour."""
    before_us = now_us - LATE_US
    return {(row.org, row.start // HOUR_US * 3600) for row in rows if row.start < before_us}


class StoredHours:
    """The stored hours of a log. Raises `StoreError`."""

    def __init__(self, store: _Tables) -> None:
        self._store = store

    def current(self, org: str, span: Span) -> list[int]:
        """The hours of a span that may be read: their beginnings, in microseconds."""
        if span.until_us <= span.since_us:
            return []
        return [row["hour"] * 1_000_000 for row in self._store.read(query("hours_current"), _bound(org, span))]

    def note_changes(self, hours: Iterable[tuple[str, int]]) -> None:
        """Makes hours stale: (organisation, hour in seconds since the epoch)."""
        listed = sorted(set(hours))
        if listed:
            bound = {"orgs": [org for org, _ in listed], "hours": [hour for _, hour in listed]}
            self._store.execute(query("hours_note_changes"), bound)

    def note_span(self, org: str, span: Span) -> None:
        """Makes all filled hours of a span stale: call it before and after calls were altered."""
        self._store.execute(query("hours_note_span"), _bound(org, _whole(span)))

    def fill(self, org: str, span: Span, now_us: int) -> None:
        """Fills the whole hours of a span. A crash leaves them as they were."""
        bound = _bound(org, span)
        hours = range(bound["since"], bound["until"], 3600)
        last = self._store.read(query("hours_last_fill"), bound)[0]["fill"]  # of finished and of cut off fills
        changes = {row["hour"]: row["changes"] for row in self._store.read(query("hours_noted"), bound)}
        calls = self._calls(org, span)
        fill = max(now_us, last + 1)
        self._store.execute(
            fill_sql(), {"org": org, "fill": fill, "since_us": span.since_us, "until_us": span.until_us}
        )
        filled_before = {row["hour"] for row in self._store.read(query("hours_filled"), bound)}
        self._store.execute(
            query("hours_note_fill"),
            {
                "org": org,
                "fill": fill,
                "hours": list(hours),
                "changes": [changes.get(hour, 0) for hour in hours],
                "calls": [calls.get(hour, 0) for hour in hours],
            },
        )
        if filled_before:
            old = {"org": org, "fill": fill, "hours": sorted(filled_before)}
            self._store.execute(query("hours_remove_old"), old)

    def verify(self, org: str, span: Span) -> int:
        """Makes the hours stale that do not cover as many calls as there are; returns how many."""
        filled = {row["hour"]: row["calls"] for row in self._store.read(query("hours_filled"), _bound(org, span))}
        calls = self._calls(org, span)
        wrong = [(org, hour) for hour, covered in filled.items() if covered != calls.get(hour, 0)]
        self.note_changes(wrong)
        return len(wrong)

    def first_call_us(self, org: str, since_us: int) -> int | None:
        """When the first call of an organisation from `since_us` on began; None where there is none."""
        rows = self._store.read(query("hours_first_call"), {"org": org, "since_us": since_us})
        return rows[0]["start_us"] if rows else None

    def large_orgs(self, since_us: int, calls: int) -> Sequence[str]:
        """Organisations with more than so many calls from `since_us` on."""
        if self._store.read(query("hours_all_calls"), {})[0]["calls"] <= calls:
            return []
        return [row["org"] for row in self._store.read(query("hours_orgs"), {"since_us": since_us, "calls": calls})]

    def _calls(self, org: str, span: Span) -> dict[int, int]:
        bound = {"org": org, "since_us": span.since_us, "until_us": span.until_us}
        return {row["hour"]: row["calls"] for row in self._store.read(query("hours_calls"), bound)}


def _bound(org: str, span: Span) -> dict[str, Any]:
    return {"org": org, "since": span.since_us // 1_000_000, "until": min(span.until_us // 1_000_000, 2**32 - 1)}


def _whole(span: Span) -> Span:
    """The hours that a span touches."""
    return Span(span.since_us // HOUR_US * HOUR_US, -(-span.until_us // HOUR_US) * HOUR_US)
