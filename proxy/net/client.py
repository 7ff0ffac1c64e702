"""The HTTP client of the control plane: what it fetches may be named by somebody else, so every address is checked
(`connect`), and no receiver can make a request longer or larger than it may be.
"""

import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpcore
import msgspec

from proxy.core.errors import PerihelionError
from proxy.net.connect import AddressRefused, Place, checked_addresses, place_of, places_of
from proxy.net.keep_alive import KeepAlive

__all__ = ["HttpClient", "HttpError", "HttpResponse"]

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class HttpError(PerihelionError):
    """There is no response: the address is refused, it cannot be reached, or its answer is too slow or too large."""


class HttpResponse(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    """Names in lower case; of a repeated one the last."""
    body: bytes


class HttpClient:
    """Makes requests one by one; methods block and may be called from several threads.

    `trusted` are the origins (`scheme://host:port`) that the operator configured: they may have private addresses.
    """

    def __init__(
        self,
        trusted: Iterable[str] = (),
        *,
        timeout_s: float = 10.0,
        max_bytes: int = 1 << 20,
        ca_file: str = "",
        connections: int = 10,
    ) -> None:
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        context = ssl.create_default_context()
        if ca_file:
            context.load_verify_locations(ca_file)
        try:
            places = places_of(trusted)
        except AddressRefused as error:
            raise HttpError(str(error)) from None
        self._clock = _Deadline()
        self._connections = KeepAlive(
            connections, ssl_context=context, network_backend=_GuardedBackend(places, self._clock)
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        max_redirects: int = 0,
        cut_body: bool = False,
    ) -> HttpResponse:
        """The response to one request; a redirect is a response, unless `max_redirects` says to follow it.

        Raises `HttpError`. All takes at most `timeout_s` a request. The body is at most `max_bytes` long; of a larger
        or slower one `cut_body` keeps the beginning, for requests whose status is what counts.
        """
        for _ in range(max_redirects + 1):
            response = self._request(method, url, headers or {}, content, cut_body)
            if response.status not in _REDIRECTS or method not in ("GET", "HEAD") or not max_redirects:
                return response
            url = urljoin(url, response.headers.get("location", ""))
            headers = {}  # they were meant for the first origin
        raise HttpError(f"{url}: more than {max_redirects} redirects")

    def close(self) -> None:
        self._connections.close()

    def _request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, cut_body: bool
    ) -> HttpResponse:
        try:
            place_of(url)
        except AddressRefused as error:
            raise HttpError(str(error)) from None
        self._clock.at = time.monotonic() + self._timeout_s
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout_s)
        sent = {"Host": urlsplit(url).netloc.rpartition("@")[2], "Accept-Encoding": "identity", **headers}
        if content:
            sent["Content-Length"] = str(len(content))
        try:
            lines = [(name.encode("ascii"), value.encode("latin-1")) for name, value in sent.items()]
            target = httpcore.URL(url)
            with (
                self._connections.lend(target, self._timeout_s) as connection,
                connection.stream(
                    method, target, headers=lines, content=content, extensions={"timeout": timeout}
                ) as answer,
            ):
                found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
                return HttpResponse(answer.status, found, self._body(url, answer, cut_body))
        except AddressRefused as error:
            raise HttpError(str(error)) from None
        except httpcore.TimeoutException:
            raise HttpError(f"{url}: no whole answer within {self._timeout_s:g} seconds") from None
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
            ValueError,
        ) as error:
            raise HttpError(f"{url}: {error or type(error).__name__}") from None

    def _body(self, url: str, answer: httpcore.Response, cut: bool) -> bytes:
        body = bytearray()
        try:
            for chunk in answer.iter_stream():
                body += chunk
                if len(body) > self._max_bytes:
                    if cut:
                        break
                    raise HttpError(f"{url}: the answer is larger than {self._max_bytes} bytes")
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            if not cut:
                raise
        return bytes(body[: self._max_bytes])


class _Deadline(threading.local):
    """When the request of this thread must have ended."""

    at = float("inf")

    def left(self, timeout_s: float | None) -> float:
        """How long one step may take. Raises `httpcore.ReadTimeout` where no time is left."""
        left = min(self.at - time.monotonic(), float("inf") if timeout_s is None else timeout_s)
        if left <= 0:
            raise httpcore.ReadTimeout("no time left")
        return left


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects only to addresses that were checked."""

    def __init__(self, trusted: frozenset[Place], clock: _Deadline) -> None:
        self._trusted = trusted
        self._clock = clock
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        error: Exception = OSError("no address")
        for address in checked_addresses(host, port, self._trusted):
            try:
                stream = self._inner.connect_tcp(
                    address, port, self._clock.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
            else:
                return _TimedStream(stream, self._clock)
        raise error


class _TimedStream(httpcore.NetworkStream):
    """A connection on which no step outlasts the request's deadline: a receiver that sends a byte now and then would
    otherwise never reach the timeout of one read."""

    def __init__(self, inner: httpcore.NetworkStream, clock: _Deadline) -> None:
        self._inner = inner
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._clock.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._clock.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._inner.start_tls(ssl_context, server_hostname, self._clock.left(timeout))
        return _TimedStream(stream, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
