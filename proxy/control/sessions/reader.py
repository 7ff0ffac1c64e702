"""Reads one session of the log: its trees and its calls."""

from collections.abc import Sequence
from typing import Any, Final

from proxy.control.sessions.node import Node
from proxy.control.sessions.paths import path_tree
from proxy.control.sessions.spans import span_tree
from proxy.logstore import LogStore
from proxy.logstore.limits import QueryLimits
from proxy.logstore.sql import query
from proxy.metadata.errors import InvalidValue, RowNotFound

__all__ = ["MAX_CALLS", "SessionReader"]

MAX_CALLS: Final = 200_000
"""Paths, or calls in a tree of spans, that are read of one session."""
_LIMITS: Final = QueryLimits(result_rows=MAX_CALLS + 1)


class SessionReader:
    """One session of an organisation."""

    def __init__(self, store: LogStore, org: str, session: str) -> None:
        self._store = store
        self._bound = {"org": org, "session": session}

    def start_us(self) -> int:
        """The start of the first call. Raises `RowNotFound` where the log has no call of the session."""
        found = self._read("session_start")[0]
        if not found["calls"]:
            raise RowNotFound("session", self._bound["session"])
        return int(found["start_us"])

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
        ids: Sequence[str] = (), limit: int = MAX_CALLS,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Calls in order of (start, id) after `after`: of the path `prefix`, with `below` also of those below it; with
        `ids` only these."""
        depth = len(prefix) + (not below)
        after_us, after_id = after
        return self._read(
            "session_calls", prefix=list(prefix), depth=depth, after_us=after_us, after_id=after_id, ids=list(ids),
            limit=limit,
        )  # fmt: skip

    def _read(self, name: str, **bound: Any) -> list[dict[str, Any]]:
        return self._store.read(query(name), {**self._bound, **bound}, _LIMITS)

    def _checked(self, rows: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
        if len(rows) > MAX_CALLS:
            raise InvalidValue("id", str(self._bound["session"]), f"a session of at most {MAX_CALLS:,} {what}")
        return rows
