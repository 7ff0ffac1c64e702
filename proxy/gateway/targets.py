"""Whom a call may go to after its first address: `Helicone-Fallback` and `Helicone-Fallbacks`.

Both are read and checked whole before the first attempt, so that a mistake is told at once and not in a bad minute.
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec

from _speedups import HOP_BY_HOP
from proxy.core.errors import BadDirective, Forbidden, ProxyError
from proxy.gateway.attempts import Policy, RetrySchedule, RetryTarget
from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway
from proxy.gateway.outgoing import outgoing
from proxy.providers.address import Route, resolve
from proxy.providers.credentials import CREDENTIAL_HEADERS
from proxy.upstream.base import UpstreamRequest

__all__ = ["Target", "schedule", "targets"]

_MOST: Final = 10
_OURS: Final = HOP_BY_HOP | {"host", "content-length"}

Codes = tuple[tuple[int, int], ...]


class Target(msgspec.Struct):
    """One place a call may go to. `make` writes the call when it is needed, for most are never."""

    route: Route
    make: Callable[[], UpstreamRequest]
    model: str = ""
    """What it sets `model` to; empty where it leaves it."""
    on_codes: Codes | None = None
    breaker: str = ""


class _Model(msgspec.Struct, forbid_unknown_fields=True):
    model: str


class _Span(msgspec.Struct, forbid_unknown_fields=True):
    from_: int = msgspec.field(name="from")
    to: int


class _Fallback(msgspec.Struct, forbid_unknown_fields=True):
    target_url: str = msgspec.field(name="target-url")
    headers: dict[str, str] = {}
    on_codes: list[int | _Span] | None = msgspec.field(default=None, name="onCodes")
    body_key_override: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict, name="bodyKeyOverride")


def targets(ex: Exchange, gw: Gateway, call: UpstreamRequest) -> list[Target]:
    """All targets in their order, the first being `call`. Raises `BadDirective`, or `Forbidden` for an origin that is
    not on the allow-list."""
    directives = ex.head.fields.directives
    models, others = directives.get("fallback", ""), directives.get("fallbacks", "")
    if others:
        if models:
            raise BadDirective("Helicone-Fallback", models, "either this header or Helicone-Fallbacks, not both")
        return _elsewhere(ex, gw, others)
    if not models:
        return [Target(ex.route, lambda: call)]  # with nowhere else to go a breaker has nothing to say
    found = [Target(ex.route, lambda: call, breaker=_breaker(ex.route, ex.head.fields.credential))]
    for entry in _models(models):
        _needs_json(ex, "Helicone-Fallback", models)
        route = _with_model(ex.route, entry.model)
        found.append(Target(route, _model_call(call, route, entry.model), entry.model, breaker=found[0].breaker))
    return found


def schedule(ex: Exchange, patience_s: float) -> RetrySchedule:
    """When to try again, as the call's headers ask; `ex.targets` is whom."""
    head = ex.head.fields
    asked = head.directives
    num = asked.get("retry-num", "5") if head.retry_enabled == 1 else "0"
    policy = _policy(
        num,
        asked.get("retry-factor", "2"),
        asked.get("retry-min-timeout", "1000"),
        asked.get("retry-max-timeout", "10000"),
        patience_s,
    )
    tried = [RetryTarget(target.on_codes, target.breaker) for target in ex.targets]
    return RetrySchedule(tried, policy, ex.started)


@lru_cache(1024)
def _policy(num: str, factor: str, least_ms: str, most_ms: str, patience_s: float) -> Policy:
    return Policy(int(num), float(factor), int(least_ms) / 1e3, int(most_ms) / 1e3, patience_s)


@lru_cache(1024)
def _models(text: str) -> tuple[_Model, ...]:
    entries = _read("Helicone-Fallback", text, list[_Model], '[{"model": "gpt-4o-mini"}]')
    if not all(entry.model.strip() for entry in entries):
        raise BadDirective("Helicone-Fallback", text, "a model's name in each entry", code="invalid_policy")
    return tuple(entries)


@lru_cache(1024)
def _fallbacks(text: str) -> tuple[_Fallback, ...]:
    form = '[{"target-url": "https://…", "headers": {…}, "onCodes": [429, {"from": 500, "to": 599}], '
    form += '"bodyKeyOverride": {…}}]'
    entries = _read("Helicone-Fallbacks", text, list[_Fallback], form)
    for number, entry in enumerate(entries):
        for name, value in entry.headers.items():
            if name.lower() in _OURS or name.lower().startswith("helicone-") or not _is_header(name, value):
                raise BadDirective(
                    "Helicone-Fallbacks", f"$[{number}].headers: {name}",
                    "headers for the provider, without line breaks; not Host, lengths or Helicone-*",
                    code="invalid_policy",
                )  # fmt: skip
        for low, high in _codes(entry) or ():
            if not 100 <= low <= high <= 599:
                raise BadDirective(
                    "Helicone-Fallbacks", f"$[{number}].onCodes: {low} to {high}", "statuses, 100 to 599, from <= to",
                    code="invalid_policy",
                )  # fmt: skip
    return tuple(entries)


def _read(header: str, text: str, kind: Any, form: str) -> Any:
    try:
        entries = msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadDirective(header, text, f"{form} ({error})", code="invalid_policy") from None
    if not 1 <= len(entries) <= _MOST:
        raise BadDirective(header, text, f"1 to {_MOST} entries, as {form}", code="invalid_policy")
    return entries


