"""The transport for outbound HTTP and SOCKS proxies and for HTTP/2, over httpx.

Slower than `direct` (its pool alone costs more than a complete call there), so it is chosen by setting only.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterable
from contextvars import ContextVar

import httpcore
import httpx

from _speedups import HOP_BY_HOP, OURS
from proxy.core.clock import monotonic
from proxy.core.errors import UpstreamError, UpstreamTimeout
from proxy.core.keepalive import keep_alive_options
from proxy.core.origin import Origin
from proxy.net.guard import Resolver
from proxy.upstream.base import Answer, TransportLimits, TransportOptions, UpstreamRequest

__all__ = ["HttpxUpstream", "open_transport"]

_HIGH_WATER = 1 << 20
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_checked: ContextVar[tuple[str, ...]] = ContextVar("checked", default=())
"""Addresses of the guarded origin that this task sends to; empty where it is not guarded."""


class _PumpedAnswer:
    """An answer whose body is read ahead by a task, up to `_HIGH_WATER` bytes."""

    def __init__(self, response: httpx.Response, host: str, sent_at: float) -> None:
        self.status = response.status_code
        self.headers = _headers(response)
        self._has_body = self.status not in (204, 304)  # HTTP/2 would let it have one
        self.sent_at = sent_at
        self.first_byte_at = monotonic()
        self.ended = False
        self._response = response
        self._host = host
        self._chunks: list[bytes] = []
        self._size = 0
        self._error: UpstreamError | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._pump = asyncio.get_running_loop().create_task(self._read())

    def take(self) -> bytes:
        body = b"".join(self._chunks)
        self._chunks, self._size = [], 0
        self._room.set()
        return body

    def peek(self) -> bytes:
        return b"".join(self._chunks)

    async def wait(self) -> None:
        while not self._chunks and not self.ended:
            if self._error is not None:
                raise self._error
            self._news.clear()
            await self._news.wait()

    def close(self) -> None:
        if not self._pump.done():
            self._pump.cancel()

    async def _read(self) -> None:
        try:
            async for chunk in self._response.aiter_raw():
                if chunk and self._has_body:
                    self._chunks.append(chunk)
                    self._size += len(chunk)
                    self._news.set()
                if self._size > _HIGH_WATER:
                    self._room.clear()
                await self._room.wait()
            self.ended = True
        except httpx.TimeoutException:
            self._error = UpstreamTimeout(
                f"{self._host} went silent in the middle of its answer.", phase="body", retriable=False
            )
        except httpx.HTTPError as error:
            self._error = UpstreamError(
                f"{self._host} broke off in the middle of its answer ({type(error).__name__}).",
                phase="body",
                retriable=False,
            )
        finally:
            self._news.set()
            await self._response.aclose()


class _CheckedBackend(httpcore.AnyIOBackend):
    """Connects to the very addresses that were checked: resolved once more, a name could lead elsewhere."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        *others, last = _checked.get() or (host,)
        for address in others:
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await super().connect_tcp(last, port, timeout, local_address, socket_options)


