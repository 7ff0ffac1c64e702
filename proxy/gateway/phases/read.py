"""Phases: parse the head, find the route, receive the body."""

from urllib.parse import unquote

from _speedups import parse
from proxy.core.errors import BadRequest, FeatureUnavailable
from proxy.core.identity import is_key
from proxy.gateway.request import RequestHead
from proxy.gateway.wire.base import Wire
from proxy.providers.address import Route, resolve
from proxy.providers.credentials import KEY_HEADERS
from proxy.providers.index import Catalog

__all__ = ["locate", "read", "receive"]

_NOTHING: frozenset[str] = frozenset()


def read(wire: Wire) -> RequestHead:
    """Parse the request's head. Raises `BadRequest` where it cannot be forwarded safely."""
    items = wire.headers()
    head = parse(items)
    if head.fault:
        raise BadRequest(f"Header {head.fault} holds a line break or a control character.", param=head.fault)
    if head.transfer_encoding and head.transfer_encoding.lower() != "chunked":
        raise BadRequest(
            f"Transfer-Encoding is {head.transfer_encoding!r}; accepted: chunked, alone.", param="Transfer-Encoding"
        )
    if head.content_length == -2 or (head.content_length >= 0 and head.transfer_encoding):
        raise BadRequest(
            "The body's length is given twice or is not a number; send one Content-Length, or chunked.",
            param="Content-Length",
        )
    if head.upgrade:
        raise FeatureUnavailable(f"Upgrade to {head.upgrade!r} (realtime sockets) is not proxied.", param="Upgrade")
    if not head.host and wire.lacks_host:
        raise BadRequest("The request has no Host header, which HTTP/1.1 demands.", param="Host")
    path, key = wire.raw_path, head.auth
    if key:
        key = key.removeprefix("Bearer ").removeprefix("bearer ").strip()
    authorization = head.authorization
    hidden = _NOTHING
    if "," in authorization:
        authorization, shared = _split(authorization)
        key = key or shared
    elif authorization:
        bare = authorization.removeprefix("Bearer ")
        if is_key(bare):
            authorization, key = "", key or bare.strip()
    elif is_key(head.credential):
        hidden, key = KEY_HEADERS, key or head.credential.strip()
    if is_key(wire.path[1:15]):
        shown, _, rest = path[1:].partition("/")
        path, key = "/" + rest, key or unquote(shown)
    return RequestHead(wire.method, path, wire.query, head.host or wire.host, items, head, key, authorization, hidden)


def _split(authorization: str) -> tuple[str, str]:
    """`Bearer provider-key, Bearer sk-helicone-…` is how Helicone's users send both in one header."""
    others: list[str] = []
    key = ""
    for part in authorization.split(","):
        bare = part.strip().removeprefix("Bearer ").strip()
        if is_key(bare):
            key = bare
        else:
            others.append(part.strip())
    return ", ".join(others), key


def locate(head: RequestHead, catalog: Catalog) -> Route:
    """Find the provider and upstream address. Raises `NotFound`, `Forbidden`, or `BadDirective` for a bad target."""
    fields = head.fields
    mark = "x-goog-api-key" if fields.x_goog_api_key else "anthropic-version" if fields.anthropic_version else ""
    # Google's key may be in the query. Beside another credential it is ignored.
    if not mark and head.query and not head.authorization and "&key=" in "&" + head.query:
        mark = "?key"
    return resolve(catalog, head.host, head.path, head.query, fields.target_url, fields.openai_api_base, mark)


async def receive(wire: Wire, head: RequestHead, cap: int) -> bytes:
    """Return the complete body; empty where the request has none."""
    length = head.fields.content_length
    if length == 0 or (length < 0 and not head.fields.transfer_encoding):
        return b""
    return await wire.body(length, cap)
