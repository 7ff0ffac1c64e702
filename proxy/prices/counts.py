"""A `Usage` as the quantities that prices are per: `genai-prices` usage keys to counts, zeros left out."""

from typing import Any, Final

from proxy.core.usage import Usage

__all__ = ["context", "count"]

Counts = dict[str, int]

_SPECIAL: Final = frozenset(
    {
        *("cache_creation", "server_tool_use"),
        *("prompt_tokens_details", "input_tokens_details", "input_token_details"),
        *("completion_tokens_details", "output_tokens_details", "output_token_details"),
        *("promptTokensDetails", "candidatesTokensDetails", "cacheTokensDetails"),
    }
)
"""Keys of a usage object that `_from_raw` looks into; most have none of them."""


def count(usage: Usage) -> Counts | None:
    """The quantities to bill, all input in `input_tokens` and all output in `output_tokens`, parts beside them.

    None where nothing was reported, or where the parts are more than the whole: a body that contradicts itself
    has no price.
    """
    total_in = usage.input_tokens if usage.norm_input_total is None else usage.norm_input_total
    total_out = usage.output_tokens if usage.norm_output_total is None else usage.norm_output_total
    if total_in is None and total_out is None:
        return None
    found: Counts = {}
    if total_in:
        found["input_tokens"] = total_in
    if total_out:
        found["output_tokens"] = total_out
    if usage.cached_input_tokens:
        found["cache_read_tokens"] = usage.cached_input_tokens
    if usage.cache_write_tokens:
        found["cache_write_tokens"] = usage.cache_write_tokens
    if usage.reasoning_tokens:
        found["output_reasoning_tokens"] = usage.reasoning_tokens
    if usage.raw and not _SPECIAL.isdisjoint(usage.raw):
        _from_raw(usage.raw, found)
    cached = found.get("cache_read_tokens", 0) + found.get("cache_write_tokens", 0)
    if cached > (total_in or 0) or found.get("output_reasoning_tokens", 0) > (total_out or 0):
        return None
    return found


def context(usage: Usage | None, service_tier: str = "") -> dict[str, str]:
    """What selects a variant of a price: service tier, batch, speed. `service_tier` is the answer's own word."""
    raw = (usage.raw if usage is not None else None) or {}
    tier = service_tier or raw.get("service_tier")
    found: dict[str, str] = {}
    if isinstance(tier, str) and tier:
        found["service_tier"] = tier
        if tier == "batch":
            found["processing"] = "batch"
    speed = raw.get("speed")
    if isinstance(speed, str) and speed:
        found["speed"] = speed
    return found


def _from_raw(raw: dict[str, Any], found: Counts) -> None:
    """Kinds that `Usage` has no field for: hour-long cache writes, audio and image tokens, searches."""
    creation = raw.get("cache_creation")
    if isinstance(creation, dict):
        _put(found, "cache_write_1h_tokens", creation.get("ephemeral_1h_input_tokens"))
    tools = raw.get("server_tool_use")
    if isinstance(tools, dict):
        _put(found, "web_searches", tools.get("web_search_requests"))
    for name in ("prompt_tokens_details", "input_tokens_details", "input_token_details"):
        details = raw.get(name)
        if isinstance(details, dict):
            _put(found, "input_audio_tokens", details.get("audio_tokens"))
            _put(found, "input_image_tokens", details.get("image_tokens"))
    for name in ("completion_tokens_details", "output_tokens_details", "output_token_details"):
        details = raw.get(name)
        if isinstance(details, dict):
            _put(found, "output_audio_tokens", details.get("audio_tokens"))
            _put(found, "output_image_tokens", details.get("image_tokens"))
    _modalities(raw.get("promptTokensDetails"), "input_{}_tokens", found)
    _modalities(raw.get("candidatesTokensDetails"), "output_{}_tokens", found)
    _modalities(raw.get("cacheTokensDetails"), "cache_{}_read_tokens", found)


def _modalities(details: object, key: str, found: Counts) -> None:
    if not isinstance(details, list):
        return
    for entry in details:
        if isinstance(entry, dict):
            kind = str(entry.get("modality", "")).lower()
            if kind in ("audio", "image", "video"):
                _put(found, key.format(kind), entry.get("tokenCount"))


def _put(found: Counts, key: str, value: object) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        found[key] = value
