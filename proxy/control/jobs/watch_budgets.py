"""Tells people that a share of a budget is spent: once in each period, for each value that has the budget.

Each minute every budget with shares and channels is compared with the log. What is new is noted and put into the
outbox in one transaction, so a crash neither loses a message nor makes two. A share that is passed together with a
higher one is noted and not told. Once such a period is over, people are told that too: an incident that a share opened
would stay open.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from proxy.control.budgets.messages import budget_notification, end_notification
from proxy.control.budgets.reader import BudgetReader, ValueSpending
from proxy.control.jobs.runner import SlicedJob
from proxy.core.calendar import period_at
from proxy.core.clock import monotonic, now_us, uuid7
from proxy.core.notification import dashboard_url
from proxy.core.settings import Settings
from proxy.logstore import LogStore
from proxy.metadata import budgets, organisations, outbox
from proxy.metadata.budgets import StoredBudget, value_hash
from proxy.metadata.db import Database
from proxy.metadata.documents import names_of
from proxy.metadata.errors import RowNotFound

__all__ = ["BudgetWatch"]

_SLICE_S: Final = 1.0
_PAUSE_S: Final = 0.1
"""Between two slices: the log is there for others."""


class BudgetWatch:
    """Looks at all budgets, some at a time. `store` returns the open log, or None where it is not open."""

    def __init__(
        self,
        database: Database,
        store: Callable[[], LogStore | None],
        settings: Settings,
        clock: Callable[[], int] = now_us,
    ) -> None:
        self._database = database
        self._store = store
        self._settings = settings
        self._clock = clock
        self._interval_s = settings.get_float("budgets.interval_s")
        self._todo: deque[StoredBudget] = deque()
        self._looked_at = float("-inf")

    @property
    def job(self) -> SlicedJob:
        return SlicedJob(name="watch_budgets", wanted=self.wanted, run=self.run)

    def wanted(self) -> bool:
        """Return whether budgets wait, or it is time to look at all again."""
        if self._store() is None:
            return False
        return bool(self._todo) or monotonic() - self._looked_at >= self._interval_s

    def run(self) -> float | None:
        """Look at some budgets. Returns the seconds until the next ones; None where all were looked at."""
        store = self._store()
        if store is None:
            return None
        began = monotonic()
        if not self._todo:
            self._looked_at = began
            with self._database.read() as rows:
                self._todo.extend(budgets.all_watched(rows))
        reader = BudgetReader(store, self._settings)
        while self._todo:
            self._look_at(reader, self._todo.popleft())
            if monotonic() - began > _SLICE_S:
                break
        return _PAUSE_S if self._todo else None

    def _look_at(self, reader: BudgetReader, budget: StoredBudget) -> None:
        at_us = self._clock()
        with self._database.read() as rows:
            try:
                zone = organisations.shown(rows, budget.org_id).zone
            except RowNotFound:
                return
            period = period_at(budget.content.period, zone, at_us)
            noted = budgets.noted(rows, budget.id, period.name)
            ended = budgets.open_periods(rows, budget.id, period.name)
        for name in ended:
            self._tell_end(budget, name, at_us)
        fresh = [
            one
            for one in reader.spent_by_value(budget.org_id, budget.content, zone, at_us)
            if any((share, value_hash(one.value)) not in noted for share in _reached(budget, one))
        ]
        if fresh:
            self._tell(budget, zone, fresh, at_us)

    def _tell_end(self, budget: StoredBudget, period: str, at_us: int) -> None:
        with self._database.write(publish=False) as rows:
            try:
                budgets.shown(rows, budget.org_id, budget.id)
            except RowNotFound:
                return
            if budgets.note_end(rows, budget.id, period):
                notification = end_notification(
                    budget, period, id=uuid7(at_us), org_name=organisations.shown(rows, budget.org_id).name,
                    base_url=dashboard_url(self._settings), at_us=at_us,
                )  # fmt: skip
                outbox.put(rows, notification, list(budget.content.channels))

    def _tell(self, budget: StoredBudget, zone: str, spent: list[ValueSpending], at_us: int) -> None:
        period = period_at(budget.content.period, zone, at_us)
        with self._database.write(publish=False) as rows:
            try:
                if budgets.shown(rows, budget.org_id, budget.id).revision != budget.revision:
                    return  # it was changed meanwhile: the next look counts
            except RowNotFound:
                return
            by_share: dict[int, list[ValueSpending]] = {}
            for one in spent:
                new = [
                    share
                    for share in _reached(budget, one)
                    if budgets.note(rows, budget.id, period.name, share, one.value)
                ]
                if new:
                    by_share.setdefault(max(new), []).append(one)
            names = {}
            if budget.content.scope == "key":
                names = names_of(rows, budget.org_id, {one.value for one in spent})
            org_name = organisations.shown(rows, budget.org_id).name
            for share, reached in sorted(by_share.items()):
                notification = budget_notification(
                    budget, share, reached, period, id=uuid7(at_us), org_name=org_name, value_names=names,
                    base_url=dashboard_url(self._settings), at_us=at_us,
                )  # fmt: skip
                outbox.put(rows, notification, list(budget.content.channels))


def _reached(budget: StoredBudget, one: ValueSpending) -> list[int]:
    """The shares of the budget that a value spent."""
    content = budget.content
    return [share for share in content.shares if one.spent_nanousd * 100 >= share * content.limit_nanousd]
