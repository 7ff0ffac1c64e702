"""The connection pool of one origin: last in, first out, with a maximum size and a fair queue."""

import asyncio
from collections import deque

from proxy.core.clock import monotonic
from proxy.core.origin import Origin
from proxy.upstream.base import TransportLimits
from proxy.upstream.connection import Connection

__all__ = ["Pool"]


class Pool:
    """Idle and busy connections of one origin, in one event loop.

    LIFO: when there are few calls, few sockets are used and the others reach their idle timeout.
    """

    __slots__ = ("busy", "idle", "limits", "loop", "name", "opening", "origin", "prefix", "waiters")

    def __init__(self, origin: Origin, limits: TransportLimits, loop: asyncio.AbstractEventLoop) -> None:
        self.origin = origin
        self.limits = limits
        self.loop = loop
        self.name = f"{origin.host}:{origin.port}"
        self.prefix = f"host: {origin.authority}\r\n".encode()
        self.idle: list[Connection] = []
        self.busy: set[Connection] = set()
        self.opening = 0
        self.waiters: deque[asyncio.Future[None]] = deque()

    def take(self) -> Connection | None:
        """Returns an idle connection that may still be used, or None: open another."""
        idle = self.idle
        now = monotonic()
        limits = self.limits
        while idle:
            connection = idle.pop()
            if now - connection.born > limits.age_s or now - connection.idle_since > limits.idle_s:
                connection.cut()
                continue
            self.busy.add(connection)
            return connection
        return None

    @property
    def full(self) -> bool:
        return len(self.busy) + self.opening >= self.limits.connections

    @property
    def empty(self) -> bool:
        """Whether no connection is open and no call waits."""
        return not (self.idle or self.busy or self.opening or self.waiters)

    async def turn(self) -> None:
        """Waits, in order of arrival, until there is room for one more call."""
        waiter = self.loop.create_future()
        self.waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._next()  # the turn was given just now: pass it on
            raise

    def give_back(self, connection: Connection) -> None:
        self.busy.discard(connection)
        self.idle.append(connection)
        self._next()

    def lost(self, connection: Connection) -> None:
        """Forgets a connection that was closed; idempotent."""
        if connection in self.busy:
            self.busy.discard(connection)
            self._next()
        elif connection in self.idle:
            self.idle.remove(connection)

    def opened(self, connection: Connection | None) -> None:
        """Ends an attempt to connect; `connection` is None where it failed."""
        self.opening -= 1
        if connection is not None:
            self.busy.add(connection)
        else:
            self._next()

    def sweep(self, now: float) -> None:
        """Fails calls past their deadline, and closes connections past the idle timeout."""
        for connection in [one for one in self.busy if one.deadline and now > one.deadline]:
            connection.expire(now)
        old = [one for one in self.idle if now - one.idle_since > self.limits.idle_s]
        for connection in old:
            connection.cut()

    def _next(self) -> None:
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
