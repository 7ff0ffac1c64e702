"""Compiles a filter to SQL: one condition over the table `requests`. Values are bound, never written into the text."""

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import Final

from proxy.query.annotations import feedback_condition, property_sql, score_condition, scored_condition
from proxy.query.binding import MAX_TIME_US, Binder, Context, Sql, Window
from proxy.query.columns import Column, find_column
from proxy.query.search import search_condition
from proxy.query.times import moment_us
from proxy.query.tree import And, Leaf, Node, Not, Or

__all__ = ["MAX_TIME_US", "Binder", "Context", "Sql", "Window", "compile_filter", "window_of"]


def compile_filter(
    node: Node,
    *,
    org: str,
    now_us: int,
    zone: tzinfo = UTC,
    window: Window | None = None,
    prefix: str = "f",
    updated_properties: frozenset[str] = frozenset(),
    text_chars: int = 0,
) -> Sql:
    """The condition of a checked filter (see `check_leaf`). It is true or false, never null, also under `NOT`.

    The organisation and `window` are the caller's to ask for; they confine what is looked up in other tables. So are
    `updated_properties`: the names of properties that the organisation changed after calls; and
    `text_chars`, which is `LogStore.text_chars`.
    """
    binder = Binder(prefix)
    confined = window_of(node, now_us=now_us, zone=zone, within=window or Window())
    return Sql(
        _condition(node, Context(org, now_us, binder, zone, confined, updated_properties, text_chars)), binder.values
    )


def window_of(node: Node, *, now_us: int, zone: tzinfo = UTC, within: Window | None = None) -> Window:
    """The starts of calls that can match, as far as comparisons of `start` that must hold say so."""
    since_us, until_us = (within or Window()).since_us, (within or Window()).until_us
    for leaf in node.nodes if isinstance(node, And) else (node,):
        if isinstance(leaf, And):
            inner = window_of(leaf, now_us=now_us, zone=zone)
            since_us, until_us = max(since_us, inner.since_us), min(until_us, inner.until_us)
        if not isinstance(leaf, Leaf) or find_column("column", leaf.column).sql != "start":
            continue
        values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
        times = [moment_us("value", each, now_us, zone) for each in values]
        if leaf.op in ("gt", "gte", "eq", "between"):
            since_us = max(since_us, times[0])
        if leaf.op in ("lt", "lte", "eq", "between"):
            until_us = min(until_us, times[-1] + (leaf.op != "lt"))
    return Window(since_us, until_us)


def _condition(node: Node, context: Context) -> str:
    match node:
        case And(nodes):
            return " AND ".join(_inner(each, context) for each in nodes) or "1"
        case Or(nodes):
            return " OR ".join(_inner(each, context) for each in nodes) or "0"
        case Not(inner):
            return f"NOT {_inner(inner, context)}"
        case Leaf():
            column = find_column("column", node.column)
            return _CONDITION_OF_KIND[column.kind](column, node, context)


def _inner(node: Node, context: Context) -> str:
    return f"({_condition(node, context)})"


