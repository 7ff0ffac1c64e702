"""Streams one response from one origin that the operator configured: how the control plane calls its gateway."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Final

import httpcore

from proxy.net.client import HttpError

__all__ = ["StreamClient", "StreamedResponse"]

_FAULTS: Final = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    OSError,
)


class StreamedResponse:
    """The head of a response; its body comes chunk by chunk, as the origin sends it. Close it in any case."""

    def __init__(self, url: str, answer: httpcore.Response, held: AsyncExitStack) -> None:
        self.status = answer.status
        self.headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        """Names in lower case; of a repeated one the last."""
        self._url = url
        self._answer = answer
        self._held = held

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raises `HttpError` where the body breaks off."""
        try:
            async for chunk in self._answer.aiter_stream():
                yield chunk
        except _FAULTS as error:
            raise HttpError(f"{self._url}: {error or type(error).__name__}") from None

    async def close(self) -> None:
        """Closes the connection, whether or not the body was read to its end."""
        await self._held.aclose()


class StreamClient:
    """Each request has a connection of its own, so that none waits for another. Belongs to one event loop."""

    def __init__(self, base_url: str, *, ca_file: str = "", connect_s: float = 5.0, read_s: float = 630.0) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = {"connect": connect_s, "read": read_s, "write": read_s, "pool": connect_s}
        self._ca_file = ca_file

    async def post(self, path: str, headers: Mapping[str, str], content: bytes) -> StreamedResponse:
        """The response to a POST, once its head is there. Raises `HttpError`."""
        url = self.base_url + path
        held = AsyncExitStack()
        try:
            pool = await held.enter_async_context(httpcore.AsyncConnectionPool(ssl_context=self._tls(url)))
            lines = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
            answer = await held.enter_async_context(
                pool.stream("POST", url, headers=lines, content=content, extensions={"timeout": self._timeout})
            )
        except (*_FAULTS, ValueError) as error:
            await held.aclose()
            raise HttpError(f"{self.base_url}: {error or type(error).__name__}") from None
        except BaseException:
            await held.aclose()
            raise
        return StreamedResponse(self.base_url, answer, held)

    def _tls(self, url: str) -> ssl.SSLContext | None:
        if not url.startswith("https:"):
            return None
        context = ssl.create_default_context()
        if self._ca_file:
            context.load_verify_locations(self._ca_file)
        return context
