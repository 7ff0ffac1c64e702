"""`/api/oidc/login` and `/api/oidc/callback`: login at the OpenID provider."""

import html
from typing import TYPE_CHECKING, Annotated, Any, Final

from litestar import Request, Response, get
from litestar.datastructures import Cookie
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect

from proxy.control.api.checks import check_email
from proxy.control.api.entry import address_of
from proxy.control.api.page import page
from proxy.control.auth import NOBODY, is_secure, needs, session_cookie
from proxy.control.oidc_types import FLOW_S, OidcError, Person
from proxy.control.plane import ControlPlane
from proxy.core.identity import DEFAULT_ORG
from proxy.core.settings import Settings
from proxy.metadata import identities, logins, organisations, people
from proxy.metadata.db import Connection
from proxy.metadata.errors import InvalidValue, RowConflict
from proxy.metadata.people import User

if TYPE_CHECKING:
    from proxy.control.oidc import Oidc

__all__ = ["OIDC_ROUTES"]

_COOKIE: Final = "perihelion_login"
_PATH: Final = "/api/oidc"


@get("/api/oidc/login", sync_to_thread=True, opt=needs(NOBODY), include_in_schema=False)
def begin(request: Request[Any, Any, Any]) -> Response[Any]:
    """Sends the browser to the provider."""
    plane: ControlPlane = request.app.state.plane
    scheme = "https" if is_secure(request) else "http"
    try:
        oidc = _oidc(plane)
        where, sealed = oidc.begin(plane.database.secret, f"{scheme}://{request.url.netloc}{_PATH}/callback")
    except OidcError as error:
        return _told(request, f"Not possible: {error}.", 404 if plane.oidc is None else 502)
    return Redirect(where, status_code=302, cookies=[_flow(request, sealed, FLOW_S)],
                    headers={"cache-control": "no-store"})  # fmt: skip


@get("/api/oidc/callback", sync_to_thread=True, opt=needs(NOBODY), include_in_schema=False)
def end(
    request: Request[Any, Any, Any],
    answer: Annotated[str, QueryParameter(name="state")] = "",
    code: FromQuery[str] = "",
    error: FromQuery[str] = "",
) -> Response[str]:
    """Opens a session for whom the provider vouches for, and who belongs somewhere."""
    plane: ControlPlane = request.app.state.plane
    try:
        oidc = _oidc(plane)
        if error or not code:
            raise OidcError(f"the provider says {error[:80] or 'nothing'}")
        person = oidc.end(plane.database.secret, request.cookies.get(_COOKIE, ""), answer, code)
        with plane.database.write(publish=False) as rows:
            user = _user(rows, plane.database.pepper, person, plane.settings)
            belongs = organisations.of_user(rows, user.id)
            if not belongs:
                raise OidcError("this user belongs to no organisation; ask for an invitation")
            token, _ = people.open_session(rows, plane.database.pepper, user.id, belongs[0][0].id)
            agent = request.headers.get("user-agent", "")
            logins.note_use(rows, plane.database.pepper, token, agent, address_of(request))
    except (OidcError, RowConflict, InvalidValue) as refusal:
        return _told(request, f"Login refused: {refusal}.", 401)
    # A page and no redirect: a SameSite=Strict cookie is not sent on a way that began at another site.
    entered = page('<meta http-equiv="refresh" content="0;url=/login"><p>You are in.</p>', 200)
    entered.cookies += [session_cookie(request, token, people.SESSION_S), _flow(request, "", 0)]
    return entered


def _oidc(plane: ControlPlane) -> "Oidc":
    if plane.oidc is None:
        raise OidcError("oidc.issuer is not set here")
    return plane.oidc


def _user(rows: Connection, pepper: bytes, person: Person, settings: Settings) -> User:
    """The person behind a subject; at their first login by their verified address, which accepts its invitations at
    every login. The first time that the address is proved, the password and the sessions of before end.

    Raises `OidcError` or `RowConflict`."""
    email = check_email("email", person.email) if person.email else ""
    domains = [one.strip().lower() for one in settings.get_str("oidc.domains").split(",") if one.strip()]
    if domains and email.rpartition("@")[2] not in domains:
        raise OidcError("no verified e-mail address of a domain in oidc.domains")
    user = identities.by_subject(rows, person.issuer, person.subject)
    if user is None:
        if not email:
            raise OidcError("the provider does not say that the e-mail address is verified")
        user = people.by_email(rows, email)
        role = settings.get_str("oidc.role")
        if user is None:
            user = people.create(rows, email, person.name)
            if not identities.accept_invitations(rows, user.id, email):
                if role == "none":
                    raise OidcError(f"nobody has invited {email}")
                organisations.add(rows, DEFAULT_ORG, user.id, role)
        else:
            if not identities.is_proved(rows, user.id):
                # Until now somebody with an invitation's link said that the address is theirs. What they set ends.
                people.forget_password(rows, user.id)
                logins.end_all(rows, pepper, user.id)
            identities.accept_invitations(rows, user.id, email)
        identities.link(rows, person.issuer, person.subject, user.id)
    elif email and not user.disabled:
        identities.accept_invitations(rows, user.id, email)
    if user.disabled:
        raise OidcError("this user is disabled")
    return user


def _flow(request: Request[Any, Any, Any], value: str, max_age: int) -> Cookie:
    """Lax: it must come along when the provider sends the browser back."""
    return Cookie(key=_COOKIE, value=value, path=_PATH, max_age=max_age, httponly=True, samesite="lax",
                  secure=is_secure(request))  # fmt: skip


def _told(request: Request[Any, Any, Any], sentence: str, status: int) -> Response[str]:
    found = page(f'<p>{html.escape(sentence)}</p><p><a href="/login">Back</a></p>', status)
    found.cookies.append(_flow(request, "", 0))
    return found


OIDC_ROUTES: list[Any] = [begin, end]
