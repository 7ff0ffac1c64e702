"""Stored provider credentials, sealed: an organisation's calls use them, and nobody can read them back."""

import msgspec
from sqlalchemy import Connection, delete, select, update

from proxy.core.clock import now_us
from proxy.core.secret import Secret
from proxy.metadata.db import insert_or_keep
from proxy.metadata.errors import RowNotFound
from proxy.metadata.tables import credentials

__all__ = ["Credential", "about", "listed", "put", "remove"]


class Credential(msgspec.Struct, kw_only=True):
    provider: str
    hint: str
    """Its last four characters."""
    created_us: int


def put(connection: Connection, secret: Secret, org_id: str, provider: str, value: str) -> Credential:
    """Store a credential; an existing one is replaced."""
    sealed = secret.seal(value.encode(), about(org_id, provider))
    hint = value[-4:] if len(value) >= 12 else ""
    row = {"sealed": sealed, "hint": hint, "created_us": now_us()}
    if not insert_or_keep(connection, credentials, org_id=org_id, provider=provider, **row):
        place = (credentials.c.org_id == org_id, credentials.c.provider == provider)
        connection.execute(update(credentials).where(*place).values(**row))
    return Credential(provider=provider, hint=hint, created_us=int(str(row["created_us"])))


def listed(connection: Connection, org_id: str) -> list[Credential]:
    query = select(credentials.c.provider, credentials.c.hint, credentials.c.created_us)
    rows = connection.execute(query.where(credentials.c.org_id == org_id).order_by(credentials.c.provider))
    return [Credential(**row._mapping) for row in rows]


def remove(connection: Connection, org_id: str, provider: str) -> None:
    place = (credentials.c.org_id == org_id, credentials.c.provider == provider)
    if not connection.execute(delete(credentials).where(*place)).rowcount:
        raise RowNotFound("credential", provider)


def about(org_id: str, provider: str) -> str:
    """Return the context that its seal is bound to."""
    return f"credential {org_id} {provider}"
