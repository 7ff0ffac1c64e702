"""Silences of an organisation. Their matchers are JSON here; `proxy/alerts/silences` knows what they mean."""

from typing import Final

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, select, update

from proxy.core.clock import now_us, uuid7
from proxy.metadata.alert_tables import silences
from proxy.metadata.errors import RowConflict, RowNotFound

__all__ = ["MAX_SILENCES", "StoredSilence", "active", "create", "edit", "listed", "remove", "shown"]

MAX_SILENCES: Final = 1_000
"""Of one organisation, over ones included."""


class StoredSilence(msgspec.Struct, kw_only=True):
    id: str
    org_id: str
    matchers: str
    """JSON."""
    comment: str
    starts_us: int
    ends_us: int
    created_us: int
    created_by: str


def create(
    connection: Connection, org_id: str, matchers: str, comment: str, starts_us: int, ends_us: int, by: str
) -> StoredSilence:
    """Create a silence and return it. Raises `RowConflict` where there are too many."""
    count = connection.execute(select(func.count()).where(silences.c.org_id == org_id)).scalar_one()
    if count >= MAX_SILENCES:
        raise RowConflict(f"the organisation has {count} silences; at most {MAX_SILENCES}: delete those that are over")
    at = now_us()
    made = StoredSilence(
        id=uuid7(at), org_id=org_id, matchers=matchers, comment=comment, starts_us=starts_us, ends_us=ends_us,
        created_us=at, created_by=by,
    )  # fmt: skip
    connection.execute(insert(silences).values(**msgspec.structs.asdict(made)))
    return made


def listed(connection: Connection, org_id: str, after: str = "", limit: int = 50) -> list[StoredSilence]:
    """Return the silences of an organisation, oldest first."""
    query = select(silences).where(silences.c.org_id == org_id, silences.c.id > after)
    return [StoredSilence(**row._mapping) for row in connection.execute(query.order_by(silences.c.id).limit(limit))]


def active(connection: Connection, at_us: int) -> list[StoredSilence]:
    """Return the silences of all organisations that hold at a moment."""
    query = select(silences).where(silences.c.starts_us <= at_us, silences.c.ends_us > at_us)
    return [StoredSilence(**row._mapping) for row in connection.execute(query)]


def shown(connection: Connection, org_id: str, id: str) -> StoredSilence:
    """Return a silence. Raises `RowNotFound`."""
    row = connection.execute(select(silences).where(silences.c.org_id == org_id, silences.c.id == id)).first()
    if row is None:
        raise RowNotFound("silence", id)
    return StoredSilence(**row._mapping)


def edit(connection: Connection, org_id: str, id: str, ends_us: int, comment: str) -> StoredSilence:
    """Change when a silence ends, and its comment. Raises `RowNotFound`."""
    place = and_(silences.c.org_id == org_id, silences.c.id == id)
    connection.execute(update(silences).where(place).values(ends_us=ends_us, comment=comment))
    return shown(connection, org_id, id)


def remove(connection: Connection, org_id: str, id: str) -> None:
    """Delete a silence. Raises `RowNotFound`."""
    if not connection.execute(delete(silences).where(silences.c.org_id == org_id, silences.c.id == id)).rowcount:
        raise RowNotFound("silence", id)
