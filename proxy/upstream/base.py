"""The contract of a transport: requests to providers, and their answers."""

from typing import Protocol

import msgspec

from proxy.core.origin import Origin

__all__ = ["Answer", "TransportLimits", "TransportOptions", "Upstream", "UpstreamRequest"]


class UpstreamRequest(msgspec.Struct):
    """One request, ready to write.

    `target` is path and query as ASCII; `head` is the forwarded header lines, each ended by CRLF, without
    `Host`, `Connection`, `Content-Length` and `Transfer-Encoding`, which the transport adds itself.
    `body` is None where the request has none (no length is sent then).
    """

    origin: Origin
    method: str
    target: str
    head: bytes
    body: bytes | None = None


class TransportLimits(msgspec.Struct, frozen=True):
    """Timeouts in seconds and pool sizes; the settings of the same names."""

    connect_timeout_s: float = 10.0
    first_byte_timeout_s: float = 600.0
    between_bytes_timeout_s: float = 300.0
    total_timeout_s: float = 3600.0
    connections: int = 1024
    idle_s: float = 60.0
    age_s: float = 600.0


class TransportOptions(msgspec.Struct, frozen=True):
    """The settings `upstream.proxy`, `upstream.http2`, `upstream.ca_file` and `tcp.keepalive_s`."""

    proxy: str = ""
    http2: bool = False
    ca_file: str = ""
    keepalive_s: float = 60.0


class Answer(Protocol):
    """An answer whose head has arrived.

    `headers` are the end-to-end ones in their order, names in lower case, values as latin-1 text;
    without hop-by-hop ones (`Connection`, `Keep-Alive`, `Transfer-Encoding`, `Upgrade`, …) and those that only this
    proxy may send (`Helicone-*`), with `Content-Length` except for a 204. 204 and 304 have no body.
    """

    status: int
    headers: list[tuple[str, str]]
    first_byte_at: float
    """`time.monotonic()` when the first byte arrived."""
    sent_at: float
    """`time.monotonic()` when the request had been handed to the socket."""

    def take(self) -> bytes:
        """Returns what has arrived since the last `take`, without waiting; possibly empty. Without HTTP framing, still
        compressed."""

    def peek(self) -> bytes:
        """Returns the same bytes, and leaves them for `take`."""

    @property
    def ended(self) -> bool:
        """Whether the complete answer has arrived (`take` may still hold its last chunk)."""

    async def wait(self) -> None:
        """Waits until there is something to `take` or the answer has ended. Raises `UpstreamError` (phase `body`)
        where it was cut (what arrived before can still be taken) and `UpstreamTimeout` where it stalled."""

    def close(self) -> None:
        """Returns the connection to the pool where the answer is complete, else cuts it. Idempotent."""


class Upstream(Protocol):
    """A transport. Owned by one event loop."""

    async def send(self, call: UpstreamRequest, *, fresh: bool = False) -> Answer:
        """Sends the call and returns at the answer's head (1xx responses are skipped). `fresh`: on a new connection.

        Sends it once. An error with `unread` set says that the provider has not read the request: it may be sent again.

        Where the body came with the head, the answer has `ended` already. Raises `UpstreamError` or
        `UpstreamTimeout` with its phase. Cancelling it cuts the connection.
        """

    async def close(self) -> None:
        """Closes all connections and refuses new calls."""

    def counters(self) -> dict[str, int]:
        """`open`, `idle`, `waiting`, `opened_total`, `reused_total`, `stale_retries_total`."""
