"""One client connection on the worker's event loop.

A complete request with nothing unusual is read in one step (`_speedups.http1`), any other by httptools (llhttp,
strict). It is answered without another thread, task switch or system call in between. Unlike RSGI it shows how full a
caller's socket is and how header names were spelled, and it can cut an answer that broke off.
"""

import asyncio
import re
from collections import deque
from typing import TYPE_CHECKING, Final, cast

import httptools

from _speedups import read_request
from proxy.core.clock import monotonic
from proxy.gateway.wire.http import REASONS, Ending, HttpWire

if TYPE_CHECKING:
    from proxy.gateway.wire.server import Server

__all__ = ["HttpConnection"]

_COMPLETE: Final = Ending.COMPLETE
_HEAD_BYTES: Final = 256 << 10
_WAITING: Final = 16
"""Requests that a caller may send ahead of their answers before reading stops."""
_LINGER_S: Final = 2.0
"""Time for an answer that was sent before the request's end to reach a caller who is still sending."""
_OFFER: Final = re.compile(rb"\r\nupgrade:[ \t]*h2c[ \t]*(?=\r\n|$)", re.IGNORECASE)
_BAD: Final = b'{"error":{"message":"%b","type":"invalid_request_error","param":null,"code":"invalid_http"}}'


def _without_offer(data: bytes) -> bytes:
    """Returns the request without the offer to upgrade to HTTP/2 that Java's HTTP client makes where there is no TLS.

    A server may ignore the offer; llhttp would take what follows the head for another protocol."""
    head, end, rest = data.partition(b"\r\n\r\n")
    return _OFFER.sub(b"", head, 1) + end + rest if end else data


