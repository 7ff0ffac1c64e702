"""Langfuse: observations, traces and scores, as its exports (CSV, JSON, JSONL) and its API have them.

A generation or an embedding is a call; every other observation, and a trace, is a step of its session without a cost.
https://langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields
"""

from collections.abc import Iterator
from typing import Any, Final

from proxy.core.usage import Usage
from proxy.ingest.imports.bodies import chat_request, chat_response
from proxy.ingest.imports.call import ImportedCall, ImportedScore
from proxy.ingest.imports.counts import counted_usage
from proxy.ingest.imports.row import BadRow, Row, as_body, as_text

__all__ = ["read"]

_SOURCE: Final = "langfuse"
_CALLS: Final = {"GENERATION": "chat", "EMBEDDING": "embeddings"}
_SCORED: Final = ("timestamp", "created_at", "createdAt")
_PROMPT: Final = ("input", "prompt_tokens", "promptTokens")
_COMPLETION: Final = ("output", "completion_tokens", "completionTokens")
_TOTAL: Final = ("total", "total_tokens", "totalTokens")
_CACHED: Final = ("input_cached_tokens", "input_cache_read", "cache_read_input_tokens", "cached_tokens")
_WRITTEN: Final = ("input_cache_creation", "cache_creation_input_tokens")
_REASONING: Final = ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens")
_KNOWN: Final = frozenset(
    {*_PROMPT, *_COMPLETION, *_TOTAL, *_CACHED, *_WRITTEN, *_REASONING, "unit", "inputCost", "outputCost", "totalCost"}
)


def read(row: Row) -> Iterator[ImportedCall | ImportedScore]:
    """What a row holds: an observation, a trace with its observations and scores, or a score. Raises `BadRow`."""
    if row.has("data_type", "dataType") or (row.has("observation_id", "observationId") and row.has("value")):
        yield _score(row)
    elif row.has("type"):
        yield _observation(row, Row({}, now_us=0))
    elif row.has("timestamp"):
        yield _trace(row)
        # The API has them in the trace; of a list of traces only the ids, and the tables' export has numbers.
        for name, one in (("observations", _observation), ("scores", _nested_score)):
            if isinstance(row.value(name), list):
                for each in row.rows(name) if _holds_objects(row.value(name)) else []:
                    yield one(each, row)
    else:
        raise BadRow("type", "is missing; expected is an observation, a trace or a score of Langfuse")


def _holds_objects(values: list[Any]) -> bool:
    return any(isinstance(value, dict) for value in values)


def _observation(row: Row, trace: Row) -> ImportedCall:
    """`trace` is the trace that it came in; without values where it came alone."""
    kind = row.require("type").upper()
    started_us = row.require_moment("start_time", "startTime")
    trace_id = row.text("trace_id", "traceId") or trace.text("id")
    model = row.text("provided_model_name", "providedModelName", "model", "internalModel")
    level, message = row.text("level").upper(), row.text("status_message", "statusMessage")
    is_call = kind in _CALLS
    ended_us = row.moment("end_time", "endTime")
    trace_name = row.text("trace_name", "traceName") or trace.text("name")
    name = row.text("name")
    parameters = _parameters(row)
    prompt, answer = row.value("input"), row.value("output")
    return ImportedCall(
        source=_SOURCE,
        id=row.require("id"),
        started_us=started_us,
        latency_us=-1 if ended_us is None else max(-1, ended_us - started_us),
        first_token_us=_first_token_us(row, started_us),
        step="" if is_call else kind.lower(),
        provider="",
        dialect="openai" if is_call else "",
        operation=_CALLS.get(kind, kind.lower()),
        model=model,
        status=500 if level == "ERROR" else 200,
        error="error" if level == "ERROR" else "",
        error_message=message,
        streamed=row.has("completion_start_time", "completionStartTime"),
        user_id=row.text("user_id", "userId") or trace.text("user_id", "userId"),
        session_id=row.text("session_id", "sessionId") or trace.text("session_id", "sessionId") or trace_id,
        session_path=_path(trace_name, name),
        session_name=trace_name,
        request_name=name,
        properties=_properties(row, trace),
        prompt_id=row.text("prompt_name", "promptName"),
        prompt_version=row.text("prompt_version", "promptVersion"),
        trace_id=trace_id,
        parent_id=row.text("parent_observation_id", "parentObservationId") or _trace_step(trace.text("id")),
        request=_embedded(model, prompt, kind) or chat_request(model, prompt, parameters)
        if is_call
        else as_body(prompt),
        response=chat_response(model, answer) if kind == "GENERATION" else as_body(answer),
        usage=_usage(row) if is_call else None,
        cost_usd=_cost(row) if is_call else None,
    )


