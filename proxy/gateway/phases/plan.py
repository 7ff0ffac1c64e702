"""Whom to call, and the request as it will be written."""

from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway
from proxy.gateway.outgoing import outgoing
from proxy.gateway.targets import schedule, targets
from proxy.providers.dialects import add_stream_usage
from proxy.upstream.base import UpstreamRequest

__all__ = ["plan"]


def plan(ex: Exchange, gw: Gateway) -> UpstreamRequest:
    """The upstream call. Sets `ex.sent_body` and `ex.usage_injected` where usage is asked for on a stream, and
    `ex.targets` and `ex.schedule` where the call may go elsewhere."""
    call = _call(ex, gw)
    head = ex.head.fields
    if head.directives and ("fallback" in head.directives or "fallbacks" in head.directives):
        ex.targets = targets(ex, gw, call)
        ex.schedule = schedule(ex, gw.patience_s)
    return call


def _call(ex: Exchange, gw: Gateway) -> UpstreamRequest:
    route, head = ex.route, ex.head.fields
    lines = outgoing(ex, gw.directory, route)
    accept = head.accept_encoding
    asks = head.stream_usage == 1 if head.stream_usage != -1 else gw.stream_usage
    if asks and route.stream_usage and ex.sent_body and not head.content_encoding:
        body = add_stream_usage(ex.sent_body)
        if body is not None:
            ex.sent_body = body
            ex.usage_injected = True
            accept = "identity"  # the extra chunk can only be taken out of what can be read
    if accept:
        lines += b"accept-encoding: " + accept.encode("latin-1") + b"\r\n"
    has_body = bool(ex.sent_body) or head.content_length == 0
    return UpstreamRequest(
        origin=route.origin,
        method=ex.head.method,
        target=route.path,
        head=lines,
        body=ex.sent_body if has_body else None,
    )
