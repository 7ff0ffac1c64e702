"""Login and logout, organisations and their members."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.exceptions import NotAuthorizedException
from litestar.params import FromPath, JSONBody

from proxy.control.api.checks import (
    check_email,
    check_name,
    check_password,
    check_policy,
    check_role,
)
from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.api.problems import Problem, answer
from proxy.control.auth import COOKIE, NOBODY, caller_of, needs, session_cookie
from proxy.control.idempotency import database_of, mutate
from proxy.control.plane import ControlPlane
from proxy.metadata import organisations, people
from proxy.metadata.errors import InvalidValue
from proxy.metadata.organisations import ROLES, Member, Organisation

__all__ = ["PEOPLE_ROUTES"]

_INVITED_HOURS: Final = 72.0


class Login(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    password: str
    organisation: str = ""
    """Id; empty: the first one."""


class UseLink(msgspec.Struct, forbid_unknown_fields=True):
    """Who has no password yet chooses one; who has one gives it."""

    token: str
    email: str = ""
    """Where the link names none."""
    password: str = ""
    name: str = ""


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


class NewOrganisation(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    policy: str = ""


class OrganisationChange(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None
    policy: str | None = None


class Invitation(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    role: str = "member"


class Invited(msgspec.Struct):
    """`path` opens the control plane once, within three days."""

    path: str


class RoleChange(msgspec.Struct, forbid_unknown_fields=True):
    role: str


class Switch(msgspec.Struct, forbid_unknown_fields=True):
    organisation: str


class MemberPage(msgspec.Struct):
    data: list[Member]
    next: str | None


@post("/api/login", sync_to_thread=True, opt=needs(NOBODY), summary="Open a session", operation_id="login",
      status_code=200)  # fmt: skip
def login(request: Request[Any, Any, Any], data: JSONBody[Login]) -> Response[Me]:
    """Sets the session's cookie. Wrong guesses slow down those that follow."""
    plane: ControlPlane = request.app.state.plane
    names = (f"address {_address(request)}", f"email {data.email.strip().lower()[:254]}")
    wait_s = plane.throttle.wait_s(*names)
    if wait_s > 0:
        return _too_many(wait_s)
    plane.throttle.failed(*names)  # counted before the check, so that guesses at once count too
    database = plane.database
    with database.write(publish=False) as rows:
        user = people.verify(rows, data.email, data.password)
        belongs = organisations.of_user(rows, user.id) if user is not None else []
        chosen = [one for one in belongs if data.organisation in ("", one[0].id)]
        if user is None or not chosen:
            raise NotAuthorizedException("Wrong e-mail, password or organisation.")
        token, csrf = people.open_session(rows, database.pepper, user.id, chosen[0][0].id)
    plane.throttle.succeeded(*names)
    return _entered(request, token, _me(chosen[0][0].id, chosen[0][1], user.id, csrf, belongs))


@post("/api/links/use", sync_to_thread=True, opt=needs(NOBODY), summary="Use a one-time link", operation_id="useLink",
      status_code=200)  # fmt: skip
def use_link(request: Request[Any, Any, Any], data: JSONBody[UseLink]) -> Response[Me]:
    """Makes the person where there is none, puts them into the link's organisation and opens a session."""
    plane: ControlPlane = request.app.state.plane
    name = f"address {_address(request)}"
    wait_s = plane.throttle.wait_s(name)
    if wait_s > 0:
        return _too_many(wait_s)
    database = plane.database
    with database.write(publish=False) as rows:
        link = people.use_link(rows, database.pepper, data.token)
        if link is None:
            plane.throttle.failed(name)
            raise NotAuthorizedException("This link is invalid, expired or already used.")
        email = link.email or check_email("email", data.email)
        user = people.by_email(rows, email)
        if user is None:
            password = check_password("password", data.password)
            user = people.create(rows, email, check_name("name", data.name) if data.name else "", password)
        elif people.verify(rows, email, data.password) is None:
            plane.throttle.failed(name)
            raise NotAuthorizedException("This user already has a password, and it is a different one.")
        known = {one.id: role for one, role in organisations.of_user(rows, user.id)}
        role = max(known.get(link.org_id, "viewer"), link.role, key=ROLES.index)
        organisations.add(rows, link.org_id, user.id, role)
        token, csrf = people.open_session(rows, database.pepper, user.id, link.org_id)
        belongs = organisations.of_user(rows, user.id)
    return _entered(request, token, _me(link.org_id, role, user.id, csrf, belongs))


