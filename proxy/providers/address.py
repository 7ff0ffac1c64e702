"""Routing: from the request's address to a provider, an origin and an upstream path.

Helicone-Target-Url             any path              -> that origin, if allowed
Helicone-OpenAI-Api-Base        any path              -> that base, if allowed, and the path after it
<label>.<domain>                any path              -> the provider of that label
/<prefix>/…                     prefix cut off        -> the provider of that prefix
…:generateContent               unchanged             -> the provider that owns the verb
x-goog-api-key, anthropic-version, ?key=  unchanged   -> the provider that owns the header or field
/v1/chat/completions, …         unchanged             -> the provider that owns the bare path

A path is matched percent-decoded, segment by segment, and forwarded as it came. What nobody owns is 404.
"""

from typing import Final
from urllib.parse import quote, unquote

import msgspec

from proxy.core.errors import BadDirective, BadRequest, FeatureUnavailable, Forbidden, NotFound
from proxy.core.identity import is_key
from proxy.core.origin import Origin
from proxy.providers.dialects import DIALECTS, wants_stream_usage
from proxy.providers.index import Catalog
from proxy.providers.origin import holes, is_label, is_literal, parse_origin
from proxy.providers.provider import Provider

__all__ = ["Route", "resolve", "resource_of"]

_MEMO: Final = 2048
"""Maximum of remembered routes. A path that repeats, as nearly all do, costs one dict lookup."""
_MEMO_CHARS: Final = 1024
_PATH_SAFE: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "?#")
"""What may stand in a path as it came."""
_PATH_CHARS: Final = frozenset(_PATH_SAFE)
_QUERY_SAFE: Final = _PATH_SAFE + "?"
_OPENAI_BASES: Final = (("v1", "gateway", "oai"), ("openai",), ("oai",))
_LOGGERS: Final[dict[tuple[str, ...], str]] = {
    ("v1", "log"): "Loggers send with POST to /v1/log, or to /custom/v1/log, /oai/v1/log, /anthropic/v1/log, "
    "/googleapis/v1/log or /v1/trace/custom/v1/log, with the key in Authorization",
    ("v1", "trace"): "OpenTelemetry is taken by the control plane at POST /v1/traces, a logger's calls here at POST "
    "/v1/trace/custom/v1/log",
    ("v1", "prompt-2025"): "The prompt API of Helicone is not built here",
}
"""Where Helicone's own libraries send whole conversations, to what would be right instead. The gateway takes a
logger's calls before they are routed."""
_LOGGER_PREFIXES: Final = frozenset({"oai", "anthropic", "custom", "googleapis"})


class Route(msgspec.Struct, frozen=True):
    """Where one call goes and how its bodies read."""

    provider: Provider
    origin: Origin
    path: str
    """Upstream path and query, as they came; ASCII."""
    dialect: str
    operation: str
    model_in_path: str
    """The model where the path holds it, percent-decoded; else empty."""
    stream_usage: bool
    """`stream_options.include_usage` may be added where the body asks for a stream."""
    resource: str = ""
    """Whose of the provider's customers the host is, where it is one's: a label, or else the host."""


def resolve(
    catalog: Catalog, host: str, path: str, query: str = "", target: str = "", api_base: str = "", mark: str = ""
) -> Route:
    """The route of a call to `path` and `query`, both as they came.

    `host` is the Host header, `target` and `api_base` are the values of `Helicone-Target-Url` and
    `Helicone-OpenAI-Api-Base`, `mark` is the entry of `Provider.bare_headers` that the call carries. Raises
    `NotFound`, `Forbidden`, `BadDirective`, `BadRequest`, or `FeatureUnavailable` for a path of Helicone's loggers.
    """
    key = (host if catalog.domain else "", path, target, api_base, mark)
    route = catalog.routes.get(key)
    if route is None:
        route = _route(catalog, host, path, target, api_base, mark)
        if len(path) + len(target) + len(api_base) < _MEMO_CHARS:
            if len(catalog.routes) >= _MEMO:
                catalog.routes.clear()
            catalog.routes[key] = route
    if not query:
        return route
    # The query may hold a credential, so the memo never holds it.
    if not (query.isascii() and query.isprintable()) or " " in query or "#" in query:
        query = quote(query, safe=_QUERY_SAFE)
    path = f"{route.path}{'&' if '?' in route.path else '?'}{query}"
    usage = route.stream_usage
    if usage and route.provider.stream_usage_since:
        usage = wants_stream_usage(route.provider, route.operation, route.dialect, path)
    return Route(
        route.provider, route.origin, path, route.dialect, route.operation, route.model_in_path, usage, route.resource
    )


