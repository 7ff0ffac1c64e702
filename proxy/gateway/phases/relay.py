"""Phase: passes the answer to the client chunk by chunk, while the tap records what the log needs.

Returns the last chunk without sending it: the record is written first. A stream's terminal event counts as its last
chunk, since a caller may stop reading there; it is held until the provider ends the answer, for `_HOLD_S` at most.
"""

import asyncio
from collections.abc import Callable

import msgspec

from proxy.core.clock import monotonic
from proxy.core.errors import ClientDisconnected, UpstreamError
from proxy.core.settings import Settings
from proxy.gateway.exchange import Exchange
from proxy.gateway.meter import Meter
from proxy.gateway.redirects import keep_redirects
from proxy.gateway.request import Request
from proxy.gateway.tap import Tap
from proxy.gateway.wire.base import FinalChunk, Headers
from proxy.upstream.base import Answer

__all__ = ["RelayOptions", "relay"]

_HOLD_S = 0.05
_MAX_GATHERED = 1 << 20
"""A plain JSON answer is gathered up to this many bytes before its head is sent: one that breaks off is then an honest
502 and not half a document with status 200."""


class RelayOptions(msgspec.Struct, frozen=True):
    """The settings of this step."""

    max_logged_body: int
    max_answer: int
    cost_headers: bool
    drains: bool
    """An answer is read to its end although its caller left."""
    drain_bytes: int
    drain_s: float
    times: bool = False
    """When the pieces of a stream arrived is kept, unless the caller says otherwise."""

    @classmethod
    def of(cls, settings: Settings) -> "RelayOptions":
        return cls(
            settings.get_int("log.max_body"),
            settings.get_int("gateway.max_answer"),
            settings.get_bool("answer.cost"),
            settings.get_str("stream.on_disconnect") == "drain",
            settings.get_int("stream.drain_bytes"),
            settings.get_float("stream.drain_s"),
            settings.get_bool("stream.times"),
        )


async def relay(ex: Exchange, request: Request, answer: Answer, options: RelayOptions, meter: Meter) -> FinalChunk:
    """Send all but the last chunk to the caller. Raises `UpstreamError` where the answer broke off."""
    outcome, wire = ex.outcome, ex.wire
    route = outcome.route or request.route
    if 300 <= answer.status < 400:
        keep_redirects(wire, request, route, answer.headers)
    timed, directives = options.times, request.head.fields.directives
    if directives and "stream-times" in directives:
        timed = directives["stream-times"].lower() == "true"
    outcome.tap = tap = Tap(
        answer,
        route.dialect,
        request.usage_injected,
        options.max_logged_body,
        route.path,
        ex.started if timed else 0.0,
    )
    outcome.status = answer.status
    headers = _head(ex, answer, tap)
    body = tap.feed(answer.take())
    try:
        if not answer.ended:
            wire.watch(_on_client_left(ex))
            if tap.plain:
                body = await _gather(answer, tap, body)
        if answer.ended:
            if wire.left_at:
                outcome.client_left, outcome.drained = wire.left_at, True
            if tap.plain and (options.cost_headers or ex.held.limits is not None):
                meter.add_cost_headers(ex, headers)
            return FinalChunk(body + tap.finish(), answer.status, headers)
        wire.start(answer.status, headers)
        return await _stream(ex, options, answer, tap, body)
    except ClientDisconnected:
        outcome.client_left = wire.left_at or monotonic()
    except asyncio.CancelledError:
        if not outcome.client_left or wire.task.uncancel():
            raise  # the worker is stopping
    outcome.cut = "client"
    return await _drain(ex, options, answer, tap)


def _on_client_left(ex: Exchange) -> Callable[[], None]:
    """The caller's leaving ends the wait for the provider, who may be silent: how long is read on counts from now."""

    def on_client_left() -> None:
        outcome, wire = ex.outcome, ex.wire
        if not outcome.ended and not outcome.cut:
            outcome.client_left = wire.left_at or monotonic()
            wire.task.cancel()

    return on_client_left


def _reads_on(ex: Exchange, options: RelayOptions) -> bool:
    """Whether an answer is read to its end though its caller left: by setting, or because others read it too. Only the
    call that was sent is charged for it, so what it used must become known."""
    return options.drains or (ex.held.inflight is not None and ex.held.inflight.has_several_readers)


def _head(ex: Exchange, answer: Answer, tap: Tap) -> Headers:
    headers = answer.headers
    if tap.hides:  # the body may become shorter than announced
        headers = [pair for pair in headers if pair[0] != "content-length"]
    headers.append(("helicone-id", ex.id))
    headers.append(("helicone-status", "success"))
    if ex.outcome.response_headers:
        headers += ex.outcome.response_headers
    return headers


async def _gather(answer: Answer, tap: Tap, body: bytes) -> bytes:
    """Gather a plain answer, to its end or as far as it is worth waiting for.

    White space alone means that the provider keeps an idle connection busy, so it must not be held back.
    """
    chunks = [body]
    size = len(body)
    while not answer.ended and size < _MAX_GATHERED and not (size and not b"".join(chunks).strip()):
        await answer.wait()
        chunk = tap.feed(answer.take())
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


async def _stream(ex: Exchange, options: RelayOptions, answer: Answer, tap: Tap, chunk: bytes) -> FinalChunk:
    wire = ex.wire
    while True:
        if answer.ended:
            return FinalChunk(chunk + tap.finish())
        if tap.done and chunk and await _ends_soon(answer):
            chunk += tap.feed(answer.take())
            continue
        if ex.outcome.client_left:
            raise ClientDisconnected("the client disconnected during the response")
        if chunk:
            wire.write(chunk)
        if tap.size > options.max_answer:
            raise UpstreamError(
                f"The response is larger than {options.max_answer} bytes (gateway.max_answer).", code="answer_too_large"
            )
        if wire.congested:
            await wire.drain()
        await answer.wait()
        chunk = tap.feed(answer.take())


async def _ends_soon(answer: Answer) -> bool:
    """Whether more of the answer, or its end, came within `_HOLD_S`. One that breaks now breaks at the next wait."""
    try:
        async with asyncio.timeout(_HOLD_S):
            await answer.wait()
    except (TimeoutError, UpstreamError):
        return False
    return True


async def _drain(ex: Exchange, options: RelayOptions, answer: Answer, tap: Tap) -> FinalChunk:
    """Read on although the caller left, so that the usage is known, until `drain_s` after it left."""
    if _reads_on(ex, options):
        max_size = tap.size + options.drain_bytes
        try:
            async with asyncio.timeout(ex.outcome.client_left + options.drain_s - monotonic()):
                tap.feed(answer.take())
                while not answer.ended and tap.size < max_size and _reads_on(ex, options):
                    await answer.wait()
                    tap.feed(answer.take())
            ex.outcome.drained = True
        except (TimeoutError, UpstreamError):
            pass
    return FinalChunk(b"")
