"""Phase: passes the answer to the client chunk by chunk, while the tap records what the log needs.

Returns the last piece without sending it: the record is written first. A stream's terminal event counts as its last
piece, since a caller may stop reading there; it is held until the provider ends the answer, for `_HOLD_S` at most.
"""

import asyncio
from collections.abc import Callable

from proxy.core.clock import monotonic
from proxy.core.errors import ClientDisconnected, UpstreamError
from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway
from proxy.gateway.tap import Tap
from proxy.gateway.wire.base import FinalChunk, Headers, Wire
from proxy.upstream.base import Answer

__all__ = ["relay"]

_HOLD_S = 0.05
_WHOLE = 1 << 20
"""A plain JSON answer is brought together up to so many bytes before its head leaves: one that breaks off is then an
honest 502 and not half a document with a 200 on it."""


async def relay(ex: Exchange, gw: Gateway) -> FinalChunk:
    """All but the last piece to the caller. Raises `UpstreamError` where the answer broke off."""
    answer, wire = ex.answer, ex.wire
    assert answer is not None
    ex.tap = found = Tap(answer, ex.route.dialect, ex.usage_injected, gw.max_logged_body, ex.route.path)
    ex.status = answer.status
    headers = _head(ex, answer, found)
    body = found.feed(answer.take())
    if not answer.ended and found.plain:
        body = await _gather(answer, found, body)
    if answer.ended:
        if found.plain and (gw.tells_cost or ex.hold is not None):
            gw.limits.tell_cost(ex, headers)
        return FinalChunk(body + found.finish(), answer.status, headers)
    try:
        wire.start(answer.status, headers)
        wire.watch(_left(ex, gw, asyncio.current_task()))
        return await _stream(ex, gw, wire, answer, found, body)
    except ClientDisconnected:
        ex.client_left = ex.client_left or monotonic()
        ex.cut = "client"
        return await _drain(ex, gw, answer, found)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if not ex.client_left or task is None:
            raise  # the worker is stopping
        task.uncancel()
        ex.cut = "client"
        return FinalChunk(b"")


def _left(ex: Exchange, gw: Gateway, task: asyncio.Task[object] | None) -> Callable[[], None]:
    """Where the answer is read on without its caller, the next piece finds out; else the provider is cut at once."""

    def left() -> None:
        ex.client_left = monotonic()
        if not _reads_on(ex, gw) and task is not None and not ex.settled:
            task.cancel()

    return left


def _reads_on(ex: Exchange, gw: Gateway) -> bool:
    """Whether an answer is read to its end though its caller left: by setting, or because others read it too. They
    have it for nothing, so the one that sent the call is the one that it is measured on."""
    return gw.drains or (ex.inflight is not None and ex.inflight.shared)


def _head(ex: Exchange, answer: Answer, found: Tap) -> Headers:
    headers = answer.headers
    if found.hides:  # the body may become shorter than announced
        headers = [pair for pair in headers if pair[0] != "content-length"]
    headers.append(("helicone-id", ex.id))
    headers.append(("helicone-status", "success"))
    if ex.response_headers:
        headers += ex.response_headers
    return headers


async def _gather(answer: Answer, found: Tap, body: bytes) -> bytes:
    """A plain answer, whole, or as far as it is worth waiting for.

    White space alone means that the provider keeps an idle connection busy, so it must not be held back.
    """
    pieces = [body]
    size = len(body)
    while not answer.ended and size < _WHOLE and not (size and not b"".join(pieces).strip()):
        await answer.wait()
        piece = found.feed(answer.take())
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


async def _stream(ex: Exchange, gw: Gateway, wire: Wire, answer: Answer, found: Tap, piece: bytes) -> FinalChunk:
    while True:
        if answer.ended:
            return FinalChunk(piece + found.finish())
        if found.done and piece and await _ends_soon(answer):
            piece += found.feed(answer.take())
            continue
        if ex.client_left:
            raise ClientDisconnected("the client disconnected during the response")
        if piece:
            wire.write(piece)
        if found.size > gw.max_answer:
            raise UpstreamError(
                f"The response is larger than {gw.max_answer} bytes (gateway.max_answer).", code="answer_too_large"
            )
        if wire.congested:
            await wire.drain()
        await answer.wait()
        piece = found.feed(answer.take())


async def _ends_soon(answer: Answer) -> bool:
    """Whether more of the answer, or its end, came within `_HOLD_S`. One that breaks now breaks at the next wait."""
    try:
        async with asyncio.timeout(_HOLD_S):
            await answer.wait()
    except (TimeoutError, UpstreamError):
        return False
    return True


async def _drain(ex: Exchange, gw: Gateway, answer: Answer, found: Tap) -> FinalChunk:
    """Reads on for a caller that left, so that the usage is known."""
    if _reads_on(ex, gw):
        room = found.size + gw.drain_bytes
        try:
            async with asyncio.timeout(gw.drain_s):
                while not answer.ended and found.size < room and _reads_on(ex, gw):
                    await answer.wait()
                    found.feed(answer.take())
            ex.drained = True
        except (TimeoutError, UpstreamError):
            pass
    return FinalChunk(b"")
