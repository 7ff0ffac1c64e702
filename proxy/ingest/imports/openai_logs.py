"""OpenAI's own logs: stored chat completions and stored responses, as its API lists them, and the results of batches.

https://platform.openai.com/docs/api-reference/chat/list and .../responses/get
"""

from collections.abc import Iterator
from typing import Any, Final

from proxy.ingest.imports.call import ImportedCall
from proxy.ingest.imports.row import BadRow, Row, as_body, as_text

__all__ = ["read"]

_SOURCE: Final = "openai-logs"
_OURS: Final = frozenset({"messages", "input", "input_items", "request"})
"""What is no part of the response: added by those who export, because the API lists it apart."""
_ASKED: Final = (
    *("model", "instructions", "tools", "tool_choice", "temperature", "top_p", "presence_penalty", "seed"),
    *("frequency_penalty", "response_format", "text", "reasoning", "max_output_tokens", "parallel_tool_calls"),
    *("previous_response_id", "truncation", "metadata", "service_tier"),
)
"""Parameters of the request that a stored object repeats."""


def read(row: Row) -> Iterator[ImportedCall]:
    """The call of one stored object. Raises `BadRow`."""
    kind = row.text("object")
    if kind == "chat.completion":
        yield _call(row, row, "chat", "/v1/chat/completions", "created")
    elif kind == "response":
        yield _call(row, row, "responses", "/v1/responses", "created_at")
    elif row.has("response") and row.has("custom_id"):
        yield _batch_result(row)
    else:
        raise BadRow("object", f"is {kind!r}; expected is 'chat.completion', 'response', or a line of batch results")


def _batch_result(row: Row) -> ImportedCall:
    answer = row.part("response")
    body = answer.part("body")
    status = answer.count("status_code") or 0
    if status != 200:
        raise BadRow("response.status_code", f"is {status}; a failed result of a batch has no time and is not imported")
    if body.text("object") == "response":
        return _call(row, body, "responses", "/v1/responses", "created_at")
    return _call(row, body, "chat", "/v1/chat/completions", "created")


def _call(row: Row, body: Row, operation: str, path: str, time: str) -> ImportedCall:
    values = body.values
    started_us = body.require_moment(time)
    ended_us = body.moment("completed_at")
    error = body.part("error") if body.has("error") else None
    properties = {name: as_text(value) for name, value in body.part("metadata").values.items()}
    if row.has("custom_id"):
        properties["custom_id"] = row.text("custom_id")
    return ImportedCall(
        source=_SOURCE,
        id=body.require("id"),
        started_us=started_us,
        latency_us=-1 if ended_us is None else max(-1, ended_us - started_us),
        provider="openai",
        url=f"https://api.openai.com{path}",
        operation=operation,
        model=body.text("model"),
        error=error.text("code", "type") if error is not None else "",
        error_message=error.text("message") if error is not None else "",
        user_id=body.text("input_user", "user", "safety_identifier"),
        session_id=_conversation(body),
        properties=properties,
        prompt_id=body.part("prompt").text("id") if isinstance(values.get("prompt"), dict) else "",
        prompt_version=body.part("prompt").text("version") if isinstance(values.get("prompt"), dict) else "",
        request=_request(row, body),
        response=as_body({name: value for name, value in values.items() if name not in _OURS}),
    )


def _conversation(body: Row) -> str:
    value = body.value("conversation")
    return as_text(value.get("id")) if isinstance(value, dict) else as_text(value)


def _request(row: Row, body: Row) -> bytes:
    """The request: as it was exported, or put together from what the object repeats of it."""
    whole = row.value("request")
    if isinstance(whole, dict):
        return as_body(whole)
    asked: dict[str, Any] = {
        name: body.values[name] for name in _ASKED if body.values.get(name) not in (None, [], {}, "")
    }
    for name, key in (("messages", "messages"), ("input", "input"), ("input_items", "input")):
        given = body.value(name) if body.has(name) else row.value(name)
        if isinstance(given, dict) and "data" in given:  # a page, as the API lists it
            given = given["data"]
        if given:
            asked[key] = given
            return as_body(asked)
    return b""
