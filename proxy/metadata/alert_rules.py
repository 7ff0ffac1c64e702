"""Alert rules of an organisation. What a rule says is JSON here; `proxy/alerts` knows what it means."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, case, delete, func, insert, literal, not_, select, update

from proxy.core.clock import now_us, uuid7
from proxy.metadata.alert_tables import alert_groups, alert_history, alert_notices, alert_rules
from proxy.metadata.db import insert_or_keep
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import channels, meta, organisations

__all__ = [
    "MAX_RULES",
    "StoredRule",
    "add_first",
    "channel_ids",
    "create",
    "due",
    "edit",
    "evaluated",
    "listed",
    "remove",
    "reset",
    "shown",
]

MAX_RULES: Final = 2_000
"""Of one organisation."""


class StoredRule(msgspec.Struct, kw_only=True):
    id: str
    org_id: str
    content: str
    """JSON."""
    enabled: bool
    needs_channel: bool
    """Whether it is not evaluated before the organisation has a channel."""
    revision: int
    created_us: int
    created_by: str
    changed_us: int
    changed_by: str
    evaluated_us: int
    """The moment that it was last evaluated for; 0: never."""
    state: str
    state_since_us: int
    value: float | None
    firing: int
    problem: str
    """Why it could not be evaluated, or what was left out."""
    has_channel: bool = True
    """Whether the organisation has one."""
    org_name: str = ""


_HAS_CHANNEL: Final = (
    select(literal(1))
    .where(channels.c.org_id == alert_rules.c.org_id, channels.c.enabled)
    .correlate(alert_rules)
    .exists()
)
_COLUMNS: Final = (*alert_rules.c, _HAS_CHANNEL.label("has_channel"), organisations.c.name.label("org_name"))
_JOINED: Final = alert_rules.join(organisations, organisations.c.id == alert_rules.c.org_id)


def create(
    connection: Connection, org_id: str, content: str, enabled: bool, by: str, needs_channel: bool = False
) -> StoredRule:
    """Create a rule and return it. Raises `RowConflict` where there are too many."""
    count = connection.execute(select(func.count()).where(alert_rules.c.org_id == org_id)).scalar_one()
    if count >= MAX_RULES:
        raise RowConflict(f"the organisation has {count} alert rules; at most {MAX_RULES}: delete one first")
    at = now_us()
    id = uuid7(at)
    connection.execute(
        insert(alert_rules).values(
            id=id, org_id=org_id, content=content, enabled=enabled, needs_channel=needs_channel, revision=1,
            created_us=at, created_by=by, changed_us=at, changed_by=by, evaluated_us=0, state="normal",
            state_since_us=at, firing=0, problem="",
        )
    )  # fmt: skip
    return shown(connection, org_id, id)


def add_first(connection: Connection, org_id: str, contents: Sequence[str]) -> bool:
    """Create the ready-made rules, once in the life of a database. Returns whether they were made now."""
    if not insert_or_keep(connection, meta, name="ready_made_alerts", value="1"):
        return False
    for content in contents:
        create(connection, org_id, content, True, "", needs_channel=True)
    return True


def listed(connection: Connection, org_id: str, after: str = "", limit: int = 50) -> list[StoredRule]:
    """Return the rules of an organisation, oldest first."""
    query = select(*_COLUMNS).select_from(_JOINED).where(alert_rules.c.org_id == org_id, alert_rules.c.id > after)
    return [StoredRule(**row._mapping) for row in connection.execute(query.order_by(alert_rules.c.id).limit(limit))]


def shown(connection: Connection, org_id: str, id: str) -> StoredRule:
    """Return a rule. Raises `RowNotFound`."""
    place = and_(alert_rules.c.org_id == org_id, alert_rules.c.id == id)
    row = connection.execute(select(*_COLUMNS).select_from(_JOINED).where(place)).first()
    if row is None:
        raise RowNotFound("alert rule", id)
    return StoredRule(**row._mapping)


def edit(connection: Connection, org_id: str, id: str, revision: int, by: str, **changed: Any) -> StoredRule:
    """Change a rule and return it. Raises `RowConflict` where it is not at `revision`."""
    values = {**changed, "revision": revision + 1, "changed_us": now_us(), "changed_by": by, "needs_channel": False}
    place = and_(alert_rules.c.org_id == org_id, alert_rules.c.id == id, alert_rules.c.revision == revision)
    if not connection.execute(update(alert_rules).where(place).values(**values)).rowcount:
        found = shown(connection, org_id, id)
        raise RowConflict(
            f"it is at revision {found.revision}, and this change was made to {revision}: somebody else changed it; "
            "read it again"
        )
    return shown(connection, org_id, id)


def remove(connection: Connection, org_id: str, id: str) -> None:
    """Delete a rule, its states and its history. Raises `RowNotFound`."""
    place = and_(alert_rules.c.org_id == org_id, alert_rules.c.id == id)
    if not connection.execute(delete(alert_rules).where(place)).rowcount:
        raise RowNotFound("alert rule", id)
    for table in (alert_groups, alert_notices, alert_history):
        connection.execute(delete(table).where(table.c.rule_id == id))


def reset(connection: Connection, id: str) -> None:
    """Forget the states of a rule's groups and its open notices."""
    for table in (alert_groups, alert_notices):
        connection.execute(delete(table).where(table.c.rule_id == id))
    values = {"evaluated_us": 0, "state": "normal", "state_since_us": now_us(), "value": None, "firing": 0}
    connection.execute(update(alert_rules).where(alert_rules.c.id == id).values(**values, problem=""))


def due(connection: Connection) -> list[StoredRule]:
    """Return the rules of all organisations that are to be evaluated."""
    ready = and_(alert_rules.c.enabled, not_(alert_rules.c.needs_channel) | _HAS_CHANNEL)
    query = select(*_COLUMNS).select_from(_JOINED).where(ready).order_by(alert_rules.c.org_id, alert_rules.c.id)
    return [StoredRule(**row._mapping) for row in connection.execute(query)]


def evaluated(
    connection: Connection, rule: StoredRule, at_us: int, state: str, value: float | None, firing: int, problem: str
) -> bool:
    """Note an evaluation. Returns False where somebody else evaluated or changed the rule since it was read: what came
    of this evaluation is then not to be kept."""
    place = and_(
        alert_rules.c.id == rule.id,
        alert_rules.c.evaluated_us == rule.evaluated_us,
        alert_rules.c.revision == rule.revision,
        alert_rules.c.enabled,
    )
    since = case((alert_rules.c.state == state, alert_rules.c.state_since_us), else_=at_us)
    values = {"evaluated_us": at_us, "state": state, "state_since_us": since, "value": value}
    done = connection.execute(update(alert_rules).where(place).values(**values, firing=firing, problem=problem))
    return bool(done.rowcount)


def channel_ids(connection: Connection, org_id: str, enabled_only: bool = True) -> list[str]:
    """Return the ids of the channels of an organisation."""
    query = select(channels.c.id).where(channels.c.org_id == org_id).order_by(channels.c.id)
    if enabled_only:
        query = query.where(channels.c.enabled)
    return list(connection.execute(query).scalars())
