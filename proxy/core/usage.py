"""Usage of a call, as the provider reports it."""

from typing import Any, Final

import msgspec

__all__ = ["STANDARD_TIERS", "Usage"]

STANDARD_TIERS: Final = frozenset({"auto", "default", "on_demand", "standard", "standard_only", "unspecified"})
"""Service tiers, as providers call them, that have the listed price."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Token counts of one call, as the provider reports them, and the totals on one scale for all providers.

    None is "not reported"; 0 is "reported as 0". The two flags say how the provider's figures overlap
    (None: this does not apply, or the body contradicts itself).
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
    """All input: cache reads and writes and tool-use prompt tokens included."""
    norm_output_total: int | None = None
    """All output: reasoning included."""
    reported_cost: float | None = None
    """The cost of the call as the provider reports it, in US dollars."""
    raw: dict[str, Any] | None = None
    """The complete usage object."""
    at: str = ""
    """Where it was found, e.g. `usage`, `response.usage`, `usageMetadata`."""
    consumed: bool = True
    """False for a call that only counts tokens (`count_tokens`): there is nothing to bill."""
    quantities: dict[str, int | float] = {}
    """Billed quantities that the answer shows outside its usage object (`web_searches`, `audio_seconds`, …), by the
    usage keys of `genai-prices`."""
    conditions: dict[str, str] = {}
    """What a price depends on beside quantities (`service_tier`): from the answer, else from the request."""
    unpriced: tuple[str, ...] = ()
    """Billed items that the answer shows and that have no unit in the price data."""

    @property
    def total_input(self) -> int | None:
        """All input on one scale, or the provider's own figure if that is unknown."""
        return self.input_tokens if self.norm_input_total is None else self.norm_input_total

    @property
    def total_output(self) -> int | None:
        """All output on one scale, or the provider's own figure if that is unknown."""
        return self.output_tokens if self.norm_output_total is None else self.norm_output_total
