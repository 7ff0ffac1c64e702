"""`Idempotency-Key`: a repeated change gets the original response and is not made twice."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import msgspec
from litestar import Request, Response
from sqlalchemy import Connection, delete, select

from proxy.control.auth import caller_of
from proxy.control.plane import Control
from proxy.core.clock import now_us
from proxy.metadata.db import Database, insert_or_keep
from proxy.metadata.errors import InvalidValue, RowConflict
from proxy.metadata.sealed import about_answer
from proxy.metadata.tables import idempotency

__all__ = ["change", "database_of"]

_KEPT_US: Final = 24 * 3_600_000_000
_LONGEST: Final = 128


def database_of(request: Request[Any, Any, Any]) -> Database:
    plane: Control = request.app.state.plane
    return plane.database


def change(
    request: Request[Any, Any, Any],
    asked: object,
    make: Callable[[Connection], Any],
    status: int = 200,
    tells: bool = True,
) -> Response[Any]:
    """Runs `make` in one transaction and answers with what it returns. With an Idempotency-Key the answer is kept,
    sealed, for a day; the same key with another request is a clash."""
    database, key = database_of(request), request.headers.get("idempotency-key", "")
    if len(key) > _LONGEST:
        raise InvalidValue("Idempotency-Key", key[:40] + "…", f"at most {_LONGEST} characters")
    org = caller_of(request).org
    digest = blake2b(
        f"{request.method} {request.url.path}\n".encode() + msgspec.json.encode(asked), digest_size=16
    ).digest()
    about = about_answer(org, key)
    with database.write(tells) as connection:
        if key:
            place = (idempotency.c.org_id == org, idempotency.c.key == key)
            connection.execute(delete(idempotency).where(idempotency.c.created_us < now_us() - _KEPT_US))
            before = connection.execute(select(idempotency).where(*place)).first()
            if before is not None:
                if before.request != digest:
                    raise RowConflict(f"Idempotency-Key {key!r} was used for another request")
                return _answer(database.secret.open(before.body, about), before.status)
        body = msgspec.json.encode(make(connection))
        if key:
            sealed = database.secret.seal(body, about)
            row = {"request": digest, "status": status, "body": sealed, "created_us": now_us()}
            if not insert_or_keep(connection, idempotency, org_id=org, key=key, **row):
                raise RowConflict(f"Idempotency-Key {key!r} is being used right now")
    return _answer(body, status)


def _answer(body: bytes, status: int) -> Response[Any]:
    return Response(body, status_code=status, media_type="application/json")
