"""`/api/prices`: own prices of an organisation."""

from typing import Any

import msgspec
from litestar import Request, Response, delete, get, put
from litestar.params import FromPath, JSONBody

from proxy.control.api.checks import check_label
from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import caller_of, needs
from proxy.control.idempotency import database_of, mutate
from proxy.control.plane import ControlPlane
from proxy.metadata import prices
from proxy.metadata.errors import InvalidValue
from proxy.metadata.prices import StoredPrice
from proxy.prices.entry import PriceEntry, entry_version, use_entry
from proxy.prices.own import PriceError

__all__ = ["PRICE_ROUTES"]

_MAX_PATTERN = 200


class Price(msgspec.Struct, kw_only=True):
    """One own price."""

    name: str
    price: PriceEntry
    version: str
    """What rows that it priced say in `price_version`, and its lines in `source`."""
    changed_us: int
    changed_by: str


class PricePage(msgspec.Struct):
    data: list[Price]
    next: str | None


@get("/api/prices", sync_to_thread=True, opt=needs("viewer"), summary="Own prices, by name", operation_id="listPrices")
def list_prices(request: Request[Any, Any, Any], after: After = "", limit: Limit = 50) -> PricePage:
    """Of this organisation. The installation's price files and the built-in prices are not in it."""
    check_limit(limit)
    with database_of(request).read() as rows:
        found = prices.listed(rows, caller_of(request).org, after, limit + 1)
    more = len(found) > limit
    return PricePage([_price(row) for row in found[:limit]], found[limit - 1].name if more else None)


@put("/api/prices/{name:str}", sync_to_thread=True, opt=needs("admin"), summary="Store an own price",
     operation_id="putPrice")  # fmt: skip
def put_price(request: Request[Any, Any, Any], name: FromPath[str], data: JSONBody[PriceEntry]) -> Response[Price]:
    """Replaces the price of that name. New calls are priced with it within two seconds; older ones by a re-pricing."""
    check_label("name", name)
    for path, pattern in (("model", data.model), ("provider", data.provider), ("service_tier", data.service_tier)):
        if len(pattern) > _MAX_PATTERN:
            raise InvalidValue(path, pattern[:60] + "…", f"at most {_MAX_PATTERN} characters")
    try:
        use_entry(name, data)
    except PriceError as error:
        raise InvalidValue(error.key or "price", error.found, error.accepted) from None
    caller = caller_of(request)
    entry = msgspec.json.encode(data).decode()
    answer = mutate(request, data, lambda rows: _price(prices.put(rows, caller.org, name, entry, caller.name)))
    _publish(request)
    return answer


@delete("/api/prices/{name:str}", sync_to_thread=True, opt=needs("admin"), summary="Delete an own price",
        status_code=204, operation_id="deletePrice")  # fmt: skip
def delete_price(request: Request[Any, Any, Any], name: FromPath[str]) -> None:
    """Rows that it priced keep their cost until they are re-priced."""
    with database_of(request).write() as rows:
        prices.remove(rows, caller_of(request).org, name)
    _publish(request)


def _price(row: StoredPrice) -> Price:
    entry = msgspec.json.decode(row.entry, type=PriceEntry)
    version = entry_version(row.name, entry)
    return Price(name=row.name, price=entry, version=version, changed_us=row.changed_us, changed_by=row.changed_by)


def _publish(request: Request[Any, Any, Any]) -> None:
    """Write the snapshot now: the shipper of this control plane then prices the very next batch with it."""
    plane: ControlPlane = request.app.state.plane
    plane.publisher.publish()


PRICE_ROUTES: list[Any] = [list_prices, put_price, delete_price]
