"""Checks a leaf: that its column is there, that the operation fits the column's kind, and the value the operation."""

import math
from typing import Any, Final

from proxy.query.columns import Column, Kind, find_column
from proxy.query.errors import FilterError
from proxy.query.times import ACCEPTED as TIMES
from proxy.query.times import moment_us
from proxy.query.tree import Leaf

__all__ = ["OPS_OF_KIND", "check_leaf"]

OPS_OF_KIND: Final[dict[Kind, tuple[str, ...]]] = {
    "text": ("eq", "ne", "in", "contains", "starts_with", "matches", "exists", "lt", "lte", "gt", "gte", "between"),
    "number": ("eq", "ne", "lt", "lte", "gt", "gte", "in", "between", "exists"),
    "bool": ("eq", "ne", "exists"),
    "time": ("eq", "lt", "lte", "gt", "gte", "between"),
    "texts": ("eq", "ne", "in", "contains", "exists"),
    "search": ("contains", "eq"),
    "map": (),
    "json": (),
}
"""Text compares by `lt` and its like as a number where it is one: `property.size>10`. Of a search, `contains` wants all
its words in any order, `eq` the phrase."""
_MAX_TEXT: Final = 4_000
_MAX_PATTERN: Final = 1_000
_MAX_VALUES: Final = 1_000
_VALUES_OF_KINDS: Final = ("score.", "feedback")
"""Columns whose values are numbers, booleans and text. All are compared by what they are as text."""
_ORDER: Final = ("lt", "lte", "gt", "gte", "between")


def check_leaf(leaf: Leaf, path: str) -> Leaf:
    """`leaf` with its column spelled as `COLUMNS` does. Raises `FilterError` with the path to the fault."""
    column = find_column(f"{path}.column", leaf.column)
    accepted = OPS_OF_KIND[column.kind]
    if leaf.op not in accepted:
        if not accepted:
            raise FilterError(f"{path}.column", leaf.column, "a column that can be compared; this one can only be read")
        raise FilterError(f"{path}.op", leaf.op, f"for {column.name} ({column.kind}): " + ", ".join(accepted))
    value = leaf.value
    where = f"{path}.value"
    if leaf.op == "exists":
        if value is not None and value is not True:
            raise FilterError(where, value, "no value; write not(exists) for its absence")
        return Leaf(column.name, "exists")
    if leaf.op in ("in", "between"):
        if not isinstance(value, tuple):
            raise FilterError(where, value, "a list of values" if leaf.op == "in" else "a list of two values")
        if leaf.op == "between" and len(value) != 2:
            raise FilterError(where, list(value), "a list of two values: lowest and highest")
        if len(value) > _MAX_VALUES:
            raise FilterError(where, f"{len(value)} values", f"at most {_MAX_VALUES}")
        values = tuple(_checked(column, leaf.op, each, f"{where}[{at}]") for at, each in enumerate(value))
        return Leaf(column.name, leaf.op, values)
    return Leaf(column.name, leaf.op, _checked(column, leaf.op, value, where))


def _checked(column: Column, op: str, value: Any, path: str) -> Any:
    kind: Kind = "number" if column.kind == "text" and op in _ORDER else column.kind
    if kind == "bool":
        if not isinstance(value, bool):
            raise FilterError(path, value, "true or false")
        return value
    if kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise FilterError(path, value, f"a number{f' ({column.unit})' if column.unit else ''}")
        if abs(value) > 1e15:
            raise FilterError(path, value, "a number up to 1e15")
        return value
    if column.sql == "" and isinstance(value, bool | int | float) and column.name.startswith(_VALUES_OF_KINDS):
        return str(value).lower() if isinstance(value, bool) else repr(value)
    if not isinstance(value, str):
        raise FilterError(path, value, "text" if kind != "time" else TIMES)
    if len(value) > _MAX_TEXT:
        raise FilterError(path, f"{len(value)} characters", f"at most {_MAX_TEXT}")
    if kind == "time":
        moment_us(path, value, 0)
    elif op == "matches":
        _check_pattern(value, path)
    elif kind == "search" and not value.strip():
        raise FilterError(path, value, "at least one word")
    return value


def _check_pattern(pattern: str, path: str) -> None:
    import re2  # the engine's own syntax: linear in time, so a pattern can be long but never explosive

    if len(pattern) > _MAX_PATTERN:
        raise FilterError(path, f"{len(pattern)} characters", f"a pattern of at most {_MAX_PATTERN}")
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise FilterError(path, pattern, f"a regular expression in RE2 syntax ({reason})") from None
