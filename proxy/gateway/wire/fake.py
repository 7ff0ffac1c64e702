"""A wire without a server: a request given whole, an answer kept to look at."""

from collections.abc import Callable

from proxy.core.errors import ClientDisconnected, TooLarge
from proxy.gateway.wire.base import Headers, Last

__all__ = ["FakeWire"]


class FakeWire:
    """`leaves_after` pieces of the answer the caller is gone; None is never."""

    def __init__(
        self,
        method: str,
        path: str,
        *,
        headers: Headers | None = None,
        body: bytes = b"",
        query: str = "",
        host: str = "localhost",
        leaves_after: int | None = None,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.host = host
        self.client = "127.0.0.1"
        self.status = 0
        self.answer_headers: Headers = []
        self.pieces: list[bytes] = []
        self.started = False
        self.finished = False
        self.congested = False
        self._headers = headers or []
        self._body = body
        self._leaves_after = leaves_after
        self._left: Callable[[], None] | None = None

    @property
    def answer(self) -> bytes:
        return b"".join(self.pieces)

    def headers(self) -> Headers:
        if self._body and not any(name == "content-length" for name, _ in self._headers):
            return [*self._headers, ("content-length", str(len(self._body)))]
        return list(self._headers)

    async def body(self, length: int, cap: int) -> bytes:
        if max(length, len(self._body)) > cap:
            raise TooLarge(f"The request body is more than {cap} bytes.")
        return self._body

    def start(self, status: int, headers: Headers) -> None:
        self.started = True
        self.status, self.answer_headers = status, headers

    def write(self, piece: bytes) -> None:
        if self._leaves_after is not None and len(self.pieces) >= self._leaves_after:
            raise ClientDisconnected("the caller left during the answer")
        self.pieces.append(piece)

    async def drain(self) -> None: ...

    def finish(self, last: Last) -> None:
        if not self.status:
            self.status, self.answer_headers = last.status, last.headers
        if last.body:
            self.pieces.append(last.body)
        self.finished = True

    def watch(self, left: Callable[[], None]) -> None:
        self._left = left

    def leave(self) -> None:
        """What a caller that hangs up does."""
        if self._left is not None:
            self._left()
