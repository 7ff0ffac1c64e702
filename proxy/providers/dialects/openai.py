"""OpenAI's dialect: chat, completions, responses, embeddings, images, audio, rerank."""

from functools import reduce
from typing import Any

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import AnswerBuilder
from proxy.providers.dialects.base import CapturedExchange, Dialect, ExchangeReading, name_operation
from proxy.providers.dialects.billing import add_quantity, read_audio_and_pages, read_tier
from proxy.providers.dialects.bodies import Document
from proxy.providers.dialects.counts import completion_usage, input_usage, merge_counts, token_count_usage
from proxy.providers.dialects.decode import DecodedExchange, clean, decode_exchange
from proxy.providers.dialects.fields import get_int, get_list, get_object, get_objects, get_str, join_text
from proxy.providers.dialects.openai_chat_fast import read_common_chat
from proxy.providers.dialects.responses import read_responses

__all__ = ["OPENAI", "read_any", "read_completion"]

_TAILS = {
    "chat/completions": "chat",
    "v1/chat": "chat",
    "invocations": "chat",
    "completions": "completions",
    "fim/completions": "completions",
    "responses": "responses",
    "responses/compact": "responses",
    "responses/input_tokens": "count_tokens",
    "embeddings": "embeddings",
    "multimodalembeddings": "embeddings",
    "contextualizedembeddings": "embeddings",
    "rerank": "rerank",
    "reranking": "rerank",
    "moderations": "moderations",
    "ocr": "ocr",
    "images/generations": "images",
    "images/edits": "images",
    "images/variations": "images",
}
_FOLDERS = {
    "audio": "audio",
    "files": "files",
    "models": "models",
    "batches": "batches",
    "uploads": "files",
    "run": "chat",
}


_STORES = ("/chat/completions/", "/responses/", "/conversations/")
"""Folders of what earlier calls made: an id follows."""


def _operation(path: str) -> str:
    found = name_operation(path, _TAILS, _FOLDERS)
    return "stored" if found == "other" and any(folder in path for folder in _STORES) else found


def _model_in(path: str) -> str:
    """Azure keeps the deployment in the path, Databricks the endpoint, Workers AI the model."""
    for mark, end in (("/deployments/", "/"), ("/serving-endpoints/", "/invocations"), ("/ai/run/", "?")):
        _, found, tail = path.partition(mark)
        if found and (end != "/invocations" or end in tail):
            return tail.partition(end)[0]
    return ""


def read(exchange: CapturedExchange) -> ExchangeReading:
    return read_common_chat(exchange, _model_in) or read_any(exchange)


def read_any(exchange: CapturedExchange) -> ExchangeReading:
    """Reads any exchange, also an unusual one."""
    decoded = decode_exchange(exchange, _model_in)
    rows = decoded.answer.rows
    if exchange.operation == "responses" or any(_is_response(document) for _, document in rows[:1]):
        return read_responses(decoded)
    if exchange.operation in ("embeddings", "rerank"):
        return _read_input(decoded)
    if exchange.operation == "count_tokens":
        decoded.reading.usage = (
            token_count_usage(get_object(decoded.answer.first), "input_tokens") if decoded.has_usage else None
        )
        return decoded.reading
    return read_completion(decoded)


def _is_response(document: Any) -> bool:
    return isinstance(document, dict) and (
        document.get("object") == "response" or get_str(document, "type").startswith("response.")
    )


def _read_input(decoded: DecodedExchange) -> ExchangeReading:
    document, reading = get_object(decoded.answer.first), decoded.reading
    reading.model_answered = get_str(document, "model")
    usage = document.get("usage")
    if decoded.has_usage and isinstance(usage, dict):
        reading.usage = input_usage(usage, "usage", total_is_input=decoded.exchange.operation == "embeddings")
    return reading


