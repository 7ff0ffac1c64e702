"""The wire over granian's RSGI. Only this file and the launchers know granian.

What was seen of granian 2.8, and what is done about it (tests/wire keeps each):
- `path` comes percent-decoded, so it is encoded again: `%2F` becomes a slash, and needless escapes become plain.
- a header value beyond ASCII is left out of `items()` silently; we look for that and refuse the call by name.
- a body without an announced length that breaks off ends the iteration like a complete one, but with an empty chunk
  before the empty chunk that ends it.
- writes are buffered without bound, never wait, and do not fail for a caller that left: only `client_disconnect`
  says so, so every streamed answer is watched, and `relay` bounds the bytes of one answer.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from proxy.core.clock import monotonic
from proxy.core.errors import BadRequest, ClientDisconnected, TooLarge
from proxy.gateway.wire.base import FinalChunk, Headers

__all__ = ["RsgiWire"]

_PATH_SAFE: Final = "/:@!$&'()*+,;=-._~"


class RsgiWire:
    """One RSGI request. `scope` and `proto` are granian's, `task` answers."""

    __slots__ = (
        "_ended",
        "_left",
        "_proto",
        "_scope",
        "_transport",
        "_watcher",
        "left_at",
        "method",
        "path",
        "raw_path",
        "started",
        "task",
    )

    def __init__(self, scope: Any, proto: Any, task: asyncio.Task[None]) -> None:
        self.task = task
        self._scope = scope
        self._proto = proto
        self._transport: Any = None
        self._watcher: asyncio.Task[None] | None = None
        self._left: Callable[[], None] | None = None
        self._ended: asyncio.Future[None] | None = None
        self.left_at = 0.0
        self.started = False
        self.method: str = scope.method
        self.path: str = scope.path
        self.raw_path = quote(self.path, safe=_PATH_SAFE)

    @property
    def congested(self) -> bool:
        return False  # granian does not say

    @property
    def query(self) -> str:
        return str(self._scope.query_string)

    @property
    def host(self) -> str:
        return str(self._scope.authority or self._scope.headers.get("host") or "")

    @property
    def lacks_host(self) -> bool:
        return self._scope.http_version == "1.1" and not self._scope.headers.get("host")

    @property
    def client(self) -> str:
        return str(self._scope.client).rpartition(":")[0].strip("[]")

    def check_load(self) -> None: ...  # granian does it itself (its `backpressure`)

    def headers(self) -> Headers:
        source = self._scope.headers
        items: Headers = source.items()
        # len() counts the names, readable or not.
        seen = dict(items)
        if len(source) != len(seen):
            for name in source.keys():  # noqa: SIM118 - not a dict: iterating it is not the same
                if name not in seen:
                    raise BadRequest(
                        f"Header {name} holds bytes beyond ASCII, which HTTP libraries read in different ways; "
                        "percent-encode the value (UTF-8), or send it in the body.",
                        code="invalid_header",
                        param=name,
                    )
        return items

    async def body(self, length: int, cap: int) -> bytes:
        if length > cap:
            raise TooLarge(f"The request body is {length} bytes; accepted: at most {cap} (gateway.max_body).")
        try:
            if length >= 0:
                return bytes(await self._proto())
            chunks: list[bytes] = []
            size = empty = 0
            async for chunk in self._proto:
                if not chunk:
                    empty += 1
                    continue
                chunks.append(chunk)
                size += len(chunk)
                if size > cap:
                    raise TooLarge(f"The request body is larger than {cap} bytes (gateway.max_body).")
        except ProtocolClosed:
            raise ClientDisconnected("the client disconnected while its body was read") from None
        if empty > 1:
            raise ClientDisconnected("the client disconnected while its body was read")
        return b"".join(chunks)

    def start(self, status: int, headers: Headers) -> None:
        try:
            self._transport = self._proto.response_stream(status, headers)
            self.started = True
        except ProtocolClosed:
            raise ClientDisconnected("the client disconnected before the response began") from None

    def write(self, chunk: bytes) -> None:
        try:
            self._transport.send_bytes(chunk)
        except ProtocolClosed:
            raise ClientDisconnected("the client disconnected during the response") from None

    async def drain(self) -> None: ...

    def finish(self, last: FinalChunk) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
        try:
            if self._transport is None:
                self._proto.response_bytes(last.status, last.headers, last.body)
            elif last.body:
                self._transport.send_bytes(last.body)
        except ProtocolClosed:
            pass
        # granian ends a streamed answer when its transport is freed, and a traceback may keep this object alive.
        self._transport = self._proto = None
        if self._ended is not None:
            self._ended.set_result(None)

    async def ended(self) -> None:
        """Waits until the answer is finished."""
        if self._proto is not None:
            self._ended = asyncio.get_running_loop().create_future()
            await self._ended

    def watch(self, left: Callable[[], None]) -> None:
        self._left = left
        if self._watcher is None:
            self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        await self._proto.client_disconnect()
        self.left_at = monotonic()
        if self._left is not None:
            self._left()
