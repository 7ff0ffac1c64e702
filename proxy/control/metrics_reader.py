"""Answers questions about figures of calls from the log store."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from proxy.core.settings import Settings
from proxy.logstore import LogStore
from proxy.logstore.hourly import StoredHours
from proxy.query.binding import Sql
from proxy.query.buckets import Buckets
from proxy.query.dimensions import Dimension
from proxy.query.heatmap import Heatmap, HeatmapQuestion, heatmap_sql, make_heatmap, plan_heatmap
from proxy.query.hours import hours_within, spans_of, suits_hours
from proxy.query.metrics import Caps, MetricsQuestion, Plan, plan_metrics
from proxy.query.metrics_sql import Key, Reading, groups_sql, in_period, ranked_sql, ranks_at_once, series_sql
from proxy.query.periods import Period
from proxy.query.series import MetricsAnswer, make_answer

__all__ = ["MetricsReader"]

_COUNT: Final = "SELECT count() AS calls FROM requests WHERE "


class MetricsReader:
    """Answers for all organisations of a store."""

    def __init__(self, store: LogStore, settings: Settings) -> None:
        self._store = store
        self._hours = StoredHours(store)
        self._uses_hours = settings.get_bool("metrics.store_hours")
        self._exact_rows = settings.get_int("metrics.exact_rows")
        self.caps = Caps(
            window_days=settings.get_int("metrics.window_days"),
            max_window_days=settings.get_int("metrics.max_window_days"),
            max_points=settings.get_int("metrics.max_points"),
        )

    def answer(self, org: str, question: MetricsQuestion, now_us: int) -> MetricsAnswer:
        """The figures. Raises `FilterError` with the path to what cannot be asked, or `StoreError`."""
        began = time.perf_counter()
        plan = plan_metrics(
            question, self.caps, org, now_us, self._store.updated_properties(org), self._store.text_chars
        )
        in_view = self._count(org, plan.period) + (0 if plan.before is None else self._count(org, plan.before))
        now = self._reading(org, plan, plan.period, in_view)
        keys: list[Key] = []
        group_count = 0
        if ranks_at_once(plan, now):
            rows = self._read(ranked_sql(plan, now))
            listed = sorted((row for row in rows if row["place"]), key=lambda row: row["place"])
            keys, group_count = _keys(listed, plan), max((row["group_count"] for row in rows), default=0)
        else:
            if plan.dimensions:
                groups = self._read(groups_sql(plan, now))
                keys, group_count = _keys(groups, plan), groups[0]["group_count"] if groups else 0
            rows = self._series(plan, now, keys, plan.period, plan.buckets, plan.dimensions)
        rows_before = None
        spans = now.spans
        if plan.before is not None:
            before = self._reading(org, plan, plan.before, in_view)
            spans += before.spans
            rows_before = self._series(plan, before, keys, plan.before, plan.buckets_before, plan.dimensions_before)
        return make_answer(
            plan,
            keys,
            group_count,
            rows,
            rows_before,
            zone=question.zone,
            source="rollup" if spans else "raw",
            sketched=now.sketched,
            rows_read=in_view - sum(self._count(org, Period(span.since_us, span.until_us)) for span in spans),
            ms=round((time.perf_counter() - began) * 1000, 1),
        )

    def heatmap(self, org: str, question: HeatmapQuestion, now_us: int) -> Heatmap:
        """How a number of calls is spread. Raises as `answer` does."""
        began = time.perf_counter()
        plan = plan_heatmap(
            question, self.caps, org, now_us, self._store.updated_properties(org), self._store.text_chars
        )
        rows = self._read(heatmap_sql(plan))
        return make_heatmap(plan, question, rows, round((time.perf_counter() - began) * 1000, 1))

    def _series(
        self,
        plan: Plan,
        reading: Reading,
        keys: list[Key],
        period: Period,
        buckets: Buckets | None,
        dimensions: tuple[Dimension, ...],
    ) -> list[dict[str, Any]]:
        rows = self._read(series_sql(plan, reading, keys, period, buckets, dimensions))
        if not any(dimension.several for dimension in dimensions):
            return rows
        # A call is in several groups, but in all calls once.
        all_calls = self._read(series_sql(plan, reading, [], period, buckets, ()))
        return [row for row in rows if not row["every_group"]] + all_calls

    def _reading(self, org: str, plan: Plan, period: Period, calls: int) -> Reading:
        """From where so many calls are read: stored hours take the place of many, where the question allows."""
        if calls <= self._exact_rows:
            return Reading()
        if not self._uses_hours or not suits_hours(plan):
            return Reading(sketched=True)
        hours = self._hours.current(org, hours_within(period))
        return Reading(sketched=True, spans=tuple(spans_of(hours)))

    def _count(self, org: str, period: Period) -> int:
        where = in_period(org, period)
        return int(self._store.read(_COUNT + where.text, dict(where.values))[0]["calls"])

    def _read(self, sql: Sql) -> list[dict[str, Any]]:
        return self._store.read(sql.text, dict(sql.values))


def _keys(groups: Sequence[Mapping[str, Any]], plan: Plan) -> list[Key]:
    return [tuple(str(group[f"d{at}"]) for at in range(len(plan.dimensions))) for group in groups]
