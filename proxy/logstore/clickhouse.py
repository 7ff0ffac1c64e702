"""The log store over ClickHouse: chDB in this process, or a server, with one driver and one SQL."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect import common
from clickhouse_connect.driver.exceptions import ClickHouseError

from proxy.core.clock import uuid7_time_us
from proxy.logstore.annotations import put_updated_properties
from proxy.logstore.base import Cursor, Row, StoreError, Table
from proxy.logstore.events import micros
from proxy.logstore.filters import Filter, conditions
from proxy.logstore.migrate import migrate, set_retention, set_text_index
from proxy.logstore.rows import AnnotationRow, columns
from proxy.logstore.sql import query
from proxy.logstore.updates import PropertyUpdates

__all__ = ["ClickHouseStore"]

_DATABASE: Final = "perihelion"
_READERS: Final = 2
_MAX_START_US: Final = 4_102_444_800_000_000
"""The year 2100: later than any call."""
_ID_TIME_TOLERANCE_US: Final = 5_000_000
"""How far a call's start may be from the time in its own id. Ids that callers made may say any time."""

_INSERT: Final = {
    "insert_deduplicate": 1,
    # A batch is small: sharing it among threads costs more than it saves. And no column has a default to compute.
    "max_threads": 1,
    "max_insert_threads": 1,
    "input_format_defaults_for_omitted_fields": 0,
}


