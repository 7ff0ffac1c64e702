"""Google's dialect: generateContent on Gemini and Vertex, embeddings, predict, countTokens, interactions."""

from typing import Any

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import Assembly
from proxy.providers.dialects.base import Dialect, Exchange, Reading, name_operation
from proxy.providers.dialects.counts import counted
from proxy.providers.dialects.fields import count, items, listed, one, word
from proxy.providers.dialects.interactions import read_interaction
from proxy.providers.dialects.opening import Opened, json_text, open_exchange

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
    return name_operation(path, _TAILS, _FOLDERS)


def _model_in(path: str) -> str:
    last = path.partition("?")[0].rpartition("/")[2]
    model, mark, _ = last.rpartition(":")
    return model if mark else ""


def read(exchange: Exchange) -> Reading:
    opened = open_exchange(exchange, _model_in)
    if exchange.operation == "interactions":
        return read_interaction(opened)
    if exchange.operation == "count_tokens":
        counts = {key: value for key, value in one(opened.answer.first).items() if "oken" in key}
        opened.reading.usage = counted(counts, "totalTokens") if opened.has_usage else None
        return opened.reading
    if exchange.operation == "embeddings":
        return _read_embeddings(opened)
    return _read_contents(opened)


def _read_embeddings(opened: Opened) -> Reading:
    document, reading = one(opened.answer.first), opened.reading
    if not opened.has_usage:
        return reading
    raw = one(document, "usageMetadata")
    asked = count(raw, "promptTokenCount")
    if raw:
        total = count(raw, "totalTokenCount")
        reading.usage = Usage(
            input_tokens=asked, total_tokens=total, norm_input_total=asked, raw=raw, at="usageMetadata"
        )
        return reading
    counts = [
        found
        for row in items(document, "predictions")
        if (found := count(one(row, "embeddings", "statistics"), "token_count")) is not None
    ]
    if counts:
        at = "predictions[].embeddings.statistics.token_count"
        asked = sum(counts)
        reading.usage = Usage(input_tokens=asked, norm_input_total=asked, raw={"token_count": counts}, at=at)
    return reading


def _read_contents(opened: Opened) -> Reading:
    reading = opened.reading
    said = Assembly()
    raw: dict[str, Any] = {}
    for _, document in opened.answer.rows:
        if not isinstance(document, dict):
            continue
        if isinstance(document.get("response"), dict):
            document = document["response"]
        reading.model_answered = word(document, "modelVersion") or reading.model_answered
        raw = one(document, "usageMetadata") or raw
        for candidate in items(document, "candidates")[:1]:
            reading.finish_reason = word(candidate, "finishReason") or reading.finish_reason
            _read_parts(one(candidate, "content"), said)
        blocked = word(one(document, "promptFeedback"), "blockReason")
        reading.finish_reason = blocked or reading.finish_reason
    said.fill(reading)
    if opened.has_usage and raw:
        reading.usage = _usage(raw)
    return reading


def _read_parts(content: dict[str, Any], said: Assembly) -> None:
    for part in listed(content, "parts"):
        (said.thought if isinstance(part, dict) and part.get("thought") is True else said.text).append(
            word(part, "text")
        )
        call = one(part, "functionCall")
        if call:
            said.calls.add(len(said.calls), call.get("id"), call.get("name"), json_text(call.get("args", {})))


def _usage(raw: dict[str, Any]) -> Usage:
    """The prompt count includes what came from the cache and leaves out what tools put in; thoughts are extra."""
    asked, answered = count(raw, "promptTokenCount"), count(raw, "candidatesTokenCount")
    cached, thoughts = count(raw, "cachedContentTokenCount"), count(raw, "thoughtsTokenCount")
    contradicts = cached is not None and asked is not None and cached > asked
    tools = count(raw, "toolUsePromptTokenCount") or 0
    nothing = answered is None and thoughts is None
    return Usage(
        input_tokens=asked,
        output_tokens=answered,
        cached_input_tokens=cached,
        reasoning_tokens=thoughts,
        total_tokens=count(raw, "totalTokenCount"),
        input_includes_cached=None if contradicts else True,
        output_includes_reasoning=False,
        norm_input_total=None if contradicts or asked is None else asked + tools,
        norm_output_total=None if nothing else (answered or 0) + (thoughts or 0),
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
)
