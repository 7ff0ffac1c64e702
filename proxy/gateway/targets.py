"""Whom to ask: the request's own target, and those of `Helicone-Fallback` and `Helicone-Fallbacks`."""

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import quote, unquote

import msgspec

from proxy.core.errors import BadDirective, Forbidden, ProxyError
from proxy.gateway.directory import Directory
from proxy.gateway.fallbacks import Codes, Fallback, parse_fallbacks, parse_model_fallbacks, shown_value
from proxy.gateway.outgoing import outgoing
from proxy.gateway.request import Request
from proxy.gateway.retry import RetryPolicy, RetrySchedule, RetryTarget
from proxy.providers.address import Route, resolve
from proxy.providers.credentials import CREDENTIAL_HEADERS
from proxy.providers.index import Catalog
from proxy.upstream.base import UpstreamRequest

__all__ = ["RetryPlan", "Target", "Targets"]


class Target(msgspec.Struct):
    """One place a call may go to. `build` makes the request when it is needed: mostly only the first is."""

    route: Route
    build: Callable[[], UpstreamRequest]
    model: str = ""
    """What it sets `model` to; empty where it leaves it."""
    on_codes: Codes | None = None
    breaker: str = ""


class RetryPlan(msgspec.Struct, frozen=True):
    """The targets of one call in their order, and when to ask which."""

    targets: list[Target]
    schedule: RetrySchedule

    @property
    def on_fallback(self) -> bool:
        """Whether another target than the first was asked last."""
        return self.schedule.target > 0


class Targets:
    """One worker's: builds the targets of a call. `patience_s` is the time after which no attempt begins."""

    def __init__(self, catalog: Catalog, directory: Directory, patience_s: float) -> None:
        self._catalog = catalog
        self._directory = directory
        self._patience_s = patience_s

    def plan_fallbacks(self, request: Request, started: float) -> RetryPlan | None:
        """Return the targets that the call names, None where it names none.

        Raises `BadDirective`, or `Forbidden` for an origin that is not on the allow-list.
        """
        directives = request.head.fields.directives
        if not directives or ("fallback" not in directives and "fallbacks" not in directives):
            return None
        models, fallbacks = directives.get("fallback", ""), directives.get("fallbacks", "")
        if fallbacks and models:
            raise BadDirective("Helicone-Fallback", models, "either this header or Helicone-Fallbacks, not both")
        if fallbacks:
            targets = self._elsewhere(request, fallbacks)
        elif models:
            targets = _other_models(request, models)
        else:
            return self.plan_retries(request, started)
        return RetryPlan(targets, self._schedule(request, targets, started))

    def plan_retries(self, request: Request, started: float) -> RetryPlan:
        """Return the request's own target alone: with nowhere else to go it needs no circuit breaker."""
        targets = [Target(request.route, lambda: request.upstream)]
        return RetryPlan(targets, self._schedule(request, targets, started))

    def _schedule(self, request: Request, targets: list[Target], started: float) -> RetrySchedule:
        fields = request.head.fields
        values = fields.directives
        policy = _policy(
            values.get("retry-num", "5") if fields.retry_enabled == 1 else "0",
            values.get("retry-factor", "2"),
            values.get("retry-min-timeout", "1000"),
            values.get("retry-max-timeout", "10000"),
            self._patience_s,
        )
        return RetrySchedule([RetryTarget(target.on_codes, target.breaker) for target in targets], policy, started)

    def _elsewhere(self, request: Request, text: str) -> list[Target]:
        """Helicone's form: the first entry is the primary, each with an origin, headers and changes of its own."""
        targets: list[Target] = []
        for number, entry in enumerate(parse_fallbacks(text)):
            route = self._route(request, number, entry)
            if entry.body_key_override:
                _check_json_body(request, "Helicone-Fallbacks", text)
            model = entry.body_key_override.get("model")
            lines = self._lines(request, route, entry)
            targets.append(
                Target(
                    route,
                    _with_override(request, route, lines, entry.body_key_override),
                    _decode_str(model) if model is not None else "",
                    entry.codes,
                    _breaker_key(route, repr(sorted(entry.headers.items())) or request.head.fields.credential),
                )
            )
        return targets

    def _route(self, request: Request, number: int, entry: Fallback) -> Route:
        where = f"$[{number}].target-url"
        path = request.route.path.partition("?")[0]
        try:
            route = resolve(self._catalog, "", path, request.head.query, entry.target_url)
        except Forbidden as error:
            message = f"Header Helicone-Fallbacks, {where}: {error.message}"
            raise Forbidden(message, param="Helicone-Fallbacks") from None
        except ProxyError as error:
            raise BadDirective("Helicone-Fallbacks", f"{where}: {entry.target_url}", error.message) from None
        if route.dialect != request.route.dialect:
            raise BadDirective(
                "Helicone-Fallbacks", f"{where}: {entry.target_url}",
                f"an origin that speaks the dialect of this call ({request.route.dialect}); this one speaks "
                f"{route.dialect}, and calls are not translated between dialects",
                code="invalid_policy",
            )  # fmt: skip
        return route

    def _lines(self, request: Request, route: Route, entry: Fallback) -> bytes:
        """The caller's header lines with the entry's laid over them; a credential there replaces the caller's own."""
        names = frozenset(name.lower() for name in entry.headers)
        if names & CREDENTIAL_HEADERS:
            names |= CREDENTIAL_HEADERS
        lines = outgoing(request.head, request.identity.org, self._directory, route, names)
        accept = request.head.fields.accept_encoding
        if accept:
            accept = "identity" if request.usage_injected else accept
            lines += b"accept-encoding: " + accept.encode("latin-1") + b"\r\n"
        return lines + b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in entry.headers.items())


