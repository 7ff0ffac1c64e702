"""One client connection on the worker's event loop.

A complete request with nothing unusual is read in one step (`_speedups.http1`), any other by httptools (llhttp,
strict). It is answered without another thread, task switch or system call in between. Unlike RSGI it shows how full a
caller's socket is and how header names were spelled, and it can cut an answer that broke off.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, cast

import httptools

from _speedups import read_request
from proxy.core.clock import monotonic
from proxy.core.errors import BadRequest, Overloaded, ProxyError
from proxy.gateway.wire.http import Ending, HttpWire
from proxy.gateway.wire.offer import without_offer
from proxy.gateway.wire.pace import Pace
from proxy.gateway.wire.refusal import Refusal, check_head, error_answer

if TYPE_CHECKING:
    from proxy.gateway.wire.server import Server

__all__ = ["HttpConnection"]

_COMPLETE: Final = Ending.COMPLETE
_HEAD_BYTES: Final = 256 << 10
_MAX_HEADERS: Final = 1000
"""Lines of one head: a short line takes fifty times its bytes in memory once it is read."""
_HEAD_S: Final = 30.0
"""Time for a head to arrive."""
_AHEAD_BYTES: Final = 64 << 10
"""Bytes of requests ahead of their answers at which reading stops. What one read brings comes on top."""
_MAX_AHEAD: Final = 32 << 20
"""The same of all connections of a worker, heads that are not complete included. Above it those that hold more than
`_AHEAD_BYTES` are closed, above twice as much all others that hold any."""
_SMALL_BODY: Final = 1 << 20
"""A body up to this size is not refused for what others are sending."""
_SLICE: Final = 512
"""While a read is parsed, its pieces end where a head ends, but are not smaller than this. So at most about 30 requests
are parsed ahead of their answers; the rest stays as it came."""
_HEAD_END: Final = b"\r\n\r\n"
_QUANTUM: Final = 16 << 10
"""Bytes of heads and chunks that a connection parses before others have their turn: chunks of a byte take 0.7 ms."""
_AT_ONCE: Final = 4 << 10
"""So many are parsed at once, also where others wait."""
_LINGER_S: Final = 2.0
"""Time for an answer that was sent before the request's end to reach a caller who is still sending."""


