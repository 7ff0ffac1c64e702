"""The tree of a session's calls by spans: a call is below the one whose span it names as its parent."""

from collections.abc import Sequence
from typing import Any

import msgspec

from proxy.control.sessions.node import Node
from proxy.control.sessions.totals import Totals

__all__ = ["Place", "span_tree"]


class Place(msgspec.Struct):
    """Why a call is at the top of the tree although it names a parent."""

    parent_missing: bool = False
    """The parent is not in the log, or not in this session."""
    loop: bool = False
    """The parents lead back to the call; the first of the loop is at the top."""


def span_tree(rows: Sequence[dict[str, Any]], links: Sequence[dict[str, Any]] = ()) -> Node:
    """A root with the calls at the top as children, of rows of `session_spans.sql` in their order (start, id). Children
    keep that order; `key` is the id of the call, `about` its `Place`.

    `links` are rows of `session_links.sql`: spans in whose place another call stands, the proxied one."""
    nodes = [Node(row["id"], Totals.of_row(row), [], about=Place()) for row in rows]
    parents = _Parents(rows, links)
    numbers = [parents.of(number) for number in range(len(rows))]
    for number in range(len(rows)):
        nodes[number].about.parent_missing = parents.is_named(number) and numbers[number] < 0
    for number in _firsts_of_loops(numbers):
        numbers[number] = -1
        nodes[number].about.loop = True
    root = Node("", Totals(), [])
    for node, parent in zip(nodes, numbers, strict=True):
        (root if parent < 0 else nodes[parent]).children.append(node)
    root.sum_up()
    return root


class _Parents:
    """Finds the parent of each call, in `rows` by number, over spans that have no row of their own."""

    def __init__(self, rows: Sequence[dict[str, Any]], links: Sequence[dict[str, Any]]) -> None:
        self._rows = rows
        self._links = {(link["trace_id"], link["span_id"]): link for link in links}
        self._numbers = {row["id"]: number for number, row in enumerate(rows)} if links else {}
        self._placed: dict[str, dict[str, Any]] = {}
        for link in links:
            self._placed.setdefault(link["call_id"], link)
        self._by_span: dict[tuple[str, str], int] = {}
        for number, row in enumerate(rows):
            if row["span_id"]:
                # The first, where several have one span.
                self._by_span.setdefault((row["trace_id"], row["span_id"]), number)

    def is_named(self, number: int) -> bool:
        """Whether the call, or the span in whose place it stands, names a parent."""
        return bool(self._place(number)[1])

    def of(self, number: int) -> int:
        """The number of the parent; -1 where it names none, or one that is not there."""
        trace, span = self._place(number)
        seen: set[str] = set()
        while span and span not in seen:
            seen.add(span)
            found = self._by_span.get((trace, span))
            link = self._links.get((trace, span))
            if found is None and link is not None:
                found = self._numbers.get(link["call_id"])
                if found is None or found == number:
                    found, span = None, link["parent_span_id"]
                    continue
            return -1 if found is None else found
        return -1

    def _place(self, number: int) -> tuple[str, str]:
        row = self._rows[number]
        link = self._placed.get(row["id"])
        return (link["trace_id"], link["parent_span_id"]) if link else (row["trace_id"], row["parent_span_id"])


def _firsts_of_loops(parents: Sequence[int]) -> list[int]:
    """The lowest number of each loop."""
    walk_of = [-1] * len(parents)
    firsts: list[int] = []
    for start in range(len(parents)):
        number = start
        while number >= 0 and walk_of[number] < 0:
            walk_of[number] = start
            number = parents[number]
        if number >= 0 and walk_of[number] == start:  # this walk came back to itself
            loop = [number]
            while parents[loop[-1]] != number:
                loop.append(parents[loop[-1]])
            firsts.append(min(loop))
    return firsts
