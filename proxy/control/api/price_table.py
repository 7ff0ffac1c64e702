"""`/api/price-table`: the built-in prices that hold now, for people to look up."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices
from litestar import get
from litestar.params import QueryParameter

from proxy.control.api.paging import Limit, check_limit
from proxy.control.auth import needs

__all__ = ["PRICE_TABLE_ROUTES"]

_MAX_SEARCH: Final = 100


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


class PriceTable(msgspec.Struct):
    data: list[ListedPrice]
    found: int
    """How many match, listed or not."""
    source: str
    """The price data that they come from."""


@get(
    "/api/price-table",
    sync_to_thread=True,
    opt=needs("viewer"),
    summary="Built-in prices",
    operation_id="listPriceTable",
)
def list_price_table(
    search: Annotated[str, QueryParameter(description="Words that provider, model or name contain.")] = "",
    limit: Limit = 50,
) -> PriceTable:
    """Those that hold today. Own prices of the organisation or the installation come before them."""
    check_limit(limit)
    words = search[:_MAX_SEARCH].lower().split()
    day = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    found = [row for text, row in _rows(day) if all(word in text for word in words)]
    return PriceTable(found[:limit], len(found), _source())


@lru_cache(1)
def _rows(hour: datetime) -> list[tuple[str, ListedPrice]]:
    """Text to search in, and the row."""
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


@lru_cache(1)
def _source() -> str:
    from genai_prices import __version__

    return f"genai-prices {__version__}"


PRICE_TABLE_ROUTES: list[Any] = [list_price_table]
