"""Phase: builds the request to the provider, and with it the complete `Request`."""

from proxy.gateway.directory import Directory
from proxy.gateway.exchange import Exchange
from proxy.gateway.outgoing import outgoing
from proxy.gateway.request import Request
from proxy.providers.address import Route
from proxy.providers.dialects import add_stream_usage
from proxy.upstream.base import UpstreamRequest

__all__ = ["plan"]


def plan(ex: Exchange, route: Route, sent_body: bytes, directory: Directory, stream_usage: bool) -> Request:
    """Return the complete request. Usage is requested on a stream by the caller's header, or else by `stream_usage`."""
    head = ex.head
    fields = head.fields
    lines = outgoing(head, ex.identity.org, directory, route)
    accept = fields.accept_encoding
    usage_injected, is_rendered = False, sent_body is not ex.body
    if fields.stream_usage != -1:
        stream_usage = fields.stream_usage == 1
    if stream_usage and route.stream_usage and sent_body and not fields.content_encoding:
        body = add_stream_usage(sent_body)
        if body is not None:
            sent_body = body
            usage_injected = True
            accept = "identity"  # the extra chunk can only be taken out of what can be read
    if accept:
        lines += b"accept-encoding: " + accept.encode("latin-1") + b"\r\n"
    has_body = bool(sent_body) or fields.content_length == 0
    upstream = UpstreamRequest(route.origin, head.method, route.path, lines, sent_body if has_body else None)
    return Request(head, ex.identity, route, ex.body, sent_body, usage_injected, upstream, is_rendered)
