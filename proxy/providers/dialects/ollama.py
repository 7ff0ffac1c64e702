"""Ollama's own dialect: JSON lines from `/api/chat`, `/api/generate`, `/api/embed`."""

from typing import Any

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import AnswerBuilder
from proxy.providers.dialects.base import CapturedExchange, Dialect, ExchangeReading, name_operation, nothing_in_path
from proxy.providers.dialects.decode import decode_exchange, json_text
from proxy.providers.dialects.fields import get_int, get_object, get_objects, get_str

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


def read(exchange: CapturedExchange) -> ExchangeReading:
    decoded = decode_exchange(exchange, nothing_in_path)
    reading = decoded.reading
    builder = AnswerBuilder()
    raw: dict[str, Any] = {}
    for _, document in decoded.answer.rows:
        if not isinstance(document, dict):
            continue
        message = get_object(document, "message")
        reading.model_answered = get_str(document, "model") or reading.model_answered
        reading.finish_reason = get_str(document, "done_reason") or reading.finish_reason
        builder.text.append(get_str(message, "content") or get_str(document, "response"))
        builder.reasoning.append(get_str(message, "thinking") or get_str(document, "thinking"))
        for call in get_objects(message, "tool_calls"):
            function = get_object(call, "function")
            builder.calls.add(
                len(builder.calls), call.get("id"), function.get("name"), json_text(function.get("arguments"))
            )
        counts = {
            key: document[key] for key in ("prompt_eval_count", "eval_count") if get_int(document, key) is not None
        }
        raw = counts or raw
    builder.fill(reading)
    if decoded.has_usage and raw:
        input_tokens, output_tokens = get_int(raw, "prompt_eval_count"), get_int(raw, "eval_count")
        reading.usage = Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            norm_input_total=input_tokens,
            norm_output_total=output_tokens,
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
