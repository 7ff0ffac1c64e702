"""SQL of what is said of calls after the fact: feedback, scores, and properties that were changed.

Annotations are joined by the id of the call, each time from the rows that were written last. An annotation is never
older than its call, so those from before the window are not read.
"""

from typing import Final

from proxy.query.binding import Context
from proxy.query.errors import FilterError
from proxy.query.tree import Leaf

__all__ = [
    "FEEDBACK_VALUES",
    "feedback_condition",
    "property_sql",
    "rating_sql",
    "score_condition",
    "score_sql",
    "scored_condition",
]

FEEDBACK_VALUES: Final = {"good": "{} > 0", "bad": "{} < 0", "neutral": "{} = 0"}
"""What a rating is called, as a condition on it."""

_CLOCKS_US: Final = 3_600_000_000
"""How far the clock of a gateway may be ahead of the control plane's."""
_NUMBER: Final = "argMax(number, (at, id))"
"""The last number: rows without one are passed over, so ask for the type or for `_STANDS` as well."""
_TEXT: Final = "argMax(text, (at, id))"
_TYPE: Final = "argMax(type, (at, id))"
_STANDS: Final = "NOT argMax(removed, (at, id))"
_SIGNS: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_TRUTH: Final = {"true": 1, "false": 0}


def score_condition(name: str, leaf: Leaf, context: Context) -> str:
    """Calls with a score of this name for which the comparison holds; `ne` also those without one."""
    if leaf.op == "ne":
        return f"NOT ({score_condition(name, Leaf(leaf.column, 'eq', leaf.value), context)})"
    return _annotated("score", name, _score_having(leaf, context), context)


def feedback_condition(leaf: Leaf, context: Context) -> str:
    """Calls whose rating is `good`, `bad`, `neutral` or compares with a number; `ne` also those without one."""
    if leaf.op == "ne":
        return f"NOT ({feedback_condition(Leaf(leaf.column, 'eq', leaf.value), context)})"
    if leaf.op in ("eq", "in"):
        values = leaf.value if leaf.op == "in" else (leaf.value,)
        having = " OR ".join(_rated(value) for value in values) or "0"
    elif leaf.op == "exists":
        having = f"isNotNull({_NUMBER})"
    elif leaf.op in ("contains", "starts_with", "matches"):
        raise FilterError("feedback", leaf.op, "good, bad, neutral, or a comparison with a number from -1 to 1")
    else:
        having = _compare(leaf, context)
    return _annotated("feedback", "", having, context)


def scored_condition(context: Context) -> str:
    """Calls that have any score, or a rating."""
    since_us = max(0, context.window.since_us - _CLOCKS_US)
    return (
        f"id GLOBAL IN (SELECT request_id FROM annotations WHERE org = {context.binder.bind(context.org, 'String')}"
        " AND kind IN ('score', 'feedback') AND request_id != ''"
        f" AND at >= fromUnixTimestamp64Micro({context.binder.bind(since_us, 'Int64')})"
        f" GROUP BY request_id, kind, name HAVING {_STANDS})"
    )


def property_sql(name: str, context: Context) -> tuple[str, str]:
    """Expressions over `requests`: the value of a property (empty where the call has none), and whether it has one."""
    bound = context.binder.bind(name, "String")
    value, present = f"properties[{bound}]", f"mapContains(properties, {bound})"
    if name not in context.updated_properties:
        return value, present
    latest = _latest(f"request_id, {_TEXT} AS value, {_STANDS} AS present", "property", name, context)
    values = f"SELECT (groupArray(request_id), groupArray(value), groupArray(present)) FROM ({latest})"
    return _replaced(values, 2, value), f"{_replaced(values, 3, f'toUInt8({present})')} = 1"


def score_sql(name: str, context: Context) -> str:
    """Expression over `requests`: the number of a score; null where the call has none, or a category."""
    return _number_of("score", name, context)


