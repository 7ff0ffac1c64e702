"""HTTP/1.1 for one request on a client connection."""

import asyncio
import sys
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from _speedups import write_headers
from proxy.core.clock import monotonic
from proxy.core.errors import ClientDisconnected, Overloaded, ProxyError, TooLarge
from proxy.core.header_names import HeaderNames
from proxy.gateway.wire.base import FinalChunk, Headers

if TYPE_CHECKING:
    from proxy.gateway.wire.connection import HttpConnection

__all__ = ["REASONS", "Ending", "Framing", "HttpWire"]

_VISIBLE: Final = bytes(range(0x21, 0x7F)).decode()
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
REASONS: Final = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently",
    302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 410: "Gone", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 422: "Unprocessable Content", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 499: "Client Closed Request", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
    505: "HTTP Version Not Supported", 529: "Overloaded",
}  # fmt: skip


class Framing(Enum):
    """How a caller knows where the body of an answer ends."""

    LENGTH = 0
    """After as many bytes as Content-Length says."""
    CHUNKED = 1
    """With the last chunk."""
    CLOSE = 2
    """With the connection, or with the head where an answer has no body."""


class Ending(Enum):
    """How the answer to a call ended. After all but a complete one the connection is closed."""

    COMPLETE = 0
    BROKEN = 1
    """It lacks a part, so it must not look complete."""
    NONE = 2
    """There was no answer."""


# Globals, because reading a member from its class runs Python code in CPython 3.11.
_LENGTH, _CHUNKED, _CLOSE = Framing
_COMPLETE, _BROKEN, _NONE = Ending
_lines: dict[int, bytes] = {}
_names = HeaderNames(spelled="helicone-property-")


def _ascii(raw: bytes) -> str:
    """A part of a target as text. What HTTP does not allow there is percent-encoded, all else is as it came."""
    return raw.decode("ascii") if raw.isascii() else quote(raw, safe=_VISIBLE)


