"""The tree of a session's paths: `/plan/search` is below `/plan`."""

from collections.abc import Iterable, Sequence
from typing import Any

from proxy.control.sessions.node import Node
from proxy.control.sessions.totals import Totals

__all__ = ["path_of", "path_tree", "segments_of"]


def segments_of(path: str) -> list[str]:
    """The parts of a path. Empty ones do not count: `a/b`, `/a/b` and `/a//b/` are one path."""
    return [part for part in path.split("/") if part]


def path_of(segments: Sequence[str]) -> str:
    """The path of these parts; `/` is the root."""
    return "/" + "/".join(segments)


def path_tree(rows: Iterable[dict[str, Any]], prefix: Sequence[str]) -> Node:
    """The branch `prefix` with all below it, of rows of `session_paths.sql`. Branches are in order of their first call,
    at the same time by name; `key` is the whole path."""
    root = Node(path_of(prefix), Totals(), [])
    nodes: dict[tuple[str, ...], Node] = {tuple(prefix): root}
    for row in rows:
        segments = tuple(row["segments"])
        node = nodes.get(segments)
        for depth in range(len(prefix) + 1, len(segments) + 1) if node is None else ():
            part = segments[:depth]
            if part not in nodes:
                nodes[part] = Node(path_of(part), Totals(), [])
                nodes[part[:-1]].children.append(nodes[part])
        nodes[segments].own.add(Totals.of_row(row))
    root.sum_up()
    for node in nodes.values():
        node.children.sort(key=lambda child: (child.total.start_us, child.key))
    return root
