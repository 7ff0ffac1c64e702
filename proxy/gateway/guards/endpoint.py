"""Asks a checking service over HTTP, with the worker's own connections to providers."""

import asyncio
from typing import Any, Final

import msgspec

from proxy.core.errors import ProxyError, UpstreamError
from proxy.core.origin import Origin
from proxy.upstream.base import Answer, Upstream, UpstreamRequest

__all__ = ["CheckFailed", "Endpoint", "Url"]

_MAX_ANSWER: Final = 1 << 20
_SHOWN: Final = 200


class CheckFailed(Exception):
    """The service gave no usable answer. `lasting`: it would refuse the same text again."""

    def __init__(self, message: str, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


class Url(msgspec.Struct, frozen=True):
    """Where a service is."""

    origin: Origin
    target: str
    """Path and query."""


class Endpoint:
    """Sends JSON and returns JSON, within `timeout_s`."""

    def __init__(self, upstream: Upstream, timeout_s: float) -> None:
        self._upstream = upstream
        self._timeout_s = timeout_s

    async def ask(self, url: Url, authorization: str, value: object) -> Any:
        """Return what the service answers to `value`. Raises `CheckFailed`."""
        head = b"content-type: application/json\r\naccept: application/json\r\naccept-encoding: identity\r\n"
        if authorization:
            head += b"authorization: " + authorization.encode("latin-1", "replace") + b"\r\n"
        call = UpstreamRequest(url.origin, "POST", url.target, head, msgspec.json.encode(value))
        try:
            async with asyncio.timeout(self._timeout_s):
                try:
                    status, body = await self._exchange(call)
                except UpstreamError as error:
                    if not error.unread:
                        raise
                    status, body = await self._exchange(call, fresh=True)
        except TimeoutError:
            raise CheckFailed(f"{url.origin.host} did not answer within {self._timeout_s:g} s") from None
        except ProxyError as error:
            raise CheckFailed(f"{url.origin.host}: {error.message}") from None
        if status != 200:
            # Its own words are not repeated: they may quote the credential or the text.
            raise CheckFailed(f"{url.origin.host} answered {status}", lasting=status in (400, 413, 422))
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            shown = body[:_SHOWN].decode("utf-8", "replace")
            raise CheckFailed(f"{url.origin.host} answered {shown!r}; expected JSON") from None

    async def _exchange(self, call: UpstreamRequest, fresh: bool = False) -> tuple[int, bytes]:
        answer: Answer = await self._upstream.send(call, fresh=fresh)
        try:
            chunks = [answer.take()]
            size = len(chunks[0])
            while not answer.ended:
                if size > _MAX_ANSWER:
                    raise CheckFailed(f"{call.origin.host} answered more than {_MAX_ANSWER} bytes")
                await answer.wait()
                chunks.append(answer.take())
                size += len(chunks[-1])
            return answer.status, b"".join(chunks)
        finally:
            answer.close()