def _other_models(request: Request, text: str) -> list[Target]:
    """The request's own target, and the same provider with each of the models."""
    breaker = _breaker_key(request.route, request.head.fields.credential)
    targets = [Target(request.route, lambda: request.upstream, breaker=breaker)]
    for entry in parse_model_fallbacks(text):
        _check_json_body(request, "Helicone-Fallback", text)
        route = _with_model_in_path(request.route, entry.model)
        targets.append(Target(route, _with_model(request.upstream, route, entry.model), entry.model, breaker=breaker))
    return targets


@lru_cache(1024)
def _policy(num: str, factor: str, min_ms: str, max_ms: str, patience_s: float) -> RetryPolicy:
    return RetryPolicy(int(num), float(factor), int(min_ms) / 1e3, int(max_ms) / 1e3, patience_s)


def _with_override(
    request: Request, route: Route, lines: bytes, override: dict[str, msgspec.Raw]
) -> Callable[[], UpstreamRequest]:
    def build() -> UpstreamRequest:
        body = _merge(request.sent_body, override) if override else request.sent_body
        has_body = bool(body) or request.head.fields.content_length == 0
        return UpstreamRequest(route.origin, request.head.method, route.path, lines, body if has_body else None)

    return build


def _with_model(upstream: UpstreamRequest, route: Route, model: str) -> Callable[[], UpstreamRequest]:
    def build() -> UpstreamRequest:
        body = upstream.body
        if not route.model_in_path and body is not None:
            body = _merge(body, {"model": msgspec.Raw(msgspec.json.encode(model))})
        return UpstreamRequest(upstream.origin, upstream.method, route.path, upstream.head, body)

    return build


def _with_model_in_path(route: Route, model: str) -> Route:
    """The route with another model, where the path names the model."""
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


def _merge(body: bytes, override: dict[str, msgspec.Raw]) -> bytes:
    """`body` with `override` laid over it, objects merged key by key; everything else keeps its bytes."""
    members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    for key, raw in override.items():
        old = members.get(key)
        if old is not None and bytes(old).lstrip()[:1] == b"{" and bytes(raw).lstrip()[:1] == b"{":
            inner = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
            members[key] = msgspec.Raw(_merge(bytes(old), inner))
        else:
            members[key] = raw
    return msgspec.json.encode(members)


def _check_json_body(request: Request, header: str, text: str) -> None:
    if request.head.fields.content_encoding or request.sent_body.lstrip()[:1] != b"{":
        if header == "Helicone-Fallback" and request.route.model_in_path:
            return
        raise BadDirective(
            header, shown_value(header, text), "with a body that is a JSON object, not encoded", code="invalid_policy"
        )
    try:
        msgspec.json.decode(request.sent_body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadDirective(
            header,
            shown_value(header, text),
            f"with a body that is a JSON object; this one is not ({error})",
            code="invalid_policy",
        ) from None


def _decode_str(raw: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(raw, type=str)
    except msgspec.DecodeError:
        return ""


def _breaker_key(route: Route, credential: str) -> str:
    digest = blake2b(credential.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return f"{route.origin.url} {digest}"
