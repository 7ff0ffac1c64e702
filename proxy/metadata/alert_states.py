"""States of the groups of alert rules, open notices, and the history of both."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from proxy.core.clock import now_us, uuid7
from proxy.metadata.alert_tables import alert_groups, alert_history, alert_notices

__all__ = [
    "HistoryKind",
    "StoredChange",
    "StoredGroup",
    "StoredNotice",
    "acknowledge",
    "add_history",
    "forget_before",
    "groups_of",
    "groups_of_organisation",
    "history",
    "history_of_organisation",
    "notices_of",
    "put_groups",
    "put_notice",
    "remove_groups",
    "remove_notice",
]

HistoryKind = Literal["state", "sent", "acknowledged", "changed"]


class StoredGroup(msgspec.Struct, kw_only=True):
    rule_id: str
    id: str
    org_id: str
    key: str
    """JSON: the texts of its dimensions; null for the rule as a whole."""
    state: str
    since_us: int
    active_us: int
    value: float | None
    threshold: str


class StoredNotice(msgspec.Struct, kw_only=True):
    rule_id: str
    id: str
    org_id: str
    key: str
    """JSON: the texts of `notify_by`; null for the rule as a whole."""
    told: str
    """JSON: ids of the groups that were told to fire."""
    opened_us: int
    sent_us: int
    acknowledged_us: int
    acknowledged_by: str


class StoredChange(msgspec.Struct, kw_only=True):
    """One line of a rule's history."""

    id: str
    rule_id: str
    at_us: int
    kind: HistoryKind
    labels: str
    """JSON."""
    before: str
    after: str
    value: float | None
    text: str
    by: str


def groups_of(connection: Connection, rule_ids: Sequence[str]) -> list[StoredGroup]:
    """Return the groups of these rules that are not normal."""
    found: list[StoredGroup] = []
    for at in range(0, len(rule_ids), 500):
        query = select(alert_groups).where(alert_groups.c.rule_id.in_(rule_ids[at : at + 500]))
        found += [StoredGroup(**row._mapping) for row in connection.execute(query.order_by(alert_groups.c.since_us))]
    return found


def groups_of_organisation(
    connection: Connection,
    org_id: str,
    states: Sequence[str],
    after: tuple[str, str] = ("", ""),
    limit: int = 50,
    rule_id: str = "",
) -> list[StoredGroup]:
    """Return the groups of an organisation's rules, or of one of them, that are in these states, by rule and id."""
    place = and_(alert_groups.c.org_id == org_id, alert_groups.c.state.in_(states))
    if rule_id:
        place = and_(place, alert_groups.c.rule_id == rule_id)
    behind = (alert_groups.c.rule_id > after[0]) | (
        (alert_groups.c.rule_id == after[0]) & (alert_groups.c.id > after[1])
    )
    query = select(alert_groups).where(place, behind).order_by(alert_groups.c.rule_id, alert_groups.c.id).limit(limit)
    return [StoredGroup(**row._mapping) for row in connection.execute(query)]


def put_groups(connection: Connection, groups: Sequence[StoredGroup]) -> None:
    """Store states, in place of those that the groups had."""
    for at in range(0, len(groups), 500):
        some = groups[at : at + 500]
        remove_groups(connection, some[0].rule_id, [one.id for one in some])
        connection.execute(insert(alert_groups), [msgspec.structs.asdict(one) for one in some])


def remove_groups(connection: Connection, rule_id: str, ids: Sequence[str]) -> None:
    """Forget groups that are normal."""
    for at in range(0, len(ids), 500):
        place = and_(alert_groups.c.rule_id == rule_id, alert_groups.c.id.in_(ids[at : at + 500]))
        connection.execute(delete(alert_groups).where(place))


def notices_of(connection: Connection, rule_ids: Sequence[str]) -> list[StoredNotice]:
    """Return the open notices of these rules."""
    found: list[StoredNotice] = []
    for at in range(0, len(rule_ids), 500):
        query = select(alert_notices).where(alert_notices.c.rule_id.in_(rule_ids[at : at + 500]))
        found += [StoredNotice(**row._mapping) for row in connection.execute(query)]
    return found


def put_notice(connection: Connection, notice: StoredNotice) -> None:
    """Store a notice that was opened or sent again."""
    remove_notice(connection, notice.rule_id, notice.id)
    connection.execute(insert(alert_notices).values(**msgspec.structs.asdict(notice)))


def remove_notice(connection: Connection, rule_id: str, id: str) -> None:
    """Close a notice."""
    place = and_(alert_notices.c.rule_id == rule_id, alert_notices.c.id == id)
    connection.execute(delete(alert_notices).where(place))


def acknowledge(connection: Connection, rule_id: str, by: str, at_us: int) -> list[StoredNotice]:
    """Acknowledge the open notices of a rule that nobody has acknowledged, and return them."""
    place = and_(alert_notices.c.rule_id == rule_id, alert_notices.c.acknowledged_us == 0)
    values: dict[str, Any] = {"acknowledged_us": at_us, "acknowledged_by": by}
    rows = connection.execute(update(alert_notices).where(place).values(**values).returning(*alert_notices.c))
    return [StoredNotice(**row._mapping) for row in rows]


def add_history(
    connection: Connection,
    org_id: str,
    rule_id: str,
    at_us: int,
    kind: HistoryKind,
    changes: Sequence[tuple[str, str, str, float | None, str]],
    by: str = "",
) -> None:
    """Add lines to a rule's history: labels (JSON), state before and after, value, text."""
    rows = [
        {
            "id": uuid7(now_us()), "org_id": org_id, "rule_id": rule_id, "at_us": at_us, "kind": kind, "labels": labels,
            "before": before, "after": after, "value": value, "text": text, "by": by,
        }
        for labels, before, after, value, text in changes
    ]  # fmt: skip
    if rows:
        connection.execute(insert(alert_history), rows)


def history(connection: Connection, rule_id: str, before: str = "", limit: int = 50) -> list[StoredChange]:
    """Return the history of a rule, newest first, from the one before `before` on."""
    return _history(connection, alert_history.c.rule_id == rule_id, before, limit)


def history_of_organisation(
    connection: Connection, org_id: str, before: str = "", limit: int = 50
) -> list[StoredChange]:
    """Return the history of all rules, newest first, from the one before `before` on."""
    return _history(connection, alert_history.c.org_id == org_id, before, limit)


def _history(connection: Connection, place: ColumnElement[bool], before: str, limit: int) -> list[StoredChange]:
    columns = [column for column in alert_history.c if column.name != "org_id"]
    query = select(*columns).where(place)
    if before:
        query = query.where(alert_history.c.id < before)
    rows = connection.execute(query.order_by(alert_history.c.id.desc()).limit(limit))
    return [StoredChange(**row._mapping) for row in rows]


def forget_before(connection: Connection, at_us: int) -> int:
    """Delete history that is older. Returns how many lines it was."""
    return connection.execute(delete(alert_history).where(alert_history.c.at_us < at_us)).rowcount