def read_completion(decoded: DecodedExchange) -> ExchangeReading:
    """Chat and completions, streamed or not, and whatever else has `choices` or a `usage`."""
    reading = decoded.reading
    builder = AnswerBuilder()
    for _, document in decoded.answer.rows:
        if isinstance(document, dict):
            inner = document.get("result")
            _read_chunk(inner if isinstance(inner, dict) else document, reading, builder)
    builder.fill(reading)
    if decoded.has_usage:
        reading.usage = _usage(decoded.answer.rows)
        read_tier(decoded)
        read_audio_and_pages(decoded)
        if "-search-" in reading.model_answered or isinstance(
            get_object(decoded.request).get("web_search_options"), dict
        ):
            add_quantity(reading, "web_searches", 1)  # these models search once a call
    return reading


def _usage(rows: list[Document]) -> Usage | None:
    """The last chunk whose usage is an object, with what earlier ones counted; else Groq's own."""
    for keys, at in (
        (("usage",), "usage"),
        (("x_groq", "usage"), "x_groq.usage"),
        (("result", "usage"), "result.usage"),
    ):
        found = [raw for _, document in rows if (raw := get_object(document, *keys))]
        if found:
            return completion_usage(reduce(merge_counts, found), at)
    return None


def _read_chunk(document: dict[str, Any], reading: ExchangeReading, builder: AnswerBuilder) -> None:
    reading.model_answered = get_str(document, "model") or reading.model_answered
    choices = get_objects(document, "choices")
    if not choices:
        builder.text.append(
            get_str(document, "text", "response", "delta") if "usage" not in document or not builder.text else ""
        )
        return
    for choice in choices:
        if choice.get("index") not in (None, 0):
            continue
        reading.finish_reason = get_str(choice, "finish_reason") or reading.finish_reason
        message = choice.get("delta") if isinstance(choice.get("delta"), dict) else choice.get("message")
        if not isinstance(message, dict):
            builder.text.append(get_str(choice, "text"))
            continue
        _read_content(message.get("content"), builder)
        builder.text.append(get_str(message, "refusal"))
        builder.text.append(get_str(get_object(message, "audio"), "transcript"))
        builder.reasoning.append(get_str(message, "reasoning_content", "reasoning", "thinking"))
        if get_list(message, "executed_tools"):
            reading.unpriced = ("executed_tools",)  # Groq's compound systems bill them by the call
        _read_calls(message, builder)


def _read_content(content: object, builder: AnswerBuilder) -> None:
    if isinstance(content, dict):
        builder.text.append(clean(msgspec.json.encode(content).decode()))
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, dict) and part.get("type") == "thinking":
                builder.reasoning.append(join_text(part.get("thinking")))
            else:
                builder.text.append(join_text([part]))
    else:
        builder.text.append(join_text(content))


def _read_calls(message: dict[str, Any], builder: AnswerBuilder) -> None:
    for at, call in enumerate(get_list(message, "tool_calls")):
        if not isinstance(call, dict):
            continue
        function = get_object(call, "function")
        index = get_int(call, "index")
        # Some send no index, and each call complete: a new id is a new call.
        key = (call.get("id") if isinstance(call.get("id"), str) else at) if index is None else index
        builder.calls.add(key, call.get("id"), function.get("name"), function.get("arguments"))
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        builder.calls.add("function_call", "", legacy.get("name"), legacy.get("arguments"))


def _error_body(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": param, "code": code or None}})


def _error_event(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    # SDKs raise on a data line with an `error` member; the event name is what Responses readers look at.
    return b"event: error\ndata: " + _error_body(status, kind, message, code, param) + b"\n\n"


OPENAI = Dialect(
    name="openai",
    operation=_operation,
    model_in=_model_in,
    read=read,
    error_body=_error_body,
    error_event=_error_event,
    token_keys=(
        b"content",
        b"reasoning_content",
        b"reasoning",
        b"text",
        b"arguments",
        b"delta",
        b"refusal",
        b"thinking",
        b"partial_image_b64",
    ),
    done_marks=(
        b"data: [DONE]",
        b"data:[DONE]",
        b'"response.completed"',
        b'"response.incomplete"',
        b'"response.failed"',
    ),
    stream_usage_operations=frozenset({"chat", "completions"}),
    rate_limit_headers=tuple(
        (f"x-ratelimit-remaining-{limit}", f"x-ratelimit-reset-{limit}") for limit in ("requests", "tokens")
    ),
)
