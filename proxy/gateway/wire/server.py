"""The built-in server of one worker: accepts and counts connections, and stops."""

import asyncio
import logging
import signal
import socket
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

from proxy.core.clock import monotonic
from proxy.gateway.wire.connection import HttpConnection
from proxy.gateway.wire.http import HttpWire

__all__ = ["Server"]

_SWEEP_S: Final = 1.0
_SILENCE_S: Final = 60.0
"""A request that stops arriving is given up after this time."""
_AT_ONCE: Final = 64
"""Calls that begin in one turn of the loop. Beginning 512 at once takes 100 ms of a core and more, for which streams
under way would stand still. A smaller number costs CPU: the same step for many calls is cheaper one after the other."""
_PARSE_S: Final = 0.005
"""Time for parsing heads and chunks in one turn of the loop, where there is more to parse than `_QUANTUM` each."""
_TLS_S: Final = 15.0
"""Time for a TLS handshake."""
_WARN_S: Final = 60.0
_FULL_S: Final = 0.1

_log = logging.getLogger(__name__)


class Server:
    """Owned by one event loop. `answer` is given every request, and always finishes its wire."""

    def __init__(
        self,
        answer: Callable[[HttpWire], Coroutine[Any, Any, None]],
        loop: asyncio.AbstractEventLoop,
        *,
        max_open: int = 16384,
        max_body: int = 64 << 20,
        idle_s: float = 75.0,
        request_timeout_s: float = 600.0,
        write_timeout_s: float = 60.0,
        max_arriving: int = 128 << 20,
        max_connections: int = 16384,
        max_per_address: int = 16384,
    ) -> None:
        """At most `max_open` calls are open at once, and at most `max_body` bytes of a request are held; a connection
        without a call is closed after `idle_s`, one whose request does not arrive within `request_timeout_s`, and one
        whose caller hardly reads its answer for `write_timeout_s`. Large bodies that have not arrived completely hold
        `max_arriving` bytes together."""
        self.loop = loop
        self.max_open = max_open
        self.max_body = max_body
        self.open = 0
        self.stopping = False
        self.request_timeout_s = request_timeout_s
        self.write_timeout_s = write_timeout_s
        self.max_arriving = max_arriving
        self.ahead = 0
        """Bytes that all connections hold of requests whose call has not begun."""
        self.arriving = 0
        """Bytes that all connections hold of bodies that have not arrived completely."""
        self.connections: set[HttpConnection] = set()
        self._max_connections = max_connections
        self._max_per_address = max_per_address
        self._addresses: dict[str, int] = {}
        """Connections of each address."""
        self._warned = -_WARN_S
        self._full: dict[str, float] = {}
        """Until when nobody looks for connections to close: all carry calls."""
        self._to_parse: deque[HttpConnection] = deque()
        self._answer = answer
        self._idle_s = idle_s
        self._calls: dict[asyncio.Task[None], HttpWire] = {}
        self._begun = 0
        """Calls that began in this turn of the loop."""
        self._due: deque[HttpWire] = deque()
        """Those that came in the same turn as too many others."""
        self._server: asyncio.Server | None = None

    def enter(self, connection: HttpConnection) -> None:
        """Counts a new connection. Where there are too many, some that carry no call are closed."""
        client = connection.client
        self.connections.add(connection)
        count = self._addresses[client] = self._addresses.get(client, 0) + 1
        if count > self._max_per_address:
            self._make_room(connection, client)
        elif len(self.connections) > self._max_connections:
            self._make_room(connection, "")

    def leave(self, connection: HttpConnection) -> None:
        client = connection.client
        self.connections.discard(connection)
        count = self._addresses[client] = self._addresses[client] - 1
        if not count:
            del self._addresses[client]

    def _make_room(self, newcomer: HttpConnection, client: str) -> None:
        """Closes a sixteenth of the connections, or of those of `client`: first those that never carried a call, of the
        addresses that have most, those that have been silent longest. One that carries a call is never closed; where
        all do, it is the newcomer.

        Several at once, since to look for them takes a while."""
        now = monotonic()
        if now < self._full.get(client, now):
            newcomer.transport.abort()
            return
        among = [one for one in self.connections if not client or one.client == client]
        free = [one for one in among if not one.is_open]
        free.sort(key=lambda one: (one.used, -self._addresses[one.client], one.since))
        closed = free[: max(1, len(among) // 16)]
        for connection in closed:
            connection.transport.abort()
        self._full = {name: until for name, until in self._full.items() if until > now}
        if len(free) == 1:
            self._full[client] = now + _FULL_S
        if now - self._warned >= _WARN_S:
            self._warned = now
            _log.warning(
                "%d connections of callers %s, the maximum (gateway.max_connections, "
                "gateway.max_connections_per_address): closed %d that carry no call",
                len(among) - 1, f"from {client}" if client else "in all", len(closed),
            )  # fmt: skip

    @property
    def parses_later(self) -> bool:
        """Connections wait for their turn to be parsed."""
        return bool(self._to_parse)

    def parse_later(self, connection: HttpConnection) -> None:
        """Has `connection.parse_more` called when those before it had their turn."""
        if not self._to_parse:
            self.loop.call_soon(self._parse)
        self._to_parse.append(connection)

    def _parse(self) -> None:
        until = monotonic() + _PARSE_S
        for _ in range(len(self._to_parse)):
            self._to_parse[0].parse_more()
            self._to_parse.popleft()
            if monotonic() > until:
                break
        if self._to_parse:
            self.loop.call_soon(self._parse)

    def begin(self, wire: HttpWire) -> None:
        """Starts a call, as soon as its head is complete."""
        self.open += 1
        if self._begun == 0:
            self.loop.call_soon(self._turn)
        if self._begun < _AT_ONCE:
            self._begun += 1
            self._start(wire)
        else:
            self._due.append(wire)

    def _turn(self) -> None:
        """Starts, in the next turn of the loop, the calls that had to wait, before new ones are read."""
        self._begun = min(len(self._due), _AT_ONCE)
        for _ in range(self._begun):
            self._start(self._due.popleft())
        if self._begun:
            self.loop.call_soon(self._turn)

    def _start(self, wire: HttpWire) -> None:
        task = wire.task = self.loop.create_task(self._answer(wire))
        self._calls[task] = wire
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._calls.pop(task).abandon()

    async def run(
        self,
        listener: socket.socket,
        tls: ssl.SSLContext | None,
        drain_s: float,
        is_alone: Callable[[], bool] = lambda: False,
    ) -> None:
        """Serves until SIGTERM; then open calls have `drain_s` to end.

        New connections are then for others that listen. Where nobody else does, though the listener stays open in the
        process above (`is_alone`), they would wait for the next worker: they are accepted and refused with 503."""
        stop = asyncio.Event()
        self.loop.add_signal_handler(signal.SIGTERM, stop.set)
        self._server = await self.loop.create_server(
            lambda: HttpConnection(self), sock=listener, ssl=tls, ssl_handshake_timeout=None if tls is None else _TLS_S
        )
        sweep = self.loop.call_later(_SWEEP_S, self._sweep)
        await stop.wait()
        self.stopping = True
        if not is_alone():
            self._server.close()
        for connection in list(self.connections):
            if connection.idle():
                connection.transport.close()
        while self._due:
            self._start(self._due.popleft())
        if self._calls:
            await asyncio.wait(self._calls, timeout=drain_s)
        for task in self._calls:
            task.cancel()
        if self._calls:
            await asyncio.wait(self._calls, timeout=1.0)
        self._server.close()
        sweep.cancel()
        await asyncio.sleep(0)  # what was written last is sent in the loop's next turn
        for connection in list(self.connections):
            connection.transport.close()

    def _sweep(self) -> None:
        now = monotonic()
        for connection in list(self.connections):
            connection.sweep(now, self._idle_s, _SILENCE_S)
        if not self.stopping:
            self.loop.call_later(_SWEEP_S, self._sweep)