_SIGNS: Final = {"eq": "=", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def _number(column: Column, leaf: Leaf, context: Context) -> str:
    sql = column.stored_sql or column.sql
    if leaf.op == "exists":
        return f"isNotNull({sql})" if column.nullable else "1"
    condition = _compare_numbers(sql, leaf, context.binder, column.scale)
    if leaf.op == "ne" and column.nullable:
        return f"ifNull({condition}, 1)"
    return f"ifNull({condition}, 0)" if column.nullable else condition


def _compare_numbers(sql: str, leaf: Leaf, binder: Binder, scale: int = 1) -> str:
    if leaf.op == "in":
        return " OR ".join(f"{sql} = {_bind_number(each, binder, scale)}" for each in leaf.value) or "0"
    if leaf.op == "between":
        low, high = (_bind_number(each, binder, scale) for each in leaf.value)
        return f"{sql} BETWEEN {low} AND {high}"
    return f"{sql} {_SIGNS[leaf.op]} {_bind_number(leaf.value, binder, scale)}"


def _bind_number(value: float, binder: Binder, scale: int) -> str:
    scaled: float = value * scale
    if scale != 1 and abs(scaled - round(scaled)) < 1e-4:  # 0.07 dollars are 70,000,000 nano-dollars
        scaled = round(scaled)
    if isinstance(scaled, int):
        return binder.bind(scaled, "Int64")
    return binder.bind(scaled, "Float64")


def _text(column: Column, leaf: Leaf, context: Context) -> str:
    if not column.sql:
        return _FAMILY_CONDITION[column.name.partition(".")[0]](column, leaf, context)
    return _compare_text(column.sql, leaf, context.binder)


def _compare_text(sql: str, leaf: Leaf, binder: Binder) -> str:
    match leaf.op:
        case "eq" | "ne":
            return f"{sql} {_SIGNS[leaf.op]} {binder.bind(leaf.value, 'String')}"
        case "in":
            return f"{sql} IN {binder.bind(list(leaf.value), 'Array(String)')}" if leaf.value else "0"
        case "contains":
            return f"positionCaseInsensitiveUTF8({sql}, {binder.bind(leaf.value, 'String')}) > 0"
        case "starts_with":
            return f"startsWith({sql}, {binder.bind(leaf.value, 'String')})"
        case "matches":
            return f"match({sql}, {binder.bind(leaf.value, 'String')})"
        case "exists":
            return f"{sql} != ''"
        case _:
            return f"ifNull({_compare_numbers(f'toFloat64OrNull({sql})', leaf, binder)}, 0)"


def _property(column: Column, leaf: Leaf, context: Context) -> str:
    """A property that a call lacks equals nothing, and is unlike everything."""
    if leaf.op == "ne":
        return f"NOT ({_property(column, Leaf(leaf.column, 'eq', leaf.value), context)})"
    value, present = property_sql(column.name.partition(".")[2], context)
    if leaf.op == "exists":
        return present
    return f"({_compare_text(value, leaf, context.binder)}) AND {present}"


def _score(column: Column, leaf: Leaf, context: Context) -> str:
    return score_condition(column.name.partition(".")[2], leaf, context)


def _feedback(column: Column, leaf: Leaf, context: Context) -> str:
    return feedback_condition(leaf, context)


def _bool(column: Column, leaf: Leaf, context: Context) -> str:
    if leaf.op == "exists":
        return f"isNotNull({column.sql})" if column.nullable else "1"
    wanted = leaf.value == (leaf.op == "eq")
    if not column.sql:
        return scored_condition(context) if wanted else f"NOT ({scored_condition(context)})"
    if column.nullable:
        return f"ifNull({column.sql} = {int(wanted)}, {int(leaf.op == 'ne')})"
    return column.sql if wanted else f"NOT {column.sql}"


def _time(column: Column, leaf: Leaf, context: Context) -> str:
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    times = [moment_us("value", each, context.now_us, context.zone) for each in values]
    bound = [f"fromUnixTimestamp64Micro({context.binder.bind(each, 'Int64')})" for each in times]
    if leaf.op == "between":
        return f"{column.sql} BETWEEN {bound[0]} AND {bound[1]}"
    return f"{column.sql} {_SIGNS[leaf.op]} {bound[0]}"


def _texts(column: Column, leaf: Leaf, context: Context) -> str:
    match leaf.op:
        case "eq":
            return f"has({column.sql}, {context.binder.bind(leaf.value, 'String')})"
        case "ne":
            return f"NOT has({column.sql}, {context.binder.bind(leaf.value, 'String')})"
        case "in":
            return f"hasAny({column.sql}, {context.binder.bind(list(leaf.value), 'Array(String)')})"
        case "contains":
            word = context.binder.bind(leaf.value, "String")
            return f"arrayExists(each -> positionCaseInsensitiveUTF8(each, {word}) > 0, {column.sql})"
        case _:
            return f"notEmpty({column.sql})"


def _search(column: Column, leaf: Leaf, context: Context) -> str:
    return search_condition(leaf.value, context, phrase=leaf.op == "eq")


_Compiler = Callable[[Column, Leaf, Context], str]
_CONDITION_OF_KIND: Final[Mapping[str, _Compiler]] = {
    "text": _text,
    "number": _number,
    "bool": _bool,
    "time": _time,
    "texts": _texts,
    "search": _search,
}
_FAMILY_CONDITION: Final[Mapping[str, _Compiler]] = {"property": _property, "score": _score, "feedback": _feedback}
"""By prefix of a family, or name of a column that is in another table."""
