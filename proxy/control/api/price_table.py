"""`/api/price-table`: the built-in prices that hold now, for people to look up."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.params import QueryParameter

from proxy.control.api.paging import Limit, check_limit
from proxy.control.auth import needs
from proxy.prices.table import PRICE_SOURCE, ListedPrice, built_in_prices

__all__ = ["PRICE_TABLE_ROUTES"]

_MAX_SEARCH: Final = 100


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
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    found = [row for text, row in built_in_prices(hour) if all(word in text for word in words)]
    return PriceTable(found[:limit], len(found), PRICE_SOURCE)


PRICE_TABLE_ROUTES: list[Any] = [list_price_table]
