"""Log stores under test: the embedded engine and a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxy.logstore.clickhouse import ClickHouseStore
from tests.clickhouse_server import ClickHouseServer

__all__ = ["READER", "STORES", "open_store"]

STORES = ("embedded", "server")
READER = {"reader": ("GRANT SELECT ON perihelion.*",)}
"""The rights that `perihelion store init` gives."""


@contextmanager
def open_store(kind: str, folder: Path, **options: int) -> Iterator[ClickHouseStore]:
    """An open store of a kind of `STORES`, empty, in `folder` or on a server of its own; `options` of its `open`."""
    if kind == "embedded":
        store = ClickHouseStore.open(f"chdb://{folder / 'log'}", **options)
        yield store
        store.close()
        return
    server = ClickHouseServer(users=READER)
    try:
        store = ClickHouseStore.open(server.url(), reader=server.url(user="reader"), **options)
        yield store
        store.close()
    finally:
        server.stop()
