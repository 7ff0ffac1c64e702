"""Every known key of a provider's usage object, and what it means for the price. One row each.

A key without a row makes the cost unknown as soon as its value is not empty, because a provider that begins to report
something new may also charge for it.
"""

from typing import Any, Final

from proxy.core.usage import Usage
from proxy.prices.conditions import normal_conditions

__all__ = ["NEUTRAL", "ROWS", "Quantities", "read_quantities"]

Quantities = dict[str, Any]
"""Usage keys of `genai-prices` to counts: `input_tokens` is all input, `output_tokens` is all output."""

READ: Final = "read"
"""The dialect reads it into a field of `Usage`."""
NEUTRAL: Final = "neutral"
"""It costs nothing by itself; the row says why."""
UNPRICED: Final = "unpriced"
"""It costs something and no price data has a unit for it: the cost is unknown if it is not zero."""

_TOTAL = "a sum of other keys"
_TIME = "a duration for information"
_PART = "part of a count that is priced"
_NAME = "a name or a kind"
_MONEY = "the provider's own cost, read into `reported_cost` or a part of it"

ROWS: Final[tuple[tuple[str, str, str], ...]] = (
    # OpenAI's format, also used by others
    ("prompt_tokens", READ, ""),
    ("completion_tokens", READ, ""),
    ("total_tokens", READ, ""),
    ("input_tokens", READ, ""),
    ("output_tokens", READ, ""),
    ("cached_tokens", READ, ""),
    ("num_cached_tokens", READ, ""),
    ("prompt_cache_hit_tokens", READ, ""),
    ("prompt_cache_miss_tokens", NEUTRAL, _PART),
    ("cache_write_tokens", READ, ""),
    ("cache_creation_tokens", READ, ""),
    ("reasoning_tokens", READ, ""),
    *(
        (f"{details}.{key}", role, why)
        for details in (
            *("prompt_tokens_details", "input_tokens_details", "input_token_details"),
            *("prompt_token_details", "input_tokens_detail"),
        )
        for key, role, why in (
            ("cached_tokens", READ, ""),
            ("cache_write_tokens", READ, ""),
            ("cache_creation_tokens", READ, ""),
            ("cache_creation_input_tokens", READ, ""),
            ("text_tokens", NEUTRAL, _PART),
            ("audio_tokens", "input_audio_tokens", ""),
            ("image_tokens", "input_image_tokens", ""),
            ("video_tokens", "input_video_tokens", ""),
            ("multimodal_tokens", UNPRICED, "the modality is not reported"),
            ("cached_tokens_details.text_tokens", NEUTRAL, _PART),
            ("cached_tokens_details.audio_tokens", "cache_audio_read_tokens", ""),
            ("cached_tokens_details.image_tokens", "cache_image_read_tokens", ""),
        )
    ),
    *(
        (f"{details}.{key}", role, why)
        for details in (
            *("completion_tokens_details", "output_tokens_details", "output_token_details"),
            "completion_token_details",
        )
        for key, role, why in (
            ("reasoning_tokens", READ, ""),
            ("thinking_tokens", READ, ""),
            ("text_tokens", NEUTRAL, _PART),
            ("audio_tokens", "output_audio_tokens", ""),
            ("image_tokens", "output_image_tokens", ""),
            ("video_tokens", "output_video_tokens", ""),
            ("accepted_prediction_tokens", NEUTRAL, _PART),
            ("rejected_prediction_tokens", NEUTRAL, _PART + ": billed as output"),
        )
    ),
    ("audio_prompt_tokens", "input_audio_tokens", ""),
    ("prompt_audio_seconds", "input_audio_seconds", ""),
    ("seconds", "audio_seconds", ""),
    ("pages_processed", "input_document_pages", ""),
    ("pages_processed_annotation", "input_annotated_document_pages", ""),
    ("doc_size_bytes", NEUTRAL, "a size for information"),
    ("request_count", NEUTRAL, "a number of inputs for information"),
    ("type", NEUTRAL, _NAME),
    ("object", NEUTRAL, _NAME),
    ("service_tier", "condition:service_tier", ""),
    ("serviceTier", "condition:service_tier", ""),
    ("speed", "condition:speed", ""),
    ("queue_time", NEUTRAL, _TIME),
    ("prompt_time", NEUTRAL, _TIME),
    ("completion_time", NEUTRAL, _TIME),
    ("total_time", NEUTRAL, _TIME),
    ("latency_checkpoint", NEUTRAL, _TIME),
    ("firstByteLatency", NEUTRAL, _TIME),
    ("invocationLatency", NEUTRAL, _TIME),
    # xAI
    ("cost_in_usd_ticks", NEUTRAL, _MONEY),
    ("num_sources_used", UNPRICED, "live search is billed by the source"),
    ("num_server_side_tools_used", NEUTRAL, _TOTAL),
    ("server_side_tool_usage_details.web_search_calls", "web_searches", ""),
    ("server_side_tool_usage_details.x_search_calls", "social_searches", ""),
    ("server_side_tool_usage_details.code_interpreter_calls", "code_executions", ""),
    ("server_side_tool_usage_details.file_search_calls", "storage_searches", ""),
    ("server_side_tool_usage_details.document_search_calls", "storage_searches", ""),
    ("server_side_tool_usage_details.image_generation_calls", UNPRICED, "billed by the image"),
    ("server_side_tool_usage_details.mcp_calls", NEUTRAL, "the tool is somebody else's; its tokens are counted"),
    ("context_details", NEUTRAL, "the size of the context, not of what was billed"),
    # OpenRouter, Perplexity, Vercel, Avian, Venice
    ("cost", NEUTRAL, _MONEY),
    ("cost_details", NEUTRAL, _MONEY),
    ("market_cost", NEUTRAL, "a list price for information"),
    ("is_byok", "condition:is_byok", ""),
    ("server_tool_use_details.web_search_requests", "web_searches", ""),
    ("search_context_size", "condition:search_context_size", ""),
    ("num_search_queries", "web_searches", ""),
    ("citation_tokens", "output_citation_tokens", ""),
    # Anthropic
    ("cache_creation_input_tokens", READ, ""),
    ("cache_read_input_tokens", READ, ""),
    ("cache_creation.ephemeral_5m_input_tokens", NEUTRAL, _PART + ": the price of a write is that of five minutes"),
    ("cache_creation.ephemeral_1h_input_tokens", "cache_write_1h_tokens", ""),
    ("cache_creation.ephemeral_24h_input_tokens", UNPRICED, "no price data has a write for a day"),
    ("server_tool_use.web_search_requests", "web_searches", ""),
    ("server_tool_use.web_fetch_requests", NEUTRAL, "free; the text is counted as input"),
    ("server_tool_use.tool_search_requests", NEUTRAL, "free; the text is counted as input"),
    ("server_tool_use.code_execution_requests", UNPRICED, "billed by the hour of its container"),
    ("inference_geo", "condition:inference_geo", ""),
    ("iterations", "iterations", ""),
    # Gemini and Vertex
    ("promptTokenCount", READ, ""),
    ("candidatesTokenCount", READ, ""),
    ("totalTokenCount", READ, ""),
    ("cachedContentTokenCount", READ, ""),
    ("thoughtsTokenCount", READ, ""),
    ("toolUsePromptTokenCount", READ, ""),
    ("promptTokensDetails", "modalities:input_{}_tokens", ""),
    ("promptTokenDetails", "modalities:input_{}_tokens", ""),
    ("toolUsePromptTokensDetails", "modalities:input_{}_tokens", ""),
    ("candidatesTokensDetails", "modalities:output_{}_tokens", ""),
    ("responseTokensDetails", "modalities:output_{}_tokens", ""),
    ("cacheTokensDetails", "modalities:cache_{}_read_tokens", ""),
    ("trafficType", "condition:traffic_type", ""),
    ("token_count", READ, ""),
    ("total_input_tokens", READ, ""),
    ("total_output_tokens", READ, ""),
    ("total_cached_tokens", READ, ""),
    ("total_thought_tokens", READ, ""),
    ("total_tool_use_tokens", READ, ""),
    ("raw_prompt_token", NEUTRAL, "the size of the context, not of what was billed"),
    ("input_tokens_by_modality", "modalities:input_{}_tokens", ""),
    ("output_tokens_by_modality", "modalities:output_{}_tokens", ""),
    ("cached_tokens_by_modality", "modalities:cache_{}_read_tokens", ""),
    ("grounding_tool_count", "grounding", ""),
    # Bedrock
    ("inputTokens", READ, ""),
    ("outputTokens", READ, ""),
    ("totalTokens", READ, ""),
    ("cacheReadInputTokens", READ, ""),
    ("cacheWriteInputTokens", READ, ""),
    ("cacheReadInputTokenCount", READ, ""),
    ("cacheWriteInputTokenCount", READ, ""),
    ("cacheDetails", "cache_details", ""),
    ("inputTokenCount", READ, ""),
    ("outputTokenCount", READ, ""),
    ("prompt_token_count", READ, ""),
    ("generation_token_count", READ, ""),
    ("header_input", READ, ""),
    ("header_output", READ, ""),
    ("serverToolUsage", UNPRICED, "tools that Bedrock runs"),
    # Cohere
    ("billed_units.input_tokens", READ, ""),
    ("billed_units.output_tokens", READ, ""),
    ("billed_units.search_units", "rerank_searches", ""),
    ("billed_units.images", UNPRICED, "billed by the image"),
    ("billed_units.image_tokens", "input_image_tokens", ""),
    ("billed_units.classifications", UNPRICED, "billed by the classification"),
    ("tokens", NEUTRAL, "what was read and written, not what is billed"),
    ("api_version", NEUTRAL, _NAME),
    ("warnings", NEUTRAL, "text"),
    # Ollama
    ("prompt_eval_count", READ, ""),
    ("eval_count", READ, ""),
)


