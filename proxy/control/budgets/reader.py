"""Reads from the log what is spent of a budget."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from proxy.control.budgets.forecast import TRAILING_US, forecast_nanousd
from proxy.control.metrics_reader import MetricsReader
from proxy.core.calendar import CalendarPeriod, period_at
from proxy.core.settings import Settings
from proxy.logstore import LogStore
from proxy.metadata.budgets import BudgetContent
from proxy.query import Leaf, to_json, to_text
from proxy.query.metrics import MetricsQuestion, Top
from proxy.query.series import Series

__all__ = ["BudgetReader", "Spending", "ValueSpending", "filter_text"]

_SHOWN_VALUES: Final = 20
_MAX_VALUES: Final = 1000


class ValueSpending(msgspec.Struct, frozen=True, kw_only=True):
    """What one value (a user, a key, a property's value) spent."""

    value: str
    """Empty: calls without one."""
    spent_nanousd: int


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """What is spent of a budget in its running period. Of a budget for each value: by the one that spent most."""

    period: CalendarPeriod
    spent_nanousd: int
    forecast_nanousd: int
    unpriced_calls: int
    """Calls whose cost is not known and not in it."""
    values: list[ValueSpending]
    """Of a budget for each value: those that spent most."""
    value_count: int


class BudgetReader:
    """Reads for all organisations of a store. Raises `StoreError`."""

    def __init__(self, store: LogStore, settings: Settings) -> None:
        self._metrics = MetricsReader(store, settings)

    def spending(self, org: str, content: BudgetContent, zone: str, at_us: int) -> Spending:
        """What is spent so far, and the forecast."""
        period = period_at(content.period, zone, at_us)
        values: list[ValueSpending] = []
        count = 0
        value = content.value
        if _is_for_each(content):
            answer = self._ask(org, content, period.since_us, at_us, "", most=_SHOWN_VALUES)
            values, count = _values(answer.groups, content), answer.group_count
            total = answer.total
            value, spent = (values[0].value, values[0].spent_nanousd) if values else ("", 0)
        else:
            total = self._ask(org, content, period.since_us, at_us, value).total
            spent = _nanousd(total)
        since_us = max(0, at_us - TRAILING_US[content.period])
        trailing = 0
        if spent or not values:
            pace = self._ask(org, content, since_us, at_us, value, bucket="1h")
            trailing = _nanousd(pace.total)
            since_us = max(since_us, _first_call_us(pace.total, pace.buckets or [], at_us))
        return Spending(
            period=period,
            spent_nanousd=spent,
            forecast_nanousd=forecast_nanousd(spent, trailing, at_us - since_us, period.until_us - at_us),
            unpriced_calls=int(total.totals["unknown_cost_calls"] or 0),
            values=values,
            value_count=count,
        )

    def spent_by_value(self, org: str, content: BudgetContent, zone: str, at_us: int) -> list[ValueSpending]:
        """What is spent so far: one row with the budget's own value, or of a budget for each value the thousand that
        spent most."""
        period = period_at(content.period, zone, at_us)
        if not _is_for_each(content):
            total = self._ask(org, content, period.since_us, at_us, content.value).total
            return [ValueSpending(value=content.value, spent_nanousd=_nanousd(total))]
        return _values(self._ask(org, content, period.since_us, at_us, "", most=_MAX_VALUES).groups, content)

    def _ask(
        self,
        org: str,
        content: BudgetContent,
        since_us: int,
        until_us: int,
        value: str,
        most: int = 0,
        bucket: str | None = None,
    ) -> Any:
        column = _column(content)
        wanted = Leaf(column, "eq", value) if value else Leaf(column, "exists")  # no value: in nobody's budget
        question = MetricsQuestion(
            measures=["cost", "unknown_cost_calls", "calls"],
            dimensions=[column] if most else [],
            filter=to_json(wanted) if column else None,
            since=_iso(since_us),
            until=_iso(max(until_us, since_us + 1)),
            bucket=bucket,
            top=Top(n=most, by="cost") if most else None,
        )
        return self._metrics.answer(org, question, until_us)


def filter_text(content: BudgetContent, value: str) -> str:
    """The filter of the calls that a budget, or one value of it, is about; empty: all calls."""
    column = _column(content)
    return to_text(Leaf(column, "eq", value)) if column and value else ""


def _is_for_each(content: BudgetContent) -> bool:
    return content.scope != "organisation" and not content.value


def _column(content: BudgetContent) -> str:
    names = {"organisation": "", "key": "key", "user": "user_id"}
    return names.get(content.scope) or (f"property.{content.property}" if content.scope == "property" else "")


def _values(groups: list[Series], content: BudgetContent) -> list[ValueSpending]:
    column = _column(content)
    found = [(str(group.key[column] or ""), _nanousd(group)) for group in groups]
    return [ValueSpending(value=value, spent_nanousd=nanousd) for value, nanousd in found if value and nanousd]


def _nanousd(series: Series) -> int:
    return round((series.totals["cost"] or 0) * 1e9)


def _first_call_us(series: Series, buckets: list[str], at_us: int) -> int:
    calls = series.values["calls"] if series.values else []
    for begins, number in zip(buckets, calls, strict=True):
        if number:
            return round(datetime.fromisoformat(begins).timestamp() * 1e6)
    return at_us


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000).isoformat()
