"""Reads one session of the log: its trees and its calls."""

from collections.abc import Sequence
from typing import Any, Final

from proxy.control.sessions.node import Node
from proxy.control.sessions.paths import path_tree
from proxy.control.sessions.spans import span_tree
from proxy.logstore import LogStore, micros
from proxy.logstore.limits import QueryLimits
from proxy.logstore.sql import query
from proxy.metadata.errors import InvalidValue, RowNotFound
from proxy.query import Sql

__all__ = ["MAX_CALLS", "SessionReader"]

MAX_CALLS: Final = 200_000
"""Paths, or calls in a tree of spans, that are read of one session."""
_EVERY_CALL: Final = Sql("1", {})
_LIMITS: Final = QueryLimits(result_rows=MAX_CALLS + 1)


class SessionReader:
    """One session of an organisation; with `condition` only the calls that match, but for spans and the start."""

    def __init__(self, store: LogStore, org: str, session: str, condition: Sql = _EVERY_CALL) -> None:
        self._store = store
        self._bound = {"org": org, "session": session}
        self._condition = condition

    def start_us(self) -> int:
        """The start of the first call. Raises `RowNotFound` where the log has no call of the session."""
        return self.span_us()[0]

    def span_us(self) -> tuple[int, int]:
        """The start of the first call and the last end of one. Raises `RowNotFound` as `start_us` does."""
        found = self._read("session_start")[0]
        if not found["calls"]:
            raise RowNotFound("session", self._bound["session"])
        return int(found["start_us"]), int(found["end_us"])

    def paths(self, prefix: Sequence[str]) -> Node:
        """The branch `prefix` with all below it. Raises `InvalidValue` where there are too many paths."""
        rows = self._read("session_paths", prefix=list(prefix), limit=MAX_CALLS + 1)
        return path_tree(self._checked(rows, "paths"), prefix)

    def spans(self) -> Node:
        """All calls by their parents. Raises `InvalidValue` where there are too many."""
        rows = self._checked(self._read("session_spans", limit=MAX_CALLS + 1), "calls")
        return span_tree(rows, self._read("session_links", limit=MAX_CALLS))

    def calls(
        self, *, prefix: Sequence[str] = (), below: bool = True, after: tuple[int, str] = (0, ""),
        ids: Sequence[str] = (), limit: int = MAX_CALLS, skip: int = 0,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Calls in order of (start, id) after `after`: of the path `prefix`, with `below` also of those below it; with
        `ids` only these. The first `skip` are left out."""
        depth = len(prefix) + (not below)
        after_us, after_id = after
        return self._read(
            "session_calls", prefix=list(prefix), depth=depth, after_us=after_us, after_id=after_id, ids=list(ids),
            limit=limit, skip=skip,
        )  # fmt: skip

    def outline(self, call: str, after: int) -> dict[str, Any]:
        """Calls that stand out, each as (id, segments, position in the session, position in its path): the first failed
        one, the first failed after the position `after`, the slowest, the most expensive, and `call`; the id is empty
        where there is none."""
        return self._read("session_outline", call=call, after=after)[0]

    def running(self, start_us: int, end_us: int, bins: int) -> tuple[list[int], list[int]]:
        """How many calls ran in each of equal parts of the time, and how many failed ones began there."""
        width_us = max(1, -(-(end_us - start_us) // bins))
        rows = self._read("session_running", start_us=start_us, width_us=width_us, bins=bins)
        running, failed = [0] * bins, [0] * bins
        for row in rows:
            running[row["bin"]], failed[row["bin"]] = row["running"], row["failed_calls"]
        return running, failed

    def after(self, call: dict[str, Any], limit: int) -> list[dict[str, Any]]:
        """The next calls, in order of start: id, start, whether it is a logged step, and its tools."""
        return self._read("session_after", after_us=micros(call["start"]), after_id=call["id"], limit=limit)

    def carrying(self, texts: Sequence[str], calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Of these calls, in order of start, those whose request holds any of the texts: id, and the texts `found`."""
        if not texts or not calls:
            return []
        times = [micros(call["start"]) for call in calls]
        ids = [call["id"] for call in calls]
        return self._read("bodies_with", texts=list(texts), ids=ids, since_us=min(times), until_us=max(times))

    def _read(self, name: str, **bound: Any) -> list[dict[str, Any]]:
        text = query(name).replace("/* filter */", f"AND ({self._condition.text})")
        return self._store.read(text, {**self._bound, **self._condition.values, **bound}, _LIMITS)

    def _checked(self, rows: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
        if len(rows) > MAX_CALLS:
            raise InvalidValue("id", str(self._bound["session"]), f"a session of at most {MAX_CALLS:,} {what}")
        return rows
