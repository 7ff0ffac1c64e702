"""`Idempotency-Key`: a repeated change gets the original response and is not made twice."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import msgspec
from litestar import Request, Response

from proxy.control.auth import caller_of
from proxy.control.plane import ControlPlane
from proxy.metadata import idempotency
from proxy.metadata.db import Connection, Database
from proxy.metadata.errors import InvalidValue
from proxy.metadata.idempotency import StoredResponse

__all__ = ["database_of", "mutate"]

_MAX_KEY: Final = 128


def database_of(request: Request[Any, Any, Any]) -> Database:
    plane: ControlPlane = request.app.state.plane
    return plane.database


def mutate(
    request: Request[Any, Any, Any],
    data: object,
    change: Callable[[Connection], Any],
    status: int = 200,
    publish: bool = True,
) -> Response[Any]:
    """Run `change` in one transaction and respond with what it returns.

    With an Idempotency-Key the response is stored for a day; `data` is what the request asks for. Raises `RowConflict`
    where the key was used for another request.
    """
    database, key = database_of(request), request.headers.get("idempotency-key", "")
    if len(key) > _MAX_KEY:
        raise InvalidValue("Idempotency-Key", key[:40] + "…", f"at most {_MAX_KEY} characters")
    caller = caller_of(request)
    org = caller.org
    # The response may hold a key or a link that is shown once: it is shown again to nobody but the one who made it.
    asked = f"{caller.name} {request.method} {request.url.path}\n".encode() + msgspec.json.encode(data)
    digest = blake2b(asked, digest_size=16).digest()
    with database.write(publish) as connection:
        if key:
            idempotency.remove_expired(connection)
            before = idempotency.find(connection, database.secret, org, key, digest)
            if before is not None:
                return _respond(before)
        response = StoredResponse(status, msgspec.json.encode(change(connection)))
        if key:
            idempotency.store(connection, database.secret, org, key, digest, response)
    return _respond(response)


def _respond(response: StoredResponse) -> Response[Any]:
    return Response(response.body, status_code=response.status, media_type="application/json")
