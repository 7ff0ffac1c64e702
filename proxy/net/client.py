"""The HTTP client of the control plane: what it fetches may be named by somebody else, so every address is checked.

A host is resolved once and connected to by the address that was checked, so a name server cannot give another one in
between. Private, loopback and link-local addresses are refused, except of origins that the operator configured.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpcore
import msgspec

from proxy.core.errors import PerihelionError
from proxy.net.guard import is_public

__all__ = ["HttpClient", "HttpError", "HttpResponse"]

_PORTS: Final = {"http": 80, "https": 443}
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

    def __init__(self, trusted: Iterable[str] = (), *, timeout_s: float = 10.0, max_bytes: int = 1 << 20) -> None:
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=_GuardedBackend(frozenset(_place(origin) for origin in trusted)),
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        max_redirects: int = 0,
    ) -> HttpResponse:
        """The response to one request; a redirect is a response, unless `max_redirects` says to follow it.

        Raises `HttpError`. The body is at most `max_bytes` long, and all takes at most `timeout_s` a request.
        """
        for _ in range(max_redirects + 1):
            response = self._request(method, url, headers or {}, content)
            if response.status not in _REDIRECTS or method not in ("GET", "HEAD") or not max_redirects:
                return response
            url = urljoin(url, response.headers.get("location", ""))
            headers = {}  # they were meant for the first origin
        raise HttpError(f"{url}: more than {max_redirects} redirects")

    def close(self) -> None:
        self._pool.close()

    def _request(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> HttpResponse:
        _place(url)
        deadline = time.monotonic() + self._timeout_s
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout_s)
        sent = {"Host": urlsplit(url).netloc.rpartition("@")[2], "Accept-Encoding": "identity", **headers}
        if content:
            sent["Content-Length"] = str(len(content))
        try:
            lines = [(name.encode("ascii"), value.encode("latin-1")) for name, value in sent.items()]
            with self._pool.stream(
                method, url, headers=lines, content=content, extensions={"timeout": timeout}
            ) as answer:
                body = bytearray()
                for chunk in answer.iter_stream():
                    body += chunk
                    if len(body) > self._max_bytes:
                        raise HttpError(f"{url}: the answer is larger than {self._max_bytes} bytes")
                    if time.monotonic() > deadline:
                        raise HttpError(f"{url}: no whole answer within {self._timeout_s:g} seconds")
                found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
                return HttpResponse(answer.status, found, bytes(body))
        except (
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
            ValueError,
        ) as error:
            raise HttpError(f"{url}: {error or type(error).__name__}") from None


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects only to addresses that were checked."""

    def __init__(self, trusted: frozenset[tuple[str, int]]) -> None:
        self._trusted = trusted
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _resolve(host, port)
        if (host.lower(), port) not in self._trusted:
            for address in addresses:
                if not is_public(address):
                    raise HttpError(f"{host} resolves to {address}, which is not a public address")
        error: Exception = OSError("no address")
        for address in addresses:
            try:
                return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
        raise error


def _resolve(host: str, port: int) -> list[str]:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise HttpError(f"{host} has no address ({error})") from None
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _place(url: str) -> tuple[str, int]:
    """Host and port of an address. Raises `HttpError` where it has none, or is neither http nor https."""
    try:
        parts = urlsplit(url)
        if parts.scheme in _PORTS and parts.hostname:
            return parts.hostname.lower(), parts.port or _PORTS[parts.scheme]
    except ValueError:
        pass
    raise HttpError(f"{url!r} is no address of http:// or https://")
