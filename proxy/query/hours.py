"""Stored hours in place of calls: which questions they answer, and the SQL that fills and reads them.

Stored are the aggregates of the calls of an hour by provider and model. What the engine reads of them are spans of
hours that are known to be filled and unchanged; all other time of a question is read from calls, in the same query.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from proxy.query.binding import Binder
from proxy.query.columns import find_column
from proxy.query.measures import AGGREGATES, Measure
from proxy.query.metrics import Plan
from proxy.query.periods import Period
from proxy.query.tree import And, Leaf, Node, Not, Or

__all__ = ["HOUR_US", "KEY", "Span", "fill_sql", "hours_within", "outside_sql", "spans_of", "stored_sql", "suits_hours"]

HOUR_US: Final = 3_600_000_000
KEY: Final = ("provider", "model")
"""Columns that stored hours have beside the aggregates."""
_MAX_SPANS: Final = 50


class Span(msgspec.Struct, frozen=True):
    """Whole hours, microseconds since the epoch: from `since_us` to before `until_us`."""

    since_us: int
    until_us: int


def suits_hours(plan: Plan) -> bool:
    """Whether stored hours can answer: they have what is measured, grouped and filtered by, and buckets begin with an
    hour, as they do in zones whose distance from UTC is whole hours."""
    ranked = (plan.rank.by,) if isinstance(plan.rank.by, Measure) else ()
    bounds = [
        bound
        for buckets in (plan.buckets, plan.buckets_before)
        if buckets is not None
        for bound in (*buckets.starts, buckets.end_us)
    ]
    return (
        all(aggregate.stored for measure in (*plan.measures, *ranked) for aggregate in measure.aggregates)
        and all(dimension.sql in KEY for dimension in plan.dimensions)
        and _columns(plan.filter) <= set(KEY)
        and all(bound % HOUR_US == 0 for bound in bounds)
    )


def _columns(node: Node) -> set[str]:
    """The columns of a filter, as the table `requests` names them."""
    match node:
        case And(nodes) | Or(nodes):
            return {column for each in nodes for column in _columns(each)}
        case Not(inner):
            return _columns(inner)
        case Leaf():
            return {find_column("column", node.column).sql}


def hours_within(period: Period) -> Span:
    """The hours that lie in a period as a whole; none where `until_us` is not above `since_us`."""
    return Span(-(-period.since_us // HOUR_US) * HOUR_US, period.until_us // HOUR_US * HOUR_US)


def spans_of(hours: Iterable[int], most: int = _MAX_SPANS) -> list[Span]:
    """Consecutive hours as spans, oldest first; the longest ones where there are more than `most`: each becomes a
    condition."""
    spans: list[Span] = []
    for hour in sorted(hours):
        if spans and spans[-1].until_us == hour:
            spans[-1] = Span(spans[-1].since_us, hour + HOUR_US)
        else:
            spans.append(Span(hour, hour + HOUR_US))
    spans.sort(key=lambda span: span.since_us - span.until_us)
    return sorted(spans[:most], key=lambda span: span.since_us)


def outside_sql(spans: Sequence[Span], binder: Binder) -> str:
    """The condition for the calls that the spans leave to be read."""
    parts = [
        f"NOT (start >= {_time(span.since_us, binder)} AND start < {_time(span.until_us, binder)})" for span in spans
    ]
    return " AND ".join(parts) or "1"


def stored_sql(
    spans: Sequence[Span], columns: Sequence[str], aggregates: Sequence[str], condition: str, binder: Binder
) -> str:
    """The first step of `metrics_sql`, from stored hours: their aggregates, with `columns` before them.

    Binds `{org}`; `condition` is the filter, over the columns of `KEY`."""
    parts = [f"part_{name}" for name in aggregates]
    within = " OR ".join(
        f"(hour >= toDateTime({_time(span.since_us, binder)}) AND hour < toDateTime({_time(span.until_us, binder)}))"
        for span in spans
    )
    return (
        f"SELECT {', '.join([*columns, *parts])}\nFROM hourly\n"
        f"WHERE org = {{org:String}} AND ({within}) AND ({condition}) AND (hour, fill) IN"
        f" (SELECT hour, max(fill) FROM hourly_fills WHERE org = {{org:String}} AND ({within}) GROUP BY hour)"
    )


def fill_sql() -> str:
    """Stores the hours from `{since_us}` to before `{until_us}` of `{org}` under the number `{fill}`."""
    stored = [aggregate for aggregate in AGGREGATES.values() if aggregate.stored]
    names = ", ".join(f"part_{aggregate.name}" for aggregate in stored)
    values = ", ".join(f"{aggregate.of_calls(sketched=True)} AS part_{aggregate.name}" for aggregate in stored)
    return (
        f"INSERT INTO hourly (org, hour, fill, provider, model, {names})\n"
        f"SELECT org, toStartOfHour(start) AS hour, {{fill:UInt64}} AS fill, provider, model, {values}\n"
        "FROM requests\n"
        "WHERE org = {org:String} AND start >= fromUnixTimestamp64Micro({since_us:Int64})"
        " AND start < fromUnixTimestamp64Micro({until_us:Int64})\n"
        "GROUP BY org, hour, provider, model\n"
        "SETTINGS max_threads = 1"
    )


def _time(at_us: int, binder: Binder) -> str:
    return f"fromUnixTimestamp64Micro({binder.bind(at_us, 'Int64')})"
