"""The transport of the hot path: own sockets on the event loop, parsed by httptools, kept alive by `pool`."""

import asyncio
import contextlib
import socket
import ssl
from typing import cast

from proxy.core.clock import monotonic
from proxy.core.errors import UpstreamError, UpstreamTimeout
from proxy.core.keepalive import keep_alive
from proxy.core.origin import Origin
from proxy.net.guard import Resolver
from proxy.upstream.base import Answer, TransportLimits, TransportOptions, UpstreamRequest
from proxy.upstream.connection import Connection
from proxy.upstream.pool import Pool

__all__ = ["DirectUpstream", "open_transport"]

_SWEEP_S = 0.1


class DirectUpstream:
    """`base.Upstream` over plain sockets. Make it inside the event loop that will use it."""

    def __init__(self, limits: TransportLimits, *, ca_file: str = "", keepalive_s: float = 60.0) -> None:
        self._limits = limits
        self._pools: dict[Origin, Pool] = {}
        self._resolver = Resolver()
        self._tls: ssl.SSLContext | None = None
        self._ca_file = ca_file
        self._keepalive_s = keepalive_s
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self.opened = self.reused = self.stale_retries = 0

    async def send(self, call: UpstreamRequest, *, fresh: bool = False) -> Answer:
        pool = self._pools.get(call.origin) or self._new_pool(call.origin)
        head = _head(pool, call)
        self.stale_retries += fresh
        while True:
            connection = None if fresh else pool.take()
            if connection is not None:
                self.reused += 1
            else:
                if pool.full:
                    await pool.turn()
                    pool = self._pools.get(call.origin) or self._new_pool(call.origin)  # it may have been dropped
                    continue
                connection = await self._open(pool)
            waiter = connection.start(call, head, monotonic())
            try:
                return cast(Answer, await waiter)
            except asyncio.CancelledError:
                connection.cut()
                raise

    async def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for pool in self._pools.values():
            for connection in [*pool.idle, *pool.busy]:
                connection.cut()

    def counters(self) -> dict[str, int]:
        pools = self._pools.values()
        return {
            "open": sum(len(pool.busy) + len(pool.idle) for pool in pools),
            "idle": sum(len(pool.idle) for pool in pools),
            "waiting": sum(len(pool.waiters) for pool in pools),
            "opened_total": self.opened,
            "reused_total": self.reused,
            "stale_retries_total": self.stale_retries,
        }

    def _new_pool(self, origin: Origin) -> Pool:
        loop = asyncio.get_running_loop()
        pool = self._pools[origin] = Pool(origin, self._limits, loop)
        if self._timer is None:
            self._timer = loop.call_later(_SWEEP_S, self._sweep, loop)
        return pool

    async def _open(self, pool: Pool) -> Connection:
        if self._closed:
            raise UpstreamError("The proxy is stopping.", code="upstream_refused")
        pool.opening += 1
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self._limits.connect_timeout_s):
                connection = await self._connect(pool)
        except TimeoutError:
            raise UpstreamTimeout(
                f"{pool.name} accepted no connection within {self._limits.connect_timeout_s:g} s.", phase="connect"
            ) from None
        finally:
            pool.opened(connection)
        self.opened += 1
        return connection

    async def _connect(self, pool: Pool) -> Connection:
        origin = pool.origin
        addresses = await self._resolver.addresses(origin)
        secure = origin.scheme == "https"
        failure: Exception | None = None
        for family, address in addresses:
            try:
                _, protocol = await pool.loop.create_connection(
                    lambda: Connection(pool),
                    address,
                    origin.port,
                    family=family,
                    ssl=self._context() if secure else None,
                    server_hostname=origin.host if secure else None,
                )
            except ssl.SSLError as error:
                raise UpstreamError(f"{pool.name}: TLS failed ({error}).", code="upstream_tls", phase="tls") from None
            except OSError as error:
                failure = error
                continue
            _set_options(protocol, self._keepalive_s)
            return protocol
        raise UpstreamError(f"{pool.name} refused the connection ({failure}).", code="upstream_refused") from None

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            if self._ca_file:
                self._tls.load_verify_locations(self._ca_file)
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = monotonic()
        for origin, pool in list(self._pools.items()):
            pool.sweep(now)
            if pool.empty:  # callers can name as many origins as they like
                del self._pools[origin]
        self._timer = loop.call_later(_SWEEP_S, self._sweep, loop)


def open_transport(limits: TransportLimits, options: TransportOptions) -> DirectUpstream:
    """Return the transport; settings refuses an outbound proxy and HTTP/2 with it."""
    return DirectUpstream(limits, ca_file=options.ca_file, keepalive_s=options.keepalive_s)


def _head(pool: Pool, call: UpstreamRequest) -> bytes:
    body = call.body
    if body is None:
        return b"%b %b HTTP/1.1\r\n%b%b\r\n" % (call.method.encode(), call.target.encode(), pool.prefix, call.head)
    return b"%b %b HTTP/1.1\r\n%bcontent-length: %d\r\n%b\r\n" % (
        call.method.encode(),
        call.target.encode(),
        pool.prefix,
        len(body),
        call.head,
    )


def _set_options(connection: Connection, keepalive_s: float) -> None:
    transport = connection.transport
    sock: socket.socket | None = transport.get_extra_info("socket") if transport is not None else None
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            keep_alive(sock, keepalive_s)