@post("/api/logout", sync_to_thread=True, opt=needs("viewer"), summary="End the session", operation_id="logout",
      status_code=200)  # fmt: skip
def logout(request: Request[Any, Any, Any]) -> Response[None]:
    """The cookie is worth nothing from now on."""
    database = database_of(request)
    with database.write(publish=False) as rows:
        people.close_session(rows, database.pepper, request.cookies.get(COOKIE, ""))
    return Response(None, cookies=[session_cookie(request, "", 0)])


@get("/api/me", sync_to_thread=True, opt=needs("viewer"), summary="The caller", operation_id="getMe")
def me(request: Request[Any, Any, Any]) -> Me:
    """Organisation, role, and in a session its CSRF token."""
    caller, database = caller_of(request), database_of(request)
    csrf = ""
    with database.read() as rows:
        if caller.user:
            session = people.session(rows, database.pepper, request.cookies.get(COOKIE, ""))
            csrf = session.csrf if session is not None else ""
            belongs = organisations.of_user(rows, caller.user)
        else:
            belongs = [(organisations.shown(rows, caller.org), caller.role)]
    found = _me(caller.org, caller.role, caller.user, csrf, belongs)
    found.key, found.scopes = caller.key, list(caller.scopes)
    return found


@post("/api/session", sync_to_thread=True, opt=needs("viewer"), summary="Switch to another organisation",
      operation_id="switchOrganisation", status_code=200)  # fmt: skip
def switch(request: Request[Any, Any, Any], data: JSONBody[Switch]) -> Response[Me]:
    """A new session there, where one belongs to it."""
    caller, database = caller_of(request), database_of(request)
    if not caller.user:
        raise InvalidValue("organisation", data.organisation[:60], "a session; a key belongs to one organisation")
    with database.write(publish=False) as rows:
        belongs = organisations.of_user(rows, caller.user)
        role = next((role for one, role in belongs if one.id == data.organisation), "")
        if not role:
            raise InvalidValue("organisation", data.organisation[:60], "the id of an organisation that you belong to")
        people.close_session(rows, database.pepper, request.cookies.get(COOKIE, ""))
        token, csrf = people.open_session(rows, database.pepper, caller.user, data.organisation)
    return _entered(request, token, _me(data.organisation, role, caller.user, csrf, belongs))


@post("/api/organisations", sync_to_thread=True, opt=needs("owner"), summary="Create an organisation", status_code=201,
      operation_id="createOrganisation")  # fmt: skip
def create_organisation(request: Request[Any, Any, Any], data: JSONBody[NewOrganisation]) -> Response[Organisation]:
    """Whoever makes it owns it."""
    name, policy = check_name("name", data.name), check_policy("policy", data.policy)
    caller = caller_of(request)

    def make(rows: Any) -> Organisation:
        made = organisations.create(rows, name, policy)
        if caller.user:
            organisations.add(rows, made.id, caller.user, "owner")
        return made

    return mutate(request, data, make, 201)


@get("/api/organisation", sync_to_thread=True, opt=needs("viewer"), summary="This organisation",
     operation_id="getOrganisation")  # fmt: skip
def show_organisation(request: Request[Any, Any, Any]) -> Organisation:
    """Its name and its limits."""
    with database_of(request).read() as rows:
        return organisations.shown(rows, caller_of(request).org)


@patch("/api/organisation", sync_to_thread=True, opt=needs("admin"), summary="Change this organisation",
       operation_id="editOrganisation")  # fmt: skip
