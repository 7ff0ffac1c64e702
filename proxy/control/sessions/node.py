"""A node of a session's tree, and the part of a tree that one answer holds."""

from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from proxy.control.sessions.totals import Totals

__all__ = ["MAX_DEPTH", "Node", "cut"]

MAX_DEPTH: Final = 40
"""Levels of one answer; what is deeper is asked for from there."""

Shown = TypeVar("Shown")


class Node(msgspec.Struct):
    """A branch or a call with all that is below it."""

    key: str
    own: Totals
    children: list["Node"] = []
    total: Totals = msgspec.field(default_factory=Totals)
    about: Any = None

    def sum_up(self) -> None:
        """Adds the totals of everything below, however deep: without recursion."""
        order: list[Node] = []
        waiting = [self]
        while waiting:
            node = waiting.pop()
            order.append(node)
            waiting += node.children
        for node in reversed(order):
            node.total = Totals()
            node.total.add(node.own)
            for child in node.children:
                node.total.add(child.total)


def cut(root: Node, limit: int, skip: int, show: Callable[[Node, list[Shown]], Shown]) -> Shown:
    """`root` and at most `limit` of the nodes below it as `show` makes them, level by level; of its own children the
    first `skip` are left out."""
    chosen: dict[int, list[Node]] = {id(root): []}
    order: list[Node] = [root]
    waiting = deque([(root, 0, skip)])
    left = limit
    while waiting and left > 0:
        node, depth, first = waiting.popleft()
        if depth >= MAX_DEPTH:
            continue
        taken = node.children[first : first + left]
        left -= len(taken)
        chosen[id(node)] = taken
        order += taken
        waiting += [(child, depth + 1, 0) for child in taken]
    shown: dict[int, Shown] = {}
    for node in reversed(order):
        shown[id(node)] = show(node, [shown[id(child)] for child in chosen.get(id(node), ())])
    return shown[id(root)]
