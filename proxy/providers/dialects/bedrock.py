"""Bedrock's runtime: converse in its own format, invoke in the format of each model's maker."""

import base64
import binascii
from typing import Any

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.anthropic import read_messages
from proxy.providers.dialects.assembly import AnswerBuilder
from proxy.providers.dialects.base import CapturedExchange, Dialect, ExchangeReading, name_operation
from proxy.providers.dialects.billing import read_tier
from proxy.providers.dialects.bodies import Document, Documents, decode_json
from proxy.providers.dialects.counts import token_count_usage
from proxy.providers.dialects.decode import DecodedExchange, clean, decode_exchange
from proxy.providers.dialects.fields import get_int, get_object, get_objects, get_str
from proxy.providers.dialects.frames import read_frames, write_frame
from proxy.providers.dialects.openai import read_completion

__all__ = ["BEDROCK"]

_TAILS = {
    "converse": "converse",
    "converse-stream": "converse",
    "invoke": "invoke",
    "invoke-with-response-stream": "invoke",
    "invoke-with-bidirectional-stream": "invoke",
    "count-tokens": "count_tokens",
}
_FOLDERS = {"async-invoke": "batches", "foundation-models": "models", "model-invocation-job": "batches"}
_FAULTS = {400: "ValidationException", 401: "UnrecognizedClientException", 403: "AccessDeniedException"}
_FAULTS |= {404: "ResourceNotFoundException", 408: "ModelTimeoutException", 429: "ThrottlingException"}
_FAULTS |= {503: "ServiceUnavailableException", 504: "ModelTimeoutException"}


def _operation(path: str) -> str:
    return name_operation(path, _TAILS, _FOLDERS)


def _model_in(path: str) -> str:
    return path[7:].rpartition("/")[0] if path.startswith("/model/") else ""


def read(exchange: CapturedExchange) -> ExchangeReading:
    decoded = decode_exchange(exchange, _model_in, _framed(exchange))
    if exchange.operation == "converse":
        return _read_converse(decoded)
    if exchange.operation == "count_tokens":
        decoded.reading.usage = (
            token_count_usage(get_object(decoded.answer.first), "inputTokens") if decoded.has_usage else None
        )
        return decoded.reading
    return _read_invoke(decoded)


def _framed(exchange: CapturedExchange) -> Documents | None:
    """The documents of an event stream; None where the body is none."""
    body = exchange.response_body
    if "eventstream" not in exchange.response_type and body[:2] not in (b"\x00\x00", b"\x00\x01"):
        return None
    if body.lstrip()[:1] in (b"{", b"["):
        return None
    rows: list[Document] = []
    for headers, payload in read_frames(body):
        try:
            document = decode_json(payload)
            inner = document.get("bytes") if isinstance(document, dict) else None
            if isinstance(inner, str):
                document = decode_json(base64.b64decode(inner))
        except (ValueError, binascii.Error):
            continue
        fault = headers.get(":exception-type", "")
        if fault:
            document = {"error": {"type": fault, "message": get_str(document, "message", "Message")}}
        rows.append(("error" if fault else headers.get(":event-type", ""), document))
    return Documents(rows, True)


def _read_converse(decoded: DecodedExchange) -> ExchangeReading:
    reading = decoded.reading
    builder = AnswerBuilder()
    raw: dict[str, Any] = {}
    for _, document in decoded.answer.rows:
        index = get_int(document, "contentBlockIndex")
        delta, started = get_object(document, "delta"), get_object(document, "start", "toolUse")
        builder.text.append(get_str(delta, "text"))
        builder.reasoning.append(get_str(get_object(delta, "reasoningContent"), "text"))
        if started:
            builder.calls.add(index, started.get("toolUseId"), started.get("name"))
        if get_object(delta, "toolUse"):
            builder.calls.add(index, arguments=get_str(get_object(delta, "toolUse"), "input"))
        for at, block in enumerate(get_objects(get_object(document, "output", "message"), "content")):
            builder.text.append(get_str(block, "text"))
            builder.reasoning.append(get_str(get_object(block, "reasoningContent", "reasoningText"), "text"))
            call = get_object(block, "toolUse")
            if call:
                builder.calls.add(at, call.get("toolUseId"), call.get("name"), call.get("input"))
        reading.finish_reason = get_str(document, "stopReason") or reading.finish_reason
        raw = get_object(document, "usage") or raw
    builder.fill(reading)
    if decoded.has_usage and raw:
        reading.usage = _usage(raw, "metadata.usage" if reading.stream else "usage")
        read_tier(decoded)
    return reading


def _usage(raw: dict[str, Any], at: str) -> Usage:
    """`inputTokens` here leaves out what was read from and written to the cache."""
    input_tokens, output_tokens = get_int(raw, "inputTokens"), get_int(raw, "outputTokens")
    cached = get_int(raw, "cacheReadInputTokens", "cacheReadInputTokenCount")
    stored = get_int(raw, "cacheWriteInputTokens", "cacheWriteInputTokenCount")
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached,
        cache_write_tokens=stored,
        total_tokens=get_int(raw, "totalTokens"),
        input_includes_cached=False,
        norm_input_total=None if input_tokens is None else input_tokens + (cached or 0) + (stored or 0),
        norm_output_total=output_tokens,
        raw=raw,
        at=at,
    )


