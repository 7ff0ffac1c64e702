"""Inserts that a crash or a failure at any point leaves neither doubled nor lost, over the two writes of `LogStore`."""

from collections.abc import Sequence
from typing import Final

from proxy.logstore.base import LogStore, Row, Table
from proxy.logstore.rows import BodyRow, RequestRow

__all__ = ["insert", "insert_missing"]

_REQUESTS: Final[Table] = "requests"
_BODIES: Final[Table] = "bodies"


def insert(store: LogStore, requests: Sequence[RequestRow], bodies: Sequence[BodyRow], token: str) -> None:
    """Inserts the rows. The same rows again under the same token are dropped by the store."""
    store.write(_REQUESTS, requests, token)
    store.write(_BODIES, bodies, token)


def insert_missing(store: LogStore, requests: Sequence[RequestRow], bodies: Sequence[BodyRow], token: str) -> int:
    """Inserts what a crash or a failure left out, and returns how many rows needed a token of their own.

    Each table is asked first and gets only the rows that it lacks, so that rows which came under another token are not
    there twice. An insert that is still under way has the same token. Rows that are not there even then are written
    under a new token: an engine that died after it noted the token and before the rows would drop them.
    """
    written_again = 0
    tables: tuple[tuple[Table, Sequence[Row]], ...] = ((_REQUESTS, requests), (_BODIES, bodies))
    for table, rows in tables:
        missing = _once(store.missing(table, rows))
        store.write(table, missing, token)
        missing = list(store.missing(table, missing))
        if missing:
            store.write(table, missing, f"{token}:mend:{missing[0].id}:{len(missing)}")
            written_again += len(missing)
    return written_again


def _once(rows: Sequence[Row]) -> list[Row]:
    """The rows without repetitions of a key: an import that was sent twice may be in one batch."""
    return list({(row.org, row.start, row.id): row for row in reversed(rows)}.values())[::-1]