class HttpConnection(asyncio.Protocol):
    """One caller's connection: its calls are answered in their order, one after the other. While the caller does not
    read its answers, no further call begins."""

    __slots__ = (
        "_ahead",
        "_arriving",
        "_beside_bytes",
        "_busy",
        "_pace",
        "_parser",
        "_queued",
        "_reading",
        "_refusal",
        "_unread",
        "_waiting",
        "began",
        "client",
        "congested",
        "lost",
        "server",
        "since",
        "transport",
        "used",
    )

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.client = ""
        self.congested = False
        """The caller does not read as fast as we write."""
        self.lost = False
        self.used = False
        """A call has been answered."""
        self.since = monotonic()
        """When bytes last arrived or an answer ended, for the sweep."""
        self.began = self.since
        """When the request that is being read began to arrive, where it did not arrive in one read."""
        self.transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._reading: HttpWire | None = None
        """The request whose bytes are coming in."""
        self._busy: HttpWire | None = None
        """The request that is being answered."""
        self._waiting: deque[HttpWire] = deque()
        self._unread = b""
        """What arrived and is not parsed yet."""
        self._queued = False
        """It is to be parsed in a later turn of the loop."""
        self._ahead = 0
        """Bytes held for requests whose call has not begun."""
        self._arriving = 0
        """Bytes of the body that the call under way is receiving."""
        self._beside_bytes = 0
        """Bytes of the request that are not body: its head, chunk sizes and trailers. With chunks of a hundred bytes
        they may grow with the body."""
        self._refusal = b""
        self._pace: Pace | None = None
        """How fast the caller takes what was written, while not all of it is sent."""

    # --- asyncio ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.client = str(peer[0]) if isinstance(peer, tuple) else ""
        self.server.enter(self)

    def data_received(self, data: bytes) -> None:
        if self._refusal:
            return  # being closed: what still arrives is not read
        self.since = monotonic()
        if self._busy is None and self._reading is None and not self._waiting and not self._unread:
            if not self.congested:
                request = read_request(data)
                if request is not None:
                    self._begin(HttpWire(self, request))
                    return
            if b"h2c" in data:
                data = without_offer(data)
        self._unread = self._unread + data if self._unread else data
        if not self._queued:
            if len(self._unread) > _AT_ONCE and self.server.parses_later:
                self._queue()
            else:
                self._parse()
        self._account(len(data))

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.server.leave(self)
        reading, self._reading = self._reading, None
        self._waiting.clear()
        self._unread = b""
        self._account(0)
        for wire in (self._busy, reading):
            if wire is not None:
                wire.leave()

    def pause_writing(self) -> None:
        self.congested = True

    def resume_writing(self) -> None:
        self.congested = False
        self._pace = None
        if self._busy is not None:
            self._busy.wake()
        elif self._waiting or self._reading is not None or self._unread:
            self._next()

    # --- parsing ------------------------------------------------------------------------------------------------

    def _parse(self) -> None:
        """Parses what was read, up to the first request that has to wait for its turn, and so much at a time."""
        data, self._unread = self._unread, b""
        at = parsed = 0
        while at < len(data) and not self._waiting and not self._refusal:
            wire = self._reading
            if wire is not None and wire.coming > 0:
                end = at + wire.coming
            elif parsed >= _QUANTUM:
                break
            else:
                mark = data.find(_HEAD_END, at + _SLICE, at + _QUANTUM)
                end = min(len(data), at + _QUANTUM) if mark < 0 else mark + len(_HEAD_END)
                parsed += end - at
            if not self._feed(data if at == 0 and end >= len(data) else data[at:end]):
                return
            at = end
        if at < len(data):
            self._unread = data[at:]
            if not self._waiting and not self._refusal:
                self._queue()

    def _queue(self) -> None:
        self._queued = True
        self.server.parse_later(self)

    def parse_more(self) -> None:
        """Goes on parsing, as `Server.parse_later` was asked for."""
        self._queued = False
        if not (self.lost or self._refusal or self._waiting or self.transport.is_closing()):
            self._parse()
            self._account(0)

    def _feed(self, data: bytes) -> bool:
        """Returns False where the connection is being closed."""
        before, size = self._reading, self._reading.size if self._reading is not None else 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, Refusal):
                self._refuse(error.__context__.status, error.__context__.text)
            else:
                self._refuse(400, f"This is not HTTP/1.1 as it is taken here: {error}.")
            return False
        except httptools.HttpParserUpgrade:
            if self._reading is not None:  # refused by the pipeline; what follows is no HTTP
                self._reading.keeps = False
                self.on_message_complete()
        wire = self._reading
        if wire is None:
            return True
        if wire is before or not wire.method:
            self._beside_bytes += len(data) - (wire.size - size if wire is before else 0)
        if self._beside_bytes > _HEAD_BYTES + wire.size // 16:
            self._refuse(431, f"What the request has beside its body is more than {_HEAD_BYTES} bytes.")
            return False
        if not wire.method:
            return True  # its head is still on the way
        if self._busy is None and not self._waiting:
            if not self.congested:
                self._begin(wire)  # its body is still on the way
        else:
            wire.wake()
        return True

    def on_message_begin(self) -> None:
        self._reading = HttpWire(self)
        self._beside_bytes = 0
        self.began = self.since

    def on_url(self, url: bytes) -> None:
        wire = cast(HttpWire, self._reading)
        wire.target = wire.target + url if wire.target else url

    def on_header(self, name: bytes, value: bytes) -> None:
        wire = cast(HttpWire, self._reading)
        if wire.method:  # a trailer: what was checked and decided on is the head alone
            self._beside_bytes += len(name) + len(value)
        elif len(wire.items) == _MAX_HEADERS:
            raise Refusal(431, f"The request has more than {_MAX_HEADERS} headers.")
        else:
            wire.header(name, value)

    def on_headers_complete(self) -> None:
        parser = self._parser
        wire = cast(HttpWire, self._reading)
        method, version = parser.get_method(), parser.get_http_version()
        check_head(method, wire.target, version, wire.items)
        wire.begin(method, version, parser.should_keep_alive() and not parser.should_upgrade())

    def on_body(self, body: bytes) -> None:
        cast(HttpWire, self._reading).feed(body, self.server.max_body)

    def on_message_complete(self) -> None:
        wire = cast(HttpWire, self._reading)
        self._reading = None
        wire.arrived = True
        if wire is self._busy:
            wire.wake()
        elif self._busy is None and not self._waiting and not self.congested:
            self._begin(wire)
        else:
            self._waiting.append(wire)

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
        self.used = True
        if ending is not _COMPLETE:
            self.transport.close()  # in the middle of the answer, once what was written is sent
        elif not wire.arrived:
            self._linger()
        elif not wire.keeps or self.server.stopping:
            self.transport.close()
        elif self._waiting or self._reading is not None or self._unread:
            self.server.loop.call_soon(self._next)

    def idle(self) -> bool:
        """Returns whether no request is open and none is being received."""
        return self._busy is None and self._reading is None and not self._waiting and not self._unread

    @property
    def is_open(self) -> bool:
        """A call is under way."""
        return self._busy is not None

    def sweep(self, now: float, idle_s: float, silence_s: float) -> None:
        """Closes a connection that was not used for `idle_s`, one in the middle of a request for `silence_s`, and one
        whose request or whose reading of the answer takes too long."""
        reading, server = self._reading, self.server
        quiet = now - self.since
        if self.transport.get_write_buffer_size() and (self.congested or self._busy is None):
            if self._pace is None:
                self._pace = Pace(self.transport, now)
            elif self._pace.is_too_slow(now, server.write_timeout_s):
                self.transport.abort()
        elif reading is not None and self._busy in (None, reading):
            deadline_s = server.request_timeout_s if reading.method else _HEAD_S
            if quiet > silence_s or now - self.began > deadline_s:
                self.transport.abort()
        elif self._busy is None and quiet > idle_s:
            self.transport.close()

    def _begin(self, wire: HttpWire) -> None:
        if self.server.stopping:
            self._refuse(503, "This worker is stopping: send the request again.")
            return
        self._busy = wire
        self.server.begin(wire)

    def _next(self) -> None:
        """Begins the next request, unless the caller has to read first, and takes more of those behind it."""
        if self._busy is not None or self.congested or self.lost or self._refusal or self.transport.is_closing():
            return
        reading = self._reading
        self.began = self.since
        if self._waiting:
            self._begin(self._waiting.popleft())
        elif reading is not None and reading.method:
            self._begin(reading)
        if self._unread and not self._waiting and not self._queued:
            self._parse()
        self._account(0)

    def _account(self, came: int) -> None:
        """Tells the server what is held here, and stops reading where that is too much."""
        server, reading = self.server, self._reading
        ahead, arriving = len(self._unread), 0
        if self._waiting:
            ahead = self._ahead + came  # those that wait are few, and all begin before more is parsed
        elif reading is not None and reading is not self._busy:
            ahead += self._beside_bytes + reading.size
        elif reading is not None:
            arriving = reading.size
        server.ahead += ahead - self._ahead
        server.arriving += arriving - self._arriving
        self._ahead, self._arriving = ahead, arriving
        if ahead and server.ahead > (_MAX_AHEAD if ahead > _AHEAD_BYTES else 2 * _MAX_AHEAD):
            self.transport.abort()
        elif reading is not None and arriving > _SMALL_BODY and server.arriving > server.max_arriving:
            self._give_up(
                reading,
                Overloaded(
                    f"This worker is receiving {server.max_arriving} bytes of large request bodies, the maximum.",
                    headers={"retry-after": "5"},
                ),
            )
        elif ahead > _AHEAD_BYTES and (self._unread or self._busy is not None or self.congested):
            self.transport.pause_reading()
        elif not self.lost:
            self.transport.resume_reading()

    def _refuse(self, status: int, text: str) -> None:
        """Answers a request that cannot be read: through the pipeline where its call has begun, else right here."""
        broken, self._reading = self._reading, None
        if broken is not None and broken is self._busy:
            self._give_up(broken, BadRequest(text, code="invalid_http"))
            return
        self._refusal = error_answer(status, text)
        if self._busy is None:
            self.send(self._refusal)
            self._linger()
        else:
            self._busy.keeps = False  # the call before it may still be answered
            self._waiting.clear()

    def _give_up(self, wire: HttpWire, error: ProxyError) -> None:
        """Refuses the call whose body is being received."""
        self._refusal = b"-"  # what still arrives is not read
        self._reading = None
        wire.give_up(error)
        self._account(0)

    def _linger(self) -> None:
        """Closes once the caller has had time to read: with unread bytes the kernel would reset the connection."""
        self._refusal = self._refusal or b"-"
        self._reading, self._unread = None, b""
        self._account(0)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.server.loop.call_later(_LINGER_S, self.transport.abort)
