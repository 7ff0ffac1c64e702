"""API keys: shown once, stored as a keyed hash."""

import secrets
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select, update

from proxy.core.clock import now_us, uuid7
from proxy.core.secret import token_hash
from proxy.metadata.db import insert_or_keep
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import api_keys

__all__ = ["SCOPES", "Key", "by_hash", "create", "edit", "listed", "revoke", "shown", "used"]

SCOPES: Final = ("proxy", "read", "write", "admin", "snapshot")
"""What a key may do: call through the gateway; read and change on the control plane; members and keys; the snapshot."""
_PREFIX: Final = "sk-perihelion-"


class Key(msgspec.Struct, kw_only=True):
    """An API key without its text."""

    id: str
    org_id: str
    name: str
    hint: str
    """Its last four characters."""
    scopes: list[str]
    policy: str
    created_us: int
    created_by: str
    expires_us: int
    revoked_us: int
    last_used_us: int


def create(
    connection: Connection,
    pepper: bytes,
    org_id: str,
    name: str,
    scopes: list[str],
    policy: str = "",
    expires_us: int = 0,
    created_by: str = "",
    token: str = "",
) -> tuple[Key, str]:
    """Creates a key and returns it with its text, which cannot be read again. `token` imports a key of another system.
    Raises `RowConflict` where that is here already, also where it was revoked, and does not say whose it is."""
    token = token or _PREFIX + secrets.token_urlsafe(32)
    at = now_us()
    row = {
        "id": uuid7(at),
        "org_id": org_id,
        "name": name,
        "hash": token_hash(pepper, token),
        "hint": token[-4:],
        "scopes": ",".join(scopes),
        "policy": policy,
        "created_us": at,
        "created_by": created_by,
        "expires_us": expires_us,
    }
    if not insert_or_keep(connection, api_keys, **row):
        raise RowConflict("this token is or was a key already")
    return shown(connection, org_id, str(row["id"])), token


def listed(connection: Connection, org_id: str, after: str = "", limit: int = 50) -> list[Key]:
    """Return keys, newest first, from the one after `after` on."""
    query = select(api_keys).where(api_keys.c.org_id == org_id).order_by(api_keys.c.id.desc()).limit(limit)
    if after:
        query = query.where(api_keys.c.id < after)
    return [_key(row) for row in connection.execute(query)]


def shown(connection: Connection, org_id: str, id: str) -> Key:
    row = connection.execute(select(api_keys).where(api_keys.c.org_id == org_id, api_keys.c.id == id)).first()
    if row is None:
        raise RowNotFound("key", id)
    return _key(row)


def edit(connection: Connection, org_id: str, id: str, **changed: Any) -> Key:
    """Change name, policy, scopes or expiry."""
    shown(connection, org_id, id)
    if "scopes" in changed:
        changed["scopes"] = ",".join(changed["scopes"])
    if changed:
        connection.execute(update(api_keys).where(api_keys.c.org_id == org_id, api_keys.c.id == id).values(**changed))
    return shown(connection, org_id, id)


def revoke(connection: Connection, org_id: str, id: str) -> Key:
    """Revoke a key permanently. A revoked key is not changed."""
    key = shown(connection, org_id, id)
    return key if key.revoked_us else edit(connection, org_id, id, revoked_us=now_us())


def by_hash(connection: Connection, hash: bytes) -> Key | None:
    """Return the key with that hash; None where it is unknown, revoked or expired."""
    row = connection.execute(select(api_keys).where(api_keys.c.hash == hash, api_keys.c.revoked_us == 0)).first()
    key = _key(row) if row is not None else None
    return key if key is not None and not 0 < key.expires_us <= now_us() else None


def used(connection: Connection, at_us: dict[str, int]) -> None:
    """Store when each key was last used."""
    for id, last_us in at_us.items():
        connection.execute(
            update(api_keys).where(api_keys.c.id == id, api_keys.c.last_used_us < last_us).values(last_used_us=last_us)
        )


def _key(row: Any) -> Key:
    fields = {name: getattr(row, name) for name in Key.__struct_fields__}
    fields["scopes"] = fields["scopes"].split(",")
    return Key(**fields)