def _read_invoke(decoded: DecodedExchange) -> ExchangeReading:
    """By the answer's shape: Anthropic's, Nova's, OpenAI's, or one of the older ones that name their counts anew."""
    rows = decoded.answer.rows
    if any(_is_message(document) for _, document in rows):
        reading = read_messages(decoded)
    elif any("choices" in document for _, document in rows if isinstance(document, dict)):
        reading = read_completion(decoded)
    else:
        reading = _read_converse(msgspec.structs.replace(decoded, answer=_unwrapped(decoded.answer)))
        reading.text = reading.text or clean("".join(_older_text(document) for _, document in rows))
        reading.finish_reason = reading.finish_reason or _older_reason(rows)
    if decoded.has_usage and reading.usage is None:
        older = _stream_usage(rows) if decoded.answer.stream else _older_usage(get_object(decoded.answer.first))
        reading.usage = older or _header_usage(decoded.exchange.response_headers)
    return reading


def _is_message(document: Any) -> bool:
    kind = get_str(document, "type")
    return kind in ("message", "message_start", "completion") or (
        isinstance(document, dict) and isinstance(document.get("content"), list) and "stop_reason" in document
    )


def _unwrapped(answer: Documents) -> Documents:
    """Nova streams name each event by the member that holds it; converse's own are bare."""
    rows: list[Document] = []
    for name, document in answer.rows:
        inner: Any = document
        if isinstance(document, dict):
            for key in ("contentBlockDelta", "contentBlockStart", "messageStop", "metadata"):
                inner = get_object(document, key) or inner
        rows.append((name, inner))
    return Documents(rows, answer.stream, answer.text)


def _older_text(document: Any) -> str:
    for row in (
        get_objects(document, "results") + get_objects(document, "outputs") + get_objects(document, "generations")
    )[:1]:
        return get_str(row, "outputText", "text")
    return get_str(document, "generation", "outputText", "completion", "text")


def _older_reason(rows: list[Document]) -> str:
    for _, document in reversed(rows):
        holders = [
            document,
            *get_objects(document, "results"),
            *get_objects(document, "outputs"),
            *get_objects(document, "generations"),
        ]
        for holder in holders:
            found = get_str(holder, "stop_reason", "completionReason", "finish_reason")
            if found:
                return found
    return ""


def _stream_usage(rows: list[Document]) -> Usage | None:
    """What Bedrock itself says at the end of a stream. A Titan chunk's own counts are not it: a guardrail that
    blocked the call sends them too."""
    for _, document in reversed(rows):
        metrics = get_object(document, "amazon-bedrock-invocationMetrics")
        if metrics:
            input_tokens, output_tokens = get_int(metrics, "inputTokenCount"), get_int(metrics, "outputTokenCount")
            return _plain(input_tokens, output_tokens, metrics, "amazon-bedrock-invocationMetrics")
    return None


def _older_usage(document: dict[str, Any]) -> Usage | None:
    """Llama's and Titan's fields."""
    if get_int(document, "prompt_token_count", "generation_token_count") is not None:
        raw = {key: document.get(key) for key in ("prompt_token_count", "generation_token_count")}
        return _plain(raw["prompt_token_count"], raw["generation_token_count"], raw, "prompt_token_count")
    input_tokens = get_int(document, "inputTextTokenCount")
    if input_tokens is not None:
        counts = [
            found for row in get_objects(document, "results") if (found := get_int(row, "tokenCount")) is not None
        ]
        raw = (
            {"inputTextTokenCount": input_tokens, "tokenCount": counts}
            if counts
            else {"inputTextTokenCount": input_tokens}
        )
        return _plain(input_tokens, sum(counts) if counts else None, raw, "inputTextTokenCount")
    return None


def _header_usage(headers: dict[str, str]) -> Usage | None:
    raw: dict[str, Any] = {}
    for key, name in (("header_input", "input"), ("header_output", "output")):
        value = headers.get(f"x-amzn-bedrock-{name}-token-count", "")
        if value.isascii() and value.isdigit():
            raw[key] = int(value[:18])
    if not raw:
        return None
    return _plain(raw.get("header_input"), raw.get("header_output"), raw, "x-amzn-bedrock-*-token-count")


def _plain(input_tokens: int | None, output_tokens: int | None, raw: dict[str, Any], at: str) -> Usage:
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        norm_input_total=input_tokens,
        norm_output_total=output_tokens,
        raw=raw,
        at=at,
    )


def _error_body(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    """AWS SDKs read the kind from the header `x-amzn-errortype`, which goes beside this body."""
    return msgspec.json.encode({"message": message})


def _error_event(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    fault = _FAULTS.get(status, "InternalServerException" if status >= 500 else "ValidationException")
    headers = {":exception-type": fault[0].lower() + fault[1:], ":content-type": "application/json"}
    return write_frame({**headers, ":message-type": "exception"}, _error_body(status, kind, message, code, param))


def _base64_marks(text: bytes) -> tuple[bytes, ...]:
    """`text` as it may look inside base64, at each of the three alignments."""
    return tuple(base64.b64encode(b"\0" * lead + text)[4 if lead else 0 : -4] for lead in range(3))


BEDROCK = Dialect(
    name="bedrock",
    operation=_operation,
    model_in=_model_in,
    read=read,
    error_body=_error_body,
    error_event=_error_event,
    token_keys=(b"text", b"input", b"bytes"),
    done_marks=(b":event-type\x07\x00\x08metadata", *_base64_marks(b"amazon-bedrock-invocationMetrics")),
    refusal_marks=(b'"refusal"', b'"guardrail_intervened"', b'"content_filtered"'),
    refusal=None,
)
