"""Cohere's dialect, v1 and v2: chat, generate, embed, rerank."""

from typing import Any

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import Assembly
from proxy.providers.dialects.base import Dialect, Exchange, Reading, name_operation, nothing_in_path
from proxy.providers.dialects.fields import count, items, one, text_of, word
from proxy.providers.dialects.opening import open_exchange

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


def read(exchange: Exchange) -> Reading:
    opened = open_exchange(exchange, nothing_in_path)
    reading = opened.reading
    said = Assembly()
    raw: dict[str, Any] = {}
    at = ""
    for name, document in opened.answer.rows:
        if not isinstance(document, dict):
            continue
        kind = word(document, "type", "event_type") or name
        if kind == "message-end":
            delta = one(document, "delta")
            reading.finish_reason = word(delta, "finish_reason") or reading.finish_reason
            raw, at = one(delta, "usage"), "delta.usage"
            if word(delta, "error"):
                reading.error_kind, reading.error_message = word(delta, "error_type") or "error", word(delta, "error")
        elif kind == "stream-end":
            whole = one(document, "response")
            reading.finish_reason = word(document, "finish_reason") or word(whole, "finish_reason")
            raw, at = one(whole, "meta"), "response.meta"
            _read_calls(whole, said)
        elif kind:
            _read_event(kind, document, said)
        else:
            reading.finish_reason = word(document, "finish_reason") or reading.finish_reason
            raw, at = (one(document, "usage"), "usage") if one(document, "usage") else (one(document, "meta"), "meta")
            _read_message(document, said)
    said.fill(reading)
    if opened.has_usage and "billed_units" in raw:
        reading.usage = _usage(raw, at)
    return reading


def _read_event(kind: str, document: dict[str, Any], said: Assembly) -> None:
    message = one(document, "delta", "message")
    if kind in ("content-delta", "content-start"):
        said.text.append(word(one(message, "content"), "text"))
        said.thought.append(word(one(message, "content"), "thinking"))
    elif kind == "tool-plan-delta":
        said.thought.append(word(message, "tool_plan"))
    elif kind in ("tool-call-start", "tool-call-delta"):
        call = one(message, "tool_calls")
        function = one(call, "function")
        said.calls.add(count(document, "index"), call.get("id"), function.get("name"), function.get("arguments"))
    elif kind == "text-generation":
        said.text.append(word(document, "text"))


def _read_message(document: dict[str, Any], said: Assembly) -> None:
    message = one(document, "message")
    said.thought.append(word(message, "tool_plan"))
    for part in items(message, "content"):
        said.text.append(word(part, "text"))
        said.thought.append(word(part, "thinking"))
    for row in items(document, "generations")[:1]:
        said.text.append(word(row, "text"))
    said.text.append(word(document, "text") or text_of(document.get("message")))
    _read_calls(message or document, said)


def _read_calls(holder: dict[str, Any], said: Assembly) -> None:
    for at, call in enumerate(items(holder, "tool_calls")):
        function = one(call, "function") or call
        arguments = function.get("arguments", function.get("parameters"))
        said.calls.add(at, call.get("id"), function.get("name"), arguments)


def _usage(raw: dict[str, Any], at: str) -> Usage:
    """What is billed. `raw["tokens"]` holds the larger counts of what was processed; cached tokens are part of those,
    so above the billed input they cannot be told apart."""
    billed = one(raw, "billed_units")
    asked, answered = count(billed, "input_tokens"), count(billed, "output_tokens")
    cached = count(raw, "cached_tokens")
    return Usage(
        input_tokens=asked,
        output_tokens=answered,
        cached_input_tokens=cached,
        norm_input_total=None if cached is not None and asked is not None and cached > asked else asked,
        norm_output_total=answered,
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
