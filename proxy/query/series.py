"""The answer to a metrics question, made of the rows of its SQL."""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from proxy.query.buckets import Buckets
from proxy.query.dimensions import Dimension
from proxy.query.measures import SKETCH_ERROR, Measure
from proxy.query.metrics import Plan
from proxy.query.metrics_sql import Key
from proxy.query.periods import EPOCH, Period

__all__ = ["ComparedWith", "MeasureInfo", "MetricsAnswer", "Series", "make_answer", "moment"]

Number = float | int | None
Figures = dict[str, Number]
"""By measure."""


class Series(msgspec.Struct, kw_only=True):
    """The measures of one group of calls."""

    key: dict[str, str | bool | int | None]
    """Its value of each dimension; null where that is not set."""
    other: bool = False
    """All groups that are not listed, together."""
    totals: Figures
    """Over the whole period."""
    values: dict[str, list[Number]] | None = None
    """A number a bucket, by measure; null where no bucket was asked for."""
    previous: Figures | None = None
    """Over the period that is compared with."""
    previous_values: dict[str, list[Number]] | None = None
    change: Figures | None = None
    """(total - previous) / |previous|; null where previous is 0 or not known."""


class MeasureInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures of a measure are."""

    name: str
    unit: str
    kind: str
    exact: bool
    error: float = 0.0
    """Where it is not exact: the relative error; of a percentile at most that, of a distinct count on average."""


class ComparedWith(msgspec.Struct, frozen=True, kw_only=True):
    """The period that is compared with."""

    since: str
    until: str
    buckets: list[str] | None


class MetricsAnswer(msgspec.Struct, kw_only=True):
    """Figures of calls by bucket and group."""

    since: str
    until: str
    zone: str
    bucket: str | None
    """The width of the buckets."""
    buckets: list[str] | None
    """When each begins. The first and the last may reach beyond the period."""
    compared_with: ComparedWith | None
    measures: list[MeasureInfo]
    dimensions: list[str]
    total: Series
    """All calls that match."""
    groups: list[Series]
    """Empty where no dimension was asked for."""
    group_count: int
    """How many groups there are, listed or not."""
    source: str
    """`raw`: all from calls; `rollup`: from stored hours as far as they reach."""
    rows_read: int
    ms: float


_DISTINCT_ERROR: Final = 0.006
"""Of uniqCombined64(15), on average."""


class SeriesRows(msgspec.Struct, frozen=True):
    """The rows of `series_sql` by group and bucket. `None` in place of a key is all calls, `()` all that are not
    named; in place of a bucket, all buckets."""

    measures: tuple[Measure, ...]
    rows: dict[tuple[Key | None, int | None], list[Number]]

    def figures(self, key: Key | None) -> Figures:
        found = self.rows.get((key, None)) or self._empty()
        return {measure.name: number for measure, number in zip(self.measures, found, strict=True)}

    def values(self, key: Key | None, buckets: Buckets) -> dict[str, list[Number]]:
        columns = [self.rows.get((key, start)) or self._empty() for start in buckets.starts]
        return {measure.name: [row[at] for row in columns] for at, measure in enumerate(self.measures)}

    def _empty(self) -> list[Number]:
        return [0 if measure.additive or measure.kind == "distinct" else None for measure in self.measures]


def read_rows(rows: Sequence[Mapping[str, Any]], plan: Plan, keys: Sequence[Key]) -> SeriesRows:
    """What `series_sql` found of the groups `keys`."""
    found: dict[tuple[Key | None, int | None], list[Number]] = {}
    for row in rows:
        if not row["calls"]:
            continue  # the total of nothing
        key = None if row["every_group"] else keys[row["place"] - 1] if row["place"] else ()
        bucket = None if row["every_bucket"] else int(row["bucket"])
        found[key, bucket] = [_number(row[f"m{at}"]) for at in range(len(plan.measures))]
    return SeriesRows(plan.measures, found)


def make_answer(
    plan: Plan,
    keys: Sequence[Key],
    group_count: int,
    now: Sequence[Mapping[str, Any]],
    before: Sequence[Mapping[str, Any]] | None,
    *,
    zone: str,
    source: str,
    sketched: bool,
    rows_read: int,
    ms: float,
) -> MetricsAnswer:
    """The answer. `keys` are the groups in the order that the engine ranked them."""
    rows = read_rows(now, plan, keys)
    rows_before = None if before is None else read_rows(before, plan, keys)

    def series(key: Key | None, shown: dict[str, Any], other: bool = False) -> Series:
        one = Series(key=shown, other=other, totals=rows.figures(key))
        if plan.buckets is not None:
            one.values = rows.values(key, plan.buckets)
        if rows_before is not None:
            one.previous = rows_before.figures(key)
            one.change = {name: _change(value, one.previous[name]) for name, value in one.totals.items()}
            if plan.buckets_before is not None:
                one.previous_values = rows_before.values(key, plan.buckets_before)
        return one

    groups = [series(key, _shown(plan.dimensions, key)) for key in keys]
    _sort(groups, plan)
    if plan.other and group_count > len(keys):
        groups.append(series((), {}, other=True))
    return MetricsAnswer(
        since=moment(plan.period.since_us, plan.period),
        until=moment(plan.period.until_us, plan.period),
        zone=zone,
        bucket=None if plan.buckets is None else plan.buckets.width.name,
        buckets=_starts(plan.buckets, plan.period),
        compared_with=None
        if plan.before is None
        else ComparedWith(
            since=moment(plan.before.since_us, plan.before),
            until=moment(plan.before.until_us, plan.before),
            buckets=_starts(plan.buckets_before, plan.before),
        ),
        measures=[_info(measure, sketched) for measure in plan.measures],
        dimensions=[dimension.name for dimension in plan.dimensions],
        total=series(None, {}),
        groups=groups,
        group_count=group_count,
        source=source,
        rows_read=rows_read,
        ms=ms,
    )


def moment(at_us: int, period: Period) -> str:
    """A moment by the clock of the period's zone, with its distance from UTC."""
    return (EPOCH + timedelta(microseconds=at_us)).astimezone(period.zone).isoformat()


def _starts(buckets: Buckets | None, period: Period) -> list[str] | None:
    return None if buckets is None else [moment(start, period) for start in buckets.starts]


def _shown(dimensions: Sequence[Dimension], key: Key) -> dict[str, str | bool | int | None]:
    return {dimension.name: dimension.decode(text) for dimension, text in zip(dimensions, key, strict=True)}


def _sort(groups: list[Series], plan: Plan) -> None:
    """Into the order asked for; they come in the order of their rank. What is not known stays last."""
    if plan.sort == plan.rank:
        return
    name, descending = plan.sort.by.name, plan.sort.order == "desc"

    def value(one: Series) -> Any:
        return one.totals[name] if isinstance(plan.sort.by, Measure) else one.key[name]

    known = sorted((one for one in groups if value(one) is not None), key=value, reverse=descending)
    groups[:] = known + [one for one in groups if value(one) is None]


def _info(measure: Measure, sketched: bool) -> MeasureInfo:
    exact = not (sketched and measure.sketchable)
    error = 0.0 if exact else SKETCH_ERROR if measure.kind == "percentile" else _DISTINCT_ERROR
    return MeasureInfo(name=measure.name, unit=measure.unit, kind=measure.kind, exact=exact, error=error)


def _number(value: Any) -> Number:
    """JSON knows neither NaN nor infinite numbers: they are null."""
    return None if value is None or not math.isfinite(value) else value


def _change(now: Number, before: Number) -> Number:
    return None if now is None or not before else (now - before) / abs(before)
