"""OpenAI's dialect, and those who speak it: chat, completions, responses, embeddings, images, audio, rerank."""

from typing import Any

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import Assembly
from proxy.providers.dialects.base import Dialect, Exchange, Reading, name_operation
from proxy.providers.dialects.bodies import Document
from proxy.providers.dialects.counts import completion_usage, counted, input_usage
from proxy.providers.dialects.fields import count, items, listed, one, text_of, word
from proxy.providers.dialects.opening import Opened, clean, open_exchange
from proxy.providers.dialects.responses import read_responses
from proxy.providers.dialects.usual import read_usual

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


def _operation(path: str) -> str:
    return name_operation(path, _TAILS, _FOLDERS)


def _model_in(path: str) -> str:
    """Azure keeps the deployment in the path, Databricks the endpoint, Workers AI the model."""
    for mark, end in (("/deployments/", "/"), ("/serving-endpoints/", "/invocations"), ("/ai/run/", "?")):
        _, found, tail = path.partition(mark)
        if found and (end != "/invocations" or end in tail):
            return tail.partition(end)[0]
    return ""


def read(exchange: Exchange) -> Reading:
    return read_usual(exchange, _model_in) or read_any(exchange)


def read_any(exchange: Exchange) -> Reading:
    """The reading of any exchange, however odd."""
    opened = open_exchange(exchange, _model_in)
    rows = opened.answer.rows
    if exchange.operation == "responses" or any(_is_response(document) for _, document in rows[:1]):
        return read_responses(opened)
    if exchange.operation in ("embeddings", "rerank"):
        return _read_input(opened)
    if exchange.operation == "count_tokens":
        opened.reading.usage = counted(one(opened.answer.first), "input_tokens") if opened.has_usage else None
        return opened.reading
    return read_completion(opened)


def _is_response(document: Any) -> bool:
    return isinstance(document, dict) and (
        document.get("object") == "response" or word(document, "type").startswith("response.")
    )


def _read_input(opened: Opened) -> Reading:
    document, reading = one(opened.answer.first), opened.reading
    reading.model_answered = word(document, "model")
    usage = document.get("usage")
    if opened.has_usage and isinstance(usage, dict):
        reading.usage = input_usage(usage, "usage", total_is_input=opened.exchange.operation == "embeddings")
    return reading


def read_completion(opened: Opened) -> Reading:
    """Chat and completions, streamed or not, and whatever else has `choices` or a `usage`."""
    reading = opened.reading
    said = Assembly()
    for _, document in opened.answer.rows:
        if isinstance(document, dict):
            inner = document.get("result")
            _read_chunk(inner if isinstance(inner, dict) else document, reading, said)
    said.fill(reading)
    if opened.has_usage:
        reading.usage = _usage(opened.answer.rows)
    return reading


def _usage(rows: list[Document]) -> Usage | None:
    """The last chunk whose usage is an object, else Groq's own."""
    for keys, at in (
        (("usage",), "usage"),
        (("x_groq", "usage"), "x_groq.usage"),
        (("result", "usage"), "result.usage"),
    ):
        for _, document in reversed(rows):
            raw = one(document, *keys)
            if raw:
                return completion_usage(raw, at)
    return None


def _read_chunk(document: dict[str, Any], reading: Reading, said: Assembly) -> None:
    reading.model_answered = word(document, "model") or reading.model_answered
    choices = items(document, "choices")
    if not choices:
        said.text.append(
            word(document, "text", "response", "delta") if "usage" not in document or not said.text else ""
        )
        return
    for choice in choices:
        if choice.get("index") not in (None, 0):
            continue
        reading.finish_reason = word(choice, "finish_reason") or reading.finish_reason
        message = choice.get("delta") if isinstance(choice.get("delta"), dict) else choice.get("message")
        if not isinstance(message, dict):
            said.text.append(word(choice, "text"))
            continue
        _read_content(message.get("content"), said)
        said.text.append(word(message, "refusal"))
        said.thought.append(word(message, "reasoning_content", "reasoning", "thinking"))
        _read_calls(message, said)


def _read_content(content: object, said: Assembly) -> None:
    if isinstance(content, dict):
        said.text.append(clean(msgspec.json.encode(content).decode()))
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, dict) and part.get("type") == "thinking":
                said.thought.append(text_of(part.get("thinking")))
            else:
                said.text.append(text_of([part]))
    else:
        said.text.append(text_of(content))


def _read_calls(message: dict[str, Any], said: Assembly) -> None:
    for at, call in enumerate(listed(message, "tool_calls")):
        if not isinstance(call, dict):
            continue
        function = one(call, "function")
        index = count(call, "index")
        # Some send no index, and each call whole: a new id is a new call.
        key = (call.get("id") if isinstance(call.get("id"), str) else at) if index is None else index
        said.calls.add(key, call.get("id"), function.get("name"), function.get("arguments"))
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        said.calls.add("function_call", "", legacy.get("name"), legacy.get("arguments"))


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
)