def rating_sql(context: Context) -> str:
    """Expression over `requests`: the rating from -1 to 1; null where the call has none."""
    return _number_of("feedback", "", context)


def _number_of(kind: str, name: str, context: Context) -> str:
    latest = _latest(f"request_id, {_NUMBER} AS value", kind, name, context, f"{_TYPE} != 'category' AND {_STANDS}")
    values = f"SELECT (groupArray(request_id), groupArray(assumeNotNull(value))) FROM ({latest})"
    return _replaced(values, 2, "CAST(NULL, 'Nullable(Float64)')")


def _replaced(values: str, number: int, otherwise: str) -> str:
    """The element of the call in the array `number` of the tuple that `values` selects, found by the array of ids."""
    return f"transform(id, tupleElement(({values}), 1), tupleElement(({values}), {number}), {otherwise})"


def _annotated(kind: str, name: str, having: str, context: Context) -> str:
    latest = _latest("request_id", kind, name, context, f"{_STANDS} AND ({having})")
    return f"id GLOBAL IN ({latest})"


def _latest(select: str, kind: str, name: str, context: Context, having: str = "") -> str:
    since_us = max(0, context.window.since_us - _CLOCKS_US)
    return (
        f"SELECT {select} FROM annotations WHERE org = {context.binder.bind(context.org, 'String')} AND kind = '{kind}'"
        f" AND name = {context.binder.bind(name, 'String')} AND request_id != ''"
        f" AND at >= fromUnixTimestamp64Micro({context.binder.bind(since_us, 'Int64')})"
        f" GROUP BY request_id{f' HAVING {having}' if having else ''}"
    )


def _score_having(leaf: Leaf, context: Context) -> str:
    bind = context.binder.bind
    match leaf.op:
        case "exists":
            return "1"
        case "eq":
            return _score_equals(leaf.value, context)
        case "in":
            return " OR ".join(_score_equals(value, context) for value in leaf.value) or "0"
        case "contains":
            return f"{_TYPE} = 'category' AND positionCaseInsensitiveUTF8({_TEXT}, {bind(leaf.value, 'String')}) > 0"
        case "starts_with":
            return f"{_TYPE} = 'category' AND startsWith({_TEXT}, {bind(leaf.value, 'String')})"
        case "matches":
            return f"{_TYPE} = 'category' AND match({_TEXT}, {bind(leaf.value, 'String')})"
        case _:
            return f"{_TYPE} = 'number' AND {_compare(leaf, context)}"


def _score_equals(value: str, context: Context) -> str:
    """A category of this text, or the number or boolean that the text says."""
    conditions = [f"({_TYPE} = 'category' AND {_TEXT} = {context.binder.bind(value, 'String')})"]
    if value in _TRUTH:
        conditions.append(f"({_TYPE} = 'boolean' AND {_NUMBER} = {_TRUTH[value]})")
    number = _number(value)
    if number is not None:
        conditions.append(f"({_TYPE} != 'category' AND {_NUMBER} = {context.binder.bind(number, 'Float64')})")
    return " OR ".join(conditions)


def _rated(value: str) -> str:
    if value in FEEDBACK_VALUES:
        return f"ifNull({FEEDBACK_VALUES[value].format(_NUMBER)}, 0)"
    number = _number(value)
    if number is None:
        raise FilterError("feedback", value, "good, bad, neutral, or a number from -1 to 1")
    return f"ifNull({_NUMBER} = {number!r}, 0)"


def _compare(leaf: Leaf, context: Context) -> str:
    if leaf.op == "between":
        low, high = (context.binder.bind(float(value), "Float64") for value in leaf.value)
        return f"ifNull({_NUMBER} BETWEEN {low} AND {high}, 0)"
    return f"ifNull({_NUMBER} {_SIGNS[leaf.op]} {context.binder.bind(float(leaf.value), 'Float64')}, 0)"


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None
