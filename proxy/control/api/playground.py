"""`/api/playground`: calls through this installation's gateway, streamed, for people in front of the dashboard.

The page may not reach other origins, so its calls are relayed here. The gateway sees them like any other call: it
counts them to the caller's organisation, applies its limits and logs them. The provider's key is the organisation's
stored credential, or one that the person typed; it is passed on and kept nowhere.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.params import JSONBody
from litestar.response import Stream

from proxy.control.api.problems import Problem
from proxy.control.api.problems import answer as problem_answer
from proxy.control.auth import caller_of, needs
from proxy.control.idempotency import database_of
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us
from proxy.core.errors import PerihelionError
from proxy.core.identity import is_key
from proxy.core.internal_token import issue_token
from proxy.metadata import credentials
from proxy.metadata.errors import InvalidValue
from proxy.net.client import HttpError
from proxy.net.streaming import StreamedResponse
from proxy.providers.address import resolve
from proxy.providers.index import Catalog
from proxy.providers.provider import Provider

__all__ = ["PLAYGROUND_ROUTES"]

_OPERATIONS: Final = frozenset({"chat", "messages"})
_HEADERS: Final = (
    "anthropic-beta",
    "openai-beta",
    "helicone-cache-enabled",
    "helicone-request-name",
    "helicone-user-id",
)
_HEADER_PREFIXES: Final = ("helicone-property-", "helicone-session-")
_NAME: Final = re.compile(r"[a-z0-9_.-]{1,128}")
_MAX_HEADERS: Final = 64
_SOURCE: Final = "Helicone-Property-Source"
"""With the value `playground`, by which these calls can be filtered."""
_RETURNED: Final = frozenset({"retry-after", "request-id", "x-request-id", "x-helicone-error"})
_CHECK_S: Final = 1.0
"""How often a relayed stream looks whether the control plane is to stop."""


class PlaygroundProvider(msgspec.Struct, frozen=True):
    name: str
    display: str
    dialect: str
    """`openai` or `anthropic`: the format of `body` in a call."""
    path: str
    """Where its calls go, after the provider's prefix."""
    has_credential: bool
    """The organisation stored a key for it."""


class PlaygroundProviders(msgspec.Struct):
    data: list[PlaygroundProvider]
    gateway: str
    """Where the gateway is, for people: the setting gateway.url."""


class PlaygroundCall(msgspec.Struct, forbid_unknown_fields=True):
    """One call. `key` is the provider's; empty: the organisation's stored credential."""

    provider: str
    body: dict[str, Any]
    """What the provider takes: messages, model, parameters, `stream`."""
    key: str = ""
    headers: dict[str, str] = {}
    """anthropic-beta, openai-beta, Helicone-User-Id, Helicone-Request-Name, Helicone-Cache-Enabled,
    Helicone-Property-<Name>, Helicone-Session-<…>."""


@get("/api/playground/providers", sync_to_thread=True, opt=needs("member"), summary="Providers of the playground",
     operation_id="listPlaygroundProviders")  # fmt: skip
def list_playground_providers(request: Request[Any, Any, Any]) -> PlaygroundProviders:
    """Those whose conversations have a format that the playground speaks. Providers with a stored credential first."""
    plane: ControlPlane = request.app.state.plane
    with database_of(request).read() as rows:
        stored = {row.provider for row in credentials.listed(rows, caller_of(request).org)}
    found = [
        PlaygroundProvider(name, provider.display or name, dialect, provider.chat, name in stored)
        for name, provider in plane.catalog.providers.items()
        if (dialect := _dialect(plane.catalog, provider))
    ]
    found.sort(key=lambda row: (not row.has_credential, row.display.lower()))
    return PlaygroundProviders(found, plane.gateway_url)


@post("/api/playground", opt=needs("member"), status_code=200, summary="Call a provider through the gateway",
      operation_id="callPlayground")  # fmt: skip
