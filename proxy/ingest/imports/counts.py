"""Makes a usage of the counts that a source exports, under the keys that are priced."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.core.usage import Usage

__all__ = ["counted_usage"]

_AT: Final = "import"


def counted_usage(
    *,
    prompt: int | None,
    completion: int | None,
    total: int | None = None,
    cached: int | None = None,
    written: int | None = None,
    reasoning: int | None = None,
    prompt_audio: int | None = None,
    completion_audio: int | None = None,
    apart: bool = False,
    others: Mapping[str, Any] | None = None,
) -> Usage | None:
    """The usage; None where nothing was counted.

    `apart` says that `prompt` and `completion` leave out what has a count of its own. `others` are counts that have no
    key here: they make the cost unknown where they are not 0.
    """
    if not (prompt or completion or total):
        return None
    own_in, own_out = (cached or 0) + (written or 0), reasoning or 0
    apart = apart or own_in > (prompt or 0)  # more cached than all input: then the input is the rest
    details_in = _named(cached_tokens=cached, cache_write_tokens=written, audio_tokens=prompt_audio)
    details_out = _named(reasoning_tokens=reasoning, audio_tokens=completion_audio)
    raw = {
        **_named(prompt_tokens=prompt, completion_tokens=completion, total_tokens=total),
        **({"prompt_tokens_details": details_in} if details_in else {}),
        **({"completion_tokens_details": details_out} if details_out else {}),
        **(others or {}),
    }
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        total_tokens=total,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=reasoning,
        input_includes_cached=not apart if own_in else None,
        output_includes_reasoning=not apart if own_out else None,
        norm_input_total=None if prompt is None else prompt + (own_in if apart else 0),
        norm_output_total=None if completion is None else completion + (own_out if apart else 0),
        raw=raw,
        at=_AT,
    )


def _named(**counts: int | None) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count is not None}