def _tree(rows: tuple[tuple[str, str, str], ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, role, _ in rows:
        *folders, leaf = path.split(".")
        node = found
        for folder in folders:
            node = node.setdefault(folder, {})
        node[leaf] = role
    return found


_TREE: Final = _tree(ROWS)
_MAX_COUNT: Final = 1 << 62


def read_quantities(usage: Usage) -> tuple[Quantities, dict[str, str], list[str]]:
    """Return the quantities to price, the conditions that the price depends on, and the reasons why the cost is not
    known: unknown keys, values that are not counts, and parts that are larger than their total."""
    counts: Quantities = {}
    conditions: dict[str, str] = {}
    missing: list[str] = []
    total_in, total_out = usage.total_input, usage.total_output
    if total_in:
        counts["input_tokens"] = total_in
    if total_out:
        counts["output_tokens"] = total_out
    if usage.cached_input_tokens:
        counts["cache_read_tokens"] = usage.cached_input_tokens
    if usage.cache_write_tokens:
        counts["cache_write_tokens"] = usage.cache_write_tokens
    if usage.reasoning_tokens:
        counts["output_reasoning_tokens"] = usage.reasoning_tokens
    if usage.raw:
        if "billed_units" in usage.raw:  # Cohere: the cached tokens are part of what was read, not of what is billed
            counts.pop("cache_read_tokens", None)
        _walk(usage.raw, _TREE, "usage", counts, conditions, missing)
    for key, number in usage.quantities.items():
        counts[key] = max(number, counts.get(key, 0))  # the usage object may have reported the same
    if usage.conditions:
        conditions |= usage.conditions
    if conditions:
        conditions = normal_conditions(conditions)
    missing += usage.unpriced
    cached = counts.get("cache_read_tokens", 0) + counts.get("cache_write_tokens", 0)
    if cached > (total_in or 0):
        missing.append("usage contradicts itself: more cached tokens than input")
    if counts.get("output_reasoning_tokens", 0) > (total_out or 0):
        missing.append("usage contradicts itself: more reasoning tokens than output")
    return counts, conditions, missing


def _walk(
    raw: dict[str, Any],
    tree: dict[str, Any],
    path: str,
    counts: Quantities,
    conditions: dict[str, str],
    missing: list[str],
) -> None:
    for key, value in raw.items():
        role = tree.get(key)
        if not value or role == NEUTRAL:
            continue
        if role == READ:
            if type(value) is not int or not 0 <= value < _MAX_COUNT:
                _check_read(value, f"{path}.{key}", missing)
            continue
        if role is None or role == UNPRICED:
            if _holds(value):
                missing.append(f"{path}.{key}")
        elif isinstance(role, dict):
            if isinstance(value, dict):
                _walk(value, role, f"{path}.{key}", counts, conditions, missing)
            else:
                missing.append(f"{path}.{key}")
        elif role.startswith("condition:"):
            conditions[role[10:]] = value if isinstance(value, str) else str(value)
        elif role.startswith("modalities:"):
            _modalities(value, role[11:], f"{path}.{key}", counts, missing)
        elif role in _READERS:
            _READERS[role](value, f"{path}.{key}", counts, missing)
        else:
            _add(counts, role, value, f"{path}.{key}", missing)


def _holds(value: Any) -> bool:
    """Return whether anything in it is not zero, empty or null."""
    if isinstance(value, dict):
        return any(map(_holds, value.values()))
    if isinstance(value, list):
        return any(map(_holds, value))
    return bool(value)


def _check_read(value: Any, path: str, missing: list[str]) -> None:
    """Add `path` to `missing` where `value` is not what a dialect reads: a count, or a list of counts."""
    values = value if isinstance(value, list) else [value]
    if not all(type(each) in (int, float) and each == each // 1 and 0 <= each < _MAX_COUNT for each in values):
        missing.append(path)


def _add(counts: Quantities, key: str, value: Any, path: str, missing: list[str]) -> None:
    """Add `value` to `key`; a value that is not a count goes to `missing`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MAX_COUNT:
        missing.append(path)
    elif value:
        counts[key] = counts.get(key, 0) + value


def _modalities(details: Any, key: str, path: str, counts: Quantities, missing: list[str]) -> None:
    """Gemini's lists of `{"modality", "tokenCount"}`, or `{"modality", "tokens"}`."""
    for entry in details if isinstance(details, list) else [details]:
        modality, number = None, None
        if isinstance(entry, dict):
            modality, number = entry.get("modality"), entry.get("tokenCount", entry.get("tokens"))
        kind = (
            {1: "text", 2: "image", 3: "video", 4: "audio", 5: "document"}.get(modality)
            if isinstance(modality, int)
            else str(modality or "").lower()
        )
        if kind in ("audio", "image", "video"):
            _add(counts, key.format(kind), number, path, missing)
        elif kind not in ("text", "document", "modality_unspecified") and number:  # documents count as text and images
            missing.append(f"{path}[{kind}]")


def _cache_details(details: Any, path: str, counts: Quantities, missing: list[str]) -> None:
    """Bedrock's `[{"ttl": "1h", "inputTokens": …}]`: the lifetime of what was written to the cache."""
    for entry in details if isinstance(details, list) else [details]:
        ttl = entry.get("ttl") if isinstance(entry, dict) else None
        if ttl == "1h":
            _add(counts, "cache_write_1h_tokens", entry.get("inputTokens"), path, missing)
        elif ttl != "5m" and _holds(entry):
            missing.append(f"{path}[{ttl}]")


def _grounding(tools: Any, path: str, counts: Quantities, missing: list[str]) -> None:
    """`[{"type": "google_search", "count": …}]` of Gemini's interactions."""
    for entry in tools if isinstance(tools, list) else [tools]:
        kind = entry.get("type") if isinstance(entry, dict) else None
        if kind == "google_search":
            _add(counts, "web_searches", entry.get("count"), path, missing)
        elif _holds(entry):
            missing.append(f"{path}[{kind}]")


def _iterations(rounds: Any, path: str, counts: Quantities, missing: list[str]) -> None:
    """Rounds of one Anthropic response. Those of another model are not in the totals and have another price."""
    for entry in rounds if isinstance(rounds, list) else [rounds]:
        if not isinstance(entry, dict) or entry.get("model"):
            missing.append(f"{path}[{entry.get('model') if isinstance(entry, dict) else '?'}]")


_READERS: Final = {"cache_details": _cache_details, "grounding": _grounding, "iterations": _iterations}
