"""HTTP/1.1 for one request on a client connection."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from _speedups import write_headers
from proxy.core.errors import BadRequest, ClientDisconnected, Overloaded, TooLarge
from proxy.core.header_names import HeaderNames
from proxy.gateway.wire.base import FinalChunk, Headers

if TYPE_CHECKING:
    from proxy.gateway.wire.connection import HttpConnection

__all__ = ["REASONS", "HttpWire"]

_VISIBLE: Final = bytes(range(0x21, 0x7F)).decode()
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
REASONS: Final = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently",
    302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 410: "Gone", 413: "Content Too Large",
    415: "Unsupported Media Type", 422: "Unprocessable Content", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 499: "Client Closed Request", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 529: "Overloaded",
}  # fmt: skip
_lines: dict[int, bytes] = {}
_names = HeaderNames(spelled="helicone-property-")


def _ascii(raw: bytes) -> str:
    """A part of a target as text. What HTTP does not allow there is percent-encoded, all else is as it came."""
    return raw.decode("ascii") if raw.isascii() else quote(raw, safe=_VISIBLE)


class HttpWire:
    """One request and its answer (`base.Wire`)."""

    __slots__ = (
        "_broken",
        "_chunked",
        "_connection",
        "_expects",
        "_left",
        "_missing",
        "_pieces",
        "_size",
        "_waiter",
        "arrived",
        "head_only",
        "items",
        "keeps",
        "method",
        "path",
        "query",
        "raw_path",
        "started",
        "target",
        "version",
    )

    def __init__(self, connection: "HttpConnection", whole: tuple[str, str, str, Headers, bytes] | None = None) -> None:
        """A request that is about to be read, or one that came `whole`: what `read_request` found."""
        self._connection: HttpConnection | None = connection
        self.version = "1.1"
        self.keeps = True
        self.head_only = False
        self.started = False
        self._broken = ""
        self._expects = False
        if whole is None:
            self.target = b""
            self.items: Headers = []
            self.method = self.path = self.raw_path = self.query = ""
            self.arrived = False
            """The whole request has been read."""
            self._pieces: list[bytes] = []
            self._size = 0
        else:
            self.method, self.raw_path, self.query, self.items, body = whole
            self.path = self.raw_path if "%" not in self.raw_path else unquote(self.raw_path)
            self.arrived = True
            self._pieces = [body]
            self._size = len(body)
        self._waiter: asyncio.Future[None] | None = None
        self._left: Callable[[], None] | None = None
        self._chunked = False
        self._missing = -1
        """Bytes of the announced length that have not been sent; -1 where none was announced."""

    # --- the request, as the parser finds it --------------------------------------------------------------------

    def header(self, raw: bytes, value: bytes) -> None:
        name = _names[raw]
        self.items.append((name, value.decode("latin-1")))
        if name == "expect" and value.lower() == b"100-continue":
            self._expects = True

    def begin(self, method: bytes, version: str, keeps: bool) -> None:
        """The head is whole."""
        self.method = method.decode("ascii")
        self.version, self.keeps = version, keeps
        self.head_only = self.method == "HEAD"
        target = self.target
        if not target.startswith(b"/") and b"://" in target:  # absolute form: what it names is the Host header's
            target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
        path, _, query = target.partition(b"#")[0].partition(b"?")
        self.raw_path, self.query = _ascii(path), _ascii(query)
        self.path = unquote(self.raw_path)

    def feed(self, piece: bytes, cap: int) -> None:
        self._size += len(piece)
        if self._size <= cap:
            self._pieces.append(piece)

    def give_up(self, why: str) -> None:
        """The rest of the body cannot be read."""
        self._broken = why
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
    def client(self) -> str:
        return self._connection.client if self._connection is not None else ""

    @property
    def congested(self) -> bool:
        return self._connection is not None and self._connection.congested

    def check_load(self) -> None:
        if self._connection is not None:
            server = self._connection.server
            if server.open > server.most:
                raise Overloaded(
                    f"This worker has {server.most} open calls, the maximum (gateway.max_open).",
                    headers={"retry-after": "1"},
                )

    def headers(self) -> Headers:
        return self.items

    async def body(self, length: int, cap: int) -> bytes:
        if length > cap:
            raise TooLarge(f"The request body is {length} bytes; accepted: at most {cap} (gateway.max_body).")
        if not self.arrived and self._expects and not self._pieces and self._connection is not None:
            self._connection.send(_CONTINUE)
        while not self.arrived and self._size <= cap:
            if self._connection is None or self._connection.lost:
                raise ClientDisconnected("the client disconnected while its body was read")
            if self._broken:
                raise BadRequest(self._broken, code="invalid_http")
            self._waiter = self._connection.server.loop.create_future()
            await self._waiter
        if self._size > cap:
            self._pieces = []
            raise TooLarge(f"The request body is larger than {cap} bytes (gateway.max_body).")
        pieces, self._pieces = self._pieces, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def start(self, status: int, headers: Headers) -> None:
        connection = self._alive("the client disconnected before the response began")
        self.started = True
        connection.send(self._head(status, headers, None, connection.server.stopping))

    def write(self, piece: bytes) -> None:
        self._alive("the client disconnected during the response").send(self._framed(piece))

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
        whole = last.complete
        if not connection.lost:
            if not self.started and last.status < 200:
                self._missing = 1  # no answer at all
            elif not self.started:
                self.started = True
                connection.send(self._head(last.status, last.headers, last.body, connection.server.stopping))
                whole = whole and self._missing in (-1, len(last.body))  # else the next answer would be read as its end
                self._missing = 0
            else:
                ending = self._framed(last.body) if last.body else b""
                if self._chunked and last.complete:
                    ending += b"0\r\n\r\n"
                if ending:
                    connection.send(ending)
                if self._missing > 0 or not last.complete:
                    self.keeps = False  # what was announced will not come: the end of the connection says so
        connection.done(self, whole and self._missing <= 0)

    def watch(self, left: Callable[[], None]) -> None:
        self._left = left
        if self._connection is None or self._connection.lost:
            self.leave()

    def abandon(self) -> None:
        """Whoever answers has ended, well or badly: an answer that is not finished never will be."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.done(self, False)

    def leave(self) -> None:
        """The caller is gone."""
        self.wake()
        left, self._left = self._left, None
        if left is not None and self._connection is not None:
            self._connection.server.loop.call_soon(left)

    # --- the answer's bytes -------------------------------------------------------------------------------------

    def _alive(self, what: str) -> "HttpConnection":
        if self._connection is None or self._connection.lost:
            raise ClientDisconnected(what)
        return self._connection

    def _framed(self, piece: bytes) -> bytes:
        if self.head_only:
            return b""
        if self._chunked:
            return b"%x\r\n%b\r\n" % (len(piece), piece)
        if self._missing >= 0:
            self._missing -= len(piece)
        return piece

    def _head(self, status: int, headers: Headers, body: bytes | None, closing: bool) -> bytes:
        """The head of an answer with its body, where that is there, and how a body is framed: a length where one is
        known, chunks, or the end of the connection for callers of HTTP/1.0."""
        line = _lines.get(status)
        if line is None:
            line = _lines[status] = f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\n".encode()
        lines, length = write_headers(headers)
        more = b"\r\n"
        if status != 204 and status != 304 and status >= 200:
            if length is not None:
                self._missing = int(length) if length.isdigit() and not self.head_only else -1
            elif body is not None:
                more = b"content-length: %d\r\n\r\n" % len(body)
            elif not self.head_only:
                if self.version == "1.1":
                    self._chunked = True
                    more = b"transfer-encoding: chunked\r\n\r\n"
                else:
                    self.keeps = False
        if closing or not self.keeps or not self.arrived:
            self.keeps = False
            more = b"connection: close\r\n" + more
        elif self.version != "1.1":
            more = b"connection: keep-alive\r\n" + more
        return b"".join((line, lines, more) if body is None or self.head_only else (line, lines, more, body))
