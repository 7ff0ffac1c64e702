"""Ollama's own dialect: JSON lines from `/api/chat`, `/api/generate`, `/api/embed`."""

from typing import Any

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import Assembly
from proxy.providers.dialects.base import Dialect, Exchange, Reading, name_operation, nothing_in_path
from proxy.providers.dialects.fields import count, items, one, word
from proxy.providers.dialects.opening import json_text, open_exchange

__all__ = ["OLLAMA"]

_TAILS = {
    "api/chat": "chat",
    "api/generate": "completions",
    "api/embed": "embeddings",
    "api/embeddings": "embeddings",
    "api/tags": "models",
    "api/show": "models",
    "api/ps": "models",
    "api/pull": "models",
    "api/push": "models",
    "api/create": "models",
}


def _operation(path: str) -> str:
    return name_operation(path, _TAILS, {"blobs": "files"})


def read(exchange: Exchange) -> Reading:
    opened = open_exchange(exchange, nothing_in_path)
    reading = opened.reading
    said = Assembly()
    raw: dict[str, Any] = {}
    for _, document in opened.answer.rows:
        if not isinstance(document, dict):
            continue
        message = one(document, "message")
        reading.model_answered = word(document, "model") or reading.model_answered
        reading.finish_reason = word(document, "done_reason") or reading.finish_reason
        said.text.append(word(message, "content") or word(document, "response"))
        said.thought.append(word(message, "thinking") or word(document, "thinking"))
        for call in items(message, "tool_calls"):
            function = one(call, "function")
            said.calls.add(len(said.calls), call.get("id"), function.get("name"), json_text(function.get("arguments")))
        counts = {key: document[key] for key in ("prompt_eval_count", "eval_count") if count(document, key) is not None}
        raw = counts or raw
    said.fill(reading)
    if opened.has_usage and raw:
        asked, answered = count(raw, "prompt_eval_count"), count(raw, "eval_count")
        reading.usage = Usage(
            input_tokens=asked,
            output_tokens=answered,
            norm_input_total=asked,
            norm_output_total=answered,
            raw=raw,
            at="prompt_eval_count, eval_count",
        )
    return reading


def _error_body(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    return msgspec.json.encode({"error": message})


def _error_event(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    return _error_body(status, kind, message, code, param) + b"\n"


OLLAMA = Dialect(
    name="ollama",
    operation=_operation,
    model_in=nothing_in_path,
    read=read,
    error_body=_error_body,
    error_event=_error_event,
    token_keys=(b"content", b"response", b"thinking", b"arguments"),
    done_marks=(b'"done":true', b'"done": true'),
)
