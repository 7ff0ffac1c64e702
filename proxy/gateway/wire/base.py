"""The interface between the pipeline and a client's connection."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

__all__ = ["FinalChunk", "Headers", "Wire"]

Headers = list[tuple[str, str]]


class FinalChunk(msgspec.Struct, frozen=True):
    """The last chunk of an answer: the end of its body where the head has left already, else head and body."""

    body: bytes
    status: int = 0
    headers: Headers = []
    complete: bool = True
    """False where the answer broke off: what was sent must not look complete to the caller."""


class Wire(Protocol):
    """One request and its answer, by any server."""

    method: str
    path: str
    """Percent-decoded: what the call is matched by."""
    raw_path: str
    """As it came: what is forwarded. ASCII; bytes that may not stand in a target are percent-encoded."""
    started: bool
    """The head of an answer has left."""
    task: asyncio.Task[None]
    """The task that answers."""
    left_at: float
    """When the caller left before its answer was finished, in monotonic seconds; 0: it did not, as far as is known."""

    @property
    def congested(self) -> bool:
        """The caller reads more slowly than we write: `drain` before more is taken from the provider."""

    @property
    def query(self) -> str:
        """As it came."""

    @property
    def host(self) -> str:
        """The Host header, or the authority of an absolute target."""

    @property
    def lacks_host(self) -> bool:
        """The request has no Host header though its version of HTTP demands one."""

    @property
    def client(self) -> str:
        """The caller's address, without its port."""

    def check_load(self) -> None:
        """Raises `Overloaded` where more calls are open than gateway.max_open."""

    def headers(self) -> Headers:
        """Returns all request headers in order, names in lower case. Raises `BadRequest` where one cannot be read."""

    async def body(self, length: int, cap: int) -> bytes:
        """Returns the complete request body; `length` is -1 where it was not announced.

        Raises `TooLarge` as soon as it is known to pass `cap` bytes, and `ClientDisconnected` where it breaks off.
        """

    def start(self, status: int, headers: Headers) -> None:
        """Sends the head of a streamed answer."""

    def write(self, chunk: bytes) -> None:
        """Sends a chunk of a streamed answer now. Raises `ClientDisconnected` where the caller has left."""

    async def drain(self) -> None:
        """Waits until the caller has read enough for more to be written. Raises `ClientDisconnected`."""

    def finish(self, last: FinalChunk) -> None:
        """Sends the last chunk and ends the answer. Never raises, also where the caller has left."""

    def watch(self, left: Callable[[], None]) -> None:
        """Calls `left` if the caller leaves before `finish`; a second call replaces the first's `left`."""
