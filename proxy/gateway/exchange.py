"""The state of one call: the request, the outcome, and the resources to release at its end."""

from typing import Any

import msgspec

from proxy.core.errors import UpstreamError
from proxy.core.identity import UNKNOWN, Identity
from proxy.core.record import Attempt
from proxy.gateway.cache.inflight import InflightCall
from proxy.gateway.request import UNREAD, Request, RequestHead
from proxy.gateway.tap import Tap
from proxy.gateway.targets import RetryPlan
from proxy.gateway.wire.base import FinalChunk, Headers, Wire
from proxy.kv.base import Hold, LimitStore
from proxy.policies import Spent
from proxy.policies.rules import Rule
from proxy.providers.address import Route
from proxy.providers.dialects import RequestParams
from proxy.upstream.base import Answer

__all__ = ["Exchange", "Held", "LimitHold", "Measured", "Outcome"]


class Measured(msgspec.Struct, frozen=True):
    """What one call used; `nanousd` is None where no price is known."""

    input_tokens: int = 0
    output_tokens: int = 0
    nanousd: int | None = 0
    estimated: bool = False

    @property
    def spent(self) -> Spent:
        return Spent(self.input_tokens + self.output_tokens, self.nanousd or 0)


class Outcome(msgspec.Struct):
    """What came of a call: what the record says beside the request."""

    status: int = 0
    failed_phase: str = ""
    """The phase that refused the call or in which it broke; empty for success."""
    error: str = ""
    error_message: str = ""
    cut: str = ""
    """Who ended a stream early: `client`, `upstream`, `gateway` or nobody (empty)."""
    client_left: float = 0.0
    """When the caller left, in monotonic seconds; 0: it did not."""
    drained: bool = False
    from_cache: bool = False
    """The answer cost nothing: it was stored, or another call's."""
    prompt_id: str = ""
    prompt_version: str = ""
    route: Route | None = None
    """Of the attempt whose answer the caller got, or else of the last one; None: the request's own route."""
    changed_body: bytes = b""
    """What the last attempt sent where a fallback changes the body; empty: the request's own."""
    attempts: list[Attempt] = []
    facts: dict[str, Any] = {}
    response_headers: Headers = []
    """Headers of this proxy for the answer, whichever it is."""
    tap: Tap | None = None
    upstream_error: UpstreamError | None = None
    measured: Measured | None = None
    ended: float = 0.0
    """When the call was settled, in monotonic seconds; 0: not yet."""


class LimitHold(msgspec.Struct, frozen=True):
    """A reservation, the rules it was made for, and the store that has it."""

    hold: Hold
    rules: list[Rule]
    store: LimitStore


class Held(msgspec.Struct):
    """What a call must give back at its end."""

    answer: Answer | None = None
    """To be closed."""
    limits: LimitHold | None = None
    """To be settled with what was really used."""
    inflight: InflightCall | None = None
    """The call that this one sent and that others may join."""


class Exchange(msgspec.Struct, eq=False):
    """One call. `started` is monotonic seconds, `started_us` microseconds since the epoch.

    Each part is filled in by the step of `pipeline.handle` that finds it. `request` is the complete request; the parts
    before it are what is known of a call that was refused earlier.
    """

    wire: Wire
    id: str
    started: float
    started_us: int
    phase: str = "read"
    head: RequestHead = UNREAD
    guards: tuple[str, ...] = ()
    """The guards that the call asks for."""
    identity: Identity = UNKNOWN
    route: Route | None = None
    """Where the caller's path leads."""
    body: bytes = b""
    request: Request | None = None
    request_params: RequestParams | None = None
    """What the body asks for, where the limits had to know it."""
    retry_plan: RetryPlan | None = None
    """Whom to ask, and when to ask again; None: one attempt."""
    outcome: Outcome = msgspec.field(default_factory=Outcome)
    held: Held = msgspec.field(default_factory=Held)
    final_chunk: FinalChunk | None = None
    """The end of the answer: it is sent once the record is written."""
