"""Login at an OpenID provider: authorization code with PKCE, and validation of the ID token.

What a login under way must remember (state, nonce, verifier) is sealed in a cookie of the browser that began it, so a
code of somebody else's login is worth nothing there.
"""

import base64
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from proxy.control.oidc_types import FLOW_S, OidcError, Person
from proxy.core.clock import monotonic, now_us
from proxy.core.secret import Secret, SecretError
from proxy.core.settings import Settings
from proxy.net.client import HttpClient, HttpError

__all__ = ["Oidc"]

_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the provider can make: never none, never one with a shared key."""
_LEEWAY_S: Final = 60
_KEPT_S: Final = 3600.0
_MOST_USED: Final = 10_000
_SEALED_AS: Final = "login under way"


class _Flow(msgspec.Struct, frozen=True):
    state: str
    nonce: str
    verifier: str
    back: str
    """The redirect URI."""
    ends_us: int


class _Provider(msgspec.Struct, frozen=True):
    """What its discovery document says."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class Oidc:
    """One provider, of one control plane. Methods block; they are called in threads."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.get_str("oidc.issuer")
        self._client_id = settings.get_str("oidc.client_id")
        self._client_secret = settings.get_str("oidc.client_secret")
        self._client = HttpClient([self.issuer])  # the operator named it: it may be on a private network
        self._provider: _Provider | None = None
        self._fetched_at = 0.0
        self._used: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, secret: Secret, back: str) -> tuple[str, str]:
        """Where the browser goes, and the cookie that it comes back with. Raises `OidcError`."""
        provider = self._discovered()
        flow = _Flow(
            secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), back,
            now_us() + FLOW_S * 1_000_000,
        )  # fmt: skip
        where = prepare_grant_uri(
            provider.authorization_endpoint, self._client_id, "code", redirect_uri=back,
            scope="openid email profile", state=flow.state, nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier), code_challenge_method="S256",
        )  # fmt: skip
        sealed = secret.seal(msgspec.json.encode(flow), _SEALED_AS)
        return where, base64.urlsafe_b64encode(sealed).decode()

    def end(self, secret: Secret, cookie: str, state: str, code: str) -> Person:
        """Who came back with `code`. Raises `OidcError` for everything that is not exactly as it was begun."""
        flow = _opened(secret, cookie)
        if not secrets.compare_digest(flow.state.encode(), state.encode("utf-8", "surrogateescape")):
            raise OidcError("this response belongs to another login (state)")
        with self._lock:
            if flow.state in self._used:
                raise OidcError("this login was completed before")
            self._used[flow.state] = None
            if len(self._used) > _MOST_USED:
                self._used.popitem(last=False)
        provider = self._discovered()
        return self._checked(provider, self._exchanged(provider, flow, code), flow.nonce)

    def _exchanged(self, provider: _Provider, flow: _Flow, code: str) -> _Tokens:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": flow.back,
            "client_id": self._client_id, "code_verifier": flow.verifier,
        }  # fmt: skip
        headers: dict[str, str] = {}
        if self._client_secret and "client_secret_basic" in provider.token_endpoint_auth_methods_supported:
            headers["Authorization"] = _basic(self._client_id, self._client_secret)
        elif self._client_secret:
            form["client_secret"] = self._client_secret
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        content = urlencode(form).encode()
        found: _Tokens = self._fetch(_Tokens, "POST", provider.token_endpoint, headers, content)
        return found

    def _checked(self, provider: _Provider, tokens: _Tokens, nonce: str) -> Person:
        try:
            keys = KeySet.import_key_set(self._fetch(dict, "GET", provider.jwks_uri))
            token = jwt.decode(tokens.id_token, keys, algorithms=list(_ALGORITHMS))
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self._client_id},
                    "nonce": {"essential": True, "value": nonce},
                },
                {"nonce": nonce, "client_id": self._client_id, "access_token": tokens.access_token or None},
            )
            claims.validate(leeway=_LEEWAY_S)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as error:
            raise OidcError(f"the provider's ID token is not accepted: {error}") from None
        subject, email = claims["sub"], claims.get("email")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise OidcError("the provider's ID token is not accepted: its subject is not a text of 1 to 255 characters")
        verified = claims.get("email_verified") is True and isinstance(email, str)
        name = claims.get("name")
        return Person(self.issuer, subject, email if verified else "", name[:120] if isinstance(name, str) else "")

    def _discovered(self) -> _Provider:
        if self._provider is None or monotonic() - self._fetched_at > _KEPT_S:
            found = self._fetch(_Provider, "GET", self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if found.issuer != self.issuer:
                raise OidcError(f"oidc.issuer is {self.issuer!r}, and the provider calls itself {found.issuer!r}")
            plain = urlsplit(self.issuer).scheme == "http"
            for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                if urlsplit(address).scheme != "https" and not plain:
                    raise OidcError(f"the provider names an address that is not https: {address}")
            self._provider, self._fetched_at = found, monotonic()
        return self._provider

    def _fetch(
        self, kind: type[Any], method: str, url: str, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> Any:
        sent = {"Accept": "application/json", **(headers or {})}
        try:
            answer = self._client.request(method, url, headers=sent, content=content)
        except HttpError as error:
            raise OidcError(f"the provider cannot be reached: {error}") from None
        if answer.status != 200:
            said = answer.body[:200].decode("utf-8", "replace") if answer.status < 500 else ""
            raise OidcError(f"the provider answers {answer.status} at {urlsplit(url).path} {said}".strip())
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except msgspec.MsgspecError as error:
            raise OidcError(f"the provider's answer at {urlsplit(url).path} cannot be read: {error}") from None


def _opened(secret: Secret, cookie: str) -> _Flow:
    try:
        sealed = base64.urlsafe_b64decode(cookie.encode("ascii"))
        flow = msgspec.json.decode(secret.open(sealed, _SEALED_AS), type=_Flow)
    except (SecretError, ValueError):
        raise OidcError("no login was started in this browser, or its cookie is missing") from None
    if flow.ends_us < now_us():
        raise OidcError("this login took too long")
    return flow


def _basic(name: str, secret: str) -> str:
    """The credentials of a client for HTTP Basic: form-encoded first, as RFC 6749 (2.3.1) wants it."""
    pair = f"{quote_plus(name)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
