"""Google's dialect: generateContent on Gemini and Vertex, embeddings, predict, countTokens, interactions."""

from typing import Any

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import AnswerBuilder
from proxy.providers.dialects.base import CapturedExchange, Dialect, ExchangeReading, name_operation
from proxy.providers.dialects.billing import read_grounding
from proxy.providers.dialects.counts import token_count_usage
from proxy.providers.dialects.decode import DecodedExchange, decode_exchange, json_text
from proxy.providers.dialects.fields import get_int, get_list, get_object, get_objects, get_str
from proxy.providers.dialects.interactions import read_interaction

__all__ = ["GEMINI"]

_METHODS = {
    "generateContent": "generate_content",
    "streamGenerateContent": "generate_content",
    "generateText": "generate_content",
    "countTokens": "count_tokens",
    "computeTokens": "count_tokens",
    "embedContent": "embeddings",
    "batchEmbedContents": "embeddings",
    "embedText": "embeddings",
    "predict": "embeddings",
    "rawPredict": "generate_content",
    "streamRawPredict": "generate_content",
    "batchGenerateContent": "batches",
    "asyncBatchEmbedContent": "batches",
}
_TAILS = {"interactions": "interactions"}
_FOLDERS = {"models": "models", "files": "files", "batches": "batches", "batchPredictionJobs": "batches"}
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _operation(path: str) -> str:
    path = path.partition("?")[0]
    _, mark, method = path.rpartition(":")
    if mark and "/" not in method:
        found = _METHODS.get(method, "other")
        # Imagen and Veo are predicted too; they make no embeddings.
        return "images" if method == "predict" and "imag" in path.rpartition("/")[2] else found
    return "stored" if "/interactions/" in path else name_operation(path, _TAILS, _FOLDERS)


def _model_in(path: str) -> str:
    last = path.partition("?")[0].rpartition("/")[2]
    model, mark, _ = last.rpartition(":")
    return model if mark else ""


def read(exchange: CapturedExchange) -> ExchangeReading:
    decoded = decode_exchange(exchange, _model_in)
    if exchange.operation == "interactions":
        return read_interaction(decoded)
    if exchange.operation == "count_tokens":
        counts = {key: value for key, value in get_object(decoded.answer.first).items() if "oken" in key}
        decoded.reading.usage = token_count_usage(counts, "totalTokens") if decoded.has_usage else None
        return decoded.reading
    if exchange.operation == "embeddings":
        return _read_embeddings(decoded)
    return _read_contents(decoded)


def _read_embeddings(decoded: DecodedExchange) -> ExchangeReading:
    document, reading = get_object(decoded.answer.first), decoded.reading
    if not decoded.has_usage:
        return reading
    raw = get_object(document, "usageMetadata")
    input_tokens = get_int(raw, "promptTokenCount")
    if raw:
        total = get_int(raw, "totalTokenCount")
        reading.usage = Usage(
            input_tokens=input_tokens, total_tokens=total, norm_input_total=input_tokens, raw=raw, at="usageMetadata"
        )
        return reading
    counts = [
        found
        for row in get_objects(document, "predictions")
        if (found := get_int(get_object(row, "embeddings", "statistics"), "token_count")) is not None
    ]
    if counts:
        at = "predictions[].embeddings.statistics.token_count"
        input_tokens = sum(counts)
        reading.usage = Usage(
            input_tokens=input_tokens, norm_input_total=input_tokens, raw={"token_count": counts}, at=at
        )
    return reading


def _read_contents(decoded: DecodedExchange) -> ExchangeReading:
    reading = decoded.reading
    builder = AnswerBuilder()
    raw: dict[str, Any] = {}
    for _, document in decoded.answer.rows:
        if not isinstance(document, dict):
            continue
        if isinstance(document.get("response"), dict):
            document = document["response"]
        reading.model_answered = get_str(document, "modelVersion") or reading.model_answered
        raw = get_object(document, "usageMetadata") or raw
        for candidate in get_objects(document, "candidates")[:1]:
            reading.finish_reason = get_str(candidate, "finishReason") or reading.finish_reason
            _read_parts(get_object(candidate, "content"), builder)
        blocked = get_str(get_object(document, "promptFeedback"), "blockReason")
        reading.finish_reason = blocked or reading.finish_reason
    builder.fill(reading)
    if decoded.has_usage and raw:
        reading.usage = _usage(raw)
        read_grounding(decoded)
    return reading


def _read_parts(content: dict[str, Any], builder: AnswerBuilder) -> None:
    for part in get_list(content, "parts"):
        (builder.reasoning if isinstance(part, dict) and part.get("thought") is True else builder.text).append(
            get_str(part, "text")
        )
        call = get_object(part, "functionCall")
        if call:
            builder.calls.add(len(builder.calls), call.get("id"), call.get("name"), json_text(call.get("args", {})))


def _usage(raw: dict[str, Any]) -> Usage:
    """The prompt count includes what came from the cache and leaves out what tools put in; thoughts are extra."""
    input_tokens, output_tokens = get_int(raw, "promptTokenCount"), get_int(raw, "candidatesTokenCount")
    cached, thoughts = get_int(raw, "cachedContentTokenCount"), get_int(raw, "thoughtsTokenCount")
    contradicts = cached is not None and input_tokens is not None and cached > input_tokens
    tools = get_int(raw, "toolUsePromptTokenCount") or 0
    nothing = output_tokens is None and thoughts is None
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached,
        reasoning_tokens=thoughts,
        total_tokens=get_int(raw, "totalTokenCount"),
        input_includes_cached=None if contradicts else True,
        output_includes_reasoning=False,
        norm_input_total=None if contradicts or input_tokens is None else input_tokens + tools,
        norm_output_total=None if nothing else (output_tokens or 0) + (thoughts or 0),
        raw=raw,
        at="usageMetadata",
    )


def _error_body(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    word = _STATUSES.get(status, "INTERNAL" if status >= 500 else "FAILED_PRECONDITION")
    return msgspec.json.encode({"error": {"code": status, "message": message, "status": word}})


def _error_event(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    return b"data: " + _error_body(status, kind, message, code, param) + b"\r\n\r\n"


GEMINI = Dialect(
    name="gemini",
    operation=_operation,
    model_in=_model_in,
    read=read,
    error_body=_error_body,
    error_event=_error_event,
    token_keys=(b"text", b"name", b"data", b"code", b"arguments"),
    done_marks=(b'"finishReason"', b'"interaction.completed"', b'"blockReason"'),
    stream_mark=":stream",  # a JSON array where `alt=sse` was not asked for
    refusal_marks=(b'"SAFETY"', b'"PROHIBITED_CONTENT"', b'"BLOCKLIST"', b'"RECITATION"', b'"SPII"', b'"IMAGE_SAFETY"'),
    refusal=None,
    caller_marks=("/v1beta/", ":generateContent", ":streamGenerateContent"),
    caller_headers=("x-goog-api-key", "?key"),
)
