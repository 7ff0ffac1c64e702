"""Reads OpenAI-style usage objects, with every name that providers use for a count, to one scale.

The figures stay the provider's own; the flags say how they overlap, and are None where the body contradicts
itself (cached tokens above the input they should be part of).
"""

from typing import Any

from proxy.core.usage import Usage
from proxy.providers.dialects.fields import get_float, get_int, get_object

__all__ = [
    "completion_usage",
    "input_usage",
    "merge_counts",
    "reported_cost",
    "response_usage",
    "token_count_usage",
]

_TICKS_PER_DOLLAR = 10_000_000_000
"""xAI's `cost_in_usd_ticks`."""
_CACHED = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens")
_WRITTEN = ("cache_creation_input_tokens", "cache_creation_tokens", "cache_write_tokens")
_LOOSE = frozenset((*_CACHED, *_WRITTEN, "reasoning_tokens"))
"""What stands among a usage's details, and at some providers beside them."""


def merge_counts(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The usage object of a stream that sends several: the later one, but its counts never shrink or go missing."""
    merged = dict(before)
    for key, value in now.items():
        known = merged.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            merged[key] = merge_counts(known, value)
        elif known is None or (value is not None and not (type(value) is type(known) is int and value < known)):
            merged[key] = value
    return merged


def completion_usage(raw: dict[str, Any], at: str) -> Usage:
    """`prompt_tokens`, `completion_tokens` and their details (chat and completions; images and audio too, which
    use the other names)."""
    if "input_tokens" in raw or "output_tokens" in raw:
        return response_usage(raw, at)
    prompt, completion, total = (
        get_int(raw, "prompt_tokens"),
        get_int(raw, "completion_tokens"),
        get_int(raw, "total_tokens"),
    )
    prompt_details, completion_details = (
        get_object(raw, "prompt_tokens_details"),
        get_object(raw, "completion_tokens_details"),
    )
    cached = written = reasoning = None
    if prompt_details:
        cached = get_int(prompt_details, "cached_tokens")
        written = get_int(prompt_details, "cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
    if completion_details:
        reasoning = get_int(completion_details, "reasoning_tokens")
    if not _LOOSE.isdisjoint(raw):
        cached = get_int(raw, *_CACHED) if cached is None else cached
        written = get_int(raw, *_WRITTEN) if written is None else written
        reasoning = get_int(raw, "reasoning_tokens") if reasoning is None else reasoning
    within = _reasoning_within(prompt, completion, reasoning, total) if reasoning else None
    return _usage(raw, at, prompt, completion, cached, written, reasoning, total, within)


def response_usage(raw: dict[str, Any], at: str) -> Usage:
    """`input_tokens`, `output_tokens` and their details (Responses)."""
    input_tokens, output_tokens, total = (
        get_int(raw, "input_tokens"),
        get_int(raw, "output_tokens"),
        get_int(raw, "total_tokens"),
    )
    input_details, output_details = get_object(raw, "input_tokens_details"), get_object(raw, "output_tokens_details")
    cached = get_int(input_details, "cached_tokens")
    written = get_int(input_details, "cache_write_tokens", "cache_creation_tokens")
    reasoning = get_int(output_details, "reasoning_tokens")
    within = True if reasoning is not None and output_tokens is not None and reasoning <= output_tokens else None
    if (
        within
        and reasoning
        and total is not None
        and input_tokens is not None
        and total == input_tokens + (output_tokens or 0) + reasoning
    ):
        within = False
    return _usage(raw, at, input_tokens, output_tokens, cached, written, reasoning, total, within)


def input_usage(raw: dict[str, Any], at: str, *, total_is_input: bool) -> Usage:
    """Embeddings and rerank: nothing is put out, whatever `completion_tokens` says.

    `total_is_input`: a `total_tokens` that stands alone is the input.
    """
    total = get_int(raw, "total_tokens")
    input_tokens = get_int(raw, "prompt_tokens", "input_tokens")
    if input_tokens is None and total_is_input:
        input_tokens = total
    return Usage(
        input_tokens=input_tokens,
        total_tokens=total,
        norm_input_total=input_tokens,
        reported_cost=reported_cost(raw),
        raw=raw,
        at=at,
    )


def token_count_usage(raw: dict[str, Any], key: str) -> Usage | None:
    """A mere count of a request's tokens."""
    found = get_int(raw, key)
    if found is None:
        return None
    return Usage(input_tokens=found, norm_input_total=found, raw=raw, at=key, consumed=False)


def reported_cost(raw: dict[str, Any]) -> float | None:
    """What the usage object says the call cost, in US dollars."""
    if "cost" not in raw and "cost_in_usd_ticks" not in raw:
        return None
    cost = raw.get("cost")
    found = get_float(get_object(raw, "cost").get("total_cost") if isinstance(cost, dict) else cost)
    if found is None:
        ticks = get_float(raw.get("cost_in_usd_ticks"))
        found = None if ticks is None else ticks / _TICKS_PER_DOLLAR
    return found


def _reasoning_within(
    prompt: int | None, completion: int | None, reasoning: int | None, total: int | None
) -> bool | None:
    """Whether `completion` holds `reasoning`, decided from the total; None if unknown."""
    if not reasoning or prompt is None or completion is None or total is None:
        return None
    if total == prompt + completion and reasoning <= completion:
        return True
    return False if total == prompt + completion + reasoning else None


def _usage(
    raw: dict[str, Any],
    at: str,
    input_tokens: int | None,
    output_tokens: int | None,
    cached: int | None,
    written: int | None,
    reasoning: int | None,
    total: int | None,
    within: bool | None,
) -> Usage:
    includes = None if cached is None or input_tokens is None or cached > input_tokens else True
    norm_in = input_tokens if cached is None or includes else None
    norm_out = output_tokens
    if within is False and output_tokens is not None:
        norm_out = output_tokens + (reasoning or 0)
    elif reasoning and within is None:
        norm_out = None
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=reasoning,
        total_tokens=total,
        input_includes_cached=includes,
        output_includes_reasoning=within,
        norm_input_total=norm_in,
        norm_output_total=norm_out,
        reported_cost=reported_cost(raw),
        raw=raw,
        at=at,
    )