async def call_playground(request: Request[Any, Any, Any], data: JSONBody[PlaygroundCall]) -> Response[Any]:
    """Status and body of the gateway's answer, as they come; `Helicone-Id` is the call's id in the log.

    `Perihelion-Relayed: true` tells it from an error of this route: 502 where the gateway cannot be reached.
    """
    plane: ControlPlane = request.app.state.plane
    provider = plane.catalog.providers.get(data.provider)
    if provider is None or not _dialect(plane.catalog, provider):
        raise InvalidValue("provider", data.provider[:60], "a provider of GET /api/playground/providers")
    headers = {
        **_checked_headers(data.headers),
        **_credential(provider, data.key),
        _SOURCE: "playground",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "Helicone-Auth": f"Bearer {issue_token(plane.database.secret, caller_of(request).org, now_us())}",
    }
    plane.playground_slots.check_free()
    content = msgspec.json.encode(data.body)
    try:
        answer = await plane.playground.post(f"/{provider.name}{provider.chat}", headers, content)
    except HttpError as error:
        return problem_answer(
            Problem(
                "The gateway does not answer",
                502,
                detail=f"{error}. The setting playground.gateway_url says where the control plane looks for it.",
            )
        )
    return Stream(
        _relayed(plane, answer),
        status_code=answer.status,
        media_type=_safe_type(answer.headers.get("content-type", "")),
        headers={
            **{name: value for name, value in answer.headers.items() if _is_returned(name)},
            "Perihelion-Relayed": "true",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
        background=BackgroundTask(answer.close),  # also where the caller left before the first chunk
    )


class RelayBroken(PerihelionError):
    """The gateway's answer broke off, or the control plane stops: the caller's own answer ends unfinished."""


async def _relayed(plane: ControlPlane, answer: StreamedResponse) -> AsyncIterator[bytes]:
    with plane.playground_slots.taken():
        chunks = answer.chunks()
        while True:
            reading = asyncio.ensure_future(anext(chunks, None))
            try:
                while not reading.done():
                    await asyncio.wait({reading}, timeout=_CHECK_S)
                    if plane.stopping.is_set and not reading.done():
                        raise RelayBroken("The control plane stops.")
            finally:
                if not reading.done():
                    reading.cancel()
            chunk = reading.result()
            if chunk is None:
                return
            yield chunk


def _dialect(catalog: Catalog, provider: Provider) -> str:
    """The format of a provider's conversations; empty where the playground does not speak it."""
    if not provider.chat or not provider.origin or provider.variables:
        return ""
    try:
        route = resolve(catalog, "", f"/{provider.name}{provider.chat}")
    except PerihelionError:
        return ""
    fits = route.provider is provider and route.operation in _OPERATIONS and route.dialect in ("openai", "anthropic")
    return route.dialect if fits else ""


def _credential(provider: Provider, key: str) -> dict[str, str]:
    """The header that carries a typed key; nothing where the gateway is to take the stored one."""
    key = key.strip()
    if not key:
        return {}
    if is_key(key):
        raise InvalidValue(
            "key",
            "a key of Perihelion",
            "the provider's own key: these calls belong to your organisation anyway",
        )
    if not (key.isascii() and key.isprintable()) or " " in key or "," in key or len(key) > 1024:
        raise InvalidValue("key", "***", "a provider's key: at most 1024 printable characters without spaces or commas")
    name = provider.auth[0]
    return {name: f"Bearer {key}" if name == "authorization" else key}


def _checked_headers(given: dict[str, str]) -> dict[str, str]:
    if len(given) > _MAX_HEADERS:
        raise InvalidValue("headers", f"{len(given)} headers", f"at most {_MAX_HEADERS}")
    for name, value in given.items():
        lower = name.lower()
        known = lower in _HEADERS or (lower.startswith(_HEADER_PREFIXES) and _NAME.fullmatch(lower) is not None)
        if not known:
            accepted = f"{', '.join(_HEADERS)}, {'<name>, '.join(_HEADER_PREFIXES)}<name>"
            raise InvalidValue(f"headers.{name[:60]}", "this header", accepted)
        if len(value) > 4096 or not value.isprintable() or not value.isascii():
            raise InvalidValue(f"headers.{name[:60]}", value[:60], "at most 4096 printable ASCII characters")
    return {name: value for name, value in given.items() if name.lower() != _SOURCE.lower()}


def _is_returned(name: str) -> bool:
    return name in _RETURNED or name.startswith(("helicone-", "ratelimit"))


def _safe_type(given: str) -> str:
    """The content type, where no browser would take it for a page or a script."""
    kind = given.partition(";")[0].strip().lower()
    return given if kind in ("application/json", "text/event-stream") else "text/plain; charset=utf-8"


PLAYGROUND_ROUTES: list[Any] = [list_playground_providers, call_playground]
