"""Makes Helicone's record of a call: its fields, by Helicone's names."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from proxy.control.api.helicone.fields import helicone_provider
from proxy.logstore.annotations import Annotations

__all__ = ["NO_CACHE", "record_of", "stamp"]

NO_CACHE: Final = "00000000-0000-0000-0000-000000000000"
"""`cache_reference_id` of a call that the provider answered."""
_FEEDBACK: Final = "helicone-score-feedback"
_SESSION: Final = (
    ("Helicone-Session-Id", "session_id"),
    ("Helicone-Session-Path", "session_path"),
    ("Helicone-Session-Name", "session_name"),
    ("Helicone-Prompt-Id", "prompt_id"),
)
"""Headers that Helicone lists among the properties."""
_NOT_STORED: Final = {"helicone_message": "the body is not stored"}


def record_of(
    row: Mapping[str, Any], bodies: Mapping[str, Any] | None, said: Annotations | None, max_bytes: int
) -> dict[str, Any]:
    """The record of a row of the log. `bodies` has those up to `max_bytes`, and how large each is."""
    said = said or Annotations()
    properties = _properties(row, said)
    latency_ms = row["latency_ms"]
    cost = None if row["cost_nanousd"] is None else row["cost_nanousd"] / 1e9
    facts = msgspec.json.decode(row["facts"])
    ended = row["start"] + timedelta(milliseconds=latency_ms) if latency_ms is not None else None
    return {
        "request_id": row["id"],
        "request_created_at": stamp(row["start"]),
        "request_body": _request(row, bodies, max_bytes),
        "request_path": row["path"],
        "request_user_id": row["user_id"] or None,
        "request_properties": properties,
        "request_model": row["model_asked"] or None,
        "model_override": row["model_override"] or None,
        "response_id": row["id"],
        "response_created_at": stamp(ended) if ended is not None else None,
        "response_body": _response(row, bodies, max_bytes),
        "response_status": row["status"],
        "response_model": row["model"] or None,
        "model": row["model"] or "unknown",
        "provider": helicone_provider(row["provider"]),
        "target_url": f"https://{row['host']}{row['path']}" if row["host"] else row["path"],
        "delay_ms": None if latency_ms is None else round(latency_ms),
        "time_to_first_token": None if row["ttft_ms"] is None else round(row["ttft_ms"]),
        "prompt_tokens": row["input_tokens"],
        "completion_tokens": row["output_tokens"],
        "total_tokens": _sum(row["input_tokens"], row["output_tokens"]),
        "prompt_cache_read_tokens": row["cached_input_tokens"],
        "prompt_cache_write_tokens": row["cache_write_tokens"],
        "reasoning_tokens": row["reasoning_tokens"],
        "prompt_audio_tokens": None,
        "completion_audio_tokens": None,
        "cost": cost,
        "costUSD": cost,
        "properties": properties,
        "scores": _scores(said),
        "feedback_rating": None if said.rating is None else said.rating > 0,
        "feedback_id": None,
        "feedback_created_at": None,
        "prompt_id": row["prompt_id"] or None,
        "prompt_version": row["prompt_version"] or None,
        "cache_enabled": "cache.status" in facts,
        "cache_reference_id": str(facts.get("cache.source") or row["id"]) if row["cached"] else NO_CACHE,
        "country_code": properties.get("country_code"),
        "helicone_user": None,
        "key_name": row["key"],
        "request_referrer": None,
        "node_id": None,
        "asset_ids": None,
        "asset_urls": None,
        "assets": [],
        "llmSchema": None,
        "signed_body_url": None,
        "storage_location": "clickhouse",
        "updated_at": stamp(row["start"]),
    }


def stamp(at: datetime) -> str:
    """A time as JavaScript's `toISOString` has it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _properties(row: Mapping[str, Any], said: Annotations) -> dict[str, str]:
    spelled = row["property_names"]
    properties = {spelled.get(name, name): value for name, value in row["properties"].items()}
    for name, value in said.properties.items():
        properties.pop(spelled.get(name, name), None)
        if value is not None:
            properties[spelled.get(name, name)] = value
    return properties | {name: row[column] for name, column in _SESSION if row[column]}


def _scores(said: Annotations) -> dict[str, Any]:
    """Numbers, as in Helicone: a boolean is 0 or 1. A category stays text."""
    scores: dict[str, Any] = {
        name: int(value) if isinstance(value, bool) else value for name, value in said.scores.items()
    }
    if said.rating is not None:
        scores[_FEEDBACK] = int(said.rating > 0)
    return scores


def _request(row: Mapping[str, Any], bodies: Mapping[str, Any] | None, max_bytes: int) -> Any:
    if bodies is None or row["request_omitted"] or not bodies["request_bytes"]:
        return _NOT_STORED
    if bodies["request_bytes"] > max_bytes:
        return _too_large(row, "request")
    return _body(bodies["request"])


def _response(row: Mapping[str, Any], bodies: Mapping[str, Any] | None, max_bytes: int) -> Any:
    if bodies is None or row["response_omitted"] or not bodies["response_bytes"]:
        return _NOT_STORED
    if bodies["response_bytes"] > max_bytes:
        return _too_large(row, "response")
    if row["streamed"] and bodies["response_text"]:
        return {**_whole(row, bodies), "streamed_data": bodies["response"]}
    return _body(bodies["response"])


def _too_large(row: Mapping[str, Any], part: str) -> dict[str, str]:
    return {"helicone_message": f"{part} body too large; GET /api/requests/{row['id']} has it"}


def _body(text: str) -> Any:
    """The JSON value, not parsed again; text where it is none."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    return msgspec.Raw(text.encode())


def _whole(row: Mapping[str, Any], bodies: Mapping[str, Any]) -> dict[str, Any]:
    """The response that a stream amounts to, in the form of its dialect."""
    text, calls = bodies["response_text"], msgspec.json.decode(bodies["tool_calls"])
    usage = msgspec.Raw(row["usage_raw"].encode()) if row["usage_raw"] else None
    if row["dialect"] == "anthropic":
        content = [{"type": "text", "text": text}, *({"type": "tool_use", **call} for call in calls)]
        return {
            "type": "message", "role": "assistant", "model": row["model"], "content": content,
            "stop_reason": row["finish_reason"] or None, "usage": usage,
        }  # fmt: skip
    message = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": row["finish_reason"] or None}
    return {"object": "chat.completion", "model": row["model"], "choices": [choice], "usage": usage}


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None and second is None else (first or 0) + (second or 0)
