"""The tree of a filter: `And`, `Or` and `Not` over leaves that compare one column with a value. Holds no SQL."""

from typing import Any, Final, Literal, get_args

import msgspec

__all__ = ["EVERYTHING", "MAX_DEPTH", "MAX_LEAVES", "OPS", "And", "Leaf", "Node", "Not", "Op", "Or", "Value", "both"]

Op = Literal["eq", "ne", "lt", "lte", "gt", "gte", "in", "between", "contains", "starts_with", "matches", "exists"]
OPS: Final[tuple[str, ...]] = get_args(Op)
Value = Any
"""Text, a number, a bool, null, or a tuple of these for `in` and `between`. Times are text: relative ones are resolved
when the filter is used."""

MAX_DEPTH: Final = 32
MAX_LEAVES: Final = 200


class And(msgspec.Struct, frozen=True):
    """All of `nodes` hold; with none, everything matches."""

    nodes: tuple["Node", ...] = ()


class Or(msgspec.Struct, frozen=True):
    """At least one of `nodes` holds; with none, nothing matches."""

    nodes: tuple["Node", ...] = ()


class Not(msgspec.Struct, frozen=True):
    """`node` does not hold."""

    node: "Node"


class Leaf(msgspec.Struct, frozen=True):
    """One column compared with one value. `exists` takes no value."""

    column: str
    op: Op
    value: Value = None


Node = And | Or | Not | Leaf

EVERYTHING: Final = And()


def both(*nodes: Node) -> Node:
    """A filter that all of `nodes` agree to; nested `And`s become one."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.nodes if isinstance(node, And) else (node,))
    return flat[0] if len(flat) == 1 else And(tuple(flat))
