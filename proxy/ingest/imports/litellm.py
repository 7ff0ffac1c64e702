"""LiteLLM: rows of its table `LiteLLM_SpendLogs` (JSON of its API, CSV of the table) and its `StandardLoggingPayload`,
which its loggers to files and buckets write.

https://docs.litellm.ai/docs/proxy/logging_spec
"""

from collections.abc import Iterator
from typing import Any, Final

from proxy.core.usage import Usage
from proxy.ingest.imports.bodies import chat_request, chat_response
from proxy.ingest.imports.call import ImportedCall
from proxy.ingest.imports.counts import counted_usage
from proxy.ingest.imports.row import BadRow, Row, as_body, as_text

__all__ = ["read"]

_SOURCE: Final = "litellm"
_REDACTED: Final = "redacted-by-litellm"
_OPERATIONS: Final = {
    "completion": "chat",
    "text_completion": "completions",
    "embedding": "embeddings",
    "image_generation": "images",
    "image_edit": "images",
    "moderation": "moderations",
    "speech": "audio",
    "transcription": "audio",
    "rerank": "rerank",
    "responses": "responses",
    "anthropic_messages": "messages",
}
"""`call_type` without its leading `a` (asynchronous), to operation."""
_STEPS: Final = frozenset({"call_mcp_tool", "list_mcp_tools"})


def read(row: Row) -> Iterator[ImportedCall]:
    """The call of a row. Raises `BadRow`."""
    id = row.require("request_id", "id")
    if not row.has("call_type"):
        raise BadRow("call_type", "is missing; expected is a row of LiteLLM_SpendLogs or a StandardLoggingPayload")
    started_us = row.require_moment("startTime", "start_time")
    metadata = row.part("metadata")
    kind = row.text("call_type")
    operation = _OPERATIONS.get(kind) or _OPERATIONS.get(kind.removeprefix("a"), kind)
    model = row.text("model")
    provider = row.text("custom_llm_provider")
    if not provider and "/" in model:
        provider = model.partition("/")[0]
    status, error, message = _outcome(row, metadata)
    parameters = row.part("model_parameters")
    response = None if _is_redacted(row.value("response")) else row.value("response")
    first_us = _since(row.moment("completionStartTime"), started_us)
    latency_us = _latency_us(row, started_us)
    streamed = row.flag("stream") or parameters.values.get("stream") is True
    yield ImportedCall(
        source=_SOURCE,
        id=id,
        started_us=started_us,
        latency_us=latency_us,
        # Without a stream, LiteLLM writes the end as the time of the first token.
        first_token_us=first_us if streamed or 0 <= first_us < latency_us else -1,
        step="tool" if kind.removeprefix("a") in _STEPS else "",
        provider=provider,
        url=row.text("api_base"),
        dialect="anthropic" if operation == "messages" else "openai",
        operation=operation,
        model=model.removeprefix(f"{provider}/"),
        status=status,
        error=error,
        error_message=message,
        streamed=streamed,
        cached=_is_hit(row),
        user_id=row.text("end_user") or metadata.text("user_api_key_end_user_id") or row.text("user"),
        session_id=row.text("session_id", "trace_id"),
        properties=_properties(row, metadata),
        prompt_id=metadata.part("prompt_management_metadata").text("prompt_id"),
        client_ip=row.text("requester_ip_address"),
        request=_request(row, row.text("model_group") or model, parameters.values, operation),
        response=chat_response(model, response) if operation == "chat" else as_body(response),
        usage=_usage(row, metadata),
        cost_usd=row.number("response_cost", "spend"),
    )


def _request(row: Row, model: str, parameters: Any, operation: str) -> bytes:
    """The request as the proxy got it where that is kept, else what the row has of it."""
    whole = row.value("proxy_server_request")
    if isinstance(whole, dict) and whole:
        body = whole.get("body")
        return as_body(body if isinstance(body, dict) else whole)
    messages = row.value("messages")
    if _is_redacted(messages):
        return b""
    if operation == "embeddings":
        return as_body({"model": model, "input": messages}) if messages else b""
    return chat_request(model, messages, parameters)


def _is_redacted(value: object) -> bool:
    """Whether LiteLLM left the content out (`turn_off_message_logging`, or prompts not stored)."""
    if value == _REDACTED or (isinstance(value, dict) and value.get("text") == _REDACTED):
        return True
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, dict) and first.get("content") == _REDACTED


def _outcome(row: Row, metadata: Row) -> tuple[int, str, str]:
    """Status, error and message."""
    status = row.text("status") or metadata.text("status")
    if status != "failure":
        return 200, "", ""
    information = row.part("error_information") if row.has("error_information") else Row({}, now_us=0)
    if not information.values:
        information = metadata.part("error_information")
    code = information.text("error_code")
    return (
        int(code) if code.isascii() and code.isdigit() and len(code) == 3 else 500,
        information.text("error_class") or "error",
        information.text("error_message") or row.text("error_str"),
    )


def _latency_us(row: Row, started_us: int) -> int:
    ended = _since(row.moment("endTime", "end_time"), started_us)
    if ended >= 0:
        return ended
    duration_ms = row.number("request_duration_ms")
    return round(duration_ms * 1000) if duration_ms is not None and duration_ms >= 0 else -1


def _since(at_us: int | None, started_us: int) -> int:
    return -1 if at_us is None else max(-1, at_us - started_us)


def _is_hit(row: Row) -> bool:
    return row.text("cache_hit").lower() == "true"


def _properties(row: Row, metadata: Row) -> dict[str, str]:
    properties: dict[str, str] = {}
    for name in ("requester_metadata", "spend_logs_metadata"):
        if metadata.has(name):
            properties |= {key: as_text(value) for key, value in metadata.part(name).values.items()}
    plain: list[str] = []
    for tag in row.texts("request_tags"):
        name, colon, value = tag.partition(":")
        if colon and name.strip() and value.strip():
            properties.setdefault(name.strip(), value.strip())
        else:
            plain.append(tag)
    named = {
        "tags": ",".join(plain),
        "team": metadata.text("user_api_key_team_alias") or row.text("team_id"),
        "organization": row.text("organization_id"),
        "alias": metadata.text("user_api_key_alias"),
        "model_group": row.text("model_group"),
    }
    return {**{name: text for name, text in named.items() if text}, **properties}


def _usage(row: Row, metadata: Row) -> Usage | None:
    """The counts: LiteLLM's own prompt tokens include what was cached, whatever the provider."""
    usage = metadata.part("usage_object")
    cached = usage.part("prompt_tokens_details").count("cached_tokens")
    details_out = usage.part("completion_tokens_details")
    return counted_usage(
        prompt=row.count("prompt_tokens"),
        completion=row.count("completion_tokens"),
        total=row.count("total_tokens"),
        cached=usage.count("cache_read_input_tokens") if cached is None else cached,
        written=usage.count("cache_creation_input_tokens"),
        reasoning=details_out.count("reasoning_tokens"),
        prompt_audio=usage.part("prompt_tokens_details").count("audio_tokens"),
        completion_audio=details_out.count("audio_tokens"),
    )
