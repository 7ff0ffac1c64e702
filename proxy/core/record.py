"""The record of one call: what the gateway writes to the spool, and what the shipper reads.

The gateway fills only what it alone can know; decompressing, assembling a stream's text, exact usage and price
are the shipper's work. Fields are only ever added at the end, with a default, so that older segments stay readable.
"""

from typing import Any, Final

import msgspec

from proxy.core.usage import Usage

__all__ = ["RESPONSE_ERROR", "Attempt", "Ingested", "Record", "decode", "encode"]

RESPONSE_ERROR: Final = "response_error"
"""Outcome of a call whose response had a good status and held an error, mostly as an event of its stream."""


class Attempt(msgspec.Struct, array_like=True, frozen=True):
    """One attempt at one provider. Times are microseconds after the record's start; -1 means "did not happen"."""

    provider: str
    host: str
    model: str
    started_us: int
    ended_us: int
    status: int
    """0 when no response came."""
    error: str
    waited_us: int
    """The backoff before this attempt."""


class Ingested(msgspec.Struct, array_like=True, frozen=True):
    """What is known of a call that did not pass through the gateway, beside the call itself."""

    source: str
    """How it came: `logger`, `otlp`, or `import:<name>`."""
    step: bool = False
    """A step of an agent that called no model (`tool`, `retrieval`, `chain`, …): it used no tokens."""
    cost_usd: float | None = None
    """As whoever reported the call says."""
    response_id: str = ""
    """The provider's id of the response; empty: as the response body says."""
    model_answered: str = ""
    finish_reason: str = ""
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""


class Record(msgspec.Struct, array_like=True, kw_only=True):
    """One call. Offsets (`*_us` except `started_us`) count from `started_us`; -1 means "did not happen"."""

    id: str
    org: str
    key: str
    """Id of the caller's API key; empty where auth is open."""
    started_us: int
    """Server time, microseconds since the epoch."""
    sent_us: int = -1
    first_byte_us: int = -1
    first_token_us: int = -1
    ended_us: int = -1

    provider: str = ""
    dialect: str = ""
    operation: str = ""
    """`chat`, `messages`, `embeddings`, …: what the path asks for."""
    scheme: str = ""
    host: str = ""
    method: str = ""
    path: str = ""
    """Upstream path and query, secrets in the query masked."""
    model: str = ""
    """As requested, where the gateway had to know it; otherwise the shipper reads it."""
    model_override: str = ""

    status: int = 0
    """What the caller got; 499 where it left before a response began."""
    outcome: str = "success"
    """`success`, the phase that refused or failed, or `RESPONSE_ERROR`."""
    error: str = ""
    """The code of our own error; empty where the provider answered, also with an error."""
    error_message: str = ""
    cut: str = ""
    """Who ended a stream early: `client`, `upstream`, `gateway` (it was stopped), or empty."""
    drained: bool = False
    """The caller left and the gateway read on for the usage."""
    streamed: bool = False
    usage_injected: bool = False

    user_id: str = ""
    session_id: str = ""
    session_path: str = ""
    session_name: str = ""
    request_name: str = ""
    properties: dict[str, str] = {}
    """Lower-case name to value."""
    property_names: dict[str, str] = {}
    """Lower-case name to the spelling sent, where they differ."""
    prompt_id: str = ""
    prompt_version: str = ""
    unknown_directives: dict[str, str] = {}

    request_type: str = ""
    request_encoding: str = ""
    request_body: bytes = b""
    """As the caller sent it."""
    request_size: int = 0
    request_omitted: bool = False
    response_type: str = ""
    response_encoding: str = ""
    response_body: bytes = b""
    """As the provider sent it, still compressed, without transfer framing."""
    response_size: int = 0
    response_omitted: bool = False
    truncated: bool = False
    """A body was above `log.max_body`, and its middle is left out."""
    usage: Usage | None = None
    """Set by the gateway only where bodies are omitted."""

    attempts: list[Attempt] = []
    facts: dict[str, Any] = {}
    """Cache, limit, retry, fallback and prompt facts, by name (`cache.status`, `rate.policy`, …)."""
    worker: str = ""
    client_ip: str = ""
    user_agent: str = ""
    response_headers: dict[str, str] = {}
    """Chosen headers of the response: request ids, token counts, rate limits."""
    traceparent: str = ""
    """The caller's W3C `traceparent` header, as sent; the shipper reads the trace and span ids from it."""
    settles: str = ""
    """The background response or batch whose usage `usage` is; set by the gateway only where bodies are omitted."""
    ingested: Ingested | None = None
    """Set where no gateway carried the call: it was reported by a logger, by OpenTelemetry or from a file."""
    sent_body: bytes = b""
    """What left instead of `request_body`: a managed prompt filled in, or a fallback's changes. Empty where only stream
    usage was requested or nothing was changed."""
    chunk_times: list[tuple[int, int]] = []
    """When the pieces of a stream arrived (microseconds after the start) and the bytes that were there then."""


encode = msgspec.msgpack.Encoder().encode
"""A record to msgpack bytes."""

decode = msgspec.msgpack.Decoder(Record).decode
"""Msgpack bytes to a record; raises `msgspec.DecodeError` or `msgspec.ValidationError`."""
