"""Responses stored for their `Idempotency-Key`, sealed, for a day."""

from typing import Final

import msgspec
from sqlalchemy import Connection, delete, select

from proxy.core.clock import now_us
from proxy.core.secret import Secret
from proxy.metadata.db import insert_or_keep
from proxy.metadata.errors import RowConflict
from proxy.metadata.tables import idempotency

__all__ = ["StoredResponse", "about", "find", "remove_expired", "store"]

_MAX_AGE_US: Final = 24 * 3_600_000_000


class StoredResponse(msgspec.Struct, frozen=True):
    status: int
    body: bytes


def find(connection: Connection, secret: Secret, org_id: str, key: str, request: bytes) -> StoredResponse | None:
    """The response stored for this key. `request` is the digest of the request; raises `RowConflict` where the key was
    used for another one."""
    place = (idempotency.c.org_id == org_id, idempotency.c.key == key)
    row = connection.execute(select(idempotency).where(*place)).first()
    if row is None:
        return None
    if row.request != request:
        raise RowConflict(f"Idempotency-Key {key!r} was used for another request")
    return StoredResponse(row.status, secret.open(row.body, about(org_id, key)))


def store(
    connection: Connection, secret: Secret, org_id: str, key: str, request: bytes, response: StoredResponse
) -> None:
    """Store a response. Raises `RowConflict` where another transaction stores one for this key at the same time."""
    body = secret.seal(response.body, about(org_id, key))
    row = {"request": request, "status": response.status, "body": body, "created_us": now_us()}
    if not insert_or_keep(connection, idempotency, org_id=org_id, key=key, **row):
        raise RowConflict(f"Idempotency-Key {key!r} is in use by another request")


def remove_expired(connection: Connection) -> None:
    """Delete the responses that are older than a day."""
    connection.execute(delete(idempotency).where(idempotency.c.created_us < now_us() - _MAX_AGE_US))


def about(org_id: str, key: str) -> str:
    """Return the context that the seal of a stored response is bound to."""
    return f"idempotency {org_id} {key}"
