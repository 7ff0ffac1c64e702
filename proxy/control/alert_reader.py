"""Reads what alert rules watch from the log store."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from proxy.alerts.durations import DAY_US
from proxy.alerts.reads import Answer, Read, Wanted
from proxy.core.settings import Settings
from proxy.logstore import LogStore
from proxy.logstore.hourly import StoredHours
from proxy.logstore.limits import QueryLimits
from proxy.query.group_values import Bound, sliding_sql, values_sql
from proxy.query.hours import hours_within, spans_of, suits_hours
from proxy.query.metrics import Caps, MetricsQuestion, Plan, plan_metrics
from proxy.query.metrics_sql import Key, Reading, groups_sql, in_period
from proxy.query.periods import Period

__all__ = ["MAX_GROUPS", "AlertReader"]

MAX_GROUPS: Final = 10_000
"""Groups in the answer to one read; those with most calls, where there are more."""
_MAX_MEASURES: Final = 40
_LIMITS: Final = QueryLimits(seconds=30.0, threads=1)
"""One thread: the other cores are there for who waits for a page."""


class AlertReader:
    """Reads for all organisations of a store. Raises `StoreError`."""

    def __init__(self, store: LogStore, settings: Settings) -> None:
        self._store = store
        self._hours = StoredHours(store)
        self._uses_hours = settings.get_bool("metrics.store_hours")
        self._exact_rows = settings.get_int("metrics.exact_rows")
        self._caps = Caps(max_window_days=settings.get_int("metrics.max_window_days") + 31)
        self._counts: dict[tuple[str, int, int], int] = {}

    def answer(self, read: Read, wanted: Wanted) -> Answer:
        """The measures of the groups that are wanted."""
        names = [name for name in wanted.measures if name]
        answer = Answer({})
        for at in range(0, len(names), _MAX_MEASURES):
            self._add(answer, read, names[at : at + _MAX_MEASURES], wanted)
        return answer

    def top_groups(self, read: Read, most: int) -> tuple[list[Key], int]:
        """The groups with most calls, and how many groups there are."""
        plan = self._plan(read, [], most)
        if not plan.dimensions:
            return [()], 1
        rows = self._read(groups_sql(plan, self._reading(read, plan)))
        return [_key(row, plan) for row in rows], rows[0]["group_count"] if rows else 0

    def sliding(
        self, read: Read, measures: Sequence[str], keys: Sequence[Key], step_us: int, windows: Sequence[tuple[int, int]]
    ) -> list[Answer]:
        """The measures of those groups in each of the windows, which lie in the read's time (see `sliding_sql`)."""
        answers = [Answer({}) for _ in windows]
        if not keys:
            return answers
        plan = self._plan(read, list(measures), 1)
        sql = sliding_sql(plan, self._reading(read, plan), keys, step_us, windows)
        for row in self._store.read(sql.text, dict(sql.values), QueryLimits(result_rows=0)):
            key = keys[row["place"] - 1] if plan.dimensions else ()
            answers[row["point"]].groups[key] = _figures(row, plan)
        return answers

    def _add(self, answer: Answer, read: Read, names: list[str], wanted: Wanted) -> None:
        plan = self._plan(read, names, 1)
        places = {measure.name: at for at, measure in enumerate(plan.measures)}
        bounds = None
        if wanted.bounds is not None and len(wanted.measures) <= _MAX_MEASURES:
            # Each measure and direction once: the widest of its bounds.
            widest: dict[tuple[str, str], float] = {}
            for name, op, value in wanted.bounds:
                pick = min if op == "above" else max
                widest[name, op] = pick(value, widest.get((name, op), value))
            bounds = [
                Bound(places[name], "above" if op == "above" else "below", value)
                for (name, op), value in widest.items()
            ]
        sql = values_sql(plan, self._reading(read, plan), bounds, sorted(wanted.keys), MAX_GROUPS)
        rows = self._read(sql)
        if len(rows) > MAX_GROUPS:
            answer.complete = False
            rows = rows[:MAX_GROUPS]
        for row in rows:
            answer.groups.setdefault(_key(row, plan), {}).update(_figures(row, plan))

    def _plan(self, read: Read, measures: list[str], groups: int) -> Plan:
        measures = list(dict.fromkeys(["calls", *measures]))
        question = MetricsQuestion(
            measures=measures, dimensions=list(read.group_by), filter=read.filter, since=_iso(read.since_us),
            until=_iso(read.until_us), zone=read.zone, limit=groups,
        )  # fmt: skip
        updated = self._store.updated_properties(read.org)
        return plan_metrics(question, self._caps, read.org, read.until_us, updated, self._store.text_chars)

    def _reading(self, read: Read, plan: Plan) -> Reading:
        """Stored hours take the place of very many calls."""
        period = plan.period
        if period.until_us - period.since_us < DAY_US or self._count(read.org, period) <= self._exact_rows:
            return Reading()
        if not self._uses_hours or not suits_hours(plan):
            return Reading(sketched=True)
        hours = self._hours.current(read.org, hours_within(period))
        return Reading(sketched=True, spans=tuple(spans_of(hours)))

    def _count(self, org: str, period: Period) -> int:
        """Calls in a period: once for each that is asked for."""
        key = (org, period.since_us, period.until_us)
        if key not in self._counts:
            where = in_period(org, period)
            sql = "SELECT count() AS calls FROM requests WHERE " + where.text
            self._counts[key] = int(self._store.read(sql, dict(where.values))[0]["calls"])
        return self._counts[key]

    def _read(self, sql: Any) -> list[dict[str, Any]]:
        return self._store.read(sql.text, dict(sql.values), _LIMITS)


def _key(row: dict[str, Any], plan: Plan) -> Key:
    return tuple(str(row[f"d{at}"]) for at in range(len(plan.dimensions)))


def _figures(row: dict[str, Any], plan: Plan) -> dict[str, float | None]:
    return {measure.name: _number(row[f"m{at}"]) for at, measure in enumerate(plan.measures)}


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat()
