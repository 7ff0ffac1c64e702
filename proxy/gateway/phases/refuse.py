"""Phase: turns an error into a response in the caller's dialect. The only place where that happens."""

import asyncio
import contextlib

from proxy.core import log
from proxy.core.clock import monotonic
from proxy.core.errors import BadRequest, ClientDisconnected, Overloaded, PerihelionError, ProxyError, UpstreamError
from proxy.core.masking import mask
from proxy.gateway.exchange import Exchange
from proxy.gateway.wire.base import FinalChunk, Wire
from proxy.providers.dialects import DIALECTS, Dialect, guess_dialect

__all__ = ["refuse"]

_MAX_MESSAGE = 2000
"""Characters of a message that are answered and logged. It may quote what the caller sent."""
_CLIENT_CLOSED_REQUEST = 499  # nginx's status; no caller sees it


def refuse(ex: Exchange, error: BaseException) -> FinalChunk:
    """Return the answer for `error`: a complete one where nothing was sent yet, else the dialect's error event."""
    outcome = ex.outcome
    outcome.failed_phase = ex.phase
    if isinstance(error, ClientDisconnected):
        outcome.status, outcome.error, outcome.error_message = _CLIENT_CLOSED_REQUEST, "client_left", str(error)
        outcome.cut, outcome.client_left = "client", outcome.client_left or ex.wire.left_at or monotonic()
        return FinalChunk(b"", _CLIENT_CLOSED_REQUEST)
    if isinstance(error, asyncio.CancelledError):
        error = Overloaded("The worker is stopping.", code="stopping", headers={"retry-after": "1"})
    elif not isinstance(error, PerihelionError):
        log.swallowed("call", error)
    shown = ProxyError.of(error)
    message, param = mask(shown.message[:_MAX_MESSAGE]), mask(shown.param[:_MAX_MESSAGE]) if shown.param else None
    outcome.error, outcome.error_message = shown.code, message
    if isinstance(shown, UpstreamError):
        outcome.upstream_error = shown
    route = outcome.route or ex.route
    dialect = _guess(ex.wire) if route is None else DIALECTS[route.provider.error_dialect or route.dialect]
    if ex.wire.started:
        outcome.cut = outcome.cut or ("gateway" if shown.code == "stopping" else "upstream")
        tap = outcome.tap
        if tap is None or not tap.takes_error:
            return FinalChunk(b"", complete=False)  # the caller's HTTP library reports it
        told = shown.status, shown.kind, message, shown.code, param
        return FinalChunk(dialect.error_body(*told) + b"\n" if tap.is_lines else dialect.error_event(*told))
    outcome.status = shown.status
    if isinstance(shown, UpstreamError) and outcome.tap is not None and not outcome.client_left:
        outcome.cut = "upstream"
    body = dialect.error_body(shown.status, shown.kind, message, shown.code, param)
    headers = [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("helicone-id", ex.id),
        ("helicone-status", ex.phase),
        *outcome.response_headers,
        *shown.headers.items(),
    ]
    return FinalChunk(b"" if ex.wire.method == "HEAD" else body, shown.status, headers)


def _guess(wire: Wire) -> Dialect:
    """The dialect that the caller expects, where the call was refused before its route was known."""
    carried: set[str] = set()
    with contextlib.suppress(BadRequest):  # a header that cannot be read: the call is refused for it
        carried.update(name for name, value in wire.headers() if value)
    if "authorization" not in carried:
        carried.update("?" + field.partition("=")[0] for field in wire.query.split("&"))
    return guess_dialect(wire.path, carried)
