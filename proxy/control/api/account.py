"""The caller's own account: name, password, open sessions."""

from typing import Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.exceptions import NotAuthorizedException
from litestar.params import FromPath, JSONBody

from proxy.control.api.checks import check_name, check_password
from proxy.control.api.entry import Me, address_of, me_of, too_many
from proxy.control.auth import COOKIE, SESSION, caller_of, needs
from proxy.control.idempotency import database_of
from proxy.control.plane import ControlPlane
from proxy.metadata import logins, organisations, people
from proxy.metadata.db import Connection
from proxy.metadata.errors import InvalidValue, RowConflict
from proxy.metadata.logins import OpenLogin
from proxy.metadata.people import User

__all__ = ["ACCOUNT_ROUTES"]


class AccountChange(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class PasswordChange(msgspec.Struct, forbid_unknown_fields=True):
    current: str
    new: str


class LoginList(msgspec.Struct):
    data: list[OpenLogin]


class EndedLogins(msgspec.Struct):
    ended: int


@get("/api/me", sync_to_thread=True, opt=needs("viewer"), summary="The caller", operation_id="getMe")
def me(request: Request[Any, Any, Any]) -> Me:
    """Organisation, role, and in a session its CSRF token."""
    return _me(request)


def _me(request: Request[Any, Any, Any]) -> Me:
    caller, database = caller_of(request), database_of(request)
    csrf, user = "", None
    token = request.cookies.get(COOKIE, "")
    with database.read() as rows:
        if caller.user:
            session = people.session(rows, database.pepper, token)
            csrf = session.csrf if session is not None else ""
            belongs = organisations.of_user(rows, caller.user)
            user = people.by_id(rows, caller.user)
        else:
            belongs = [(organisations.shown(rows, caller.org), caller.role)]
    if csrf:
        with database.write(publish=False) as rows:
            logins.note_use(rows, database.pepper, token, request.headers.get("user-agent", ""), address_of(request))
    found = me_of(caller.org, caller.role, user, csrf, belongs)
    found.key, found.scopes = caller.key, list(caller.scopes)
    return found


@patch("/api/me", sync_to_thread=True, opt=needs(SESSION), summary="Change the own account", operation_id="editMe")
def edit_me(request: Request[Any, Any, Any], data: JSONBody[AccountChange]) -> Me:
    """The name that others see."""
    name = check_name("name", data.name)
    with database_of(request).write(publish=False) as rows:
        people.set_name(rows, _user(request, rows).id, name)
    return _me(request)


@post("/api/me/password", sync_to_thread=True, opt=needs(SESSION), summary="Change the own password",
      operation_id="changePassword", status_code=200)  # fmt: skip
def change_password(request: Request[Any, Any, Any], data: JSONBody[PasswordChange]) -> Response[EndedLogins]:
    """Ends all other sessions of the user. Wrong guesses slow down those that follow."""
    plane: ControlPlane = request.app.state.plane
    database, new = plane.database, check_password("new", data.new)
    with database.write(publish=False) as rows:
        user = _user(request, rows)
        name = f"password of {user.id}"
        wait_s = plane.throttle.wait_s(name)
        if wait_s > 0:
            return too_many(wait_s)
        if not user.has_password:
            raise RowConflict("this account has no password: an admin can make a link that sets one")
        plane.throttle.failed(name)
        if people.verify(rows, user.email, data.current) is None:
            raise InvalidValue("current", "***", "your password as it is now")
        plane.throttle.succeeded(name)
        people.set_password(rows, user.id, new)
        ended = logins.end_all(rows, database.pepper, user.id, request.cookies.get(COOKIE, ""))
    return Response(EndedLogins(ended))


@get("/api/me/sessions", sync_to_thread=True, opt=needs(SESSION), summary="The own open sessions",
     operation_id="listLogins")  # fmt: skip
def list_logins(request: Request[Any, Any, Any]) -> LoginList:
    """Where and when they were used last, newest first."""
    caller, database = caller_of(request), database_of(request)
    with database.read() as rows:
        return LoginList(logins.logins_of(rows, database.pepper, caller.user, request.cookies.get(COOKIE, "")))


@delete("/api/me/sessions", sync_to_thread=True, opt=needs(SESSION), summary="End all other own sessions",
        status_code=200, operation_id="endOtherLogins")  # fmt: skip
def end_other_logins(request: Request[Any, Any, Any]) -> EndedLogins:
    """At once; this one stays."""
    database = database_of(request)
    with database.write(publish=False) as rows:
        user = _user(request, rows)
        return EndedLogins(logins.end_all(rows, database.pepper, user.id, request.cookies.get(COOKIE, "")))


@delete("/api/me/sessions/{id:str}", sync_to_thread=True, opt=needs(SESSION), summary="End an own session",
        status_code=204, operation_id="endLogin")  # fmt: skip
def end_login(request: Request[Any, Any, Any], id: FromPath[str]) -> None:
    """At once."""
    with database_of(request).write(publish=False) as rows:
        logins.end_one(rows, caller_of(request).user, id)


def _user(request: Request[Any, Any, Any], rows: Connection) -> User:
    """The user of the session."""
    user = people.by_id(rows, caller_of(request).user)
    if user is None:
        raise NotAuthorizedException("There is no such user any more.")
    return user


ACCOUNT_ROUTES: list[Any] = [
    me, edit_me, change_password, list_logins, end_other_logins, end_login,
]  # fmt: skip
