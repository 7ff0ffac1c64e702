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


def span_tree(rows: Sequence[dict[str, Any]]) -> Node:
    """A root with the calls at the top as children, of rows of `session_spans.sql` in their order (start, id). Children
    keep that order; `key` is the id of the call, `about` its `Place`."""
    nodes = [Node(row["id"], Totals.of_row(row), [], about=Place()) for row in rows]
    by_span: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows):
        if row["span_id"]:
            by_span.setdefault((row["trace_id"], row["span_id"]), number)  # the first, where several have one span
    parents = [
        by_span.get((row["trace_id"], row["parent_span_id"]), -1) if row["parent_span_id"] else -1 for row in rows
    ]
    for number, row in enumerate(rows):
        nodes[number].about.parent_missing = bool(row["parent_span_id"]) and parents[number] < 0
    for number in _firsts_of_loops(parents):
        parents[number] = -1
        nodes[number].about.loop = True
    root = Node("", Totals(), [])
    for node, parent in zip(nodes, parents, strict=True):
        (root if parent < 0 else nodes[parent]).children.append(node)
    root.sum_up()
    return root


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
