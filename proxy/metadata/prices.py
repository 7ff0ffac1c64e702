"""Own prices of organisations, by name."""

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from proxy.core.clock import now_us
from proxy.core.snapshot import PriceRow
from proxy.metadata.db import insert_or_keep
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import prices

__all__ = ["MAX_PRICES", "StoredPrice", "all_rows", "listed", "put", "remove"]

MAX_PRICES = 1000
"""Of one organisation: each new model is compared with all of them."""


class StoredPrice(msgspec.Struct, kw_only=True):
    name: str
    entry: str
    """JSON, as the API takes it."""
    changed_us: int
    changed_by: str


def put(connection: Connection, org_id: str, name: str, entry: str, changed_by: str) -> StoredPrice:
    """Store a price; an existing one of that name is replaced. Raises `RowConflict` where there are too many."""
    values = {"entry": entry, "changed_us": now_us(), "changed_by": changed_by}
    if insert_or_keep(connection, prices, org_id=org_id, name=name, **values):
        count = select(func.count()).select_from(prices).where(prices.c.org_id == org_id)
        if connection.execute(count).scalar_one() > MAX_PRICES:
            raise RowConflict(f"an organisation has at most {MAX_PRICES} prices; delete one first")
    else:
        place = (prices.c.org_id == org_id, prices.c.name == name)
        connection.execute(update(prices).where(*place).values(**values))
    return StoredPrice(name=name, **values)  # type: ignore[arg-type]


def listed(connection: Connection, org_id: str, after: str = "", limit: int = 50) -> list[StoredPrice]:
    query = select(prices.c.name, prices.c.entry, prices.c.changed_us, prices.c.changed_by)
    query = query.where(prices.c.org_id == org_id, prices.c.name > after).order_by(prices.c.name).limit(limit)
    return [StoredPrice(**row._mapping) for row in connection.execute(query)]


def remove(connection: Connection, org_id: str, name: str) -> None:
    place = (prices.c.org_id == org_id, prices.c.name == name)
    if not connection.execute(delete(prices).where(*place)).rowcount:
        raise RowNotFound("price", name)


def all_rows(connection: Connection) -> list[PriceRow]:
    """Return the prices of all organisations, by organisation and name."""
    query = select(prices.c.org_id, prices.c.name, prices.c.entry).order_by(prices.c.org_id, prices.c.name)
    return [PriceRow(row.org_id, row.name, row.entry.encode()) for row in connection.execute(query)]
