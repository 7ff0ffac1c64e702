"""Phase: turns an error into a response in the caller's dialect. The only place where that happens."""

import asyncio

from proxy.core import log
from proxy.core.clock import monotonic
from proxy.core.errors import ClientDisconnected, Overloaded, PerihelionError, ProxyError, UpstreamError
from proxy.gateway.exchange import Exchange
from proxy.gateway.wire.base import FinalChunk
from proxy.providers.dialects import DIALECTS, guess_dialect

__all__ = ["refuse"]

_LEFT = 499  # nginx's word for it; no caller sees it


def refuse(ex: Exchange, error: BaseException) -> FinalChunk:
    """The answer for `error`: whole where nothing has left yet, else the dialect's error event and the end."""
    ex.outcome = ex.phase
    if isinstance(error, ClientDisconnected):
        ex.status, ex.error, ex.error_message = _LEFT, "client_left", str(error)
        ex.cut, ex.client_left = "client", ex.client_left or monotonic()
        return FinalChunk(b"", _LEFT)
    if isinstance(error, asyncio.CancelledError):
        error = Overloaded("The worker is stopping.", code="stopping", headers={"retry-after": "1"})
    elif not isinstance(error, PerihelionError):
        log.swallowed("call", error)
    told = ProxyError.of(error)
    ex.error, ex.error_message = told.code, told.message
    if isinstance(told, UpstreamError):
        ex.failure = told
    route = getattr(ex, "route", None)
    dialect = guess_dialect(ex.wire.path) if route is None else DIALECTS[route.provider.error_dialect or route.dialect]
    if ex.wire.started:
        ex.cut = "gateway" if told.code == "stopping" else "upstream"
        found = ex.tap
        if found is None or not found.says_errors:
            return FinalChunk(b"", complete=False)  # the caller's HTTP library says so
        event = dialect.error_event(told.status, told.kind, told.message, told.code, told.param)
        return FinalChunk(found.finish() + found.gap() + event)
    ex.status = told.status
    if isinstance(told, UpstreamError) and ex.answer is not None:
        ex.cut = "upstream"
    body = dialect.error_body(told.status, told.kind, told.message, told.code, told.param)
    headers = [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("helicone-id", ex.id),
        ("helicone-status", ex.phase),
        *ex.response_headers,
        *told.headers.items(),
    ]
    return FinalChunk(b"" if ex.wire.method == "HEAD" else body, told.status, headers)
