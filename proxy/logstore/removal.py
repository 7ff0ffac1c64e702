"""Removes calls with their bodies, on each host that has some of them."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError

from proxy.logstore.connections import Connections, connect
from proxy.logstore.limits import StoreError
from proxy.logstore.sql import query

__all__ = ["remove_calls"]

_IN_BACKGROUND: Final = {"lightweight_deletes_sync": 0}
"""Noted durably at once, and done within about a second: waiting for it would hold up inserts as long."""


def remove_calls(connections: Connections, keys: Sequence[tuple[str, int, str]], *, wait: bool) -> None:
    """Removes calls by (org, start, id). `wait`: returns when they are gone, not merely bound to go. Raises
    `StoreError`."""
    by_org: dict[str, list[tuple[int, str]]] = {}
    for org, start, id in keys:
        by_org.setdefault(org, []).append((start, id))
    settings = {} if wait else _IN_BACKGROUND
    for client in _hosts(connections):
        for org, ours in by_org.items():
            starts = [start for start, _ in ours]
            bound = {"org": org, "since_us": min(starts), "until_us": max(starts), "starts": starts}
            bound["ids"] = [id for _, id in ours]
            for table in ("requests", "bodies"):
                client.command(query(f"remove_{table}"), parameters=bound, settings=settings)


def _hosts(connections: Connections) -> Iterator[Any]:
    """The connection that writes; of a cluster one to each shard, as its Distributed tables delete nothing."""
    address = connections.address
    if not address.cluster:
        with connections.write() as writer:
            yield writer
        return
    for host in address.hosts:
        try:
            with contextlib.closing(connect(msgspec.structs.replace(address, hosts=(host,)), address.tables)) as client:
                yield client
        except (ClickHouseError, OSError) as error:
            raise StoreError(str(error)) from error
