"""Cohere's dialect, v1 and v2: chat, generate, embed, rerank."""

from typing import Any

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import AnswerBuilder
from proxy.providers.dialects.base import CapturedExchange, Dialect, ExchangeReading, name_operation, nothing_in_path
from proxy.providers.dialects.decode import decode_exchange
from proxy.providers.dialects.fields import get_int, get_object, get_objects, get_str, join_text

__all__ = ["COHERE"]

_TAILS = {
    "chat": "chat",
    "generate": "completions",
    "embed": "embeddings",
    "rerank": "rerank",
    "summarize": "completions",
    "classify": "other",
}
_FOLDERS = {"models": "models", "embed-jobs": "batches", "datasets": "files", "audio": "audio", "batches": "batches"}


def _operation(path: str) -> str:
    return name_operation(path, _TAILS, _FOLDERS)


def read(exchange: CapturedExchange) -> ExchangeReading:
    decoded = decode_exchange(exchange, nothing_in_path)
    reading = decoded.reading
    builder = AnswerBuilder()
    raw: dict[str, Any] = {}
    at = ""
    for name, document in decoded.answer.rows:
        if not isinstance(document, dict):
            continue
        kind = get_str(document, "type", "event_type") or name
        if kind == "message-end":
            delta = get_object(document, "delta")
            reading.finish_reason = get_str(delta, "finish_reason") or reading.finish_reason
            raw, at = get_object(delta, "usage"), "delta.usage"
            if get_str(delta, "error"):
                reading.error_kind, reading.error_message = (
                    get_str(delta, "error_type") or "error",
                    get_str(delta, "error"),
                )
        elif kind == "stream-end":
            response = get_object(document, "response")
            reading.finish_reason = get_str(document, "finish_reason") or get_str(response, "finish_reason")
            raw, at = get_object(response, "meta"), "response.meta"
            _read_calls(response, builder)
        elif kind:
            _read_event(kind, document, builder)
        else:
            reading.finish_reason = get_str(document, "finish_reason") or reading.finish_reason
            raw, at = (
                (get_object(document, "usage"), "usage")
                if get_object(document, "usage")
                else (get_object(document, "meta"), "meta")
            )
            _read_message(document, builder)
    builder.fill(reading)
    if decoded.has_usage and "billed_units" in raw:
        reading.usage = _usage(raw, at)
    return reading


def _read_event(kind: str, document: dict[str, Any], builder: AnswerBuilder) -> None:
    message = get_object(document, "delta", "message")
    if kind in ("content-delta", "content-start"):
        builder.text.append(get_str(get_object(message, "content"), "text"))
        builder.reasoning.append(get_str(get_object(message, "content"), "thinking"))
    elif kind == "tool-plan-delta":
        builder.reasoning.append(get_str(message, "tool_plan"))
    elif kind in ("tool-call-start", "tool-call-delta"):
        call = get_object(message, "tool_calls")
        function = get_object(call, "function")
        builder.calls.add(get_int(document, "index"), call.get("id"), function.get("name"), function.get("arguments"))
    elif kind == "text-generation":
        builder.text.append(get_str(document, "text"))


def _read_message(document: dict[str, Any], builder: AnswerBuilder) -> None:
    message = get_object(document, "message")
    builder.reasoning.append(get_str(message, "tool_plan"))
    for part in get_objects(message, "content"):
        builder.text.append(get_str(part, "text"))
        builder.reasoning.append(get_str(part, "thinking"))
    for row in get_objects(document, "generations")[:1]:
        builder.text.append(get_str(row, "text"))
    builder.text.append(get_str(document, "text") or join_text(document.get("message")))
    _read_calls(message or document, builder)


def _read_calls(holder: dict[str, Any], builder: AnswerBuilder) -> None:
    for at, call in enumerate(get_objects(holder, "tool_calls")):
        function = get_object(call, "function") or call
        arguments = function.get("arguments", function.get("parameters"))
        builder.calls.add(at, call.get("id"), function.get("name"), arguments)


def _usage(raw: dict[str, Any], at: str) -> Usage:
    """What is billed. `raw["tokens"]` holds the larger counts of what was processed; cached tokens are part of those,
    so above the billed input they cannot be distinguished."""
    billed = get_object(raw, "billed_units")
    input_tokens, output_tokens = get_int(billed, "input_tokens"), get_int(billed, "output_tokens")
    cached = get_int(raw, "cached_tokens")
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached,
        norm_input_total=None
        if cached is not None and input_tokens is not None and cached > input_tokens
        else input_tokens,
        norm_output_total=output_tokens,
        raw=raw,
        at=at,
    )


def _error_body(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    return msgspec.json.encode({"message": message})


def _error_event(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    delta = {"finish_reason": "ERROR", "error": message, "error_type": kind}
    return b"event: message-end\ndata: " + msgspec.json.encode({"type": "message-end", "delta": delta}) + b"\n\n"


COHERE = Dialect(
    name="cohere",
    operation=_operation,
    model_in=nothing_in_path,
    read=read,
    error_body=_error_body,
    error_event=_error_event,
    token_keys=(b"text", b"thinking", b"tool_plan", b"arguments"),
    done_marks=(b"event: message-end", b'"stream-end"'),
)