def _route(catalog: Catalog, host: str, path: str, target: str, api_base: str, mark: str) -> Route:
    if not _PATH_CHARS.issuperset(path):
        path = quote(path, safe=_PATH_SAFE, errors="replace")
    if not path.startswith("/"):
        path = "/" + path
    decoded = _decoded(path)
    _refuse_keys(decoded)
    if target:
        return _to_target(catalog, path, target)
    if api_base:
        return _to_base(catalog, path, api_base)
    _refuse_loggers(decoded)
    label = _label(catalog, host)
    if label:
        provider = catalog.prefixes.get(label)
        if provider is None:
            raise NotFound(
                f"Host {host!r}: no provider has the label {label!r}. Known path prefixes: {catalog.names()}."
            )
        return _to_provider(catalog, provider, path)
    segments = _segments(path)
    provider = catalog.prefixes.get(segments[0])
    if provider is not None:
        return _to_provider(catalog, provider, _after(path, 1))
    for size in range(len(segments), 1, -1):
        provider = catalog.long_prefixes.get(segments[:size])
        if provider is not None:
            return _to_provider(catalog, provider, _after(path, size))
    provider = catalog.verbs.get(decoded.rpartition(":")[2]) or catalog.marks.get(mark)
    for size in range(len(segments), 0, -1):
        provider = provider or catalog.bare.get(segments[:size])
    if provider is not None:
        return _to_provider(catalog, provider, path)
    raise NotFound(
        f"Nothing is served at {_shown(decoded)!r}. Begin the path with a provider's prefix ({catalog.names()}), or "
        "name an allowed origin in Helicone-Target-Url. Without either only the known paths of OpenAI, Anthropic and "
        "Gemini are served, such as /v1/chat/completions, /v1/messages and /v1beta/models."
    )


def _refuse_keys(decoded: str) -> None:
    """Raises `BadRequest` for a path with a key of this proxy: no provider may see it."""
    if any(map(is_key, decoded.split("/"))):
        raise BadRequest(
            "The path holds a key of this proxy, which no provider may see; accepted: the key in Helicone-Auth, or as "
            "the first segment of the path.",
            code="invalid_address",
        )


def _refuse_loggers(decoded: str) -> None:
    """Raises `FeatureUnavailable` for a path of Helicone's own loggers: no provider may see what they send."""
    segments = [segment for segment in decoded.lower().split("/") if segment]
    if segments and segments[0] in _LOGGER_PREFIXES:
        del segments[0]
    feature = _LOGGERS.get(tuple(segments[:2]))
    if feature is not None:
        raise FeatureUnavailable(
            f"Nothing is served at {_shown(decoded)!r}, and it is never forwarded: Helicone's libraries send whole "
            f"conversations there. {feature}."
        )


def _decoded(path: str) -> str:
    """Returns `path` percent-decoded. Raises `BadRequest` where it holds a control character."""
    decoded = unquote(path) if "%" in path else path
    if not decoded.isprintable():
        for char in decoded:
            if char < " " or char == "\x7f":
                raise BadRequest(f"Path {_shown(decoded)!r} has a control character; accepted: none.")
    return decoded


def _segments(path: str) -> tuple[str, ...]:
    """Returns the first segments of a path, as many as a prefix may have, each percent-decoded."""
    return tuple([unquote(segment) for segment in path[1:].split("/", 3)[:3]])


def _after(path: str, count: int) -> str:
    """Returns `path` without its first `count` segments."""
    rest = path[1:].split("/", count)
    return "/" + rest[count] if len(rest) > count else "/"


def _label(catalog: Catalog, host: str) -> str:
    """Returns the provider's label where `host` is below the domain; empty for the domain itself and `gateway.`."""
    if not catalog.domain:
        return ""
    name = host.lower()
    if not name.startswith("["):
        name = name.partition(":")[0]
    if not name.endswith("." + catalog.domain):
        return ""
    label = name[: -len(catalog.domain) - 1]
    return "" if label == "gateway" else label


