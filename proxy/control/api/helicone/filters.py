"""Translates Helicone's filter trees into the filter grammar.

A tree is `"all"`, a branch `{"left", "operator": "and" | "or", "right"}`, or a leaf `{table: {column: {operator:
value}}}`. All conditions of a leaf must hold. What is not known is refused with its path.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from proxy.control.api.helicone.fields import FILTERS, PROPERTY_COLUMNS, TABLE_ALIASES, Field, own_providers
from proxy.query import EVERYTHING, And, FilterError, Leaf, Node, Not, Or
from proxy.query.check import check_leaf
from proxy.query.tree import MAX_DEPTH, MAX_LEAVES

__all__ = ["parse_tree"]

_OPS: Final = {"gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte"}
_TEXT_OPS: Final = frozenset(
    {"equals", "not-equals", "like", "ilike", "contains", "not-contains", "gin-contains", "vector-contains"}
)
_OPERATORS: Final = (*sorted(_TEXT_OPS), *_OPS)
_UNSET: Final = ("null", "__empty__")
"""Values that stand for "has no value"."""
_NOTHING: Final = Or()
_NO_CACHE: Final = "00000000-0000-0000-0000-000000000000"
_FORMS: Final = '"all", {"left": …, "operator": "and" or "or", "right": …}, or {"request_response_rmt": {…}}'


def parse_tree(value: Any, path: str = "filter") -> Node:
    """The filter of a tree. Raises `FilterError` with the path to the fault."""
    return _tree(value, path, 0, iter(range(MAX_LEAVES)))


def _tree(value: Any, path: str, depth: int, leaves: Iterator[int]) -> Node:
    if value == "all" or value is None:
        return EVERYTHING
    if not isinstance(value, dict):
        raise FilterError(path, value, _FORMS)
    if depth > MAX_DEPTH:
        raise FilterError(path, "deeper nesting", f"at most {MAX_DEPTH} changes between and and or")
    if "left" not in value and "right" not in value:
        return _leaf(value, path, leaves)
    word = value.get("operator")
    if word not in ("and", "or"):
        raise FilterError(f"{path}.operator", word, '"and" or "or"')
    if not {"left", "operator", "right"} == value.keys():
        raise FilterError(path, "an object with " + ", ".join(map(str, value)), "left, operator and right")
    nodes = [_tree(each, where, depth + 1, leaves) for where, each in _sides(value, path, word)]
    if word == "or":
        return EVERYTHING if EVERYTHING in nodes else Or(tuple(nodes))
    return And(tuple(node for node in nodes if node != EVERYTHING))


def _sides(value: dict[str, Any], path: str, word: str) -> Iterator[tuple[str, Any]]:
    """What one operator joins: lists of many conditions come as deep chains of branches."""
    pending = [(path, value)]
    while pending:
        where, each = pending.pop()
        if isinstance(each, dict) and each.get("operator") == word and {"left", "operator", "right"} == each.keys():
            pending += [(f"{where}.right", each["right"]), (f"{where}.left", each["left"])]
        else:
            yield where, each


def _leaf(value: dict[str, Any], path: str, leaves: Iterator[int]) -> Node:
    nodes: list[Node] = []
    for table, columns in value.items():
        where = f"{path}.{table}"
        if not isinstance(columns, dict):
            raise FilterError(where, columns, "an object of columns")
        if table == "properties":
            nodes += _family(Field("property", "properties"), columns, where, leaves)
            continue
        fields = FILTERS.get(TABLE_ALIASES.get(table, table))
        if fields is None:
            raise FilterError(where, table, "one of all, left/operator/right, properties, " + ", ".join(FILTERS))
        for column, comparisons in columns.items():
            at = f"{where}.{column}"
            field = fields.get(column)
            if field is None:
                raise FilterError(at, column, "a column: " + ", ".join(fields))
            if field.absent:
                raise FilterError(at, column, field.absent)
            if field.kind in ("properties", "scores"):
                nodes += _family(field, comparisons, at, leaves)
            else:
                nodes += [_compared(field, op, each, at, leaves) for op, each in _pairs(comparisons, at)]
    return nodes[0] if len(nodes) == 1 else And(tuple(nodes))


def _family(field: Field, value: Any, path: str, leaves: Iterator[int]) -> Iterator[Node]:
    if not isinstance(value, dict):
        raise FilterError(path, value, "an object of names")
    for name, comparisons in value.items():
        own = PROPERTY_COLUMNS.get(name.lower()) if field.kind == "properties" else None
        each = Field(own or f"{field.column}.{name}", "number" if field.kind == "scores" else "text")
        for op, operand in _pairs(comparisons, f"{path}.{name}"):
            yield _compared(each, op, operand, f"{path}.{name}", leaves)


def _pairs(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise FilterError(path, value, 'an object such as {"equals": …}')
    for op, operand in value.items():
        if op not in _OPERATORS:
            raise FilterError(f"{path}.{op}", op, "an operator: " + ", ".join(_OPERATORS))
        yield op, operand


def _compared(field: Field, op: str, value: Any, path: str, leaves: Iterator[int]) -> Node:
    if next(leaves, None) is None:
        raise FilterError(path, "one more comparison", f"at most {MAX_LEAVES} in one filter")
    where = f"{path}.{op}"
    match field.kind:
        case "never":
            return EVERYTHING if _truth(value, where) == (op != "equals") else _NOTHING
        case "bool":
            return _checked(Leaf(field.column, _equality(op, where), _truth(value, where)), where)
        case "reference":
            cached = (op == "not-equals") == (value in (_NO_CACHE, *_UNSET))
            return _checked(Leaf("cached", "eq", cached), where)
        case "scored":
            return _checked(Leaf(field.column, "eq", op == "not-equals"), where)
        case "rating":
            rating = "good" if _truth(value, where) else "bad"
            return _checked(Leaf(field.column, _equality(op, where), rating), where)
        case "number" | "time":
            return _ordered(field, op, value, where)
        case "provider":
            return _provider(op, value, where)
        case "url":
            return _url(op, value, where)
        case "search":
            found = _checked(Leaf(field.column, "contains", _text(value, where).strip("%")), where)
            return Not(found) if op.startswith("not-") else found
        case _:
            return _texts(field.column, op, value, where)


def _ordered(field: Field, op: str, value: Any, path: str) -> Node:
    """A number or a time."""
    if value in _UNSET and op in ("equals", "not-equals"):
        present = Leaf(field.column, "exists")
        return present if op == "not-equals" else Not(present)
    operand = _number(value, path) if field.kind == "number" else _moment(value)
    if op in _OPS:
        return _checked(Leaf(field.column, _OPS[op], operand), path)  # type: ignore[arg-type]
    own = _equality(op, path)
    if field.kind == "time" and own == "ne":
        return Not(_checked(Leaf(field.column, "eq", operand), path))
    return _checked(Leaf(field.column, own, operand), path)


def _texts(column: str, op: str, value: Any, path: str) -> Node:
    if op in _OPS:
        return _checked(Leaf(column, _OPS[op], _number(value, path)), path)  # type: ignore[arg-type]
    text = _text(value, path)
    if op in ("equals", "not-equals") and text in _UNSET:
        present = _checked(Leaf(column, "exists"), path)
        return present if op == "not-equals" else Not(present)
    match op:
        case "equals" | "gin-contains":
            return _checked(Leaf(column, "eq", text), path)
        case "not-equals":
            return _checked(Leaf(column, "ne", text), path)
        case "like" | "ilike":
            return _pattern(column, text, op == "ilike", path)
        case _:
            found = _checked(Leaf(column, "contains", text), path)
            return Not(found) if op == "not-contains" else found


def _pattern(column: str, text: str, any_case: bool, path: str) -> Node:
    """SQL's LIKE: `%` is any text, `_` any character."""
    inner = text.strip("%")
    if any_case and text == f"%{inner}%" and not re.search(r"[%_\\]", inner):
        return _checked(Leaf(column, "contains", inner), path) if inner else EVERYTHING
    parts = {"%": ".*", "_": "."}
    regex = "".join(parts.get(char) or re.escape(char) for char in text)
    return _checked(Leaf(column, "matches", f"(?s{'i' if any_case else ''})^{regex}$"), path)