def _elsewhere(ex: Exchange, gw: Gateway, text: str) -> list[Target]:
    """Helicone's form: the first entry is the primary, each with an origin, headers and changes of its own."""
    path = ex.route.path.partition("?")[0]
    found: list[Target] = []
    for number, entry in enumerate(_fallbacks(text)):
        try:
            route = resolve(gw.catalog, "", path, ex.head.query, entry.target_url)
        except ProxyError as error:
            kind = Forbidden if isinstance(error, Forbidden) else None
            message = f"Header Helicone-Fallbacks, $[{number}].target-url: {error.message}"
            if kind is not None:
                raise Forbidden(message, param="Helicone-Fallbacks") from None
            raise BadDirective(
                "Helicone-Fallbacks", f"$[{number}].target-url: {entry.target_url}", error.message
            ) from None
        if route.dialect != ex.route.dialect:
            raise BadDirective(
                "Helicone-Fallbacks", f"$[{number}].target-url: {entry.target_url}",
                f"an origin that speaks the dialect of this call ({ex.route.dialect}); this one speaks "
                f"{route.dialect}, and calls are not translated between dialects",
                code="invalid_policy",
            )  # fmt: skip
        if entry.body_key_override:
            _needs_json(ex, "Helicone-Fallbacks", text)
        model = entry.body_key_override.get("model")
        named = _text(model) if model is not None else ""
        lines = _head(ex, gw, route, entry)
        found.append(
            Target(
                route,
                _other_call(ex, route, lines, entry.body_key_override),
                named,
                _codes(entry),
                _breaker(route, repr(sorted(entry.headers.items())) or ex.head.fields.credential),
            )
        )
    return found


def _codes(entry: _Fallback) -> Codes | None:
    if entry.on_codes is None:
        return None
    return tuple((code, code) if isinstance(code, int) else (code.from_, code.to) for code in entry.on_codes)


def _head(ex: Exchange, gw: Gateway, route: Route, entry: _Fallback) -> bytes:
    """The caller's lines with the entry's headers laid over; any credential of theirs replaces every one of the
    caller's."""
    names = frozenset(name.lower() for name in entry.headers)
    if names & CREDENTIAL_HEADERS:
        names |= CREDENTIAL_HEADERS
    lines = outgoing(ex, gw.directory, route, names)
    accept = ex.head.fields.accept_encoding
    if accept:
        lines += b"accept-encoding: " + ("identity" if ex.usage_injected else accept).encode("latin-1") + b"\r\n"
    return lines + b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in entry.headers.items())


def _other_call(
    ex: Exchange, route: Route, lines: bytes, override: dict[str, msgspec.Raw]
) -> Callable[[], UpstreamRequest]:
    def make() -> UpstreamRequest:
        body: bytes | None = ex.sent_body
        if override:
            body = _merged(ex.sent_body, override)
        has_body = bool(body) or ex.head.fields.content_length == 0
        return UpstreamRequest(route.origin, ex.head.method, route.path, lines, body if has_body else None)

    return make


def _model_call(call: UpstreamRequest, route: Route, model: str) -> Callable[[], UpstreamRequest]:
    def make() -> UpstreamRequest:
        body = call.body
        if not route.model_in_path and body is not None:
            body = _merged(body, {"model": msgspec.Raw(msgspec.json.encode(model))})
        return UpstreamRequest(call.origin, call.method, route.path, call.head, body)

    return make


def _with_model(route: Route, model: str) -> Route:
    """The route with another model where the path names it."""
    if not route.model_in_path:
        return route
    path, mark, query = route.path.partition("?")
    for old in (route.model_in_path, quote(route.model_in_path, safe=""), quote(route.model_in_path, safe="/:@")):
        if old in path:
            path = path.replace(old, quote(model, safe="" if "%2F" in old else "/:@"), 1)
            break
    else:  # encoded in another way
        path = quote(unquote(path).replace(route.model_in_path, model, 1), safe="/:@")
    return msgspec.structs.replace(route, path=path + mark + query, model_in_path=model)


def _merged(body: bytes, override: dict[str, msgspec.Raw]) -> bytes:
    """`body` with `override` laid over, objects merged key by key; everything else keeps its bytes."""
    members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    for key, raw in override.items():
        old = members.get(key)
        if old is not None and bytes(old).lstrip()[:1] == b"{" and bytes(raw).lstrip()[:1] == b"{":
            inner = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
            members[key] = msgspec.Raw(_merged(bytes(old), inner))
        else:
            members[key] = raw
    return msgspec.json.encode(members)


def _needs_json(ex: Exchange, header: str, text: str) -> None:
    if ex.head.fields.content_encoding or ex.sent_body.lstrip()[:1] != b"{":
        if header == "Helicone-Fallback" and ex.route.model_in_path:
            return
        raise BadDirective(header, text, "with a body that is a JSON object, not encoded", code="invalid_policy")
    try:
        msgspec.json.decode(ex.sent_body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadDirective(
            header, text, f"with a body that is a JSON object; this one is not ({error})", code="invalid_policy"
        ) from None


def _text(raw: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(raw, type=str)
    except msgspec.DecodeError:
        return ""


def _is_header(name: str, value: str) -> bool:
    token = bool(name) and name.isascii() and all(char.isalnum() or char in "!#$%&'*+-.^_`|~" for char in name)
    return token and value.isprintable() and all(ord(char) < 256 for char in value)


def _breaker(route: Route, credential: str) -> str:
    digest = blake2b(credential.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return f"{route.origin.url} {digest}"
