"""One-time links: invitations, new passwords, and their use."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.params import FromPath, JSONBody

from proxy.control.api.checks import check_email, check_name, check_password, check_role
from proxy.control.api.entry import Me, address_of, entered, me_of, too_many
from proxy.control.auth import NOBODY, Caller, caller_of, needs
from proxy.control.client_address import throttled_name
from proxy.control.idempotency import database_of, mutate
from proxy.control.plane import ControlPlane
from proxy.metadata import logins, organisations, people
from proxy.metadata.db import Connection
from proxy.metadata.errors import InvalidValue, RowNotFound
from proxy.metadata.links import Link, make_link, open_invitations, see_link, withdraw
from proxy.metadata.links import use_link as mark_used
from proxy.metadata.organisations import ROLES
from proxy.metadata.people import User

__all__ = ["LINK_ROUTES"]

_INVITED_HOURS: Final = 72.0
_PASSWORD_HOURS: Final = 24.0


class LinkToken(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class SeenLink(msgspec.Struct):
    """What a link is for. Of a link that is not `open` only kind and state are told."""

    state: str
    """`open`, `used`, `expired`, or `unknown`."""
    kind: str = ""
    """`setup`: the first owner; `invitation`; `password`: a new password."""
    email: str = ""
    organisation: str = ""
    role: str = ""
    known: bool = False
    """Whether there is a user with this address and a password: they accept an invitation with it."""
    expires_us: int = 0


class UseLink(msgspec.Struct, forbid_unknown_fields=True):
    """Who has no password yet chooses one; who accepts an invitation and has one gives it."""

    token: str
    email: str = ""
    """Where the link names none."""
    password: str = ""
    name: str = ""


class Invitation(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    role: str = "member"


class Invited(msgspec.Struct):
    """`path` opens the control plane once, within three days."""

    path: str


class OpenInvitation(msgspec.Struct):
    """Without its link, which was shown once."""

    id: str
    email: str
    role: str
    created_us: int
    expires_us: int


class InvitationList(msgspec.Struct):
    data: list[OpenInvitation]


class PasswordReset(msgspec.Struct, forbid_unknown_fields=True):
    email: str


class ResetLink(msgspec.Struct):
    """`path` opens the control plane once, within a day, and asks for a new password."""

    path: str


@post("/api/links/look", sync_to_thread=True, opt=needs(NOBODY), summary="What a one-time link is for",
      operation_id="lookAtLink", status_code=200)  # fmt: skip
def look_at_link(request: Request[Any, Any, Any], data: JSONBody[LinkToken]) -> Response[SeenLink]:
    """Without using it."""
    plane: ControlPlane = request.app.state.plane
    name = throttled_name(address_of(request))
    wait_s = plane.throttle.wait_s(name)
    if wait_s > 0:
        return too_many(wait_s)
    with plane.database.read() as rows:
        link = see_link(rows, plane.database.pepper, data.token)
        if link is None:
            plane.throttle.failed(name)
            return Response(SeenLink("unknown"))
        if link.state != "open":
            return Response(SeenLink(link.state, link.kind))
        user = people.by_email(rows, link.email) if link.email else None
        seen = SeenLink(
            link.state,
            link.kind,
            link.email,
            organisations.shown(rows, link.org_id).name,
            link.role,
            user is not None and user.has_password,
            link.expires_us,
        )
    return Response(seen)


@post("/api/links/use", sync_to_thread=True, opt=needs(NOBODY), summary="Use a one-time link", operation_id="useLink",
      status_code=200)  # fmt: skip
def use_link(request: Request[Any, Any, Any], data: JSONBody[UseLink]) -> Response[Me]:
    """Makes the person where there is none, puts them into the link's organisation and opens a session. A link for a
    new password sets it and ends all other sessions of its user."""
    plane: ControlPlane = request.app.state.plane
    name = throttled_name(address_of(request))
    wait_s = plane.throttle.wait_s(name)
    if wait_s > 0:
        return too_many(wait_s)
    database = plane.database
    with database.write(publish=False) as rows:
        link = mark_used(rows, database.pepper, data.token)
        if link is None:
            plane.throttle.failed(name)
            raise NotAuthorizedException("This link is invalid, expired or already used.")
        if link.user_id:
            user, org_id, role = _with_new_password(rows, link, data.password)
            logins.end_all(rows, database.pepper, user.id)
        else:
            user = _accepting(rows, plane, name, link, data)
            known = {one.id: role for one, role in organisations.of_user(rows, user.id)}
            org_id, role = link.org_id, max(known.get(link.org_id, "viewer"), link.role, key=ROLES.index)
            organisations.add(rows, org_id, user.id, role)
        token, csrf = people.open_session(rows, database.pepper, user.id, org_id)
        logins.note_use(rows, database.pepper, token, request.headers.get("user-agent", ""), address_of(request))
        belongs = organisations.of_user(rows, user.id)
    return entered(request, token, me_of(org_id, role, user, csrf, belongs))


@get("/api/invitations", sync_to_thread=True, opt=needs("admin"), summary="Open invitations, newest first",
     operation_id="listInvitations")  # fmt: skip
def list_invitations(request: Request[Any, Any, Any]) -> InvitationList:
    """Those that nobody has accepted yet."""
    with database_of(request).read() as rows:
        found = open_invitations(rows, caller_of(request).org)
    return InvitationList(
        [OpenInvitation(one.id, one.email, one.role, one.created_us, one.expires_us) for one in found]
    )


@delete("/api/invitations/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Withdraw an invitation",
        status_code=204, operation_id="deleteInvitation")  # fmt: skip
def delete_invitation(request: Request[Any, Any, Any], id: FromPath[str]) -> None:
    """Its link is worth nothing from now on."""
    with database_of(request).write(publish=False) as rows:
        withdraw(rows, caller_of(request).org, id)


@post("/api/members", sync_to_thread=True, opt=needs("admin"), summary="Invite a user", operation_id="invite",
      status_code=201)  # fmt: skip
def invite(request: Request[Any, Any, Any], data: JSONBody[Invitation]) -> Response[Invited]:
    """The link is in the answer: send it as you like."""
    email, role = check_email("email", data.email), check_role("role", data.role)
    caller, database = caller_of(request), database_of(request)
    if not caller.may(role):
        raise InvalidValue("role", role, f"a role up to your own, {caller.role}")

    def make(rows: Any) -> Invited:
        token = make_link(rows, database.pepper, caller.org, role, email, _INVITED_HOURS)
        return Invited(f"/login?token={token}")

    return mutate(request, data, make, 201, publish=False)


@post("/api/password-resets", sync_to_thread=True, opt=needs("admin"), summary="Make a link for a new password",
      operation_id="createPasswordReset", status_code=201)  # fmt: skip
def create_password_reset(request: Request[Any, Any, Any], data: JSONBody[PasswordReset]) -> Response[ResetLink]:
    """The link is in the answer: send it to the member. Earlier ones of the same user stop working."""
    email = check_email("email", data.email)
    caller, database = caller_of(request), database_of(request)

    def make(rows: Any) -> ResetLink:
        user = people.by_email(rows, email)
        belongs = {one.id: role for one, role in organisations.of_user(rows, user.id)} if user is not None else {}
        if user is None or not (caller.local or caller.org in belongs):
            raise RowNotFound("member", email)
        _may_reset(rows, caller, belongs)
        org = caller.org if caller.org in belongs or not belongs else next(iter(belongs))
        token = make_link(rows, database.pepper, org, "", email, _PASSWORD_HOURS, user.id)
        return ResetLink(f"/login?token={token}")

    return mutate(request, data, make, 201, publish=False)


def _may_reset(rows: Connection, caller: Caller, belongs: dict[str, str]) -> None:
    """A new password opens every organisation of its user, so whoever gets the link must have the role there too."""
    if caller.local:
        return
    own = {one.id: role for one, role in organisations.of_user(rows, caller.user)} if caller.user else {}
    own[caller.org] = caller.role
    if not caller.may(belongs[caller.org]):
        raise PermissionDeniedException(
            f"This member is {belongs[caller.org]}; only a member with that role can reset the password."
        )
    for org, role in belongs.items():
        if org not in own or ROLES.index(own[org]) < ROLES.index(max(role, "admin", key=ROLES.index)):
            raise PermissionDeniedException(
                "This member belongs to other organisations too, where you may not do this. Whoever runs the "
                "installation can: perihelion users reset."
            )


def _with_new_password(rows: Connection, link: Link, password: str) -> tuple[User, str, str]:
    """The user whose password is another one now, and the organisation to enter with the role there."""
    user, password = people.by_id(rows, link.user_id), check_password("password", password)
    belongs = {one.id: role for one, role in organisations.of_user(rows, link.user_id)}
    if user is None or user.disabled or not belongs:
        raise PermissionDeniedException("This account belongs to no organisation. Ask an admin for an invitation.")
    people.set_password(rows, user.id, password)
    org = link.org_id if link.org_id in belongs else next(iter(belongs))
    return user, org, belongs[org]


def _accepting(rows: Connection, plane: ControlPlane, name: str, link: Link, data: UseLink) -> User:
    """The user who accepts an invitation, or the first owner."""
    email = link.email or check_email("email", data.email)
    user = people.by_email(rows, email)
    if user is None:
        password = check_password("password", data.password)
        return people.create(rows, email, check_name("name", data.name) if data.name else "", password)
    if people.verify(rows, email, data.password) is None:
        plane.throttle.failed(name)
        raise NotAuthorizedException(
            "This user already has a password, and it is a different one. Whoever runs the installation can make a "
            "link for a new one: perihelion users reset."
        )
    return user


LINK_ROUTES: list[Any] = [
    look_at_link, use_link, list_invitations, delete_invitation, invite, create_password_reset,
]  # fmt: skip