class HttpConnection(asyncio.Protocol):
    """One caller's connection: its calls are answered in their order, one after the other."""

    __slots__ = (
        "_beside_bytes",
        "_busy",
        "_parser",
        "_reading",
        "_refusal",
        "_waiting",
        "client",
        "congested",
        "lost",
        "server",
        "since",
        "transport",
    )

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.client = ""
        self.congested = False
        """The caller does not read as fast as we write."""
        self.lost = False
        self.since = monotonic()
        """When bytes last arrived or an answer ended, for the sweep."""
        self.transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._reading: HttpWire | None = None
        """The request whose bytes are coming in."""
        self._busy: HttpWire | None = None
        """The request that is being answered."""
        self._waiting: deque[HttpWire] = deque()
        self._beside_bytes = 0
        """Bytes of the request that are not body: its head, chunk sizes and trailers."""
        self._refusal = b""

    # --- asyncio ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.client = str(peer[0]) if isinstance(peer, tuple) else ""
        self.server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._refusal:
            return  # being closed: what still arrives is not read
        self.since = monotonic()
        if self._busy is None and self._reading is None and not self._waiting:
            request = read_request(data)
            if request is not None:
                self._begin(HttpWire(self, request))
                return
            if b"h2c" in data:
                data = _without_offer(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._reading is not None:  # refused by the pipeline; what follows is no HTTP
                self._reading.keeps = False
                self.on_message_complete()
        except httptools.HttpParserError as error:
            self._refuse(400, f"This is not HTTP/1.1 as it is taken here: {error}.")
            return
        wire = self._reading
        if wire is None:
            return
        if not wire.method:
            self._beside_bytes += len(data)
        if self._beside_bytes > _HEAD_BYTES:
            self._refuse(431, f"The request's head, or what follows its body, is more than {_HEAD_BYTES} bytes.")
        elif not wire.method:
            return  # its head is still on the way
        elif self._busy is None and not self._waiting:
            self._begin(wire)  # its body is still on the way
        else:
            wire.wake()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.server.connections.discard(self)
        self._waiting.clear()
        for wire in (self._busy, self._reading):
            if wire is not None:
                wire.leave()

    def pause_writing(self) -> None:
        self.congested = True

    def resume_writing(self) -> None:
        self.congested = False
        if self._busy is not None:
            self._busy.wake()

    # --- httptools ----------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._reading = HttpWire(self)
        self._beside_bytes = 0

    def on_url(self, url: bytes) -> None:
        wire = cast(HttpWire, self._reading)
        wire.target = wire.target + url if wire.target else url

    def on_header(self, name: bytes, value: bytes) -> None:
        wire = cast(HttpWire, self._reading)
        if wire.method:  # a trailer: what was checked and decided on is the head alone
            self._beside_bytes += len(name) + len(value)
        else:
            wire.header(name, value)

    def on_headers_complete(self) -> None:
        parser = self._parser
        keeps = parser.should_keep_alive() and not parser.should_upgrade()
        cast(HttpWire, self._reading).begin(parser.get_method(), parser.get_http_version(), keeps)

    def on_body(self, body: bytes) -> None:
        cast(HttpWire, self._reading).feed(body, self.server.max_body)

    def on_message_complete(self) -> None:
        wire = cast(HttpWire, self._reading)
        self._reading = None
        wire.arrived = True
        if wire is self._busy:
            wire.wake()
        elif self._busy is None and not self._waiting:
            self._begin(wire)
        else:
            self._waiting.append(wire)
            if len(self._waiting) >= _WAITING:
                self.transport.pause_reading()

    # --- calls --------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        if data:
            self.transport.write(data)

    def done(self, wire: HttpWire, ending: Ending) -> None:
        """The call is over: frees its place, and goes on with the connection or closes it, as `ending` demands."""
        if self._busy is wire:
            self._busy = None
            self.server.open -= 1
        self.since = monotonic()
        if self.lost:
            return
        if ending is not _COMPLETE:
            self._cut()
        elif not wire.arrived:
            self._linger()
        elif not wire.keeps or self.server.stopping:
            self.transport.close()
        elif self._waiting or self._reading is not None:
            self.server.loop.call_soon(self._next)

    def idle(self) -> bool:
        """Returns whether no request is open and none is being received."""
        return self._busy is None and self._reading is None and not self._waiting

    def sweep(self, now: float, idle_s: float, silence_s: float) -> None:
        """Closes a connection that was not used for `idle_s`, and one in the middle of a request for `silence_s`."""
        quiet = now - self.since
        if self._reading is not None and self._busy in (None, self._reading):
            if quiet > silence_s:
                self.transport.abort()
        elif self._busy is None and quiet > idle_s:
            self.transport.close()

    def _begin(self, wire: HttpWire) -> None:
        self._busy = wire
        self.server.begin(wire)

    def _next(self) -> None:
        if self._busy is not None or self.lost:
            return
        if self._waiting:
            wire = self._waiting.popleft()
            if len(self._waiting) == _WAITING - 1:
                self.transport.resume_reading()
            self._begin(wire)
        elif self._reading is not None and self._reading.method:
            self._begin(self._reading)

    def _refuse(self, status: int, text: str) -> None:
        """Answers a request that cannot be read: through the pipeline where its call has begun, else right here."""
        broken, self._reading = self._reading, None
        if broken is not None and broken is self._busy:
            self._refusal = b"-"  # what still arrives is not read
            broken.give_up(text)
            return
        body = _BAD % text.replace('"', "'").replace("\\", "/").encode("ascii", "replace")
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n"
        self._refusal = f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body
        if self._busy is None:
            self.send(self._refusal)
            self._linger()
        else:
            self._busy.keeps = False  # the call before it may still be answered
            self._waiting.clear()

    def _linger(self) -> None:
        """Closes once the caller has had time to read: with unread bytes the kernel would reset the connection."""
        self._refusal = self._refusal or b"-"
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.server.loop.call_later(_LINGER_S, self.transport.abort)

    def _cut(self) -> None:
        """Closes in the middle of an answer, after what was written has been sent."""
        self.transport.close()
