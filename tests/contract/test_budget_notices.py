"""Shares of budgets are told once in a period, also by two control planes: over SQLite and PostgreSQL."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proxy.control.budgets.reader import BudgetReader, ValueSpending
from proxy.control.jobs.watch_budgets import BudgetWatch
from proxy.core.identity import DEFAULT_ORG
from proxy.core.notification import Notification
from proxy.core.secret import Secret
from proxy.core.settings import load
from proxy.core.snapshot import OrgRow, read
from proxy.metadata import budgets, channels, outbox, snapshot_query
from proxy.metadata.budgets import BudgetContent, StoredBudget
from proxy.metadata.db import Database
from proxy.metadata.errors import RowConflict, RowNotFound
from tests.postgres_server import PostgresServer

SECRET = Secret(bytes(range(32)))
NOVEMBER = 1_795_780_800_000_000  # 2026-11-27T12:00Z
DECEMBER = NOVEMBER + 7 * 86_400_000_000
_names = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def planes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Database]]:
    """Two control planes' connections to one database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'metadata.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.database(f"budgets{next(_names)}")
    opened = [Database.open(url, SECRET) for _ in range(2)]
    yield opened
    for database in opened:
        database.close()


class Log:
    """What is spent, and the time, set by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.spent: dict[str, float] = {}
        self.at_us = NOVEMBER
        monkeypatch.setattr(BudgetReader, "spent_by_value", lambda *_: self._rows())

    def _rows(self) -> list[ValueSpending]:
        return [ValueSpending(value=name, spent_nanousd=round(usd * 1e9)) for name, usd in self.spent.items()]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    return Log(monkeypatch)


def watches(planes: list[Database], log: Log) -> list[BudgetWatch]:
    store: Any = object()
    return [BudgetWatch(database, lambda: store, load(), lambda: log.at_us) for database in planes]


def content(**fields: Any) -> BudgetContent:
    usual: dict[str, Any] = {
        "name": "Team", "scope": "organisation", "property": "", "value": "", "period": "month",
        "limit_nanousd": 10_000_000_000, "shares": (50, 80, 100), "channels": (), "hard": False,
    }  # fmt: skip
    return BudgetContent(**usual | fields)


def make(database: Database, **fields: Any) -> StoredBudget:
    with database.write() as rows:
        channel = channels.create(rows, database.secret, DEFAULT_ORG, "webhook", f"c{next(_names)}", {}, {}, "")
        return budgets.create(rows, DEFAULT_ORG, content(channels=(channel.id,), **fields), "")


def told(database: Database) -> list[Notification]:
    with database.read() as rows:
        found = outbox.listed(rows, DEFAULT_ORG)
    in_order = sorted(found, key=lambda one: one.id)
    return [msgspec.json.decode(one.notification, type=Notification) for one in in_order]


def titles(database: Database) -> list[str]:
    return [one.title for one in told(database)]


def test_each_share_is_told_once_in_a_period_whoever_looks(planes: list[Database], log: Log) -> None:
    make(planes[0])
    looks = watches(planes, log)
    expected: list[str] = []
    for spent, share in ((4.9, 0), (5, 50), (7, 0), (12, 100), (13, 0)):
        log.spent = {"": spent}
        for watch in looks * 2:
            watch.run()
        if share:
            expected.append(f"Budget Team: {share} % of $10.00 a month is spent")  # 80 was passed with 100
        assert titles(planes[0]) == expected
    log.spent, log.at_us = {"": 9}, DECEMBER
    for watch in looks:
        watch.run()
    assert titles(planes[1])[2:] == ["Budget Team: the month is over", "Budget Team: 80 % of $10.00 a month is spent"]


def test_the_end_of_a_period_is_told_once_where_something_was_told_of_it(planes: list[Database], log: Log) -> None:
    make(planes[0], scope="user", period="day")
    make(planes[0], name="never reached", limit_nanousd=10**15)
    looks = watches(planes, log)
    log.spent = {"ada": 5, "bob": 9}
    looks[0].run()
    fired = told(planes[0])
    log.spent = {}
    for _ in range(3):
        log.at_us += 86_400_000_000
        for watch in looks:
            watch.run()
    ended = told(planes[0])[len(fired) :]
    assert [(one.state, one.title) for one in ended] == [("resolved", "Budget Team: the day is over")]
    assert {one.dedup_key for one in fired} == {ended[0].dedup_key} and "2026-11-27" in ended[0].summary


def test_each_value_has_shares_of_its_own(planes: list[Database], log: Log) -> None:
    make(planes[0], scope="user")
    watch, _ = watches(planes, log)
    log.spent = {"ada": 5, "bob": 9, "eve": 1}
    watch.run()
    log.spent = {"ada": 8, "bob": 9, "eve": 5}
    watch.run()
    assert titles(planes[0]) == [
        "Budget Team: ada spent 50 % of $10.00 a month",
        "Budget Team: bob spent 80 % of $10.00 a month",
        "Budget Team: eve spent 50 % of $10.00 a month",
        "Budget Team: ada spent 80 % of $10.00 a month",
    ]


def test_a_changed_limit_is_told_afresh_and_a_deleted_budget_no_more(planes: list[Database], log: Log) -> None:
    made = make(planes[0], shares=(50,))
    watch, other = watches(planes, log)
    log.spent = {"": 6}
    watch.run()
    with planes[0].write() as rows:
        after = msgspec.structs.replace(made.content, limit_nanousd=12_000_000_000)
        budgets.edit(rows, DEFAULT_ORG, made.id, 1, after, "")
        budgets.forget_notices(rows, made.id)
    other._todo.append(made)  # it was read before the change
    other.run()
    assert len(told(planes[0])) == 1
    other.run()
    assert titles(planes[0])[1:] == ["Budget Team: 50 % of $12.00 a month is spent"]
    with planes[0].write() as rows:
        budgets.remove(rows, DEFAULT_ORG, made.id)
        with pytest.raises(RowNotFound):
            budgets.shown(rows, DEFAULT_ORG, made.id)
    watch._todo.append(made)
    watch.run()
    assert len(told(planes[0])) == 2


def test_hard_limits_are_in_the_snapshot(planes: list[Database]) -> None:
    with planes[0].write() as rows:
        budgets.create(rows, DEFAULT_ORG, content(name="soft"), "")
        hard = budgets.create(rows, DEFAULT_ORG, content(name="hard", hard=True, spent_nanousd=3, spent_in="x"), "")
    with planes[0].read() as rows:
        _, pieces = snapshot_query.snapshot(rows)
        found: list[OrgRow] = [row for _, part in read(b"".join(pieces), "orgs") for row in part]
    ((limit,),) = [row.budgets for row in found]
    assert (limit.id, limit.name, limit.nanousd, limit.spent_nanousd) == (hard.id, "hard", 10_000_000_000, 3)


def test_there_are_bounds(planes: list[Database], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "MAX_BUDGETS", 3)
    monkeypatch.setattr(budgets, "MAX_HARD_BUDGETS", 1)
    with planes[0].write() as rows:
        first = budgets.create(rows, DEFAULT_ORG, content(name="a", hard=True), "")
        with pytest.raises(RowConflict, match="'a' exists"):
            budgets.create(rows, DEFAULT_ORG, content(name="a"), "")
        with pytest.raises(RowConflict, match="at most 1 budgets with a hard limit"):
            budgets.create(rows, DEFAULT_ORG, content(name="b", hard=True), "")
        for name in "bc":
            budgets.create(rows, DEFAULT_ORG, content(name=name), "")
        with pytest.raises(RowConflict, match="at most 3 budgets"):
            budgets.create(rows, DEFAULT_ORG, content(name="d"), "")
        budgets.edit(rows, DEFAULT_ORG, first.id, 1, content(name="a", hard=True, limit_nanousd=1), "")
        with pytest.raises(RowConflict, match="revision 2"):
            budgets.edit(rows, DEFAULT_ORG, first.id, 1, content(name="a"), "")