class HttpWire:
    """One request and its answer (`base.Wire`)."""

    __slots__ = (
        "_broken",
        "_chunks",
        "_connection",
        "_expects",
        "_framing",
        "_left",
        "_missing",
        "_waiter",
        "arrived",
        "coming",
        "head_only",
        "items",
        "keeps",
        "left_at",
        "method",
        "path",
        "query",
        "raw_path",
        "size",
        "started",
        "target",
        "task",
        "version",
    )

    def __init__(
        self, connection: "HttpConnection", parsed: tuple[str, str, str, Headers, bytes] | None = None
    ) -> None:
        """A request that is about to be read, or one that `read_request` has `parsed` completely."""
        self._connection: HttpConnection | None = connection
        self.task: asyncio.Task[None]
        self.left_at = 0.0
        self.version = "1.1"
        self.keeps = True
        self.head_only = False
        self.started = False
        self._broken: ProxyError | None = None
        self._expects = False
        self.coming = 0
        """Bytes of an announced body that have not arrived; 0 or less where they are not known."""
        if parsed is None:
            self.target = b""
            self.items: Headers = []
            self.method = self.path = self.raw_path = self.query = ""
            self.arrived = False
            """The request has been read completely."""
            self._chunks: list[bytes] = []
            self.size = 0
        else:
            self.method, self.raw_path, self.query, self.items, body = parsed
            self.path = self.raw_path if "%" not in self.raw_path else unquote(self.raw_path)
            self.arrived = True
            self._chunks = [body]
            self.size = len(body)
        self._waiter: asyncio.Future[None] | None = None
        self._left: Callable[[], None] | None = None
        self._framing = _CLOSE
        self._missing = 0
        """With `Framing.LENGTH`: bytes of the announced length that have not been sent."""

    # --- the request, as the parser reads it --------------------------------------------------------------------

    def header(self, raw: bytes, value: bytes) -> None:
        name = _names[raw]
        self.items.append((name, value.decode("latin-1")))
        if name == "expect" and value.lower() == b"100-continue":
            self._expects = True
        elif name == "content-length":
            self.coming += int(value)
        elif name == "transfer-encoding":
            self.coming = -sys.maxsize

    def begin(self, method: bytes, version: str, keeps: bool) -> None:
        """Takes the end of the head."""
        self.method = method.decode("ascii")
        self.version, self.keeps = version, keeps
        self.head_only = self.method == "HEAD"
        target = self.target
        if not target.startswith(b"/") and b"://" in target:  # absolute form: what it names is the Host header's
            target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
        path, _, query = target.partition(b"#")[0].partition(b"?")
        self.raw_path, self.query = _ascii(path), _ascii(query)
        self.path = unquote(self.raw_path)

    def feed(self, chunk: bytes, cap: int) -> None:
        self.size += len(chunk)
        self.coming -= len(chunk)
        if self.size <= cap:
            self._chunks.append(chunk)

    def give_up(self, why: ProxyError) -> None:
        """Ends the wait for a body whose rest is not read."""
        self._broken = why
        self._chunks = []
        self.keeps = False
        self.wake()

    def wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # --- base.Wire ----------------------------------------------------------------------------------------------

    @property
    def host(self) -> str:
        for name, value in self.items:
            if name == "host":
                return value
        return ""

    @property
    def lacks_host(self) -> bool:
        return self.version == "1.1" and all(name != "host" for name, _ in self.items)

    @property
    def client(self) -> str:
        return self._connection.client if self._connection is not None else ""

    @property
    def congested(self) -> bool:
        return self._connection is not None and self._connection.congested

    def check_load(self) -> None:
        if self._connection is not None:
            server = self._connection.server
            if server.open > server.max_open:
                raise Overloaded(
                    f"This worker has {server.max_open} open calls, the maximum (gateway.max_open).",
                    headers={"retry-after": "1"},
                )

    def headers(self) -> Headers:
        return self.items

    async def body(self, length: int, cap: int) -> bytes:
        if length > cap:
            raise TooLarge(f"The request body is {length} bytes; accepted: at most {cap} (gateway.max_body).")
        if not self.arrived and self._expects and not self._chunks and self._connection is not None:
            self._connection.send(_CONTINUE)
        while not self.arrived and self.size <= cap:
            if self._connection is None or self._connection.lost:
                raise ClientDisconnected("the client disconnected while its body was read")
            if self._broken is not None:
                raise self._broken
            self._waiter = self._connection.server.loop.create_future()
            await self._waiter
        if self.size > cap:
            self._chunks = []
            raise TooLarge(f"The request body is larger than {cap} bytes (gateway.max_body).")
        chunks, self._chunks = self._chunks, []
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def start(self, status: int, headers: Headers) -> None:
        connection = self._alive("the client disconnected before the response began")
        self.started = True
        connection.send(self._head(status, headers, None, connection.server.stopping))

    def write(self, chunk: bytes) -> None:
        self._alive("the client disconnected during the response").send(self._framed(chunk))

    async def drain(self) -> None:
        connection = self._alive("the client disconnected during the response")
        while connection.congested and not connection.lost:
            self._waiter = connection.server.loop.create_future()
            await self._waiter

    def finish(self, last: FinalChunk) -> None:
        connection, self._connection = self._connection, None
        self._left = None
        if connection is None:
            return
        ending = _COMPLETE if last.complete else _BROKEN
        if not connection.lost:
            if self.started:
                data = self._framed(last.body) if last.body else b""
                if self._framing is _CHUNKED and last.complete:
                    data += b"0\r\n\r\n"
                if data:
                    connection.send(data)
                if self._missing:
                    ending = _BROKEN
            elif last.status < 200:
                ending = _NONE
            else:
                self.started = True
                connection.send(self._head(last.status, last.headers, last.body, connection.server.stopping))
                if self._framing is _LENGTH and self._missing != len(last.body):
                    ending = _BROKEN  # else the next answer would be read as the end of this one
        connection.done(self, ending)

    def watch(self, left: Callable[[], None]) -> None:
        self._left = left
        if self._connection is None or self._connection.lost:
            self.leave()

    def abandon(self) -> None:
        """Cuts the connection where the task that answers has ended without `finish`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.done(self, _BROKEN)

    def leave(self) -> None:
        """Reports that the caller has left."""
        self.left_at = self.left_at or monotonic()
        self.wake()
        left, self._left = self._left, None
        if left is not None and self._connection is not None:
            self._connection.server.loop.call_soon(left)

    # --- the answer's bytes -------------------------------------------------------------------------------------

    def _alive(self, what: str) -> "HttpConnection":
        if self._connection is None or self._connection.lost:
            raise ClientDisconnected(what)
        return self._connection

    def _framed(self, chunk: bytes) -> bytes:
        if self.head_only:
            return b""
        if self._framing is _CHUNKED:
            return b"%x\r\n%b\r\n" % (len(chunk), chunk)
        if self._framing is _LENGTH:
            self._missing -= len(chunk)
        return chunk

    def _head(self, status: int, headers: Headers, body: bytes | None, closing: bool) -> bytes:
        """Returns the head of an answer, with its body where that is known, and decides how the body is framed."""
        line = _lines.get(status)
        if line is None:
            line = _lines[status] = f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\n".encode()
        lines, length = write_headers(headers)
        more = b"\r\n"
        if status != 204 and status != 304 and status >= 200:
            if length is not None:
                if length.isdigit() and not self.head_only:
                    self._framing, self._missing = _LENGTH, int(length)
            elif body is not None:
                more = b"content-length: %d\r\n\r\n" % len(body)
            elif not self.head_only:
                if self.version == "1.1":
                    self._framing = _CHUNKED
                    more = b"transfer-encoding: chunked\r\n\r\n"
                else:
                    self.keeps = False
        if closing or not self.keeps or not self.arrived:
            self.keeps = False
            more = b"connection: close\r\n" + more
        elif self.version != "1.1":
            more = b"connection: keep-alive\r\n" + more
        return b"".join((line, lines, more) if body is None or self.head_only else (line, lines, more, body))
