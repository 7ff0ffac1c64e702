"""Login and logout, organisations and their members."""

from typing import Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.params import FromPath, JSONBody

from proxy.control.api.checks import check_name, check_policy, check_role, check_zone
from proxy.control.api.entry import Me, address_of, entered, me_of, too_many
from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import COOKIE, NOBODY, caller_of, needs, session_cookie
from proxy.control.client_address import throttled_name
from proxy.control.idempotency import database_of, mutate
from proxy.control.plane import ControlPlane
from proxy.metadata import logins, organisations, people
from proxy.metadata.errors import InvalidValue
from proxy.metadata.organisations import Member, Organisation

__all__ = ["PEOPLE_ROUTES"]


class Login(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    password: str
    organisation: str = ""
    """Id; empty: the first one."""


class LoginOptions(msgspec.Struct):
    oidc: str
    """Name of the OpenID provider, whose login begins at `/api/oidc/login`; empty: there is none."""
    entered: bool
    """Whether this request came in an open session."""


class NewOrganisation(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    policy: str = ""


class OrganisationChange(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None
    policy: str | None = None
    zone: str | None = None
    """Name of the zone whose days and months budgets have, such as `Europe/Berlin`; empty: UTC."""


class RoleChange(msgspec.Struct, forbid_unknown_fields=True):
    role: str


class Switch(msgspec.Struct, forbid_unknown_fields=True):
    organisation: str


class MemberPage(msgspec.Struct):
    data: list[Member]
    next: str | None


@get("/api/login", sync_to_thread=True, opt=needs(NOBODY), summary="Ways to log in", operation_id="getLoginOptions")
def login_options(request: Request[Any, Any, Any]) -> LoginOptions:
    """Beside e-mail and password."""
    plane: ControlPlane = request.app.state.plane
    oidc = plane.settings.get_str("oidc.name") if plane.oidc is not None else ""
    token = request.cookies.get(COOKIE, "")
    with plane.database.read() as rows:
        has_entered = bool(token) and people.session(rows, plane.database.pepper, token) is not None
    return LoginOptions(oidc, has_entered)


@post("/api/login", sync_to_thread=True, opt=needs(NOBODY), summary="Open a session", operation_id="login",
      status_code=200)  # fmt: skip
def login(request: Request[Any, Any, Any], data: JSONBody[Login]) -> Response[Me]:
    """Sets the session's cookie. Wrong guesses slow down those that follow."""
    plane: ControlPlane = request.app.state.plane
    address, email = throttled_name(address_of(request)), f"email {data.email.strip().lower()[:254]}"
    wait_s = plane.throttle.wait_s(address, email)
    if wait_s > 0:
        return too_many(wait_s)
    plane.throttle.failed(address, email)  # counted before the check, so that guesses at once count too
    database = plane.database
    with database.write(publish=False) as rows:
        user = people.verify(rows, data.email, data.password)
        belongs = organisations.of_user(rows, user.id) if user is not None else []
        chosen = [one for one in belongs if data.organisation in ("", one[0].id)]
        if user is not None and not belongs:
            raise PermissionDeniedException("This account belongs to no organisation. Ask an admin for an invitation.")
        if user is None or not chosen:
            raise NotAuthorizedException("Wrong e-mail, password or organisation.")
        token, csrf = people.open_session(rows, database.pepper, user.id, chosen[0][0].id)
        _note(request, rows, token)
    plane.throttle.succeeded(email)
    plane.throttle.taken_back(address)  # other guesses from there still count
    return entered(request, token, me_of(chosen[0][0].id, chosen[0][1], user, csrf, belongs))


@post("/api/logout", sync_to_thread=True, opt=needs("viewer"), summary="End the session", operation_id="logout",
      status_code=200)  # fmt: skip
def logout(request: Request[Any, Any, Any]) -> Response[None]:
    """The cookie is worth nothing from now on."""
    database = database_of(request)
    with database.write(publish=False) as rows:
        people.close_session(rows, database.pepper, request.cookies.get(COOKIE, ""))
    return Response(None, cookies=[session_cookie(request, "", 0)])


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
        _note(request, rows, token)
        user = people.by_id(rows, caller.user)
    return entered(request, token, me_of(data.organisation, role, user, csrf, belongs))


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
    """Its name, its limits and its zone."""
    with database_of(request).read() as rows:
        return organisations.shown(rows, caller_of(request).org)


@patch("/api/organisation", sync_to_thread=True, opt=needs("admin"), summary="Change this organisation",
       operation_id="editOrganisation")  # fmt: skip
def edit_organisation(request: Request[Any, Any, Any], data: JSONBody[OrganisationChange]) -> Response[Organisation]:
    """Its name, its zone, and the limits of all its calls; gateways know within two seconds."""
    changed: dict[str, str] = {}
    if data.name is not None:
        changed["name"] = check_name("name", data.name)
    if data.policy is not None:
        changed["policy"] = check_policy("policy", data.policy)
    if data.zone is not None:
        changed["zone"] = check_zone("zone", data.zone)
    return mutate(request, data, lambda rows: organisations.edit(rows, caller_of(request).org, **changed))


@get("/api/members", sync_to_thread=True, opt=needs("viewer"), summary="Members", operation_id="listMembers")
def list_members(request: Request[Any, Any, Any], after: After = "", limit: Limit = 50) -> MemberPage:
    """With their roles."""
    check_limit(limit)
    with database_of(request).read() as rows:
        found = organisations.members_of(rows, caller_of(request).org, after, limit + 1)
    return MemberPage(found[:limit], found[limit - 1].user_id if len(found) > limit else None)


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


def _note(request: Request[Any, Any, Any], rows: Any, token: str) -> None:
    agent, pepper = request.headers.get("user-agent", ""), database_of(request).pepper
    logins.note_use(rows, pepper, token, agent, address_of(request))


PEOPLE_ROUTES: list[Any] = [
    login_options, login, logout, switch, create_organisation, show_organisation, edit_organisation, list_members,
    edit_member, remove_member,
]  # fmt: skip
