"""Bounds what strangers hold open: requests of one address at once, and how long a body takes to arrive."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send, WebSocketReceiveMessage

from proxy.control.client_address import Network, client_address

__all__ = ["MAX_REQUESTS", "SILENCE_S", "Intake"]

MAX_REQUESTS: Final = 256
"""Requests of one address that are open at once, live tails among them."""
SILENCE_S: Final = 20.0
"""A body whose next piece takes longer is given up."""
_BODY_S: Final = 300.0
"""A body that takes longer in all is given up."""
_FULL: Final = (
    b'{"title":"Too many open requests","status":503,"detail":"This address has as many requests open as one may. '
    b'Behind a reverse proxy, set control.trusted_proxies."}'
)


class Intake:
    """ASGI middleware. `state.client` of a request is the address of its client."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network] = ()) -> None:
        self._app = app
        self._trusted = trusted
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        peer = scope["client"][0] if scope["client"] else ""
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        address = client_address(peer, forwarded, self._trusted)
        scope["state"]["client"] = address
        if self._open[address] >= MAX_REQUESTS:
            await _refuse(send)
            return
        self._open[address] += 1
        try:
            await self._app(scope, _Deadline(receive).receive, send)
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


class _Deadline:
    """The body of one request: each piece in time, and all of it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._until = 0.0
        self._done = False

    async def receive(self) -> HTTPReceiveMessage | WebSocketReceiveMessage:
        if self._done:
            return await self._receive()  # the end of the connection: no deadline
        loop = asyncio.get_running_loop()
        self._until = self._until or loop.time() + _BODY_S
        try:
            async with asyncio.timeout(min(SILENCE_S, self._until - loop.time())):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(status_code=408, detail="The body of this request did not arrive in time.") from None
        self._done = message["type"] != "http.request" or not message.get("more_body", False)
        return message


async def _refuse(send: Send) -> None:
    headers: list[Any] = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(_FULL)).encode()),
        (b"retry-after", b"5"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _FULL, "more_body": False})
