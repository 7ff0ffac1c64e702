"""Usage of a call, as the provider reports it."""

from typing import Any

import msgspec

__all__ = ["Usage"]


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Token counts of one call, in the provider's own terms, and the same on one scale.

    None is "not reported"; 0 is "reported as 0". The two flags tell how the provider's figures overlap
    (None: it does not apply, or the body contradicts itself).
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    total_tokens: int | None = None
    input_includes_cached: bool | None = None
    output_includes_reasoning: bool | None = None
    norm_input_total: int | None = None
    """All input: with cache reads and writes and tool-use prompt tokens."""
    norm_output_total: int | None = None
    """All output: with reasoning."""
    reported_cost: float | None = None
    """What the provider itself says the call cost, in US dollars."""
    raw: dict[str, Any] | None = None
    """The object that was read, whole."""
    at: str = ""
    """Where it was found, e.g. `usage`, `response.usage`, `usageMetadata`."""
    consumed: bool = True
    """False for a mere count (`count_tokens`): nothing to bill."""