class HttpxUpstream:
    """`base.Upstream` over httpx. Make it inside the event loop that will use it."""

    def __init__(
        self,
        limits: TransportLimits,
        *,
        proxy: str = "",
        http2: bool = False,
        ca_file: str = "",
        keepalive_s: float = 60.0,
    ) -> None:
        context = ssl.create_default_context()
        if ca_file:
            context.load_verify_locations(ca_file)
        pool = httpx.Limits(
            max_connections=limits.connections,
            max_keepalive_connections=limits.connections,
            keepalive_expiry=limits.idle_s,
        )
        outbound = httpx.Proxy(proxy, ssl_context=context if proxy.startswith("https:") else None) if proxy else None
        self._transport = httpx.AsyncHTTPTransport(
            verify=context, http2=http2, limits=pool, proxy=outbound, socket_options=keep_alive_options(keepalive_s)
        )
        self._timeout = httpx.Timeout(
            None,
            connect=limits.connect_timeout_s,
            pool=limits.connect_timeout_s,
            write=limits.between_bytes_timeout_s,
            read=limits.between_bytes_timeout_s,
        )
        self._limits = limits
        self._resolver = Resolver()
        if outbound is None:  # an outbound proxy resolves names by itself; what it may reach is for it to say
            self._transport._pool._network_backend = _CheckedBackend()  # httpx has no argument for it
        self._open = 0
        self._sent = 0

    async def send(self, call: UpstreamRequest, *, fresh: bool = False) -> Answer:
        found = await self._resolver.addresses(call.origin) if call.origin.guarded else []
        _checked.set(tuple(address for _, address in found))
        request = self._request(call)
        self._open += 1
        self._sent += 1
        try:
            async with asyncio.timeout(self._limits.first_byte_timeout_s):
                response = await self._transport.handle_async_request(request)
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            raise UpstreamTimeout(f"{_name(call.origin)} accepted no connection in time.", phase="connect") from None
        except (TimeoutError, httpx.TimeoutException):
            raise UpstreamTimeout(f"{_name(call.origin)} sent no response in time.", phase="first_byte") from None
        except (httpx.ConnectError, httpx.ProxyError) as error:
            raise _unconnected(call.origin, error) from None
        except httpx.RemoteProtocolError as error:
            code = "upstream_reset" if "disconnected" in str(error) else "upstream_protocol"
            raise UpstreamError(f"{_name(call.origin)}: {error}", code=code, phase="first_byte") from None
        except httpx.HTTPError as error:
            raise UpstreamError(
                f"{_name(call.origin)} closed the connection ({type(error).__name__}).",
                code="upstream_reset",
                phase="first_byte",
            ) from None
        finally:
            self._open -= 1
        response.request = request
        return _PumpedAnswer(response, call.origin.host, monotonic())

    async def close(self) -> None:
        await self._transport.aclose()

    def counters(self) -> dict[str, int]:
        return {
            "open": self._open,
            "idle": 0,
            "waiting": 0,
            "opened_total": self._sent,
            "reused_total": 0,
            "stale_retries_total": 0,
        }

    def _request(self, call: UpstreamRequest) -> httpx.Request:
        headers = [(b"host", call.origin.authority.encode())]
        for line in call.head.split(b"\r\n"):
            name, mark, value = line.partition(b":")
            if mark:
                headers.append((name, value.strip()))
        if call.body is not None:
            headers.append((b"content-length", str(len(call.body)).encode()))
        origin = call.origin
        url = httpx.URL(scheme=origin.scheme, host=origin.host, port=origin.port, raw_path=call.target.encode("ascii"))
        return httpx.Request(
            call.method,
            url,
            headers=headers,
            stream=httpx.ByteStream(call.body or b""),
            extensions={"timeout": self._timeout.as_dict()},
        )


def open_transport(limits: TransportLimits, options: TransportOptions) -> HttpxUpstream:
    """Return the transport."""
    return HttpxUpstream(
        limits,
        proxy=options.proxy,
        http2=options.http2,
        ca_file=options.ca_file,
        keepalive_s=options.keepalive_s,
    )


def _headers(response: httpx.Response) -> list[tuple[str, str]]:
    """The end-to-end headers. HTTP/2 lets through names that HTTP/1 has no form for."""
    found: list[tuple[str, str]] = []
    for raw, value in response.headers.raw:
        name = raw.decode("latin-1").lower()
        if name in HOP_BY_HOP or name.startswith(OURS) or not _TOKEN.fullmatch(name):
            continue
        if name != "content-length" or response.status_code != 204:
            found.append((name, value.decode("latin-1")))
    return found


def _name(origin: Origin) -> str:
    return f"{origin.host}:{origin.port}"


def _unconnected(origin: Origin, error: Exception) -> UpstreamError:
    text = str(error)
    if "CERTIFICATE" in text or "SSL" in text or "TLS" in text:
        return UpstreamError(f"{_name(origin)}: TLS failed ({text}).", code="upstream_tls", phase="tls")
    if "Name or service" in text or "resolution" in text or "not known" in text:
        return UpstreamError(f"{origin.host} has no address ({text}).", code="upstream_unresolved", phase="resolve")
    return UpstreamError(f"{_name(origin)} refused the connection ({text}).", code="upstream_refused")
