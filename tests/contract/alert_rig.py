"""Alert rules over a real log and a real database, with a clock that the test moves."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from proxy.alerts.checks import check_rule
from proxy.alerts.rule import Condition, Rule
from proxy.control.jobs.evaluate import Evaluator
from proxy.control.shipping import make_shipper, price_book
from proxy.core import settings as settings_of
from proxy.core.clock import uuid7
from proxy.core.notification import Notification
from proxy.core.record import Record
from proxy.core.secret import Secret
from proxy.logstore import LogStore
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.rows import AnnotationRow
from proxy.metadata import alert_rules, alert_states, channels, organisations, outbox
from proxy.metadata.alert_rules import StoredRule
from proxy.metadata.db import Database
from tests.e2e.control_process import record, spool

__all__ = ["BEGIN_US", "MINUTE_US", "SECRET", "Rig", "Team", "notification_of"]

MINUTE_US = 60_000_000
BEGIN_US = 1_790_000_000_000_000 // (1440 * MINUTE_US) * 1440 * MINUTE_US + 600 * MINUTE_US
"""10:00 of some day."""
SECRET = Secret(b"s" * 32)
_names = itertools.count()


class Rig:
    """One log and one database for the tests of a module; each test has an organisation and a clock of its own."""

    def __init__(self, folder: Path, store: ClickHouseStore, metadata: str = "") -> None:
        self.folder = folder
        self.settings = settings_of.load(environ={}, overrides={"data": str(folder)})
        self.store = store
        self.shipper = make_shipper(self.settings, store, price_book(self.settings))
        self.url = metadata or f"sqlite:///{folder / 'metadata.db'}"
        self.database = Database.open(self.url, SECRET)

    def close(self) -> None:
        self.database.close()

    def ship(self, *calls: Record) -> None:
        """Writes calls to the spool, and ships them."""
        spool(self.folder, *calls)
        self.shipper.step()


class Team:
    """An organisation with rules, and the time that its control plane sees."""

    def __init__(self, rig: Rig, with_channel: bool = True) -> None:
        self.rig = rig
        self.now_us = BEGIN_US
        self.lag_us = 0
        self.is_open = True
        with rig.database.write(publish=False) as rows:
            self.org = organisations.create(rows, f"team-{next(_names)}").id
            for rule in alert_rules.due(rows):  # of other tests
                alert_rules.remove(rows, rule.org_id, rule.id)
            if with_channel:
                self.add_channel(rows)
        self.evaluator = self.plane()

    def add_channel(self, rows: Any) -> str:
        return channels.create(rows, SECRET, self.org, "webhook", "hook", {"url": "https://example.com"}, {}, "").id

    def plane(self, database: Database | None = None) -> Evaluator:
        """The evaluator of a control plane that was just started."""
        return Evaluator(self.rig.settings, database or self.rig.database, self, lambda: self.now_us)

    def open_store(self) -> LogStore | None:
        return self.rig.store if self.is_open else None

    def complete_until_us(self) -> int:
        return self.now_us - self.lag_us

    def rule(self, metric: str, condition: Condition | None = None, **fields: Any) -> StoredRule:
        """Stores a rule."""
        fields = {"for_" if name == "wait" else name: value for name, value in fields.items()}
        rule = Rule(name=f"about {metric}", metric=metric, condition=condition or Condition(), **fields)
        check_rule(rule)
        with self.rig.database.write(publish=False) as rows:
            return alert_rules.create(rows, self.org, msgspec.json.encode(rule).decode(), rule.enabled, "")

    def calls(self, count: int, age_us: int = MINUTE_US, ids: list[str] | None = None, **fields: Any) -> None:
        """That many calls which began so long ago."""
        made = [record(self.now_us - age_us + at, org=self.org, **fields) for at in range(count)]
        if ids is not None:
            ids += [one.id for one in made]
        self.rig.ship(*made)

    def score(self, ids: Sequence[str], name: str, number: float) -> None:
        """Scores calls."""
        rows = [
            AnnotationRow(
                id=uuid7(self.now_us), org=self.org, request_id=id, at=self.now_us, kind="score", name=name,
                type="number", number=number,
            )
            for id in ids
        ]  # fmt: skip
        self.rig.store.write("annotations", rows, uuid7(self.now_us))

    def passes(self, minutes: float) -> list[Notification]:
        """The time moves on, and the newest moment is evaluated. Returns what was sent."""
        self.now_us += round(minutes * MINUTE_US)
        return self.evaluate()

    def evaluate(self, evaluator: Evaluator | None = None) -> list[Notification]:
        """Evaluates what is due. Returns what was sent."""
        before = {one.id for one in self.deliveries()}
        evaluator = evaluator or self.evaluator
        for _ in range(1000):
            if evaluator.run() in (None, 1.0):
                break
        return [notification_of(one) for one in self.deliveries() if one.id not in before]

    def deliveries(self) -> list[Any]:
        with self.rig.database.read() as rows:
            return outbox.listed(rows, self.org, limit=500)[::-1]

    def stored(self, rule: StoredRule) -> StoredRule:
        with self.rig.database.read() as rows:
            return alert_rules.shown(rows, self.org, rule.id)

    def groups(self, rule: StoredRule) -> dict[str, str]:
        """States by key."""
        with self.rig.database.read() as rows:
            return {one.key: one.state for one in alert_states.groups_of(rows, [rule.id])}

    def history(self, rule: StoredRule) -> list[str]:
        """Changes of state, oldest first."""
        with self.rig.database.read() as rows:
            found = alert_states.history(rows, rule.id, limit=500)
        return [f"{one.before} > {one.after}" for one in reversed(found) if one.kind == "state"]


def notification_of(delivery: Any) -> Notification:
    return msgspec.json.decode(delivery.notification, type=Notification)
