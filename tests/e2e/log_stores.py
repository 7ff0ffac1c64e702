"""Log stores of a control plane under test: the embedded engine, and a server that reads with a user of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.clickhouse_server import ClickHouseServer
from tests.contract.log_stores import READER, STORES

__all__ = ["STORES", "log_store"]


@contextmanager
def log_store(kind: str) -> Iterator[dict[str, str]]:
    """The settings that choose a store of a kind of `STORES`; a server is started for it."""
    if kind == "embedded":
        yield {}
        return
    server = ClickHouseServer(users=READER)
    try:
        yield {"PERIHELION_LOG_STORE": server.url(), "PERIHELION_LOG_READER": server.url(user="reader")}
    finally:
        server.stop()
