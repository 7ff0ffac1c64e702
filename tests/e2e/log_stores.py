"""Log stores of a control plane under test: the embedded engine, and a server that reads with a user of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.clickhouse_server import ClickHouseServer, cluster_url, start_cluster
from tests.contract.log_stores import READER, STORES, USERS

__all__ = ["STORES", "log_store"]


@contextmanager
def log_store(kind: str) -> Iterator[dict[str, str]]:
    """The settings that choose a store of a kind of `STORES`; a server is started for it."""
    if kind == "embedded":
        yield {}
        return
    servers = [ClickHouseServer(READER)] if kind == "server" else start_cluster(READER)
    try:
        if kind == "server":
            urls = [servers[0].url(user=user) for user in USERS]
        else:
            urls = [cluster_url(servers, user) for user in USERS]
        yield {"PERIHELION_LOG_STORE": urls[0], "PERIHELION_LOG_READER": urls[1]}
    finally:
        for server in servers:
            server.stop()
