"""Authentication and authorisation on the control plane.

A session's cookie (changes also need its CSRF token in `X-CSRF-Token`), an API key (`Authorization: Bearer
sk-perihelion-…`), or the token of this machine in `<data>/control.token`, which only its owner can read: that is how
the command line and the first person get in.
"""

import asyncio
import hmac
import logging
import secrets
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException, NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from proxy.core.files import replace
from proxy.core.identity import DEFAULT_ORG
from proxy.core.locks import FileLock, LockBusy
from proxy.core.secret import token_hash
from proxy.metadata import keys, people
from proxy.metadata.db import Database
from proxy.metadata.organisations import ROLES

__all__ = [
    "COOKIE",
    "LOGS",
    "NOBODY",
    "SESSION",
    "Caller",
    "LocalToken",
    "caller_of",
    "guard",
    "is_secure",
    "needs",
    "session_cookie",
]

_log = logging.getLogger(__name__)
_TOKEN_BYTES: Final = 32
COOKIE: Final = "perihelion_session"
NOBODY: Final = "nobody"
"""The need of a route that answers without credentials."""
LOGS: Final = "log"
"""The need of a route that takes calls for the log: the scope `proxy`, or what a member may do."""
SESSION: Final = "session"
"""The need of a route of the caller's own account: a user's session, whatever the role."""
_SCOPE_ROLES: Final = {"read": "viewer", "write": "member", "admin": "admin"}
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with rights in one organisation."""

    org: str
    role: str
    """One of `ROLES`, or empty: no rights but `scopes`."""
    user: str = ""
    key: str = ""
    local: bool = False
    scopes: tuple[str, ...] = ()

    def may(self, need: str) -> bool:
        if need == "snapshot":
            # It holds what every organisation has: for those who run the installation.
            return ("snapshot" in self.scopes and self.org == DEFAULT_ORG) or self.local
        if need == SESSION:
            return bool(self.user)
        if need == LOGS:
            return "proxy" in self.scopes or self.may("member")
        return bool(self.role) and ROLES.index(self.role) >= ROLES.index(need)

    @property
    def name(self) -> str:
        """For `created_by`."""
        return self.user or self.key


class LocalToken:
    """A secret in a file that only this machine's user can read.

    A control plane writes a new one when it starts, unless another has the lock of the file: then both know the secret
    of the other, and the commands of this machine reach either."""

    def __init__(self, path: Path, lock: Path) -> None:
        self.path = path
        self._lock_path = lock
        self._lock: FileLock | None = None
        self._text = secrets.token_urlsafe(_TOKEN_BYTES)

    def write(self) -> None:
        try:
            lock = FileLock(self._lock_path)
        except LockBusy:
            return
        except OSError as error:
            _log.warning("%s cannot be locked, and no token written: %s", self._lock_path, error)
            return
        self._lock = lock
        try:
            replace(self.path, self._text.encode(), shared=True)
        except OSError as error:
            _log.warning("%s cannot be written: %s; commands of this machine are refused", self.path, error)

    def fits(self, text: str) -> bool:
        return hmac.compare_digest(text.encode("utf-8", "surrogateescape"), self._expected())

    def close(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _expected(self) -> bytes:
        if self._lock is not None:
            return self._text.encode()
        try:
            written = self.path.read_bytes()
        except OSError:
            return self._text.encode()  # which nobody knows
        return written if len(written) == len(self._text) else self._text.encode()


def needs(role: str) -> dict[str, Any]:
    """For a route's `opt`: the least role that may use it, or `NOBODY`."""
    return {"needs": role}


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Lets a caller through to a route that they may use. Every route that says nothing needs an owner."""
    if _may_be_a_form(connection):
        raise HTTPException(status_code=415, detail="The body must be JSON: send Content-Type: application/json.")
    need = handler.opt.get("needs", "owner")
    if need == NOBODY:
        return
    caller = await authenticate(connection)
    if caller is None:
        raise NotAuthorizedException(
            "Credentials are missing, wrong or expired: log in, or send Authorization: Bearer <key>."
        )
    if need == SESSION and not caller.may(need):
        raise PermissionDeniedException("This is for users: log in. A key has no name, password or sessions.")
    if not caller.may(need):
        raise PermissionDeniedException(f"This needs the role {need}; your role is {caller.role or 'none'}.")
    connection.state.caller = caller


async def authenticate(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller | None:
    """Who the credentials of a request belong to at this moment; None where they are missing, wrong or expired."""
    plane = connection.app.state.plane
    return await asyncio.to_thread(_caller, connection, plane.database, plane.local)


def _may_be_a_form(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether another site could make a browser send this: without asking us first it cannot send JSON as such, and
    no Authorization at all."""
    head = connection.headers
    if str(connection.scope.get("method", "")) in _SAFE or "authorization" in head:
        return False
    empty = head.get("content-length", "0") == "0" and "transfer-encoding" not in head
    return not empty and head.get("content-type", "").partition(";")[0].strip().lower() != "application/json"


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    caller: Caller = request.state.caller
    return caller


def is_secure(request: Request[Any, Any, Any]) -> bool:
    """Whether the browser speaks TLS, to us or to what stands before us."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"


def session_cookie(request: Request[Any, Any, Any], value: str, max_age: int) -> Cookie:
    """What a session is known by; no script and no other site has it."""
    return Cookie(
        key=COOKIE, value=value, path="/", max_age=max_age, httponly=True, samesite="strict", secure=is_secure(request)
    )


def _caller(connection: ASGIConnection[Any, Any, Any, Any], database: Database, local: LocalToken) -> Caller | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if token:
        return _bearer(token.strip(), database, local) if scheme.lower() == "bearer" else None
    cookie = connection.cookies.get(COOKIE, "")
    if not cookie:
        return None
    with database.read() as rows:
        session = people.session(rows, database.pepper, cookie)
    if session is None:
        return None
    if str(connection.scope.get("method", "")) not in _SAFE and not hmac.compare_digest(
        connection.headers.get("x-csrf-token", "").encode(), session.csrf.encode()
    ):
        raise PermissionDeniedException(
            "A change in a session needs its CSRF token in X-CSRF-Token (GET /api/me has it)."
        )
    return Caller(org=session.org_id, role=session.role, user=session.user_id)


def _bearer(token: str, database: Database, local: LocalToken) -> Caller | None:
    if local.fits(token):
        return Caller(org=DEFAULT_ORG, role="owner", local=True)
    with database.read() as rows:
        key = keys.by_hash(rows, token_hash(database.pepper, token))
    if key is None:
        return None
    role = ""
    for scope, given in _SCOPE_ROLES.items():
        if scope in key.scopes:
            role = given
    return Caller(org=key.org_id, role=role, key=key.id, scopes=tuple(key.scopes))
