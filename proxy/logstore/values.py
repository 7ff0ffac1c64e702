"""Values that columns and properties have had: collects them from the log, and suggests those that begin like a text.

Calls are taken in the order in which they arrived in the log, each range once: it is noted before it is taken, and
taken again under the same token where a crash may have come between.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from proxy.logstore.base import LogStore
from proxy.logstore.sql import query

__all__ = ["SETTLED_US", "Suggestion", "ValueCollector", "suggest", "suggest_scores"]

SETTLED_US: Final = 5_000_000
"""Calls that arrived later than this ago are left for the next time: a batch may still be on its way."""
_SLICE: Final = 50_000


class Suggestion(msgspec.Struct, frozen=True):
    """A value, in how many calls it was seen, and when last."""

    value: str
    calls: int
    last_seen: datetime | None


class _Range(msgspec.Struct, frozen=True):
    """Calls by the time of their arrival: after `since_us`, up to `until_us`."""

    since_us: int
    until_us: int
    first_day: str
    """The day of their earliest start."""


class ValueCollector:
    """Brings `property_values` up to date. One at a time may run over a log. Raises `StoreError`."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._taken: _Range | None = None

    def collect(self, now_us: int) -> bool:
        """Takes some calls. Returns whether there may be more."""
        noted = self._store.execute(query("values_taken"), {})
        last = _Range(**noted[0]) if noted else _Range(0, 0, "1970-01-01")
        if noted and last != self._taken:  # noted by an earlier process, or another one: perhaps it came no further
            self._take(last)
        bound = {"since_us": last.until_us, "until_us": now_us - SETTLED_US, "limit": _SLICE}
        found = self._store.execute(query("values_next"), bound)[0]
        if found["until_us"] <= last.until_us:
            return False
        following = _Range(last.until_us, found["until_us"], found["first_day"])
        self._store.execute(query("values_take"), msgspec.structs.asdict(following))
        self._take(following)
        return True

    def _take(self, calls: _Range) -> None:
        sql = query("values_fill").replace("/* range */", f"{calls.since_us}:{calls.until_us}")
        self._store.execute(sql, msgspec.structs.asdict(calls))
        self._taken = calls


def suggest(store: LogStore, org: str, name: str, text: str, since_day: str, limit: int) -> list[Suggestion]:
    """Values that begin with `text`, those of most calls first; then, if there is room, those that contain it."""
    bound: dict[str, Any] = {"org": org, "name": name, "since_day": since_day}
    found = store.read(query("values_suggest"), {**bound, "prefix": text, "part": "", "limit": limit})
    if text and len(found) < limit:
        begun = {row["value"] for row in found}
        more = store.read(query("values_suggest"), {**bound, "prefix": "", "part": text, "limit": 2 * limit})
        found += [row for row in more if row["value"] not in begun]
    return [Suggestion(row["value"], row["total"], row["last"]) for row in found[:limit]]


def suggest_scores(store: LogStore, org: str, name: str, text: str, since_day: str, limit: int) -> list[Suggestion]:
    """Categories of the score `name`, or names of scores where it is empty, that contain `text`."""
    bound = {"org": org, "name": name, "part": text, "since_day": since_day, "limit": limit}
    return [Suggestion(row["value"], row["total"], row["last"]) for row in store.read(query("score_values"), bound)]
