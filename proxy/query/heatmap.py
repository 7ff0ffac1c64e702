"""A heatmap: how many calls have a value in each of logarithmic bins, by time bucket."""

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from proxy.query import parse_filter
from proxy.query.binding import Binder, Context, Sql, Window
from proxy.query.buckets import Buckets, buckets_of, find_width
from proxy.query.columns import COLUMNS
from proxy.query.errors import FilterError
from proxy.query.metrics import Caps, period_of
from proxy.query.metrics_sql import matching
from proxy.query.periods import Period
from proxy.query.series import moment
from proxy.query.tree import Node

__all__ = ["Heatmap", "HeatmapPlan", "HeatmapQuestion", "heatmap_sql", "make_heatmap", "plan_heatmap"]

_MAX_BINS_A_DECADE: Final = 20
_ALIASES: Final = {"gateway_time": "sent_ms"}
_DECADES: Final = {"ms": (-2, 8), "USD": (-9, 6), "nano-USD": (0, 15), "bytes": (0, 12)}
_OTHER_DECADES: Final = (-3, 10)


class HeatmapQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a number of calls is spread, over time."""

    measure: str = "latency"
    """A column of numbers: `latency`, `ttft`, `gateway_time`, `tokens_per_second`, `cost`, `input_tokens`, …"""
    filter: Any = None
    since: str = ""
    until: str = ""
    zone: str = "UTC"
    bucket: str = "auto"
    bins: int = 5
    """Bins for each power of ten."""


class HeatmapPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A checked question."""

    context: Context
    period: Period
    buckets: Buckets
    filter: Node
    sql: str
    unit: str
    bounds: tuple[float, ...]
    """Where bins begin. What is below the first, and what is above the last, has a bin of its own."""


class Bin(msgspec.Struct, frozen=True):
    """From `low` to before `high`; null: without end."""

    low: float | None
    high: float | None


class Heatmap(msgspec.Struct, kw_only=True):
    """`cells[bucket][bin]` calls. Bins go from the lowest to the highest that has a call."""

    since: str
    until: str
    zone: str
    bucket: str
    buckets: list[str]
    """When each begins."""
    measure: str
    unit: str
    bins: list[Bin]
    cells: list[list[int]]
    calls: int
    """Calls that have the number."""
    without_value: int
    """Calls that have not."""
    ms: float


def plan_heatmap(
    question: HeatmapQuestion,
    caps: Caps,
    org: str,
    now_us: int,
    updated_properties: frozenset[str] = frozenset(),
    text_chars: int = 0,
) -> HeatmapPlan:
    """Check a question. Raises `FilterError` with the path to the fault."""
    period = period_of(question.since, question.until, question.zone, now_us, caps)
    if not 1 <= question.bins <= _MAX_BINS_A_DECADE:
        raise FilterError("bins", question.bins, f"1 to {_MAX_BINS_A_DECADE} for each power of ten")
    column = COLUMNS.get(_ALIASES.get(question.measure, question.measure))
    if column is None or column.kind != "number" or not column.sql:
        names = [one.name for one in COLUMNS.values() if one.kind == "number" and one.sql] + list(_ALIASES)
        near = difflib.get_close_matches(question.measure, names, 1)
        hint = f" (perhaps {near[0]})" if near else ""
        raise FilterError("measure", question.measure, f"a number: {', '.join(names)}{hint}")
    low, high = _DECADES.get(column.unit, _OTHER_DECADES)
    bounds = tuple(10 ** (step / question.bins) for step in range(low * question.bins, high * question.bins + 1))
    width = find_width("bucket", question.bucket, period)
    return HeatmapPlan(
        context=Context(
            org,
            now_us,
            Binder("m"),
            period.zone,
            Window(period.since_us, period.until_us),
            updated_properties,
            text_chars,
        ),
        period=period,
        buckets=buckets_of("bucket", period, width, max(1, caps.max_points // len(bounds))),
        filter=parse_filter(question.filter),
        sql=column.sql,
        unit=column.unit,
        bounds=bounds,
    )


def heatmap_sql(plan: HeatmapPlan) -> Sql:
    """The number of `calls` by `bucket` and `low`, the lower bound of their bin; null where a call has no number."""
    binder = Binder("b")
    bounds = binder.bind([_LOWEST, *plan.bounds], "Array(Float64)")
    where = matching(plan.filter, plan.context, plan.period)
    text = (
        f"SELECT {plan.buckets.sql('start', binder)} AS bucket, roundDown(toFloat64({plan.sql}), {bounds}) AS low,"
        f" count() AS calls\nFROM requests\nWHERE {where.text}\nGROUP BY bucket, low"
    )
    return Sql(text, {**where.values, **binder.values})


_LOWEST: Final = -1e300


def make_heatmap(plan: HeatmapPlan, question: HeatmapQuestion, rows: Sequence[Mapping[str, Any]], ms: float) -> Heatmap:
    """The answer, made of the rows of `heatmap_sql`."""
    lows = [_LOWEST, *plan.bounds]
    highs = [*plan.bounds, math.inf]
    places = {low: place for place, low in enumerate(lows)}
    counts: dict[tuple[int, int], int] = {}
    without = 0
    for row in rows:
        low = row["low"]
        if low is None or low != low:
            without += row["calls"]
            continue
        counts[int(row["bucket"]), places[low]] = row["calls"]
    used = [place for _, place in counts]
    shown = range(min(used), max(used) + 1) if used else range(0)
    return Heatmap(
        since=moment(plan.period.since_us, plan.period),
        until=moment(plan.period.until_us, plan.period),
        zone=question.zone,
        bucket=plan.buckets.width.name,
        buckets=[moment(start, plan.period) for start in plan.buckets.starts],
        measure=question.measure,
        unit=plan.unit,
        bins=[
            Bin(lows[place] if place else None, highs[place] if highs[place] < math.inf else None) for place in shown
        ],
        cells=[[counts.get((start, place), 0) for place in shown] for start in plan.buckets.starts],
        calls=sum(counts.values()),
        without_value=without,
        ms=ms,
    )
