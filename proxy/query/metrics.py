"""A question about figures of calls, as callers put it, and the plan that it becomes once every part is checked."""

from typing import Any, Final, Literal

import msgspec

from proxy.query import parse_filter
from proxy.query.binding import MAX_TIME_US, Binder, Context, Window
from proxy.query.buckets import Buckets, buckets_of, find_width
from proxy.query.dimensions import Dimension, find_dimension
from proxy.query.errors import FilterError
from proxy.query.measures import Measure, find_measure
from proxy.query.periods import Period, period_before
from proxy.query.times import moment_us, zone_of
from proxy.query.tree import Node

__all__ = ["Caps", "MetricsQuestion", "Order", "Plan", "Rank", "Sort", "Top", "period_of", "plan_metrics"]

Order = Literal["asc", "desc"]
_MAX_MEASURES: Final = 50
_MAX_DIMENSIONS: Final = 4
_DAY_US: Final = 86_400_000_000


class Top(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `n` groups with the highest value of a measure. `other` adds one for all the rest."""

    n: int = 10
    by: str = ""
    """A measure; empty: the first one asked for."""
    other: bool = False
    order: Order = "desc"


class Sort(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order of groups: by a measure, or by a dimension asked for."""

    by: str
    order: Order = "desc"


class MetricsQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Measures of the calls that match `filter`, by time bucket and by dimensions."""

    measures: list[str]
    dimensions: list[str] = []
    filter: Any = None
    """A tree or its text form; null: all calls."""
    since: str = ""
    """A time, a day, or an age; empty: as far back as the setting says."""
    until: str = ""
    """Empty: now."""
    zone: str = "UTC"
    """Name of the zone of days, buckets and times without an offset."""
    bucket: str | None = None
    """`auto`, or a width such as `1h` or `1mo`; null: no buckets."""
    compare: str | None = None
    """`previous`, or how much earlier: `7d`, `1mo`."""
    top: Top | None = None
    sort: Sort | None = None
    limit: int = 100
    """Most groups, where `top` does not say."""


class Caps(msgspec.Struct, frozen=True):
    """How much may be asked for."""

    window_days: int = 7
    """How far back a question without `since` goes."""
    max_window_days: int = 400
    max_points: int = 20_000
    """Groups times buckets."""
    max_groups: int = 1_000


class Rank(msgspec.Struct, frozen=True):
    """An order of groups."""

    by: Measure | Dimension
    order: Order


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A checked question of an organisation."""

    context: Context
    """For the whole time from the earlier period on."""
    period: Period
    before: Period | None
    """The period to compare with."""
    buckets: Buckets | None
    buckets_before: Buckets | None
    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...]
    dimensions_before: tuple[Dimension, ...]
    """The same over the period before: the zone's clock may differ there."""
    filter: Node
    groups: int
    """How many groups at most, `other` not counted."""
    rank: Rank
    """Which groups these are."""
    sort: Rank
    """In what order they are listed."""
    other: bool


def period_of(since: str, until: str, zone: str, now_us: int, caps: Caps) -> Period:
    """The period of a question. Raises `FilterError`."""
    where = zone_of("zone", zone)
    until_us = moment_us("until", until, now_us, where) if until else now_us
    since_us = moment_us("since", since, now_us, where) if since else until_us - caps.window_days * _DAY_US
    if since_us >= until_us:
        raise FilterError("since", since, f"a time before `until` ({until or 'now'})")
    if until_us > MAX_TIME_US:
        raise FilterError("until", until, "a time before the year 2100")
    # An hour more: where the clock goes back, a day has 25.
    if until_us - since_us > caps.max_window_days * _DAY_US + _DAY_US // 24:
        raise FilterError("since", since, f"at most {caps.max_window_days} days before `until`")
    return Period(max(since_us, 0), until_us, where)


