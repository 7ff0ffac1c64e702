"""The SQL of a metrics question: which groups, and their measures by bucket, in two steps (see `measures`)."""

from collections.abc import Sequence
from typing import Final

import msgspec

from proxy.query.binding import Binder, Context, Sql, Window
from proxy.query.buckets import Buckets
from proxy.query.compile import compile_filter
from proxy.query.dimensions import Dimension
from proxy.query.hours import Span, outside_sql, stored_sql
from proxy.query.measures import AGGREGATES, Aggregate, Measure
from proxy.query.metrics import Plan, Rank
from proxy.query.periods import Period
from proxy.query.tree import Node

__all__ = [
    "Key",
    "Reading",
    "dimension_names",
    "groups_sql",
    "in_period",
    "matching",
    "of_parts",
    "parts_sql",
    "place_sql",
    "ranked_sql",
    "ranks_at_once",
    "series_sql",
]

Key = tuple[str, ...]
"""The texts of a group's dimensions."""


class Reading(msgspec.Struct, frozen=True):
    """What an answer is read from."""

    sketched: bool = False
    """Whether percentiles and distinct counts are approximate."""
    spans: tuple[Span, ...] = ()
    """Time of which stored hours are read, for sketched figures only; all other time is read from calls."""


_PERIOD: Final = (
    "org = {org:String} AND start >= fromUnixTimestamp64Micro({since_us:Int64})"
    " AND start < fromUnixTimestamp64Micro({until_us:Int64})"
)


def in_period(org: str, period: Period) -> Sql:
    """The condition for the calls of an organisation in a period."""
    return Sql(_PERIOD, {"org": org, "since_us": period.since_us, "until_us": period.until_us})


def matching(filter: Node, context: Context, period: Period) -> Sql:
    """The condition for the calls of a period that match a filter."""
    where, condition = in_period(context.org, period), _filter(filter, context, period)
    return Sql(f"{where.text} AND ({condition.text})", {**where.values, **condition.values})


def _filter(filter: Node, context: Context, period: Period) -> Sql:
    return compile_filter(
        filter,
        org=context.org,
        now_us=context.now_us,
        zone=context.zone,
        window=Window(period.since_us, period.until_us),
        updated_properties=context.updated_properties,
        text_chars=context.text_chars,
    )


def groups_sql(plan: Plan, reading: Reading) -> Sql:
    """The groups with the most, or least, of what the plan ranks by: columns `d0`, …, and `group_count`, how many there
    are in all."""
    measures = _ranked_by(plan.rank.by)
    names = dimension_names(plan.dimensions)
    parts = parts_sql(plan, reading, plan.period, plan.dimensions, None, measures)
    columns = ", ".join([*names, *(of_parts(measures, reading.sketched))])
    text = (
        f"SELECT {', '.join(names)}, count() OVER () AS group_count\n"
        f"FROM (SELECT {columns} FROM ({parts.text}) GROUP BY {', '.join(names)})\n"
        f"ORDER BY {_rank_sql(plan.rank, plan.dimensions)}, {', '.join(names)}\n"
        f"LIMIT {{group_limit:UInt32}}"
    )
    return Sql(text, {**parts.values, "group_limit": plan.groups})


def ranks_at_once(plan: Plan, reading: Reading) -> bool:
    """Whether `ranked_sql` answers, which finds the groups and their measures in one pass: without buckets and
    comparison, and where it is enough to keep a few numbers of every group."""
    measures = plan.measures + _ranked_by(plan.rank.by)
    plain = all(aggregate.is_number for measure in measures for aggregate in measure.aggregates)
    alone = plan.buckets is None and plan.before is None and not any(one.several for one in plan.dimensions)
    return bool(plan.dimensions) and alone and not reading.spans and plain


def ranked_sql(plan: Plan, reading: Reading) -> Sql:
    """The rows of `series_sql` for the groups that `groups_sql` would find, with their texts `d0`, … and with
    `group_count`."""
    rank = plan.rank.by
    names = dimension_names(plan.dimensions)
    parts = parts_sql(plan, reading, plan.period, plan.dimensions, None, plan.measures + _ranked_by(rank))
    aliases = [f"part_{each.name} AS {each.name}" for each in _aggregates(_ranked_by(rank))]
    measures = [f"{measure.sql} AS m{position}" for position, measure in enumerate(plan.measures)]
    numbers = ", ".join(f"part_{each.name}" for each in _aggregates(plan.measures))
    text = (
        f"SELECT place, {', '.join(names)}, group_count, every_group, 1 AS every_bucket, calls, {', '.join(measures)}\n"
        f"FROM (SELECT place, {', '.join(f'any({name}_) AS {name}' for name in names)}, max(groups) AS group_count,"
        f" grouping(place) AS every_group, {', '.join(of_parts(plan.measures, reading.sketched))}\n"
        f"FROM (SELECT if(position <= {{group_limit:UInt32}}, position, 0) AS place, groups,"
        f" {', '.join(f'{name} AS {name}_' for name in names)}, {numbers}\n"
        f"FROM (SELECT *, count() OVER () AS groups, row_number() OVER"
        f" (ORDER BY {_rank_sql(plan.rank, plan.dimensions)}, {', '.join(names)}) AS position\n"
        f"FROM (SELECT *, {', '.join(aliases)} FROM ({parts.text}))))\n"
        "GROUP BY GROUPING SETS ((place), ()))"
    )
    return Sql(text, {**parts.values, "group_limit": plan.groups})


