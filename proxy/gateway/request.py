"""What a caller asks: the head as it was read, and the complete request."""

import msgspec

from _speedups import Head, parse
from proxy.core.identity import Identity
from proxy.gateway.wire.base import Headers
from proxy.providers.address import Route
from proxy.upstream.base import UpstreamRequest

__all__ = ["UNREAD", "Request", "RequestHead"]


class RequestHead(msgspec.Struct, frozen=True):
    """The head of a request: its target and its headers."""

    method: str
    path: str
    """As it came, without a key in its first segment."""
    query: str
    host: str
    items: Headers
    """All headers in their order."""
    fields: Head
    """The headers that mean something here, by name."""
    key: str
    """The caller's key for this proxy, from any header or the path; empty where none was sent."""
    authorization: str
    """The provider's `Authorization`, without a key of this proxy that shared the header."""
    hidden: frozenset[str] = frozenset()
    """Headers that carried a key of this proxy where the provider's belongs: they are not forwarded."""


UNREAD = RequestHead("", "", "", "", [], parse([]), "", "")
"""The head of a call that was refused before its head was read."""


class Request(msgspec.Struct, frozen=True):
    """The complete request. `phases.plan` builds it; it is immutable."""

    head: RequestHead
    identity: Identity
    route: Route
    body: bytes
    """As the caller sent it."""
    sent_body: bytes
    """As it leaves: with a managed prompt filled in, or stream usage requested."""
    usage_injected: bool
    """Stream usage is requested although the caller did not, and taken out of the answer again."""
    upstream: UpstreamRequest
    """The request to the provider."""
    is_rendered: bool = False
    """A managed prompt or variables changed the body."""
