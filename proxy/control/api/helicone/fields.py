"""Names of Helicone's API, and what they are here: columns of filters and of sorting, and providers.

`FILTERS` has a row for each column of each table that a leaf of a filter may name. A column without a counterpart has
an empty name and the reason why.
"""

from typing import Final, Literal

import msgspec

__all__ = ["FILTERS", "PROPERTY_COLUMNS", "SORTS", "TABLE_ALIASES", "Field", "helicone_provider", "own_providers"]

Kind = Literal[
    "text", "number", "bool", "time", "provider", "url", "never", "scored", "rating", "reference", "search",
    "properties", "scores",
]  # fmt: skip


class Field(msgspec.Struct, frozen=True):
    """A column of the filter grammar, and how values are translated; or why there is none."""

    column: str
    kind: Kind = "text"
    absent: str = ""


_NO_GRAPH: Final = Field("", absent="jobs and nodes are not part of this log")
_NO_HASH: Final = Field("", absent="keys are not filtered by their hash; filter in POST /api/requests/query by `key`")

_RMT: Final[dict[str, Field]] = {
    "request_id": Field("id"),
    "request_created_at": Field("start", "time"),
    "response_created_at": Field("", absent="filter by request_created_at and latency"),
    "organization_id": Field("org"),
    "user_id": Field("user_id"),
    "model": Field("model"),
    "provider": Field("provider", "provider"),
    "status": Field("status", "number"),
    "latency": Field("latency_ms", "number"),
    "time_to_first_token": Field("ttft_ms", "number"),
    "prompt_tokens": Field("input_tokens", "number"),
    "completion_tokens": Field("output_tokens", "number"),
    "total_tokens": Field("tokens", "number"),
    "prompt_cache_read_tokens": Field("cached_input_tokens", "number"),
    "prompt_cache_write_tokens": Field("cache_write_tokens", "number"),
    "reasoning_tokens": Field("reasoning_tokens", "number"),
    "cost": Field("cost", "number"),
    "prompt_id": Field("prompt_id"),
    "prompt_version": Field("prompt_version"),
    "target_url": Field("host", "url"),
    "country_code": Field("property.country_code"),
    "properties": Field("property", "properties"),
    "search_properties": Field("property", "properties"),
    "scores": Field("score", "scores"),
    "scores_column": Field("scored", "scored"),
    "helicone-score-feedback": Field("feedback", "rating"),
    "request_body": Field("text", "search"),
    "response_body": Field("text", "search"),
    "cached": Field("cached", "bool"),
    "cache_enabled": Field("cached", "bool"),
    "cache_reference_id": Field("cached", "reference"),
    "threat": Field("", "never"),
    "is_passthrough_billing": Field("", "never"),
    "assets": Field("", absent="bodies are stored whole, without assets"),
    "request_referrer": Field("", absent="the referrer is not stored"),
    "node_id": _NO_GRAPH,
    "job_id": _NO_GRAPH,
}

FILTERS: Final[dict[str, dict[str, Field]]] = {
    "request_response_rmt": _RMT,
    "request_response_log": {**_RMT, "auth_hash": _NO_HASH},
    "request": {
        "id": Field("id"),
        "created_at": Field("start", "time"),
        "user_id": Field("user_id"),
        "org_id": Field("org"),
        "model": Field("model_asked"),
        "modelOverride": Field("model_override"),
        "path": Field("path", "url"),
        "prompt": Field("text", "search"),
        "prompt_id": Field("prompt_id"),
        "country_code": Field("property.country_code"),
        "auth_hash": _NO_HASH,
        "node_id": _NO_GRAPH,
    },
    "response": {
        "status": Field("status", "number"),
        "model": Field("model"),
        "body_model": Field("model"),
        "body_tokens": Field("tokens", "number"),
        "body_completion": Field("text", "search"),
    },
    "feedback": {
        "rating": Field("feedback", "rating"),
        "id": Field("", absent="feedback is filtered by its rating"),
        "created_at": Field("", absent="feedback is filtered by its rating"),
        "response_id": Field("", absent="feedback is filtered by its rating"),
    },
    "sessions_request_response_rmt": {
        "session_session_id": Field("session_id"),
        "session_session_name": Field("session_name"),
        "session_tag": Field("", absent="sessions have scores and properties here, no tags"),
    },
    "users_view": {"user_user_id": Field("user_id")},
    "user_metrics": {"user_id": Field("user_id")},
}
"""By table and column."""

TABLE_ALIASES: Final = {
    "request_response_search": "request_response_rmt",
    "request_response_versioned": "request_response_rmt",
}
"""Older names of tables."""

PROPERTY_COLUMNS: Final = {
    "helicone-session-id": "session_id",
    "helicone-session-path": "session_path",
    "helicone-session-name": "session_name",
    "helicone-prompt-id": "prompt_id",
    "helicone-request-name": "request_name",
}
"""Properties that Helicone makes of headers, and that are columns here."""

SORTS: Final = {
    "created_at": "start",
    "cache_created_at": "start",
    "latency": "latency_ms",
    "total_tokens": "tokens",
    "completion_tokens": "output_tokens",
    "prompt_tokens": "input_tokens",
    "cost": "cost",
    "user_id": "user_id",
    "body_model": "model",
    "is_cached": "cached",
    "time_to_first_token": "ttft_ms",
    "request_prompt": "request_preview",
    "response_text": "response_preview",
}
"""Keys of `sort` and the columns that they sort by."""

_PROVIDERS: Final = {"gemini": "GOOGLE", "vertex": "GOOGLE", "xai": "X", "bedrock": "AWS", "": "CUSTOM"}
"""Catalog names that are not Helicone's in lower case."""
_MORE_NAMES: Final = {"BEDROCK": ("bedrock", "bedrock-mantle"), "AWS": ("bedrock", "bedrock-mantle")}


def helicone_provider(name: str) -> str:
    """Helicone's name of a provider."""
    return _PROVIDERS.get(name) or name.upper().replace("-", "_")


def own_providers(name: str) -> tuple[str, ...]:
    """The catalog names that Helicone's name stands for."""
    upper = name.strip().upper()
    found = _MORE_NAMES.get(upper) or tuple(own for own, theirs in _PROVIDERS.items() if theirs == upper)
    return found or (name.strip().lower().replace("_", "-"),)
