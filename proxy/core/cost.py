"""What a call cost, as lines that add up."""

import msgspec

__all__ = ["Cost", "CostLine"]


class CostLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One component of a cost: `quantity` × `rate_usd` / `per` = `amount_nanousd` × 1e-9 dollars, exactly."""

    component: str
    """What was used, e.g. `input_tokens`, `cache_read_tokens`, `web_searches`. Tokens that have a line of their own are
    not counted again in a more general one: `input_tokens` is the input that is not in a cache line."""
    quantity: int | float
    rate_usd: float
    per: int
    """How many units `rate_usd` buys."""
    amount_nanousd: int | float
    source: str
    """Version of the price data, `own:<file>@<digest>` for the operator's own, or `provider` for the
    cost that the provider reported."""


class Cost(msgspec.Struct, frozen=True):
    """`nanousd` is the sum of `lines`, rounded half to even; None if the cost is unknown, never 0."""

    nanousd: int | None
    lines: tuple[CostLine, ...] = ()
    missing: tuple[str, ...] = ()
    """What has no known price or could not be read; empty if the cost is known."""
    version: str = ""
    """Version of the price data that was searched."""

    @property
    def known(self) -> bool:
        return self.nanousd is not None
