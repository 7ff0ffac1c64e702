"""The one mutable object of a request, and the immutable `RequestHead` that its head was read into."""

from typing import TYPE_CHECKING, Any

import msgspec

from _speedups import Head
from proxy.core.identity import Identity
from proxy.core.record import Attempt

if TYPE_CHECKING:
    from proxy.core.errors import UpstreamError
    from proxy.gateway.attempts import RetrySchedule
    from proxy.gateway.inflight import InflightCall
    from proxy.gateway.meter import Measured
    from proxy.gateway.tap import Tap
    from proxy.gateway.targets import Target
    from proxy.gateway.wire.base import FinalChunk, Headers, Wire
    from proxy.kv.base import Hold, LimitStore
    from proxy.policies.rules import Rule
    from proxy.providers.address import Route
    from proxy.providers.dialects import RequestParams
    from proxy.upstream.base import Answer, UpstreamRequest

__all__ = ["Exchange", "RequestHead"]


class RequestHead(msgspec.Struct, frozen=True):
    """What the caller asks, as its head says it."""

    method: str
    path: str
    """As it came, less a key in its first segment."""
    query: str
    host: str
    items: "Headers"
    fields: Head
    key: str
    """The key of ours that the caller showed, in any of the places it may stand; empty for none."""
    authorization: str
    """The provider's `Authorization`, less a key of ours that shared the header."""
    hidden: frozenset[str] = frozenset()
    """Headers that carried a key of ours where the provider's belongs: they stay here."""


class Exchange:
    """State of one call, filled phase by phase. A slot read before its phase fails by its own name.

    `answer`, `tap` and `last` are None until there is one, since a call may be refused before.
    """

    __slots__ = (
        "answer",
        "attempts",
        "body",
        "call",
        "client_left",
        "cut",
        "drained",
        "ended",
        "error",
        "error_message",
        "facts",
        "failure",
        "from_cache",
        "head",
        "held_by",
        "held_rules",
        "hold",
        "id",
        "identity",
        "inflight",
        "last",
        "measured",
        "outcome",
        "phase",
        "prompt_id",
        "prompt_version",
        "request_params",
        "response_headers",
        "route",
        "schedule",
        "sent_body",
        "settled",
        "started",
        "started_us",
        "status",
        "tap",
        "targets",
        "usage_injected",
        "wire",
    )

    head: RequestHead
    identity: Identity
    route: "Route"
    body: bytes
    sent_body: bytes
    call: "UpstreamRequest"
    answer: "Answer | None"
    tap: "Tap | None"
    last: "FinalChunk | None"
    attempts: list[Attempt]
    targets: "list[Target]"
    """Whom to call, in what order; the first is `route` and `call`."""
    schedule: "RetrySchedule | None"
    """When to try again, and whom; None: one try."""
    request_params: "RequestParams | None"
    """What the body asks for, where limits had to know."""
    hold: "Hold | None"
    """What was reserved and is to be settled, with its rules and its store."""
    held_rules: "list[Rule]"
    held_by: "LimitStore"
    ended: float
    """When it was over, on the clock of `started`."""
    measured: "Measured | None"
    inflight: "InflightCall | None"
    """The call that this one sent and that others may join."""
    from_cache: bool
    """The answer cost nothing: it was kept, or another call's."""
    failure: "UpstreamError | None"
    facts: dict[str, Any]
    response_headers: "Headers"
    """Headers of ours for the answer, whichever it is."""

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
        self.tap = None
        self.last = None
        self.attempts = []
        self.schedule = None
        self.request_params = None
        self.hold = None
        self.measured = None
        self.inflight = None
        self.prompt_id = self.prompt_version = ""
        self.from_cache = False
        self.failure = None
        self.facts = {}
        self.response_headers = []
