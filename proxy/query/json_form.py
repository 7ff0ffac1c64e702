"""The JSON form of a filter: `{"and": […]}`, `{"or": […]}`, `{"not": …}`, `{"column", "op", "value"}`."""

from collections.abc import Iterator
from typing import Any, Final

from proxy.query.check import check_leaf
from proxy.query.errors import FilterError
from proxy.query.tree import MAX_DEPTH, MAX_LEAVES, OPS, And, Leaf, Node, Not, Or

__all__ = ["parse_json", "to_json"]

_FORMS: Final = '{"and": […]}, {"or": […]}, {"not": …} or {"column": …, "op": …, "value": …}'


def parse_json(value: Any, path: str = "filter") -> Node:
    """The tree of decoded JSON. Raises `FilterError` with the path to the fault, as `filter.and[1].value`."""
    return _node(value, path, 0, iter(range(MAX_LEAVES)))


def to_json(node: Node) -> dict[str, Any]:
    """Decoded JSON that `parse_json` makes the same tree of."""
    match node:
        case And(nodes):
            return {"and": [to_json(each) for each in nodes]}
        case Or(nodes):
            return {"or": [to_json(each) for each in nodes]}
        case Not(inner):
            return {"not": to_json(inner)}
        case Leaf(column, op, value):
            if op == "exists":
                return {"column": column, "op": op}
            return {"column": column, "op": op, "value": list(value) if isinstance(value, tuple) else value}


def _node(value: Any, path: str, depth: int, leaves: Iterator[int]) -> Node:
    if depth > MAX_DEPTH:
        raise FilterError(path, "deeper nesting", f"at most {MAX_DEPTH} levels")
    if not isinstance(value, dict):
        raise FilterError(path, value, _FORMS)
    if len(value) == 1:
        ((word, inner),) = value.items()
        if word in ("and", "or"):
            if not isinstance(inner, list):
                raise FilterError(f"{path}.{word}", inner, "a list of filters")
            if len(inner) > MAX_LEAVES:
                raise FilterError(f"{path}.{word}", f"{len(inner)} filters", f"at most {MAX_LEAVES}")
            if not inner:
                _count(leaves, path, "one more empty list")
            nodes = tuple(_node(each, f"{path}.{word}[{at}]", depth + 1, leaves) for at, each in enumerate(inner))
            return And(nodes) if word == "and" else Or(nodes)
        if word == "not":
            return Not(_node(inner, f"{path}.not", depth + 1, leaves))
    if not {"column", "op"} <= value.keys() <= {"column", "op", "value"}:
        raise FilterError(path, "an object with " + (", ".join(map(str, value)) or "nothing"), _FORMS)
    _count(leaves, path, "one more comparison")
    column, op, operand = value["column"], value["op"], value.get("value")
    if not isinstance(column, str):
        raise FilterError(f"{path}.column", column, "the name of a column")
    if op not in OPS:
        raise FilterError(f"{path}.op", op, ", ".join(OPS))
    if isinstance(operand, list):
        operand = tuple(operand)
    return check_leaf(Leaf(column, op, operand), path)


def _count(leaves: Iterator[int], path: str, what: str) -> None:
    """Takes one of the places that a filter has for what holds no other filter: so its size has a bound."""
    if next(leaves, None) is None:
        raise FilterError(path, what, f"at most {MAX_LEAVES} comparisons in one filter")
