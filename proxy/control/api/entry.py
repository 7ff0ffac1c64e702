"""What every way into the control plane ends with: a session's cookie, and who is in it."""

from typing import Any

import msgspec
from litestar import Request, Response

from proxy.control.api.problems import Problem, answer
from proxy.control.auth import session_cookie
from proxy.metadata import people
from proxy.metadata.organisations import Organisation
from proxy.metadata.people import User

__all__ = ["Belonging", "Me", "address_of", "entered", "me_of", "too_many"]


class Belonging(msgspec.Struct):
    organisation: Organisation
    role: str


class Me(msgspec.Struct):
    """`csrf` goes into `X-CSRF-Token` of every change in this session."""

    organisation: str
    role: str
    user: str = ""
    key: str = ""
    scopes: list[str] = []
    csrf: str = ""
    organisations: list[Belonging] = []
    email: str = ""
    name: str = ""
    has_password: bool = False
    """Whether the user logs in with a password; else a link or the identity provider lets them in."""


def me_of(org: str, role: str, user: User | None, csrf: str, belongs: list[tuple[Organisation, str]]) -> Me:
    found = Me(org, role, csrf=csrf, organisations=[Belonging(one, its) for one, its in belongs])
    if user is not None:
        found.user, found.email, found.name, found.has_password = user.id, user.email, user.name, user.has_password
    return found


def entered(request: Request[Any, Any, Any], token: str, found: Me) -> Response[Me]:
    return Response(found, cookies=[session_cookie(request, token, people.SESSION_S)])


def address_of(request: Request[Any, Any, Any]) -> str:
    """The client's, as `Intake` found it."""
    address: str = request.state.client
    return address


def too_many(wait_s: float) -> Response[Any]:
    seconds = int(wait_s) + 1
    found = answer(Problem("Too many attempts", 429, detail=f"Try again in {seconds} s."))
    found.headers["retry-after"] = str(seconds)
    return found