def plan_metrics(
    question: MetricsQuestion,
    caps: Caps,
    org: str,
    now_us: int,
    updated_properties: frozenset[str] = frozenset(),
    text_chars: int = 0,
) -> Plan:
    """Check a question and resolve its names. Raises `FilterError` with the path to the fault."""
    period = period_of(question.since, question.until, question.zone, now_us, caps)
    before = None if question.compare is None else period_before("compare", period, question.compare)
    since_us = period.since_us if before is None else min(period.since_us, before.since_us)
    window = Window(since_us, period.until_us)
    context = Context(org, now_us, Binder("m"), period.zone, window, updated_properties, text_chars)
    measures = _measures(question.measures, context)
    dimensions = _dimensions(question.dimensions, period, context)
    several = next((one.name for one in dimensions if one.several), "")
    if several and question.top is not None and question.top.other:
        raise FilterError("top.other", True, f"false with {several}: a call may be in several groups")
    groups = _check_groups(question, caps)
    rank, sort = _order(question, measures, dimensions, context)
    other = bool(dimensions and question.top is not None and question.top.other)
    buckets = buckets_before = None
    if question.bucket is not None:
        most = max(1, caps.max_points // (groups + other if dimensions else 1))
        width = find_width("bucket", question.bucket, period)
        buckets = buckets_of("bucket", period, width, most)
        # It may be longer by a little: months differ.
        buckets_before = None if before is None else buckets_of("bucket", before, width, 2 * most)
    return Plan(
        context=context,
        period=period,
        before=before,
        buckets=buckets,
        buckets_before=buckets_before,
        measures=measures,
        dimensions=dimensions,
        dimensions_before=dimensions if before is None else _dimensions(question.dimensions, before, context),
        filter=parse_filter(question.filter),
        groups=groups,
        rank=rank,
        sort=sort,
        other=other,
    )


def _measures(names: list[str], context: Context) -> tuple[Measure, ...]:
    if not 1 <= len(names) <= _MAX_MEASURES:
        raise FilterError("measures", f"{len(names)} measures", f"1 to {_MAX_MEASURES}")
    for position, name in enumerate(names):
        if name in names[:position]:
            raise FilterError(f"measures[{position}]", name, "each measure once")
    return tuple(find_measure(f"measures[{position}]", name, context) for position, name in enumerate(names))


def _dimensions(names: list[str], period: Period, context: Context) -> tuple[Dimension, ...]:
    if len(names) > _MAX_DIMENSIONS:
        raise FilterError("dimensions", f"{len(names)} dimensions", f"up to {_MAX_DIMENSIONS}")
    found: list[Dimension] = []
    for position, name in enumerate(names):
        dimension = find_dimension(f"dimensions[{position}]", name, period, context)
        if any(dimension.name == other.name for other in found):
            raise FilterError(f"dimensions[{position}]", name, "each dimension once")
        found.append(dimension)
    return tuple(found)


def _check_groups(question: MetricsQuestion, caps: Caps) -> int:
    path, groups = ("limit", question.limit) if question.top is None else ("top.n", question.top.n)
    if not 1 <= groups <= caps.max_groups:
        raise FilterError(path, groups, f"1 to {caps.max_groups}")
    if question.top is not None and not question.dimensions:
        raise FilterError("top", question.top.n, "no `top` where `dimensions` is empty")
    return groups


def _order(
    question: MetricsQuestion, measures: tuple[Measure, ...], dimensions: tuple[Dimension, ...], context: Context
) -> tuple[Rank, Rank]:
    """Which groups these are, and in what order they are listed."""
    rank = Rank(measures[0], "desc")
    if question.top is not None:
        by = find_measure("top.by", question.top.by, context) if question.top.by else measures[0]
        rank = Rank(by, question.top.order)
    if question.sort is None:
        return rank, rank
    wanted = question.sort.by
    asked: dict[str, Measure | Dimension] = {one.name: one for one in measures}
    asked |= {one.name: one for one in dimensions}
    if wanted not in asked:
        raise FilterError("sort.by", wanted, "one of those asked for: " + ", ".join(asked))
    sort = Rank(asked[wanted], question.sort.order)
    return (sort if question.top is None else rank), sort
