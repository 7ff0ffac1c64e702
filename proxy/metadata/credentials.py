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
    resource: str
    """The resource of the provider that it is for; empty: all addresses of the provider are its own."""
    hint: str
    """Its last four characters."""
    created_us: int


def put(
    connection: Connection, secret: Secret, org_id: str, provider: str, value: str, resource: str = ""
) -> Credential:
    """Store a credential; an existing one is replaced."""
    name = _name(provider, resource)
    sealed = secret.seal(value.encode(), about(org_id, name))
    hint = value[-4:] if len(value) >= 12 else ""
    row = {"sealed": sealed, "hint": hint, "created_us": now_us()}
    if not insert_or_keep(connection, credentials, org_id=org_id, provider=name, **row):
        place = (credentials.c.org_id == org_id, credentials.c.provider == name)
        connection.execute(update(credentials).where(*place).values(**row))
    return Credential(provider=provider, resource=resource, hint=hint, created_us=int(str(row["created_us"])))


def listed(connection: Connection, org_id: str) -> list[Credential]:
    query = select(credentials.c.provider, credentials.c.hint, credentials.c.created_us)
    rows = connection.execute(query.where(credentials.c.org_id == org_id).order_by(credentials.c.provider))
    found: list[Credential] = []
    for name, hint, created_us in rows:
        provider, _, resource = name.partition("/")
        found.append(Credential(provider=provider, resource=resource, hint=hint, created_us=created_us))
    return found


def remove(connection: Connection, org_id: str, provider: str, resource: str = "") -> None:
    name = _name(provider, resource)
    place = (credentials.c.org_id == org_id, credentials.c.provider == name)
    if not connection.execute(delete(credentials).where(*place)).rowcount:
        raise RowNotFound("credential", name)


def about(org_id: str, name: str) -> str:
    """Return the context that its seal is bound to. `name` is the provider, or `provider/resource`."""
    return f"credential {org_id} {name}"


def _name(provider: str, resource: str) -> str:
    return f"{provider}/{resource}" if resource else provider
