"""Answers questions about figures of calls from the log store."""

import time
from typing import Any, Final

from proxy.core.settings import Settings
from proxy.logstore import LogStore
from proxy.query.binding import Sql
from proxy.query.heatmap import Heatmap, HeatmapQuestion, heatmap_sql, make_heatmap, plan_heatmap
from proxy.query.metrics import Caps, MetricsQuestion, Plan, plan_metrics
from proxy.query.metrics_sql import Key, groups_sql, in_period, series_sql
from proxy.query.periods import Period
from proxy.query.series import MetricsAnswer, make_answer

__all__ = ["MetricsReader"]

_COUNT: Final = "SELECT count() AS calls FROM requests WHERE "


class MetricsReader:
    """Answers for all organisations of a store."""

    def __init__(self, store: LogStore, settings: Settings) -> None:
        self._store = store
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
        sketched = in_view > self._exact_rows
        keys: list[Key] = []
        group_count = 0
        if plan.dimensions:
            groups = self._read(groups_sql(plan, sketched))
            keys = [tuple(str(row[f"d{at}"]) for at in range(len(plan.dimensions))) for row in groups]
            group_count = int(groups[0]["group_count"]) if groups else 0
        rows = self._read(series_sql(plan, sketched, keys, plan.period, plan.buckets, plan.dimensions))
        before = self._read_before(plan, sketched, keys)
        return make_answer(
            plan,
            keys,
            group_count,
            rows,
            before,
            zone=question.zone,
            source="raw",
            sketched=sketched,
            rows_read=in_view,
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

    def _read_before(self, plan: Plan, sketched: bool, keys: list[Key]) -> list[dict[str, Any]] | None:
        if plan.before is None:
            return None
        return self._read(series_sql(plan, sketched, keys, plan.before, plan.buckets_before, plan.dimensions_before))

    def _count(self, org: str, period: Period) -> int:
        where = in_period(org, period)
        return int(self._store.read(_COUNT + where.text, dict(where.values))[0]["calls"])

    def _read(self, sql: Sql) -> list[dict[str, Any]]:
        return self._store.read(sql.text, dict(sql.values))