def _to_provider(catalog: Catalog, provider: Provider, path: str) -> Route:
    if provider.name in catalog.off:
        raise Forbidden(
            f"Provider {provider.name!r} is on the gateway's own host ({provider.origin}), which is closed while keys "
            f"are required; to open it, name its origin in {provider.name}.toml in the folder of the setting "
            "providers.folder."
        )
    origin = provider.origin
    if not origin:
        raise NotFound(f"Provider {provider.name!r} has no origin of its own; name it with Helicone-Target-Url.")
    values: list[str] = []
    for name in provider.variables or holes(origin):
        value, _, rest = path[1:].partition("/")
        if not is_label(value):
            raise BadRequest(
                f"Path prefix /{provider.name}: found {_shown(value)!r} for {name}; accepted: one host label of small "
                f"letters, digits and hyphens, as in /{provider.name}/<{name}>/….",
                code="invalid_address",
            )
        values.append(value)
        origin, path = origin.replace("{" + name + "}", value), "/" + rest
    found = parse_origin(provider.origins.get(values[0], origin) if values else origin)
    if isinstance(found, str):
        raise NotFound(f"Provider {provider.name!r} has an origin with {found}.")
    return _made(provider, found[0], path, values[0] if values else "")


def _to_target(catalog: Catalog, path: str, target: str) -> Route:
    provider, origin, base, _ = _allowed(catalog, "Helicone-Target-Url", target)
    base, decoded = unquote(base).rstrip("/"), unquote(path)
    if base and not decoded.startswith(base + "/") and decoded != base:
        raise BadDirective(
            "Helicone-Target-Url", target, "an origin without a path; the path of the call itself is used"
        )
    return _made(provider, origin, path)


def _to_base(catalog: Catalog, path: str, api_base: str) -> Route:
    header = "Helicone-OpenAI-Api-Base"
    provider, origin, base, query = _allowed(catalog, header, api_base)
    for start in _OPENAI_BASES:
        if _segments(path)[: len(start)] == start and path.count("/") > len(start):
            path = _after(path, len(start))
            break
    base = quote(base.rstrip("/"), safe=_PATH_SAFE)
    if base:
        # An OpenAI base stands for https://api.openai.com/v1, so the caller's /v1 is part of what it replaces.
        path = base + (_after(path, 1) if _segments(path)[0] == "v1" and path.count("/") > 1 else path)
    if ".." in unquote(path).replace("\\", "/").split("/"):
        raise BadRequest(f"Path {_shown(path)!r}: '..' could leave the base that {header} names.", param=header)
    route = _made(provider, origin, path)
    return msgspec.structs.replace(route, path=f"{route.path}?{quote(query, safe=_QUERY_SAFE)}") if query else route


def _allowed(catalog: Catalog, header: str, value: str) -> tuple[Provider, Origin, str, str]:
    found = parse_origin(value)
    if isinstance(found, str):
        if found.startswith("no "):
            raise BadDirective(header, value, "an absolute URL such as https://api.example.com")
        raise Forbidden(
            f"Header {header}: {_shown(value)!r} has {found}; such a target is never allowed.", param=header
        )
    origin, base, query = found
    provider = catalog.allowed.get(origin)
    if provider is not None:
        return provider, origin, base, query
    if not is_literal(origin.host):
        provider = catalog.at(origin)
        if provider is not None and (origin.scheme, origin.port) == ("https", 443):
            return provider, _guarded(origin), base, query
        for scheme, pattern, port in catalog.allowed_patterns:
            if scheme == origin.scheme and port == origin.port and pattern.matches(origin.host):
                return provider or catalog.custom, _guarded(origin), base, query
    raise Forbidden(
        f"Header {header}: {origin.url} is not an allowed target. Allowed are the catalog's providers over https on "
        "port 443 and the origins that the setting targets.allow names.",
        param=header,
    )


def _guarded(origin: Origin) -> Origin:
    return Origin(origin.scheme, origin.host, origin.port, guarded=True)


def _made(provider: Provider, origin: Origin, path: str, label: str = "") -> Route:
    decoded = _decoded(path)
    dialect = provider.dialect
    for part, other in provider.dialects.items():
        if part in decoded:
            dialect = other
            break
    known = DIALECTS[dialect]
    operation = known.operation(decoded)
    usage = wants_stream_usage(provider, operation, dialect)
    resource = (label or resource_of(provider, origin.host)) if provider.is_shared else ""
    return Route(provider, origin, path, dialect, operation, known.model_in(decoded), usage, resource)


def resource_of(provider: Provider, host: str) -> str:
    """Whose of the provider's customers a host is: the label that stands for `{variable}` in its origin, else the
    host."""
    head, mark, rest = provider.origin.partition("://")[2].partition("{")
    tail = rest.partition("}")[2].partition(":")[0]
    label = host[len(head) : len(host) - len(tail)]
    return label if mark and host.startswith(head) and host.endswith(tail) and is_label(label) else host


def _shown(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "..."
