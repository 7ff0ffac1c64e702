"""Anthropic's dialect: messages and the older text completions."""

from typing import Any

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import AnswerBuilder
from proxy.providers.dialects.base import CapturedExchange, Dialect, ExchangeReading, name_operation
from proxy.providers.dialects.bodies import Document
from proxy.providers.dialects.counts import merge_counts, token_count_usage
from proxy.providers.dialects.decode import DecodedExchange, decode_exchange
from proxy.providers.dialects.fields import get_int, get_object, get_objects, get_str

__all__ = ["ANTHROPIC", "message_usage", "read_messages"]

_TAILS = {
    "messages": "messages",
    "messages/count_tokens": "count_tokens",
    "complete": "completions",
    "count-tokens:rawPredict": "count_tokens",
}
_FOLDERS = {"batches": "batches", "files": "files", "models": "models"}
_KINDS = {"api_error", "overloaded_error", "rate_limit_error", "authentication_error", "permission_error"}
_KINDS |= {"invalid_request_error", "not_found_error", "request_too_large", "timeout_error", "billing_error"}


def _operation(path: str) -> str:
    found = name_operation(path, _TAILS, {})
    if found != "other":
        return found
    if path.partition("?")[0].endswith(("rawPredict", "RawPredict")):
        return "messages"
    return name_operation(path, _TAILS, _FOLDERS)


def _model_in(path: str) -> str:
    _, mark, tail = path.partition("/models/")
    model = tail.partition(":")[0] if mark and ":" in tail else ""
    return "" if model == "count-tokens" else model


def read(exchange: CapturedExchange) -> ExchangeReading:
    decoded = decode_exchange(exchange, _model_in)
    if exchange.operation == "count_tokens":
        decoded.reading.usage = (
            token_count_usage(get_object(decoded.answer.first), "input_tokens") if decoded.has_usage else None
        )
        return decoded.reading
    return read_messages(decoded)


def read_messages(decoded: DecodedExchange) -> ExchangeReading:
    """A message, or the events of one; the older completions too."""
    reading = decoded.reading
    builder = AnswerBuilder()
    for name, document in decoded.answer.rows:
        if isinstance(document, dict):
            _read_row(get_str(document, "type") or name, document, reading, builder)
    builder.fill(reading)
    if decoded.has_usage:
        reading.usage = _usage(decoded.answer.rows)
    return reading


def _read_row(kind: str, document: dict[str, Any], reading: ExchangeReading, builder: AnswerBuilder) -> None:
    if kind == "content_block_delta":
        delta = get_object(document, "delta")
        builder.text.append(get_str(delta, "text"))
        builder.reasoning.append(get_str(delta, "thinking"))
        if delta.get("type") == "input_json_delta":
            builder.calls.add(
                document.get("index") if get_int(document, "index") is not None else 0,
                arguments=get_str(delta, "partial_json"),
            )
    elif kind == "content_block_start":
        block = get_object(document, "content_block")
        builder.text.append(get_str(block, "text"))
        builder.reasoning.append(get_str(block, "thinking"))
        if get_str(block, "type").endswith("tool_use"):
            builder.calls.add(
                get_int(document, "index") or 0, block.get("id"), block.get("name"), block.get("input") or ""
            )
    elif kind == "message_start":
        reading.model_answered = get_str(get_object(document, "message"), "model")
    elif kind == "message_delta":
        reading.finish_reason = get_str(get_object(document, "delta"), "stop_reason") or reading.finish_reason
    elif "completion" in document:
        reading.model_answered = get_str(document, "model") or reading.model_answered
        reading.finish_reason = get_str(document, "stop_reason") or reading.finish_reason
        builder.text.append(get_str(document, "completion"))
    elif "content" in document:
        _read_message(document, reading, builder)


def _read_message(document: dict[str, Any], reading: ExchangeReading, builder: AnswerBuilder) -> None:
    reading.model_answered = get_str(document, "model")
    reading.finish_reason = get_str(document, "stop_reason")
    for at, block in enumerate(get_objects(document, "content")):
        builder.text.append(get_str(block, "text"))
        builder.reasoning.append(get_str(block, "thinking"))
        if get_str(block, "type").endswith("tool_use"):
            builder.calls.add(at, block.get("id"), block.get("name"), block.get("input"))


def _usage(rows: list[Document]) -> Usage | None:
    """The message's own, or that of its start and its deltas, which are cumulative: no count shrinks."""
    merged: dict[str, Any] = {}
    at = "usage"
    for name, document in rows:
        kind = get_str(document, "type") or name
        if kind == "message_start":
            merged.update(get_object(document, "message", "usage"))
            merged.pop("output_tokens", None)  # what a message starts with is no count of what it comes to
            at = "message.usage"
        elif kind in ("message_delta", "message", ""):
            merged = merge_counts(merged, get_object(document, "usage"))
    return message_usage(merged, at) if merged else None


def message_usage(raw: dict[str, Any], at: str) -> Usage:
    """`input_tokens` here leaves out what was read from and written to the cache."""
    input_tokens, output_tokens = get_int(raw, "input_tokens"), get_int(raw, "output_tokens")
    cached, written = get_int(raw, "cache_read_input_tokens"), get_int(raw, "cache_creation_input_tokens")
    thinking = get_int(get_object(raw, "output_tokens_details"), "thinking_tokens")
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=thinking,
        input_includes_cached=False,
        output_includes_reasoning=None if thinking is None else True,
        norm_input_total=None if input_tokens is None else input_tokens + (cached or 0) + (written or 0),
        norm_output_total=output_tokens,
        raw=raw,
        at=at,
    )


def _error_body(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    known = kind if kind in _KINDS else ("api_error" if status >= 500 else "invalid_request_error")
    return msgspec.json.encode({"type": "error", "error": {"type": known, "message": message}})


def _error_event(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    return b"event: error\ndata: " + _error_body(status, kind, message, code, param) + b"\n\n"


ANTHROPIC = Dialect(
    name="anthropic",
    operation=_operation,
    model_in=_model_in,
    read=read,
    error_body=_error_body,
    error_event=_error_event,
    token_keys=(b"text", b"thinking", b"partial_json", b"completion"),
    done_marks=(b"event: message_stop", b'"type":"message_stop"', b'"type": "message_stop"'),
    stream_mark=":stream",
    refusal_marks=(b'"refusal"',),
    refusal=None,
    rate_limit_headers=tuple(
        (f"anthropic-ratelimit-{limit}-remaining", f"anthropic-ratelimit-{limit}-reset")
        for limit in ("requests", "tokens", "input-tokens", "output-tokens")
    ),
    caller_marks=("/v1/messages",),
    caller_headers=("anthropic-version",),
)
