"""Rows of the lists of groups of calls. Costs are US dollars, durations milliseconds; null means not known."""

from datetime import datetime

import msgspec

__all__ = [
    "ErrorPage",
    "ErrorRow",
    "GroupRow",
    "ModelPage",
    "ModelRow",
    "Previous",
    "PromptVersionPage",
    "PromptVersionRow",
    "PropertyPage",
    "PropertyRow",
    "ProviderPage",
    "ProviderRow",
    "SessionPage",
    "SessionRow",
    "ToolPage",
    "ToolRow",
    "UserPage",
    "UserRow",
    "ValuePage",
    "ValueRow",
]


class Previous(msgspec.Struct, kw_only=True):
    """What a group was in the period of the same length just before; null where the list has no such figure."""

    calls: int
    errors: int | None = None
    error_rate: float | None = None
    cost: float | None = None
    tokens: int | None = None
    latency_p95: float | None = None


class GroupRow(msgspec.Struct, kw_only=True):
    """Figures of the calls of one group that match the filter."""

    calls: int
    errors: int
    error_rate: float
    cost: float | None
    """Sum of the known costs."""
    avg_cost: float | None
    """Average of the known costs."""
    unknown_cost_calls: int
    """Calls whose cost is not known, and which `cost` leaves out."""
    input_tokens: int
    output_tokens: int
    tokens: int
    first_seen: datetime
    last_seen: datetime
    previous: Previous | None = None
    """With `compare`; null where the group had no call then."""


class LatencyRow(GroupRow, kw_only=True):
    """With percentiles of the latency, within 1 %."""

    latency_p50: float | None
    latency_p95: float | None
    latency_p99: float | None


class SparkRow(LatencyRow, kw_only=True):
    """With the course of the calls."""

    spark: list[int]
    """Calls in each of 24 equal parts of the time that was asked for."""
    error_spark: list[int]
    """Failed ones of them."""


class SessionRow(LatencyRow, kw_only=True):
    session: str
    name: str
    users: list[str]
    """At most 10."""
    models: list[str]
    """At most 10."""
    duration_ms: float
    """From the start of the first call to the last end of one."""


class UserRow(SparkRow, kw_only=True):
    user: str
    sessions: int


class ModelRow(SparkRow, kw_only=True):
    model: str
    provider: str
    users: int
    tokens_per_second: float | None
    """Average over calls."""
    cached_input_tokens: int
    """Input that was read from the provider's cache."""
    ttft_p50: float | None
    ttft_p95: float | None


class ProviderRow(LatencyRow, kw_only=True):
    provider: str
    users: int
    tokens_per_second: float | None


class PromptVersionRow(LatencyRow, kw_only=True):
    prompt: str
    version: str
    users: int
    tokens_per_second: float | None


class ToolRow(LatencyRow, kw_only=True):
    """Calls whose response called the tool, and logged steps that were the tool's run."""

    tool: str
    users: int
    sessions: int
    errors_after: int
    """Of these calls, those after which the next call of the same session failed."""


class PropertyRow(SparkRow, kw_only=True):
    name: str
    users: int
    values: int
    """How many different values."""


class ValueRow(SparkRow, kw_only=True):
    value: str
    users: int
    sessions: int


class ErrorRow(msgspec.Struct, kw_only=True):
    """Failed calls with one kind of error of one provider whose messages have one shape."""

    error: str
    """The error's name; else the status, or the phase that failed."""
    provider: str
    shape: str
    """The message with `<n>`, `<id>`, `<time>`, `<url>` and `<text>` in place of numbers, ids, times, addresses and
    quoted text. Filter by it with `error_shape`."""
    origin: str
    """`provider`, `limit` (one of yours refused the call), `gateway` (Perihelion refused it), or `client` (it left)."""
    statuses: list[int]
    """At most 10."""
    calls: int
    users: int
    sessions: int
    first_seen: datetime
    last_seen: datetime
    example_id: str
    """The newest call."""
    example_message: str
    models: list[str]
    """At most 10."""
    spark: list[int]
    """Calls in each of 24 equal parts of the time that was asked for."""
    previous: Previous | None = None


class SessionPage(msgspec.Struct):
    data: list[SessionRow]
    next: str | None


class UserPage(msgspec.Struct):
    data: list[UserRow]
    next: str | None


class ModelPage(msgspec.Struct):
    data: list[ModelRow]
    next: str | None


class ProviderPage(msgspec.Struct):
    data: list[ProviderRow]
    next: str | None


class PromptVersionPage(msgspec.Struct):
    data: list[PromptVersionRow]
    next: str | None


class ToolPage(msgspec.Struct):
    data: list[ToolRow]
    next: str | None


class PropertyPage(msgspec.Struct):
    data: list[PropertyRow]
    next: str | None


class ValuePage(msgspec.Struct):
    data: list[ValueRow]
    next: str | None


class ErrorPage(msgspec.Struct):
    data: list[ErrorRow]
    next: str | None
