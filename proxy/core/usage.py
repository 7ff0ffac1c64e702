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
    quantities: dict[str, int | float] = {}
    """What the answer shows beside its usage object and is billed: `web_searches`, `audio_seconds`, …, under the usage
    keys of `genai-prices`."""
    conditions: dict[str, str] = {}
    """What a price depends on beside quantities (`service_tier`), as the answer says, or the request where the answer
    does not."""
    unpriced: tuple[str, ...] = ()
    """What the answer shows, is billed, and has no unit in any price data."""

    @property
    def total_input(self) -> int | None:
        """All input on one scale, or the provider's own figure if that is unknown."""
        return self.input_tokens if self.norm_input_total is None else self.norm_input_total

    @property
    def total_output(self) -> int | None:
        """All output on one scale, or the provider's own figure if that is unknown."""
        return self.output_tokens if self.norm_output_total is None else self.norm_output_total