def _provider(op: str, value: Any, path: str) -> Node:
    text = _text(value, path)
    if op in ("equals", "not-equals") and text not in _UNSET:
        found = _checked(Leaf("provider", "in", own_providers(text)), path)
        return Not(found) if op == "not-equals" else found
    return _texts("provider", op, text.lower(), path)


def _url(op: str, value: Any, path: str) -> Node:
    """An address, of which this log has the host and the path."""
    text = _text(value, path)
    if op in ("equals", "not-equals") and text not in _UNSET and "://" in text:
        parts = urlsplit(text)
        whole = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        found: Node = And((Leaf("host", "eq", (parts.hostname or "")), Leaf("path", "eq", whole)))
        return Not(found) if op == "not-equals" else found
    positive = op.removeprefix("not-")
    text = re.sub(r"^(%*)[a-z]+://", r"\1", text)
    host, slash, rest = text.partition("/")
    if slash and host.strip("%") and positive in ("contains", "like", "ilike"):
        ending = "" if positive == "contains" else "%"
        found = And((_texts("host", positive, host + ending, path), _texts("path", positive, f"{ending}/{rest}", path)))
    else:
        found = Or((_texts("host", positive, text, path), _texts("path", positive, text, path)))
    return Not(found) if op.startswith("not-") else found


def _checked(leaf: Leaf, path: str) -> Leaf:
    try:
        return check_leaf(leaf, path)
    except FilterError as error:
        where = error.parameter.removesuffix(".value")
        raise FilterError(where, error.found, error.accepted) from None


def _equality(op: str, path: str) -> Any:
    if op not in ("equals", "not-equals"):
        raise FilterError(path, op, "equals or not-equals for this column")
    return "eq" if op == "equals" else "ne"


def _truth(value: Any, path: str) -> bool:
    text = str(value).lower()
    if text not in ("true", "false", "1", "0"):
        raise FilterError(path, value, "true or false")
    return text in ("true", "1")


def _number(value: Any, path: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise FilterError(path, value, "a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise FilterError(path, value, "a number") from None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _moment(value: Any) -> Any:
    """Text as it is; a number is what JavaScript's Date.getTime() gives."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 4.1e12:
        return datetime.fromtimestamp(value / 1000, UTC).isoformat()
    return value


def _text(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        raise FilterError(path, value, "text")
    return value
