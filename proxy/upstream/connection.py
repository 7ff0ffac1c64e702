"""One connection to a provider: writes a request, parses the answer as it arrives, knows if it can be reused."""

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, cast

import httptools

from _speedups import HOP_BY_HOP, OURS, read_response
from proxy.core.clock import monotonic
from proxy.core.errors import UpstreamError, UpstreamTimeout
from proxy.core.header_names import HeaderNames

if TYPE_CHECKING:
    from proxy.upstream.base import UpstreamRequest
    from proxy.upstream.pool import Pool

__all__ = ["Connection", "LiveAnswer"]

_HIGH_WATER = 1 << 20
"""Bytes of an answer that may wait for `take` before reading stops."""
_ONE_WRITE = 64 << 10
"""A body of up to this size is joined to its head for a single write; above it the copy would cost more."""
_TCP_INFO_SIZE = 216
_ACKNOWLEDGED, _ACKNOWLEDGED_AT = struct.Struct("=Q"), 120
_SENT, _SENT_AT = struct.Struct("=QQ"), 200
"""Offsets of `tcpi_bytes_acked`, `tcpi_bytes_sent` and `tcpi_bytes_retrans` in Linux' `struct tcp_info`."""
_BESIDE_BYTES = 256 << 10
"""Bytes of an answer's head, and of all that is neither head nor body: chunk sizes, their extensions, trailers."""
_MAX_HEADERS = 1000
_names = HeaderNames(left_out=OURS)


