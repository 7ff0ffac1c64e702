"""Removes calls with their bodies, on each host that has some of them."""

from collections.abc import Sequence
from typing import Final

from proxy.logstore.connections import Connections
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
    for client in connections.owners():
        for org, ours in by_org.items():
            starts = [start for start, _ in ours]
            bound = {"org": org, "since_us": min(starts), "until_us": max(starts), "starts": starts}
            bound["ids"] = [id for _, id in ours]
            for table in ("requests", "bodies"):
                client.command(query(f"remove_{table}"), parameters=bound, settings=settings)
