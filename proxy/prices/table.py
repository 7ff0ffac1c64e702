"""The built-in prices that hold at a time, as a table for people."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

import genai_prices
import msgspec
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices

__all__ = ["PRICE_SOURCE", "ListedPrice", "built_in_prices"]

PRICE_SOURCE = f"genai-prices {genai_prices.__version__}"


class ListedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars a million tokens, of the lowest step; null: no price of its own."""

    provider: str
    model: str
    name: str
    input: float | None
    output: float | None
    cached_input: float | None
    cache_write: float | None
    context_tokens: int | None
    stepped: bool
    """Whether long prompts cost more."""


@lru_cache(1)
def built_in_prices(hour: datetime) -> list[tuple[str, ListedPrice]]:
    """Return each with the text to search it by."""
    rows: list[tuple[str, ListedPrice]] = []
    for provider in get_snapshot().providers:
        for model in provider.models:
            prices = model.get_prices(hour)
            row = ListedPrice(
                provider=provider.id,
                model=model.id,
                name=model.name or model.id,
                input=_base(prices.input_mtok),
                output=_base(prices.output_mtok),
                cached_input=_base(prices.cache_read_mtok),
                cache_write=_base(prices.cache_write_mtok),
                context_tokens=model.context_window,
                stepped=isinstance(prices.input_mtok, TieredPrices),
            )
            rows.append((f"{provider.id} {provider.name} {model.id} {row.name}".lower(), row))
    return rows


def _base(rate: Decimal | TieredPrices | None) -> float | None:
    base = rate.base if isinstance(rate, TieredPrices) else rate
    return None if base is None else float(base)
