"""The SQL of values of all groups at once: in one window, and in many windows that overlap (see `measures`)."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from proxy.query.binding import Binder, Sql
from proxy.query.buckets import WIDTHS, Buckets
from proxy.query.metrics import Plan
from proxy.query.metrics_sql import Key, Reading, dimension_names, of_parts, parts_sql, place_sql

__all__ = ["Bound", "sliding_sql", "values_sql"]

_MAX_WANTED: Final = 2_000
_JOINED: Final = "\x1f"


class Bound(msgspec.Struct, frozen=True):
    """Groups that a caller wants: those whose measure of that number in the plan is above or below a value."""

    measure: int
    op: Literal["above", "below"]
    value: float


def values_sql(plan: Plan, reading: Reading, bounds: Sequence[Bound] | None, wanted: Sequence[Key], most: int) -> Sql:
    """The measures `m0`, … of the groups of the plan, `d0`, …, with their number of `calls`; those with most calls
    first.

    With `bounds` only the groups that one of them holds for, those of `wanted`, and the group with most calls, so that
    an empty answer says that there is no call. One group more than `most` says that some are left out.
    """
    binder = Binder("v")
    names = dimension_names(plan.dimensions)
    parts = parts_sql(plan, reading, plan.period, plan.dimensions, None, plan.measures)
    measures = [f"{measure.sql} AS m{position}" for position, measure in enumerate(plan.measures)]
    inner = f"SELECT {', '.join([*names, *of_parts(plan.measures, reading.sketched)])} FROM ({parts.text})"
    if not names:
        text = f"SELECT {', '.join(['calls', *measures])} FROM ({inner}) WHERE calls > 0"
        return Sql(text, parts.values)
    text = (
        f"SELECT {', '.join([*names, 'calls', *measures])}, row_number() OVER (ORDER BY calls DESC) AS place\n"
        f"FROM ({inner} GROUP BY {', '.join(names)})"
    )
    if bounds is not None:
        conditions = ["place = 1"]
        for bound in bounds:
            sign = ">" if bound.op == "above" else "<"
            conditions.append(f"ifNull(m{bound.measure} {sign} {binder.bind(bound.value, 'Float64')}, 0)")
        if wanted:
            keys = [_JOINED.join(key) for key in wanted[:_MAX_WANTED]]
            text_of_key = f"arrayStringConcat([{', '.join(names)}], char({ord(_JOINED)}))"
            conditions.append(f"{text_of_key} IN {binder.bind(keys, 'Array(String)')}")
        text = f"SELECT * FROM ({text}) WHERE {' OR '.join(conditions)}"
    text += f"\nORDER BY calls DESC, {', '.join(names)} LIMIT {binder.bind(most + 1, 'UInt32')}"
    return Sql(text, {**parts.values, **binder.values})


def sliding_sql(
    plan: Plan, reading: Reading, keys: Sequence[Key], step_us: int, windows: Sequence[tuple[int, int]]
) -> Sql:
    """The measures of the groups `keys` (`place` is a group's number from 1) in each of `windows` (`point` is its
    number from 0): from and to before a moment, both on the steps of the plan's period, and neither ever earlier than
    those of the window before.

    Calls are read once, by step; what a step adds up to then goes into each window that it is in."""
    binder = Binder("w")
    since_us, until_us = plan.period.since_us, plan.period.until_us
    starts = tuple(range(since_us, until_us, step_us))
    buckets = Buckets(WIDTHS["1m"], starts, until_us)
    first, last = [0] * len(starts), [0] * len(starts)
    begin = end = 0
    for at, start in enumerate(starts):
        while begin < len(windows) and windows[begin][1] <= start:
            begin += 1
        while end < len(windows) and windows[end][0] <= start:
            end += 1
        first[at], last[at] = begin, end
    bind = binder.bind
    index = f"intDiv(bucket - {bind(since_us, 'Int64')}, {bind(step_us, 'Int64')}) + 1"
    begins, ends = (f"{bind(each, 'Array(UInt32)')}[{index}]" for each in (first, last))
    place = ["place"] if plan.dimensions else []
    of_place = place_sql(plan.dimensions, keys, binder)
    parts = parts_sql(plan, reading, plan.period, plan.dimensions, buckets, plan.measures, of_place)
    measures = [f"{measure.sql} AS m{position}" for position, measure in enumerate(plan.measures)]
    inner = ", ".join([*place, *of_parts(plan.measures, reading.sketched)])
    text = (
        f"SELECT {', '.join(['point', *place, 'calls', *measures])}\n"
        f"FROM (SELECT point, {inner}\nFROM (SELECT *, arrayJoin(range({begins}, {ends})) AS point FROM ({parts.text})"
        f"{' WHERE place > 0' if place else ''})\n"
        f"GROUP BY {', '.join(['point', *place])})"
    )
    return Sql(text, {**parts.values, **binder.values})