class ClickHouseStore:
    """An open ClickHouse or chDB: a `LogStore`."""

    def __init__(self, writer: Any, readers: list[Any], url: str, *, text_indexed: bool = False) -> None:
        self.url = url
        self.text_indexed = text_indexed
        self._writer = writer
        self._write_lock = threading.Lock()
        self._readers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._clients = [writer, *readers]
        for reader in readers:
            self._readers.put(reader)
        self._updates = PropertyUpdates(self._updated_properties)
        self._types = {table: _types(writer, table) for table in ("requests", "bodies", "annotations")}

    @classmethod
    def open(cls, url: str, *, ttl_days: int = 0, body_ttl_days: int = 0, text_chars: int = 0) -> "ClickHouseStore":
        """Connects to `chdb:///<folder>` or `clickhouse[s]://user:pw@host:port/db`, and brings the schema up to date.

        `text_chars` is how many characters of a call are indexed for search; 0: none. Raises `StoreError`. A chDB
        folder belongs to one process at a time.
        """
        common.set_setting("autogenerate_session_id", False)
        embedded = url.startswith("chdb:")
        database = _DATABASE if embedded else (urlsplit(url).path.strip("/") or _DATABASE)
        try:
            writer = _connect(url, "default")
            writer.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters={"name": database})
            writer.database = database
            migrate(writer)
            set_retention(writer, "requests", ttl_days)
            set_retention(writer, "bodies", body_ttl_days or ttl_days)
            set_retention(writer, "annotations", ttl_days, "at")
            text_indexed = set_text_index(writer, text_chars)
            readers = [_connect(url, database) for _ in range(_READERS)]
            for reader in readers:
                if embedded:
                    reader.command("SET readonly = 1")
                else:
                    reader.set_client_setting("readonly", 2)
            return cls(writer, readers, url, text_indexed=text_indexed)
        except (ClickHouseError, OSError) as error:
            raise StoreError(f"log store {_masked(url)}: {error}") from error

    def write(self, table: Table | Literal["annotations"], rows: Sequence[Row | AnnotationRow], token: str) -> None:
        if not rows:
            return
        types = self._types[table]
        named = columns(rows)
        with self._write_lock:
            try:
                self._writer.insert(
                    table,
                    list(named.values()),
                    column_names=list(named),
                    column_types=[types[name] for name in named],
                    column_oriented=True,
                    settings={"insert_deduplication_token": f"{token}:{table}", **_INSERT},
                )
            except (ClickHouseError, OSError) as error:
                raise StoreError(str(error)) from error
        if table == "annotations":
            self._updates.forget()

    def missing(self, table: Table, rows: Sequence[Row]) -> list[Row]:
        if not rows:
            return []
        starts = [row.start for row in rows]
        bound = {"since_us": min(starts), "until_us": max(starts), "ids": [row.id for row in rows]}
        with self._write_lock:
            try:
                keys = self._writer.query(query(f"present_{table}"), parameters=bound).result_rows
            except (ClickHouseError, OSError) as error:
                raise StoreError(str(error)) from error
        present = set(map(tuple, keys))  # the whole key: an id that a caller made may belong to another call, too
        return [row for row in rows if (row.org, row.start, row.id) not in present]

    def settlements(self, org: str, ids: Sequence[str]) -> list[tuple[str, int, str]]:
        with self._write_lock:  # the connection that writes: it sees what was just written
            try:
                found = self._writer.query(query("settlements"), parameters={"org": org, "ids": list(ids)}).result_rows
            except (ClickHouseError, OSError) as error:
                raise StoreError(str(error)) from error
        return [(str(settled_id), int(start), str(id)) for settled_id, start, id in found]

    def page(self, filter: Filter, cursor: Cursor | None = None, limit: int = 50) -> list[dict[str, Any]]:
        before_us, before_id = cursor or (_MAX_START_US, "")
        return self._select("page", filter, before_us=before_us, before_id=before_id, limit=limit)

    def arrivals(self, filter: Filter, after_us: int, limit: int = 50) -> list[dict[str, Any]]:
        return self._select("arrivals", filter, after_us=after_us, limit=limit)

    def last_arrival_us(self, org: str) -> int:
        return int(self.read(query("last_arrival"), {"org": org})[0]["last_us"])

    def count(self, filter: Filter) -> int:
        return int(self._select("count", filter)[0]["calls"])

    def get(self, org: str, id: str) -> dict[str, Any] | None:
        at_us = uuid7_time_us(id)
        spans = [(0, _MAX_START_US)]
        if at_us is not None:
            spans.insert(0, (at_us - _ID_TIME_TOLERANCE_US, at_us + _ID_TIME_TOLERANCE_US))
        for since_us, until_us in spans:
            bound = {"org": org, "id": id, "since_us": max(0, since_us), "until_us": min(until_us, _MAX_START_US)}
            rows = self.read(query("get"), bound)
            if rows:
                row = rows[0]
                bodies = self.read(query("body"), {"org": org, "id": id, "start_us": micros(row["start"])})
                row["bodies"] = bodies[0] if bodies else None
                put_updated_properties(self, org, rows)
                return row
        return None

    def prompt_usage(self, org: str, prompt: str) -> list[dict[str, Any]]:
        return self.read(query("prompt_usage"), {"org": org, "prompt": prompt})

    def updated_properties(self, org: str) -> frozenset[str]:
        return self._updates.names(org)

    def ping(self) -> None:
        self.read("SELECT 1", {})

    def column_names(self, table: Table) -> list[str]:
        """The columns of a table as the store has them."""
        return list(self._types[table])

    def read(self, sql: str, bound: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of a query, by column name. The connection is read-only: a statement that writes raises."""
        with self._reader() as reader:
            try:
                result = reader.query(sql, parameters=bound)
            except (ClickHouseError, OSError) as error:
                raise StoreError(str(error)) from error
        names = result.column_names
        return [
            {
                name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
                for name, value in zip(names, row, strict=True)
            }
            for row in result.result_rows
        ]

    def close(self) -> None:
        """Closes all connections; chDB stops with the last one."""
        with self._write_lock:
            for client in self._clients:
                with contextlib.suppress(ClickHouseError, OSError):
                    client.close()

    def _select(self, name: str, filter: Filter, **bound: Any) -> list[dict[str, Any]]:
        lines, values = conditions(filter, self.updated_properties(filter.org))
        rows = self.read(query(name).replace("/* filters */", lines), values | bound)
        if rows and "properties" in rows[0]:
            put_updated_properties(self, filter.org, rows)
        return rows

    def _updated_properties(self, org: str) -> frozenset[str]:
        return frozenset(row["name"] for row in self.read(query("updated_properties"), {"org": org}))

    @contextlib.contextmanager
    def _reader(self) -> Iterator[Any]:
        reader = self._readers.get()
        try:
            yield reader
        finally:
            self._readers.put(reader)


def _connect(url: str, database: str) -> Any:
    if url.startswith("chdb:"):
        return clickhouse_connect.get_client(dsn=url, database=database)
    parts = urlsplit(url)
    return clickhouse_connect.get_client(
        host=parts.hostname or "localhost",
        port=parts.port or (8443 if parts.scheme == "clickhouses" else 8123),
        username=parts.username or "default",
        password=parts.password or "",
        secure=parts.scheme == "clickhouses",
        database=database,
    )


def _types(client: Any, table: str) -> dict[str, Any]:
    """Types by column, read once: the driver would otherwise describe the table before every insert."""
    context = client.create_insert_context(table)
    return dict(zip(context.column_names, context.column_types, strict=True))


def _masked(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":***@") if parts.password else url
