"""Log stores under test: the embedded engine and a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxy.logstore.clickhouse import ClickHouseStore
from tests.clickhouse_server import ClickHouseServer

__all__ = ["STORES", "open_store"]

STORES = ("embedded", "server")


@contextmanager
def open_store(kind: str, folder: Path, **options: int) -> Iterator[ClickHouseStore]:
    """An open store of a kind of `STORES`, empty, in `folder` or on a server of its own; `options` of its `open`."""
    if kind == "embedded":
        store = ClickHouseStore.open(f"chdb://{folder / 'log'}", **options)
        yield store
        store.close()
        return
    server = ClickHouseServer()
    try:
        store = ClickHouseStore.open(server.url(), **options)
        yield store
        store.close()
    finally:
        server.stop()
