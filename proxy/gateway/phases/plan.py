"""Whom to call, and the request as it will be written."""

from _speedups import forward_without
from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway
from proxy.gateway.targets import schedule, targets
from proxy.providers.dialects import add_stream_usage
from proxy.upstream.base import Call, Origin

__all__ = ["plan"]

_AUTHORIZATION = frozenset({"authorization"})


def plan(ex: Exchange, gw: Gateway) -> Call:
    """The upstream call. Sets `ex.sent_body` and `ex.usage_injected` where usage is asked for on a stream, and
    `ex.targets` and `ex.schedule` where the call may go elsewhere."""
    call = _call(ex, gw)
    head = ex.ask.head
    if head.directives and ("fallback" in head.directives or "fallbacks" in head.directives):
        ex.targets = targets(ex, gw.catalog, call)
        ex.schedule = schedule(ex, gw.patience_s)
    return call


def _stored(ex: Exchange, gw: Gateway) -> bytes:
    """The credential that the organisation keeps with us, where the caller sent none; else nothing."""
    if ex.ask.authorization or (ex.ask.head.credential and not ex.ask.hidden and not ex.ask.head.authorization):
        return b""
    provider = ex.route.provider
    secret = gw.directory.credential(ex.key.org, provider.name)
    if not secret:
        return b""
    name = next((name for name in provider.auth if not name.startswith("?")), "authorization")
    value = f"Bearer {secret}" if name == "authorization" else secret
    return f"{name}: {value}\r\n".encode("latin-1")


def _call(ex: Exchange, gw: Gateway) -> Call:
    route, head = ex.route, ex.ask.head
    lines = head.forward
    if ex.ask.authorization != head.authorization or ex.ask.hidden:
        lines = forward_without(ex.ask.items, _AUTHORIZATION | ex.ask.hidden)
        if ex.ask.authorization:
            lines += b"authorization: " + ex.ask.authorization.encode("latin-1") + b"\r\n"
    if gw.directory.now.credentials:
        lines += _stored(ex, gw)
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
    return Call(
        origin=Origin(route.scheme, route.host, route.port, route.guarded),
        method=ex.ask.method,
        target=route.path,
        head=lines,
        body=ex.sent_body if has_body else None,
    )
