"""The public event of one finished call: what sinks write, and what the JSON API and `--json` show.

`version` changes when a field is renamed, removed or gets another meaning; new fields may come within a version, so
readers must ignore names that they do not know. docs/event.schema.json is the JSON Schema (`python docs/generate.py`),
docs/events.md explains it. Durations are milliseconds, costs are nano-dollars (10⁻⁹ US dollars), times are UTC.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

__all__ = ["EVENT_VERSION", "Event", "EventAttempt", "EventBodies", "EventCostLine", "EventWithBodies"]

EVENT_VERSION: Final = 1


def _doc(text: str) -> Meta:
    return Meta(description=text)


class EventAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at one provider. Times are microseconds after the call's start; -1 means that it did not happen."""

    provider: str
    host: str
    model: str
    started_us: int
    ended_us: int
    status: Annotated[int, _doc("HTTP status; 0 where no response came")]
    error: str
    waited_us: Annotated[int, _doc("backoff before this attempt")]


class EventCostLine(msgspec.Struct, frozen=True, kw_only=True):
    """One component of a cost: `quantity` × `rate_usd` / `per` = `amount_nanousd` × 1e-9 dollars."""

    component: Annotated[
        str, _doc("what was used: `input_tokens` (less those with a line of their own), `web_searches`, …")
    ]
    quantity: int | float
    rate_usd: Annotated[float, _doc("US dollars for `per` units")]
    per: int
    amount_nanousd: int | float
    source: Annotated[str, _doc("price data, `own:<file>@<digest>`, or `provider`: its own figure for the call")]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One finished call, without its bodies. Empty text means "not set"; null means "not known"."""

    version: Annotated[Literal[1], _doc("version of this format")] = EVENT_VERSION
    id: Annotated[str, _doc("UUID; the response's Helicone-Id")]
    org: Annotated[str, _doc("organisation")]
    key: Annotated[str, _doc("id of the API key of the caller; empty where auth is open")]
    start: Annotated[datetime, _doc("when the request began")]
    ingested_at: Annotated[datetime | None, _doc("position in the order of arrival in the log; never decreases")]

    provider: str
    host: str
    dialect: str
    operation: Annotated[str, _doc("`chat`, `messages`, `embeddings`, …")]
    method: str
    path: Annotated[str, _doc("path and query sent to the provider, secrets masked")]
    model: Annotated[str, _doc("as overridden, else as answered, else as requested")]
    model_asked: Annotated[str, _doc("as requested")]
    model_override: str

    status: Annotated[int, _doc("HTTP status that the caller got; 499 where it left before a response began")]
    outcome: Annotated[
        str,
        _doc(
            "`success`, the phase that refused or failed, or `response_error`: the status was good and the response, "
            "or its stream, held an error"
        ),
    ]
    error: Annotated[str, _doc("our error code, else the provider's error type; empty on success")]
    error_message: str
    cut: Annotated[str, _doc("who ended a stream early: `client`, `upstream`, `gateway`, or empty")]
    finish_reason: str
    streamed: bool
    drained: Annotated[bool, _doc("the caller left and the gateway read on for the usage")]

    latency_ms: Annotated[float | None, _doc("start to end")]
    ttft_ms: Annotated[float | None, _doc("start to first token")]
    first_byte_ms: Annotated[float | None, _doc("start to first byte of the response")]
    sent_ms: Annotated[float | None, _doc("start to the request being sent: time spent in the gateway")]

    input_tokens: Annotated[int | None, _doc("all input, cache reads and writes included")]
    output_tokens: Annotated[int | None, _doc("all output, reasoning included")]
    cached_input_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    total_tokens: Annotated[int | None, _doc("as the provider reported it")]
    provider_input_tokens: Annotated[int | None, _doc("as the provider reported it")]
    provider_output_tokens: Annotated[int | None, _doc("as the provider reported it")]
    input_includes_cached: bool | None
    output_includes_reasoning: bool | None
    usage_raw: Annotated[Any, _doc("the provider's usage object; null where there is none")]
    usage_at: Annotated[str, _doc("where in the response the usage was")]
    usage_source: Annotated[
        str,
        _doc(
            "`provider`, `drained` (read after the caller left), `counted` (a mere count, nothing was used), or `none`"
        ),
    ]
    cost_nanousd: int | None
    cost_known: bool
    reported_cost_nanousd: Annotated[int | None, _doc("cost as the provider reported it")]
    price_version: Annotated[str, _doc("the price data that the cost was computed from")]
    cost_lines: Annotated[list[EventCostLine], _doc("what the cost is the sum of; a part of it where the cost is null")]
    cost_missing: Annotated[list[str], _doc("what has no known price or could not be read; empty where known")]
    priced_usage: Annotated[
        Any,
        _doc(
            "what the cost depends on beside the columns of usage, for a later re-pricing; `{}` where they hold all of "
            "it, null where no usage was priced"
        ),
    ]

    settled_id: Annotated[
        str, _doc("the background response, batch or output file whose usage this call bills; empty for other calls")
    ]

    source: Annotated[
        str, _doc("how the call came into the log: empty for the proxy, else `logger`, `otlp` or `import:<name>`")
    ]
    tool_names: Annotated[
        list[str], _doc("tools that the response called, each once; of a logged tool step its own name")
    ]
    response_id: Annotated[str, _doc("the provider's id of the response; empty where it gave none")]

    user_id: str
    session_id: str
    session_path: str
    session_name: str
    request_name: str
    properties: Annotated[dict[str, str], _doc("lower-case name to value")]
    property_names: Annotated[dict[str, str], _doc("lower-case name to the spelling sent, where they differ")]
    prompt_id: str
    prompt_version: str

    cached: Annotated[bool, _doc("served from the cache")]
    saved_nanousd: Annotated[int | None, _doc("of a cache hit: what the call would have cost")]
    saved_ms: Annotated[float | None, _doc("of a cache hit: how much longer the stored response had taken")]
    request_size: Annotated[int, _doc("bytes")]
    response_size: Annotated[int, _doc("bytes")]
    request_omitted: Annotated[bool, _doc("the caller asked that its request is not stored")]
    response_omitted: Annotated[bool, _doc("the caller asked that the response is not stored")]
    truncated: Annotated[bool, _doc("a body was above `log.max_body`, and its middle is left out")]
    request_preview: Annotated[str, _doc("first 200 characters of the prompt")]
    response_preview: Annotated[str, _doc("first 200 characters of the response")]

    trace_id: Annotated[str, _doc("32 hex digits from the caller's `traceparent`; empty without one")]
    span_id: Annotated[str, _doc("this call's span: the last 16 hex digits of `id`; empty without a trace")]
    parent_span_id: Annotated[str, _doc("the caller's span: 16 hex digits from its `traceparent`")]

    attempts: list[EventAttempt]
    attempt_count: int
    facts: Annotated[dict[str, Any], _doc("cache, limit, retry, fallback and prompt facts by name (`cache.status`)")]
    unknown_directives: Annotated[dict[str, str], _doc("Helicone-* headers that are not supported")]
    response_headers: Annotated[dict[str, str], _doc("chosen headers of the provider's response")]
    client_ip: str
    user_agent: str
    worker: Annotated[str, _doc("gateway worker that served the call")]
    reading_error: Annotated[str, _doc("why the bodies could not be read; empty where they could")]


class EventBodies(msgspec.Struct, frozen=True, kw_only=True):
    """The bodies of a call. A body that is not UTF-8 is base64, and its `…_base64` flag is true."""

    id: str
    org: str
    start: datetime
    request: str
    request_base64: bool
    request_type: Annotated[str, _doc("Content-Type")]
    request_text: Annotated[
        str, _doc("start of the last user message, then of the system prompt, for search; empty without log.text_index")
    ]
    response: Annotated[str, _doc("decompressed; of a stream its raw events")]
    response_base64: bool
    response_type: Annotated[str, _doc("Content-Type")]
    response_text: Annotated[str, _doc("text of the response, assembled where it was streamed")]
    tool_calls: Annotated[Any, _doc("list of the tool calls in the response")]
    sent: Annotated[
        str,
        _doc(
            "what left instead of `request`: a managed prompt filled in, or a fallback's changes; empty where it "
            "left as it came, or with no more than stream usage requested"
        ),
    ] = ""
    chunk_times: Annotated[
        Any,
        _doc(
            "when the pieces of a stream arrived: a list of microseconds after `start` and the bytes of the response "
            "that were there then; null where this was not asked for (`Helicone-Stream-Times`)"
        ),
    ] = None


class EventWithBodies(Event, frozen=True, kw_only=True):
    """One finished call with its bodies; `bodies` is null where they are not stored."""

    bodies: EventBodies | None
