"""Log stores under test: the embedded engine, a server, and two servers under Distributed tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.logstore.clickhouse import ClickHouseStore
from tests.clickhouse_server import ClickHouseServer, cluster_url, start_cluster

__all__ = ["ALL_STORES", "READER", "STORES", "USERS", "open_store"]

ALL_STORES = ("embedded", "server", "cluster")
STORES = ("embedded", "server", pytest.param("cluster", marks=pytest.mark.soak))
"""All of them; the cluster takes long, so `make test` has it for the contract of the store alone."""
READER = {"reader": ("GRANT SELECT ON perihelion.*", "GRANT SELECT ON perihelion_local.*")}
"""The rights that `perihelion store init` gives."""


USERS = ("perihelion", *READER)
"""Of log.store and of log.reader."""


@contextmanager
def open_store(kind: str, folder: Path, **options: int) -> Iterator[ClickHouseStore]:
    """An open store of a kind of `ALL_STORES`, empty, in `folder` or on servers of its own; `options` of its `open`."""
    if kind == "embedded":
        store = ClickHouseStore.open(f"chdb://{folder / 'log'}", **options)
        yield store
        store.close()
        return
    servers = [ClickHouseServer(READER)] if kind == "server" else start_cluster(READER)
    try:
        urls = [servers[0].url(user=user) if kind == "server" else cluster_url(servers, user) for user in USERS]
        store = ClickHouseStore.open(urls[0], reader=urls[1], **options)
        yield store
        store.close()
    finally:
        for server in servers:
            server.stop()
