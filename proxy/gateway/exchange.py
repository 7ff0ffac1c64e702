"""The one mutable object of a request, and the immutable `Ask` that its head was read into."""

from typing import TYPE_CHECKING

import msgspec

from _speedups import Head
from proxy.core.identity import Identity
from proxy.core.record import Attempt

if TYPE_CHECKING:
    from proxy.gateway.tap import Tap
    from proxy.gateway.wire.base import Headers, Last, Wire
    from proxy.providers.address import Route
    from proxy.upstream.base import Answer, Call

__all__ = ["Ask", "Exchange"]


class Ask(msgspec.Struct, frozen=True):
    """What the caller asks, as its head says it."""

    method: str
    path: str
    """Percent-decoded, less a key in its first segment."""
    query: str
    host: str
    items: "Headers"
    head: Head
    key: str
    """The key of ours that the caller showed, in any of the places it may stand; empty for none."""
    authorization: str
    """The provider's `Authorization`, less a key of ours that shared the header."""


class Exchange:
    """State of one call, filled phase by phase. A slot read before its phase fails by its own name.

    `answer`, `found` and `last` are None until there is one, since a call may be refused before.
    """

    __slots__ = (
        "answer",
        "ask",
        "attempts",
        "body",
        "call",
        "client_left",
        "cut",
        "drained",
        "error",
        "error_message",
        "found",
        "id",
        "key",
        "last",
        "outcome",
        "phase",
        "route",
        "sent_body",
        "settled",
        "started",
        "started_us",
        "status",
        "usage_injected",
        "wire",
    )

    ask: Ask
    key: Identity
    route: "Route"
    body: bytes
    sent_body: bytes
    call: "Call"
    answer: "Answer | None"
    found: "Tap | None"
    last: "Last | None"
    attempts: list[Attempt]

    def __init__(self, wire: "Wire", id: str, started: float, started_us: int) -> None:
        self.wire = wire
        self.id = id
        self.started = started
        self.started_us = started_us
        self.phase = "read"
        self.outcome = "success"
        self.error = ""
        self.error_message = ""
        self.status = 0
        self.cut = ""
        self.drained = False
        self.client_left = 0.0
        self.usage_injected = False
        self.settled = False
        self.answer = None
        self.found = None
        self.last = None
        self.attempts = []
