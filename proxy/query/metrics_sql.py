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

__all__ = ["Key", "Reading", "groups_sql", "in_period", "matching", "series_sql"]

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
    rank = plan.rank.by
    measures = (rank,) if isinstance(rank, Measure) else ()
    names = _names(plan.dimensions)
    parts = _parts(plan, reading, plan.period, plan.dimensions, None, measures)
    columns = ", ".join([*names, *(_of_parts(measures, reading.sketched))])
    text = (
        f"SELECT {', '.join(names)}, count() OVER () AS group_count\n"
        f"FROM (SELECT {columns} FROM ({parts.text}) GROUP BY {', '.join(names)})\n"
        f"ORDER BY {_rank_sql(plan.rank, plan.dimensions)}, {', '.join(names)}\n"
        f"LIMIT {{group_limit:UInt32}}"
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
    """The measures `m0`, … of the groups `keys` (with `named` = 1), of all others together (`named` = 0), and of all
    calls (`every_group` = 1); by `bucket`, and over all buckets (`every_bucket` = 1); each with its
    number of `calls`."""
    names = _names(dimensions)
    binder = Binder("k")
    parts = _parts(plan, reading, period, dimensions, buckets, plan.measures, _named_sql(dimensions, keys, binder))
    groups = ["named", *names] if dimensions else []
    bucket = ["bucket"] if buckets is not None else []
    sets = {(*bucket, *groups), tuple(groups), tuple(bucket), ()}
    flags = [
        "grouping(named) AS every_group" if groups else "1 AS every_group",
        "grouping(bucket) AS every_bucket" if bucket else "1 AS every_bucket",
    ]
    inner = ", ".join([*bucket, *groups, *flags, *_of_parts(plan.measures, reading.sketched)])
    grouping = ", ".join(f"({', '.join(each)})" for each in sorted(sets))
    measures = [f"{measure.sql} AS m{position}" for position, measure in enumerate(plan.measures)]
    text = (
        f"SELECT {', '.join([*bucket, *groups, 'every_group', 'every_bucket', 'calls', *measures])}\n"
        f"FROM (SELECT {inner}\nFROM ({parts.text})"
    )
    text += f"\nGROUP BY GROUPING SETS ({grouping}))" if len(sets) > 1 else ")"
    return Sql(text, {**parts.values, **binder.values})


def _parts(
    plan: Plan,
    reading: Reading,
    period: Period,
    dimensions: tuple[Dimension, ...],
    buckets: Buckets | None,
    measures: Sequence[Measure],
    named: str = "",
) -> Sql:
    """The first step: aggregates over the calls of each bucket and group, or such of stored hours."""
    binder = Binder("b")
    where = in_period(plan.context.org, period)
    filter = _filter(plan.filter, plan.context, period)
    aggregates = _aggregates(measures)
    shown = [f"{named} AS named"] if named else []
    for name, dimension in zip(_names(dimensions), dimensions, strict=True):
        shown.append(f"if(named, {dimension.sql}, '') AS {name}" if named else f"{dimension.sql} AS {name}")

    def columns(start: str) -> list[str]:
        return [*([] if buckets is None else [f"{buckets.sql(start, binder)} AS bucket"]), *shown]

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


def _names(dimensions: Sequence[Dimension]) -> list[str]:
    return [f"d{position}" for position in range(len(dimensions))]


def _aggregates(measures: Sequence[Measure]) -> list[Aggregate]:
    """Each once, and the number of calls."""
    needed = {aggregate.name: aggregate for measure in measures for aggregate in measure.aggregates}
    return list(({"calls": AGGREGATES["calls"]} | needed).values())


def _of_parts(measures: Sequence[Measure], sketched: bool) -> list[str]:
    return [f"{each.of_parts(sketched)} AS {each.name}" for each in _aggregates(measures)]


def _named_sql(dimensions: Sequence[Dimension], keys: Sequence[Key], binder: Binder) -> str:
    """Whether a call is of one of these groups."""
    if not dimensions:
        return ""
    lists = [binder.bind([key[position] for key in keys], "Array(String)") for position in range(len(dimensions))]
    if len(dimensions) == 1:
        return f"toUInt8({dimensions[0].sql} IN {lists[0]})"
    fields = ", ".join(f"each.{position}" for position in range(1, len(dimensions) + 1))
    tuples = f"SELECT {fields} FROM (SELECT arrayJoin(arrayZip({', '.join(lists)})) AS each)"
    return f"toUInt8(({', '.join(dimension.sql for dimension in dimensions)}) IN ({tuples}))"


def _rank_sql(rank: Rank, dimensions: Sequence[Dimension]) -> str:
    order = "DESC" if rank.order == "desc" else "ASC"
    if isinstance(rank.by, Measure):
        return f"{rank.by.sql} {order} NULLS LAST"
    name = f"d{[dimension.name for dimension in dimensions].index(rank.by.name)}"
    return f"{f'toInt64OrZero({name})' if rank.by.value == 'number' else name} {order}"