def _embedded(model: str, prompt: Any, kind: str) -> bytes:
    return as_body({"model": model, "input": prompt}) if kind == "EMBEDDING" and prompt else b""


def _trace(row: Row) -> ImportedCall:
    id, name = row.require("id"), row.text("name")
    started_us = row.require_moment("timestamp")
    latency_s = row.number("latency")
    return ImportedCall(
        source=_SOURCE,
        id=_trace_step(id),
        started_us=started_us,
        latency_us=round(latency_s * 1e6) if latency_s is not None and latency_s >= 0 else -1,
        step="trace",
        operation="trace",
        user_id=row.text("user_id", "userId"),
        session_id=row.text("session_id", "sessionId") or id,
        session_path=_path(name),
        session_name=name,
        request_name=name,
        properties=_properties(row, Row({}, now_us=0)),
        trace_id=id,
        request=as_body(row.value("input")),
        response=as_body(row.value("output")),
    )


def _trace_step(trace: str) -> str:
    """The id of a trace's own row: some libraries give a trace and its first observation the same id."""
    return f"trace:{trace}" if trace else ""


def _nested_score(row: Row, trace: Row) -> ImportedScore:
    return _score(row, trace.text("id"), trace.moment("timestamp"))


def _score(row: Row, trace: str = "", traced_us: int | None = None) -> ImportedScore:
    name = row.require("name")
    kind = (row.text("data_type", "dataType") or "NUMERIC").upper()
    number, text = row.number("value"), row.text("string_value", "stringValue")
    value: float | bool | str | None = number
    if kind == "BOOLEAN":
        value = None if number is None else bool(number)
    elif kind in ("CATEGORICAL", "TEXT"):
        value = text or None
    if value is None:
        raise BadRow("value", f"is missing; expected is the value of a score of the type {kind}")
    call, trace = row.text("observation_id", "observationId"), row.text("trace_id", "traceId") or trace
    session = row.text("session_id", "sessionId")
    if not call and not trace and not session:
        raise BadRow("trace_id", "is missing; expected is trace_id, observation_id or session_id")
    return ImportedScore(
        source=_SOURCE,
        call=call,
        trace=trace,
        session=session,
        name=name,
        value=value,
        comment=row.text("comment"),
        at_us=traced_us if traced_us is not None and not row.has(*_SCORED) else row.require_moment(*_SCORED),
    )


def _path(*names: str) -> str:
    return "".join(f"/{name.replace('/', '-')}" for name in names if name)


def _first_token_us(row: Row, started_us: int) -> int:
    first_us = row.moment("completion_start_time", "completionStartTime")
    return -1 if first_us is None else max(-1, first_us - started_us)


def _parameters(row: Row) -> dict[str, Any]:
    value = row.value("model_parameters", "modelParameters")
    return value if isinstance(value, dict) else {}


def _properties(row: Row, trace: Row) -> dict[str, str]:
    properties: dict[str, str] = {}
    for each in (trace, row):
        metadata = each.value("metadata")
        if isinstance(metadata, dict):
            properties |= {name: as_text(value) for name, value in metadata.items()}
        for name in ("environment", "release", "version"):
            text = each.text(name)
            if text:
                properties[name] = text
        tags = each.texts("tags")
        if tags:
            properties["tags"] = ",".join(tags)
    return properties


def _usage(row: Row) -> Usage | None:
    """Langfuse's counts by kind: its `input` leaves out what has a kind of its own, such as cached tokens."""
    given = row.value("usage_details", "usageDetails", "usage")
    if isinstance(given, dict):
        details = Row(given, now_us=0, path="usage_details", problems=row.problems)
    else:
        flat = {
            "input": row.values.get("inputTokens", row.values.get("promptTokens")),
            "output": row.values.get("outputTokens", row.values.get("completionTokens")),
            "total": row.values.get("totalTokens"),
        }
        details = Row(flat, now_us=0, problems=row.problems)
    return counted_usage(
        prompt=details.count(*_PROMPT),
        completion=details.count(*_COMPLETION),
        total=details.count(*_TOTAL),
        cached=details.count(*_CACHED),
        written=details.count(*_WRITTEN),
        reasoning=details.count(*_REASONING),
        apart=True,
        others={name: value for name, value in details.values.items() if name not in _KNOWN and value},
    )


def _cost(row: Row) -> float | None:
    cost = row.number("total_cost", "totalCost", "calculatedTotalCost")
    if cost is None:
        details = row.value("cost_details", "costDetails")
        total = details.get("total") if isinstance(details, dict) else None
        cost = float(total) if isinstance(total, (int, float)) else None
    return cost
