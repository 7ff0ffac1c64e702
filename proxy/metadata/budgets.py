"""Budgets of an organisation, and which shares of them people were told of in which period."""

from hashlib import blake2b
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from proxy.core.budget_limit import BudgetLimit, BudgetPeriod, BudgetScope
from proxy.core.clock import now_us, uuid7
from proxy.metadata.db import insert_or_keep
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.organisations import read_settings
from proxy.metadata.tables import budget_notices, budgets, organisations

__all__ = [
    "MAX_BUDGETS",
    "MAX_HARD_BUDGETS",
    "BudgetContent",
    "StoredBudget",
    "all_watched",
    "create",
    "edit",
    "forget_notices",
    "hard_limits",
    "listed",
    "note",
    "note_end",
    "noted",
    "open_periods",
    "remove",
    "remove_old_notices",
    "shown",
    "value_hash",
]

MAX_BUDGETS: Final = 200
"""Of an organisation."""
MAX_HARD_BUDGETS: Final = 50
"""With a hard limit: every call of the organisation looks at each of them."""
_KEPT_US: Final = 70 * 86_400_000_000
"""How long a notice is kept: longer than any period."""
_END: Final = 0
"""In place of a share: people were told that the period is over."""


class BudgetContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says of a budget."""

    name: str
    scope: BudgetScope
    property: str
    value: str
    period: BudgetPeriod
    limit_nanousd: int
    shares: tuple[int, ...]
    """Percent of the limit at which people are told, lowest first."""
    channels: tuple[str, ...]
    """Ids."""
    hard: bool
    """Gateways refuse calls above it."""
    spent_nanousd: int = 0
    """What was spent in `spent_in` when the hard limit was set."""
    spent_in: str = ""
    counted_since_us: int = 0
    """When that was."""


class StoredBudget(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    org_id: str
    content: BudgetContent
    revision: int
    created_us: int
    created_by: str
    changed_us: int
    changed_by: str


def create(connection: Connection, org_id: str, content: BudgetContent, by: str) -> StoredBudget:
    """Create a budget. Raises `RowConflict` where there are too many or the name is taken."""
    others = listed(connection, org_id)
    if len(others) >= MAX_BUDGETS:
        raise RowConflict(f"an organisation has at most {MAX_BUDGETS} budgets; delete one first")
    _check(others, content)
    at = now_us()
    made = StoredBudget(
        id=uuid7(at), org_id=org_id, content=content, revision=1, created_us=at, created_by=by, changed_us=at,
        changed_by=by,
    )  # fmt: skip
    connection.execute(insert(budgets).values(**msgspec.structs.asdict(made) | {"content": _encode(content)}))
    return made


def listed(connection: Connection, org_id: str, after: str = "", limit: int = MAX_BUDGETS) -> list[StoredBudget]:
    """Return budgets, oldest first, from the one after `after` on."""
    query = select(budgets).where(budgets.c.org_id == org_id, budgets.c.id > after).order_by(budgets.c.id)
    return [_stored(row) for row in connection.execute(query.limit(limit))]


def shown(connection: Connection, org_id: str, id: str) -> StoredBudget:
    row = connection.execute(select(budgets).where(budgets.c.org_id == org_id, budgets.c.id == id)).first()
    if row is None:
        raise RowNotFound("budget", id)
    return _stored(row)


def edit(connection: Connection, org_id: str, id: str, revision: int, content: BudgetContent, by: str) -> StoredBudget:
    """Replace the content. Raises `RowConflict` where it is not at `revision` any more, or the name is taken."""
    before = shown(connection, org_id, id)
    _check([other for other in listed(connection, org_id) if other.id != id], content)
    place = (budgets.c.org_id == org_id, budgets.c.id == id, budgets.c.revision == revision)
    values = {"content": _encode(content), "revision": revision + 1, "changed_us": now_us(), "changed_by": by}
    if not connection.execute(update(budgets).where(*place).values(**values)).rowcount:
        raise RowConflict(f"it is at revision {before.revision}, and this change was made to {revision}; read it again")
    return shown(connection, org_id, id)


def remove(connection: Connection, org_id: str, id: str) -> None:
    shown(connection, org_id, id)
    forget_notices(connection, id)
    connection.execute(delete(budgets).where(budgets.c.org_id == org_id, budgets.c.id == id))


def hard_limits(connection: Connection) -> dict[str, tuple[BudgetLimit, ...]]:
    """Return the budgets that gateways hold, by organisation."""
    found: dict[str, tuple[BudgetLimit, ...]] = {}
    query = (
        select(budgets, organisations.c.settings)
        .join(organisations, organisations.c.id == budgets.c.org_id)
        .order_by(budgets.c.id)
    )
    for row in connection.execute(query):
        budget = _stored(row)
        content = budget.content
        if content.hard:
            limit = BudgetLimit(
                id=budget.id, name=content.name, scope=content.scope, property=content.property, value=content.value,
                period=content.period, zone=read_settings(row.settings).zone, nanousd=content.limit_nanousd,
                spent_nanousd=content.spent_nanousd, spent_in=content.spent_in,
                counted_since_us=content.counted_since_us,
            )  # fmt: skip
            found[row.org_id] = (*found.get(row.org_id, ()), limit)
    return found


def all_watched(connection: Connection) -> list[StoredBudget]:
    """Return the budgets of all organisations that tell somebody of a share."""
    stored = map(_stored, connection.execute(select(budgets).order_by(budgets.c.org_id, budgets.c.id)))
    return [budget for budget in stored if budget.content.shares and budget.content.channels]


def noted(connection: Connection, id: str, period: str) -> set[tuple[int, str]]:
    """Return the shares that people were told of in that period, each with the hash of its value."""
    query = select(budget_notices.c.share, budget_notices.c.value_hash).where(
        budget_notices.c.budget_id == id, budget_notices.c.period == period
    )
    return {(row.share, row.value_hash) for row in connection.execute(query)}


def note(connection: Connection, id: str, period: str, share: int, value: str) -> bool:
    """Note that people are told of a share. Returns False where they were told before."""
    return insert_or_keep(
        connection,
        budget_notices,
        budget_id=id,
        period=period,
        share=share,
        value_hash=value_hash(value),
        noted_us=now_us(),
    )


def open_periods(connection: Connection, id: str, before: str) -> list[str]:
    """Return the periods before that one of which people were told a share and not yet the end, oldest first."""
    periods = select(budget_notices.c.period).where(budget_notices.c.budget_id == id, budget_notices.c.period < before)
    ended = periods.where(budget_notices.c.share == _END)
    query = periods.where(budget_notices.c.period.not_in(ended)).distinct().order_by(budget_notices.c.period)
    return list(connection.execute(query).scalars())


def note_end(connection: Connection, id: str, period: str) -> bool:
    """Note that people are told that a period is over. Returns False where they were told before."""
    return note(connection, id, period, _END, "")


def value_hash(value: str) -> str:
    """Return what stands for a value of any length in a notice."""
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def forget_notices(connection: Connection, id: str) -> None:
    """Tell people again: the limit or what it is for was changed."""
    connection.execute(delete(budget_notices).where(budget_notices.c.budget_id == id))


def remove_old_notices(connection: Connection) -> None:
    """Delete the notices of periods that ended long ago."""
    connection.execute(delete(budget_notices).where(budget_notices.c.noted_us < now_us() - _KEPT_US))


def _check(others: list[StoredBudget], content: BudgetContent) -> None:
    if any(other.content.name == content.name for other in others):
        raise RowConflict(f"a budget {content.name!r} exists already")
    if content.hard and sum(other.content.hard for other in others) >= MAX_HARD_BUDGETS:
        raise RowConflict(f"an organisation has at most {MAX_HARD_BUDGETS} budgets with a hard limit")


def _encode(content: BudgetContent) -> str:
    return msgspec.json.encode(content).decode()


def _stored(row: Any) -> StoredBudget:
    fields = {name: getattr(row, name) for name in StoredBudget.__struct_fields__ if name != "content"}
    return StoredBudget(content=msgspec.json.decode(row.content, type=BudgetContent), **fields)