def series_sql(
    plan: Plan,
    reading: Reading,
    keys: Sequence[Key],
    period: Period,
    buckets: Buckets | None,
    dimensions: tuple[Dimension, ...],
) -> Sql:
    """The measures `m0`, … of the groups `keys` (`place` is a group's number from 1, and 0 for all others together),
    and of all calls (`every_group` = 1); by `bucket`, and over all buckets (`every_bucket` = 1); each with its number
    of `calls`."""
    binder = Binder("k")
    parts = parts_sql(plan, reading, period, dimensions, buckets, plan.measures, place_sql(dimensions, keys, binder))
    place = ["place"] if dimensions else []
    bucket = ["bucket"] if buckets is not None else []
    sets = {(*bucket, *place), tuple(place), tuple(bucket), ()}
    flags = [
        "grouping(place) AS every_group" if place else "1 AS every_group",
        "grouping(bucket) AS every_bucket" if bucket else "1 AS every_bucket",
    ]
    inner = ", ".join([*bucket, *place, *flags, *of_parts(plan.measures, reading.sketched)])
    grouping = ", ".join(f"({', '.join(each)})" for each in sorted(sets))
    measures = [f"{measure.sql} AS m{position}" for position, measure in enumerate(plan.measures)]
    text = (
        f"SELECT {', '.join([*bucket, *place, 'every_group', 'every_bucket', 'calls', *measures])}\n"
        f"FROM (SELECT {inner}\nFROM ({parts.text})"
    )
    text += f"\nGROUP BY GROUPING SETS ({grouping}))" if len(sets) > 1 else ")"
    return Sql(text, {**parts.values, **binder.values})


def parts_sql(
    plan: Plan,
    reading: Reading,
    period: Period,
    dimensions: tuple[Dimension, ...],
    buckets: Buckets | None,
    measures: Sequence[Measure],
    place: str = "",
) -> Sql:
    """The first step: aggregates over the calls of each bucket and group, or such of stored hours. With `place`, groups
    are told by that number."""
    binder = Binder("b")
    where = in_period(plan.context.org, period)
    filter = _filter(plan.filter, plan.context, period)
    aggregates = _aggregates(measures)
    groups = [f"{place} AS place"] if place else []
    if not place:
        groups = [f"{each.sql} AS {name}" for name, each in zip(dimension_names(dimensions), dimensions, strict=True)]

    def columns(start: str) -> list[str]:
        return [*([] if buckets is None else [f"{buckets.sql(start, binder)} AS bucket"]), *groups]

    keys = columns("start")
    parts = [f"{each.of_calls(reading.sketched)} AS part_{each.name}" for each in aggregates]
    grouped = ", ".join(column.rpartition(" AS ")[2] for column in keys)
    text = f"SELECT {', '.join([*keys, *parts])}\nFROM requests\nWHERE {where.text} AND ({filter.text})"
    if reading.spans:
        text += f" AND {outside_sql(reading.spans, binder)}"
    text += f"\nGROUP BY {grouped}" if grouped else ""
    if reading.spans:
        stored_keys = columns("toDateTime64(hour, 6, 'UTC')")
        stored = stored_sql(reading.spans, stored_keys, [each.name for each in aggregates], filter.text, binder)
        text += f"\nUNION ALL\n{stored}"
    return Sql(text, {**plan.context.binder.values, **where.values, **filter.values, **binder.values})


def _ranked_by(rank: Measure | Dimension) -> tuple[Measure, ...]:
    return (rank,) if isinstance(rank, Measure) else ()


def dimension_names(dimensions: Sequence[Dimension]) -> list[str]:
    return [f"d{position}" for position in range(len(dimensions))]


def _aggregates(measures: Sequence[Measure]) -> list[Aggregate]:
    """Each once, and the number of calls."""
    needed = {aggregate.name: aggregate for measure in measures for aggregate in measure.aggregates}
    return list(({"calls": AGGREGATES["calls"]} | needed).values())


def of_parts(measures: Sequence[Measure], sketched: bool) -> list[str]:
    return [f"{each.of_parts(sketched)} AS {each.name}" for each in _aggregates(measures)]


def place_sql(dimensions: Sequence[Dimension], keys: Sequence[Key], binder: Binder) -> str:
    """The number of a call's group in `keys`, from 1; 0 where it is none of them.

    A small number: grouping by it is half the work of grouping by texts."""
    if not dimensions:
        return ""
    code = ""
    codes = [0] * len(keys)
    for position, dimension in enumerate(dimensions):
        texts = list(dict.fromkeys(key[position] for key in keys))
        number = _numbered(dimension.sql, binder.bind(texts, "Array(String)"), len(texts), binder)
        code = f"(toUInt64({code}) * {_MAX_TEXTS} + {number})" if code else number
        codes = [code * _MAX_TEXTS + texts.index(key[position]) + 1 for code, key in zip(codes, keys, strict=True)]
    if len(dimensions) == 1:
        return code
    return _numbered(code, binder.bind(codes, "Array(UInt64)"), len(codes), binder)


_MAX_TEXTS: Final = 4096


def _numbered(value: str, values: str, count: int, binder: Binder) -> str:
    """The number of a value in a list, from 1; 0 where it is not in it."""
    if not count:
        return "toUInt16(0)"
    return f"transform({value}, {values}, {binder.bind(list(range(1, count + 1)), 'Array(UInt16)')}, toUInt16(0))"


def _rank_sql(rank: Rank, dimensions: Sequence[Dimension]) -> str:
    order = "DESC" if rank.order == "desc" else "ASC"
    if isinstance(rank.by, Measure):
        return f"{rank.by.sql} {order} NULLS LAST"
    name = f"d{[dimension.name for dimension in dimensions].index(rank.by.name)}"
    return f"{f'toInt64OrZero({name})' if rank.by.value == 'number' else name} {order}"
