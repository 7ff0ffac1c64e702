"""Runs of re-pricing: what was asked for, how far each is, and what it found."""

from typing import Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from proxy.core.clock import now_us, uuid7
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import reprices

__all__ = ["ALL", "RepriceRun", "cancel", "create", "listed", "next_open", "save", "shown"]

ALL: Final = "*"
"""The scope of a run over all organisations."""
_OPEN: Final = ("queued", "running")
_MAX_OPEN: Final = 20


class RepriceRun(msgspec.Struct, kw_only=True, frozen=True):
    id: str
    org_id: str
    """The organisation that asked."""
    scope: str
    """The organisation whose calls are priced again, or `ALL`."""
    since_us: int
    until_us: int
    filter: str
    """In the one-line form; empty: all calls."""
    dry_run: bool
    state: str
    """`queued`, `running`, `done` or `cancelled`."""
    progress: str
    """JSON of the job."""
    error: str
    """Why the last attempt failed; it is tried again."""
    created_us: int
    created_by: str
    changed_us: int


def create(
    connection: Connection,
    org_id: str,
    created_by: str,
    *,
    scope: str,
    since_us: int,
    until_us: int,
    filter: str,
    dry_run: bool,
) -> RepriceRun:
    """Queue a run. Raises `RowConflict` where too many wait."""
    waiting = select(reprices.c.id).where(reprices.c.org_id == org_id, reprices.c.state.in_(_OPEN))
    if len(connection.execute(waiting).all()) >= _MAX_OPEN:
        raise RowConflict(f"{_MAX_OPEN} re-pricings wait already; cancel one, or wait until one is done")
    at = now_us()
    run = RepriceRun(
        id=uuid7(at),
        org_id=org_id,
        scope=scope,
        since_us=since_us,
        until_us=until_us,
        filter=filter,
        dry_run=dry_run,
        state="queued",
        progress="{}",
        error="",
        created_us=at,
        created_by=created_by,
        changed_us=at,
    )
    connection.execute(insert(reprices).values(**msgspec.structs.asdict(run)))
    return run


def shown(connection: Connection, org_id: str, id: str) -> RepriceRun:
    row = connection.execute(select(reprices).where(reprices.c.org_id == org_id, reprices.c.id == id)).first()
    if row is None:
        raise RowNotFound("re-pricing", id)
    return RepriceRun(**row._mapping)


def listed(connection: Connection, org_id: str, before: str = "", limit: int = 50) -> list[RepriceRun]:
    """Return the runs of an organisation, newest first."""
    query = select(reprices).where(reprices.c.org_id == org_id).order_by(reprices.c.id.desc()).limit(limit)
    if before:
        query = query.where(reprices.c.id < before)
    return [RepriceRun(**row._mapping) for row in connection.execute(query)]


def next_open(connection: Connection) -> RepriceRun | None:
    """Return the oldest run that is not done; they are done one after the other."""
    query = select(reprices).where(reprices.c.state.in_(_OPEN)).order_by(reprices.c.id).limit(1)
    row = connection.execute(query).first()
    return RepriceRun(**row._mapping) if row is not None else None


def save(connection: Connection, id: str, *, state: str, progress: str, error: str = "") -> bool:
    """Store how far a run is. Returns False, and stores nothing, where it was cancelled."""
    place = (reprices.c.id == id, reprices.c.state.in_(_OPEN))
    values = {"state": state, "progress": progress, "error": error, "changed_us": now_us()}
    return bool(connection.execute(update(reprices).where(*place).values(**values)).rowcount)


def cancel(connection: Connection, org_id: str, id: str) -> RepriceRun:
    """Stop a run before its next step. One that is done stays done."""
    shown(connection, org_id, id)
    place = (reprices.c.id == id, reprices.c.state.in_(_OPEN))
    connection.execute(update(reprices).where(*place).values(state="cancelled", changed_us=now_us()))
    return shown(connection, org_id, id)