class LiveAnswer:
    """The answer to one call (`base.Answer`). Once closed it never touches its connection again."""

    __slots__ = (
        "_chunks",
        "_connection",
        "_error",
        "_size",
        "_waiter",
        "ended",
        "first_byte_at",
        "headers",
        "sent_at",
        "status",
    )

    def __init__(self, connection: "Connection") -> None:
        self._connection: Connection | None = connection
        self._chunks: list[bytes] = []
        self._size = 0
        self._error: UpstreamError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.ended = False
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.first_byte_at = 0.0
        self.sent_at = 0.0

    def take(self) -> bytes:
        chunks = self._chunks
        if not chunks:
            return b""
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks = []
        if self._size > _HIGH_WATER and self._connection is not None:
            self._connection.resume()
        self._size = 0
        return body

    def peek(self) -> bytes:
        chunks = self._chunks
        if len(chunks) > 1:
            chunks[:] = [b"".join(chunks)]
        return chunks[0] if chunks else b""

    async def wait(self) -> None:
        if self._chunks or self.ended:
            return
        if self._error is not None:
            raise self._error
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        if self._error is not None and not self._chunks:
            raise self._error

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release(self)

    def complete(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Takes a complete answer that came in one read."""
        self.status, self.headers = status, headers
        if body:
            self._chunks.append(body)
        self.ended = True

    def feed(self, chunk: bytes) -> int:
        """Takes a chunk of the body; returns how many bytes wait for `take`."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        return self._size

    def fail(self, error: UpstreamError) -> None:
        self._error = error
        self.wake()

    def wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class Connection(asyncio.Protocol):
    """A socket of a pool; carries one call at a time."""

    __slots__ = (
        "_answer",
        "_beside_bytes",
        "_closing",
        "_drops",
        "_flaw",
        "_framed",
        "_got_body",
        "_head_only",
        "_head_waiter",
        "_keep",
        "_parser",
        "_paused",
        "_pool",
        "_until_close",
        "_written",
        "active_since",
        "born",
        "deadline",
        "first_byte_limit",
        "idle_since",
        "reused",
        "transport",
    )

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self._answer: LiveAnswer | None = None
        self._head_waiter: asyncio.Future[LiveAnswer] | None = None
        self._closing = False
        self._paused = False
        self._written = 0
        self.transport: asyncio.Transport | None = None
        self.born = monotonic()
        self.idle_since = self.active_since = 0.0
        self.deadline = 0.0
        self.reused = False

    # --- a call -------------------------------------------------------------

    def start(self, call: "UpstreamRequest", head: bytes, now: float) -> "asyncio.Future[LiveAnswer]":
        """Writes the request. The future is done at the answer's head, or failed."""
        answer = LiveAnswer(self)
        answer.sent_at = now
        self._answer = answer
        self._keep = True
        self._drops = ""
        self._framed = self._until_close = False
        self._head_only = call.method == "HEAD"
        self._beside_bytes = 0
        self._flaw = ""
        self.active_since = now
        limits = self._pool.limits
        self.deadline = now + min(limits.first_byte_timeout_s, limits.total_timeout_s)
        self._head_waiter = waiter = self._pool.loop.create_future()
        transport = cast(asyncio.Transport, self.transport)
        body = call.body
        self._written += len(head)
        if not body:
            transport.write(head)
        else:
            self._written += len(body)
            if len(body) <= _ONE_WRITE:
                transport.write(head + body)
            else:
                transport.writelines((head, body))
        return waiter

    def release(self, answer: LiveAnswer) -> None:
        """Ends the use by `answer`: back to the pool where it is complete, else the socket is cut."""
        if self._answer is not answer:
            return
        self._answer = None
        self.deadline = 0.0
        if answer.ended and self._keep and not self._closing and not self._until_close and not self._paused:
            self.idle_since = monotonic()
            self.reused = True
            self._pool.give_back(self)
        else:
            self.cut()

    def cut(self) -> None:
        """Closes the socket now; idempotent."""
        if not self._closing:
            self._closing = True
            if self.transport is not None:
                self.transport.abort()
            self._pool.lost(self)

    def expire(self, now: float) -> None:
        """Fails the call because its deadline has passed; the error names the wait that was too long."""
        waiter, answer = self._head_waiter, self._answer
        where = self._pool.name
        if waiter is not None and not waiter.done():
            waiter.set_exception(
                UpstreamTimeout(f"{where} sent no answer within {now - self.active_since:.1f} s.", phase="first_byte")
            )
        elif answer is not None and not answer.ended:
            answer.fail(
                UpstreamTimeout(f"{where} went silent in the middle of its answer.", phase="body", retriable=False)
            )
        self.cut()

    def pause(self) -> None:
        if not self._paused and self.transport is not None and not self._closing:
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        if self._paused and self.transport is not None and not self._closing:
            self._paused = False
            self.transport.resume_reading()

    # --- asyncio ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None or answer.ended:
            self.cut()  # unsolicited bytes: the next ones could be taken for another call's answer
            return
        now = monotonic()
        if not answer.first_byte_at:
            answer.first_byte_at = now
            parsed = None if self._head_only else read_response(data)
            if parsed is not None:
                answer.complete(*parsed)
                self._head_of(answer)
                return
        limits = self._pool.limits
        self.deadline = min(now + limits.between_bytes_timeout_s, self.active_since + limits.total_timeout_s)
        self._got_body = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._broke("switched protocols without a request for it", "upstream_protocol")
            return
        except httptools.HttpParserError as error:
            if answer.ended:
                self._keep = False  # more bytes than the answer has
            else:
                self._broke(self._flaw or f"sent what is not HTTP ({error})", "upstream_protocol")
                return
        if not self._got_body:
            self._beside_bytes += len(data)
            if self._beside_bytes > _BESIDE_BYTES and not answer.ended:
                self._broke(
                    f"sent more than {_BESIDE_BYTES} bytes of head, chunk sizes or trailers", "upstream_protocol"
                )
                return
        if self._head_waiter is not None and answer.status >= 200:
            self._head_of(answer)
        else:
            answer.wake()

    def _head_of(self, answer: LiveAnswer) -> None:
        """Hands the answer to `send`, now that its head has arrived."""
        waiter, self._head_waiter = self._head_waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(answer)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        answer = self._answer
        if answer is not None and not answer.ended:
            if self._until_close and exc is None and self._head_waiter is None:
                answer.ended = True
                answer.wake()
            else:
                closed = exc is None or isinstance(exc, BrokenPipeError)  # a write after the provider's FIN fails so
                self._broke(
                    "closed the connection" if closed else f"reset the connection ({exc})", "upstream_reset", closed
                )
        self._pool.lost(self)

    def _broke(self, what: str, code: str, closed: bool = False) -> None:
        """Fails the call. `closed`: the provider ended the connection in order (FIN), and did not reset it."""
        waiter, answer = self._head_waiter, self._answer
        message = f"{self._pool.name} {what}"
        if waiter is not None:
            self._head_waiter = None
            early = answer is not None and not answer.first_byte_at
            if not waiter.done():
                error = UpstreamError(
                    f"{message} before its answer began.", code=code, phase="first_byte", retriable=early
                )
                error.unread = early and closed and self.reused and self._is_unread()
                waiter.set_exception(error)
        elif answer is not None:
            answer.fail(
                UpstreamError(f"{message} in the middle of its answer.", code=code, phase="body", retriable=False)
            )
        self.cut()

    def _is_unread(self) -> bool:
        """Returns whether the provider cannot have read the complete request: it closed an idle connection while the
        request was on its way. Its FIN acknowledges all bytes before it; a reset acknowledges nothing and proves
        nothing."""
        transport = self.transport
        sock: socket.socket | None = transport.get_extra_info("socket") if transport is not None else None
        if sock is None:
            return False
        try:
            counts = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
        except (OSError, AttributeError):  # closed already, or a system without TCP_INFO
            return False
        if len(counts) < _TCP_INFO_SIZE:
            return False
        acknowledged = _ACKNOWLEDGED.unpack_from(counts, _ACKNOWLEDGED_AT)[0] - 1  # it counts the handshake as a byte
        sent, repeated = _SENT.unpack_from(counts, _SENT_AT)
        return bool(acknowledged < max(sent - repeated, self._written))

    # --- httptools ----------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._answer is None or self._answer.ended:
            raise httptools.HttpParserError("a second response to one request")

    def on_header(self, name: bytes, value: bytes) -> None:
        answer = cast(LiveAnswer, self._answer)
        if answer.status:
            return  # a trailer, after the body
        key = _names[name]
        if not key:
            return  # the caller would take it for ours
        if len(answer.headers) == _MAX_HEADERS:
            self._flaw = f"sent more than {_MAX_HEADERS} headers"
            raise httptools.HttpParserError(self._flaw)
        if key in HOP_BY_HOP:
            if key == "connection":
                self._drops = value.decode("latin-1").lower()
            elif key == "transfer-encoding" and value.lower().endswith(b"chunked"):
                self._framed = True
            return
        if key == "content-length":
            self._framed = True
        answer.headers.append((key, value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        answer = cast(LiveAnswer, self._answer)
        parser = self._parser
        answer.status = parser.get_status_code()
        if not parser.should_keep_alive():
            self._keep = False
            # Without a length and chunks the body ends with the connection.
            self._until_close = not self._framed and answer.status >= 200 and answer.status not in (204, 304)
        if self._drops:
            named = {name.strip() for name in self._drops.split(",")} - {"close", "keep-alive"}
            if named:
                answer.headers = [pair for pair in answer.headers if pair[0] not in named]
        if answer.status == 204:  # a length says that a body follows, which none may
            answer.headers = [pair for pair in answer.headers if pair[0] != "content-length"]
        if self._head_only and answer.status >= 200:
            answer.ended = True
            self._keep = False  # the parser would wait for a body of the announced length

    def on_body(self, body: bytes) -> None:
        self._got_body = True
        answer = self._answer
        if answer is not None and answer.feed(body) > _HIGH_WATER:
            self.pause()

    def on_message_complete(self) -> None:
        answer = cast(LiveAnswer, self._answer)
        if answer.status < 200:
            answer.status = 0
            answer.headers = []
            self._framed = False
            return
        answer.ended = True
        self._until_close = False