def edit_organisation(request: Request[Any, Any, Any], data: JSONBody[OrganisationChange]) -> Response[Organisation]:
    """Its name, and the limits of all its calls; gateways know within two seconds."""
    changed: dict[str, str] = {}
    if data.name is not None:
        changed["name"] = check_name("name", data.name)
    if data.policy is not None:
        changed["policy"] = check_policy("policy", data.policy)
    return mutate(request, data, lambda rows: organisations.edit(rows, caller_of(request).org, **changed))


@get("/api/members", sync_to_thread=True, opt=needs("viewer"), summary="Members", operation_id="listMembers")
def list_members(request: Request[Any, Any, Any], after: After = "", limit: Limit = 50) -> MemberPage:
    """With their roles."""
    check_limit(limit)
    with database_of(request).read() as rows:
        found = organisations.members_of(rows, caller_of(request).org, after, limit + 1)
    return MemberPage(found[:limit], found[limit - 1].user_id if len(found) > limit else None)


@post("/api/members", sync_to_thread=True, opt=needs("admin"), summary="Invite a user", operation_id="invite",
      status_code=201)  # fmt: skip
def invite(request: Request[Any, Any, Any], data: JSONBody[Invitation]) -> Response[Invited]:
    """The link is in the answer: send it as you like."""
    email, role = check_email("email", data.email), check_role("role", data.role)
    caller, database = caller_of(request), database_of(request)
    if not caller.may(role):
        raise InvalidValue("role", role, f"a role up to your own, {caller.role}")

    def make(rows: Any) -> Invited:
        token = people.make_link(rows, database.pepper, caller.org, role, email, _INVITED_HOURS)
        return Invited(f"/login?token={token}")

    return mutate(request, data, make, 201, publish=False)


@patch("/api/members/{user:str}", sync_to_thread=True, opt=needs("admin"), summary="Change a role",
       operation_id="editMember")  # fmt: skip
def edit_member(request: Request[Any, Any, Any], user: FromPath[str], data: JSONBody[RoleChange]) -> Response[Member]:
    """Up to one's own; the last owner stays one."""
    role, caller = check_role("role", data.role), caller_of(request)

    def make(rows: Any) -> Member:
        _may_touch(rows, caller, user, role)
        organisations.add(rows, caller.org, user, role)
        return organisations.member(rows, caller.org, user)

    return mutate(request, data, make, publish=False)


@delete("/api/members/{user:str}", sync_to_thread=True, opt=needs("admin"), summary="Remove a member",
        status_code=204, operation_id="deleteMember")  # fmt: skip
def remove_member(request: Request[Any, Any, Any], user: FromPath[str]) -> None:
    """Their sessions here end at once."""
    caller = caller_of(request)
    with database_of(request).write(publish=False) as rows:
        _may_touch(rows, caller, user, "viewer")
        organisations.remove(rows, caller.org, user)


def _may_touch(rows: Any, caller: Any, user: str, role: str) -> None:
    before = organisations.member(rows, caller.org, user).role
    for one in (before, role):
        if not caller.may(one):
            raise InvalidValue("role", one, f"a role up to your own, {caller.role}")


def _me(org: str, role: str, user: str, csrf: str, belongs: list[tuple[Organisation, str]]) -> Me:
    return Me(org, role, user, csrf=csrf, organisations=[Belonging(one, its) for one, its in belongs])


def _entered(request: Request[Any, Any, Any], token: str, found: Me) -> Response[Me]:
    return Response(found, cookies=[session_cookie(request, token, people.SESSION_S)])


def _address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client is not None else ""


def _too_many(wait_s: float) -> Response[Any]:
    seconds = int(wait_s) + 1
    found = answer(Problem("Too many attempts", 429, detail=f"Try again in {seconds} s."))
    found.headers["retry-after"] = str(seconds)
    return found


PEOPLE_ROUTES: list[Any] = [
    login, use_link, logout, me, switch, create_organisation, show_organisation, edit_organisation, list_members,
    invite, edit_member, remove_member,
]  # fmt: skip
