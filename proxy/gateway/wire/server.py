"""The built-in server of one worker: accepts and counts connections, and stops."""

import asyncio
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
    ) -> None:
        """At most `max_open` calls are open at once, and at most `max_body` bytes of a request are held; a connection
        without a call is closed after `idle_s`."""
        self.loop = loop
        self.max_open = max_open
        self.max_body = max_body
        self.open = 0
        self.stopping = False
        self.connections: set[HttpConnection] = set()
        self._answer = answer
        self._idle_s = idle_s
        self._calls: dict[asyncio.Task[None], HttpWire] = {}
        self._begun = 0
        """Calls that began in this turn of the loop."""
        self._due: deque[HttpWire] = deque()
        """Those that came in the same turn as too many others."""
        self._server: asyncio.Server | None = None

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

    async def run(self, listener: socket.socket, tls: ssl.SSLContext | None, drain_s: float) -> None:
        """Serves until SIGTERM; then open calls have `drain_s` to end."""
        stop = asyncio.Event()
        self.loop.add_signal_handler(signal.SIGTERM, stop.set)
        self._server = await self.loop.create_server(lambda: HttpConnection(self), sock=listener, ssl=tls)
        sweep = self.loop.call_later(_SWEEP_S, self._sweep)
        await stop.wait()
        self.stopping = True
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
