"""The log store over ClickHouse: chDB in this process, or a server, with one driver and one SQL."""

import contextlib
import functools
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect import common
from clickhouse_connect.driver.exceptions import ClickHouseError

from proxy.logstore.annotations import put_updated_properties
from proxy.logstore.base import Cursor, Row, Table
from proxy.logstore.call_reader import find_call
from proxy.logstore.cancellation import Cancellation
from proxy.logstore.events import micros
from proxy.logstore.filters import Filter, conditions
from proxy.logstore.limits import (
    EXPORT_LIMITS,
    READ_LIMITS,
    Cap,
    QueryCancelled,
    QueryLimitError,
    QueryLimits,
    StoreError,
)
from proxy.logstore.migrate import migrate, set_retention, set_text_index
from proxy.logstore.readers import Readers
from proxy.logstore.rows import AnnotationRow, columns
from proxy.logstore.sql import query
from proxy.logstore.streams import STREAM_SETTINGS, stream_from_pipe, stream_from_response
from proxy.logstore.updates import PropertyUpdates

__all__ = ["ClickHouseStore"]

_DATABASE: Final = "perihelion"
_EMBEDDED: Final = str(Path(__file__).with_name("embedded.xml"))
_MAX_START_US: Final = 4_102_444_800_000_000
"""The year 2100: later than any call."""

_INSERT: Final = {
    "insert_deduplicate": 1,
    # A batch is small: sharing it among threads costs more than it saves. And no column has a default to compute.
    "max_threads": 1,
    "max_insert_threads": 1,
    "input_format_defaults_for_omitted_fields": 0,
    # The answer to an insert says that its rows are in the table; a server may be set up otherwise.
    "async_insert": 0,
    "distributed_foreground_insert": 1,
    # Imported calls may be of any month.
    "max_partitions_per_insert_block": 0,
}


class ClickHouseStore:
    """An open ClickHouse or chDB: a `LogStore`."""

    def __init__(self, url: str, database: str, writer: Any, readers: int, text_chars: int) -> None:
        self.url = url
        self.text_chars = text_chars
        self._database = database
        self._embedded = url.startswith("chdb:")
        self._writer = writer
        self._write_lock = threading.Lock()
        self._kill_lock = threading.Lock()
        self._killer: Any = None
        self._readers = Readers(self._connect_reader, readers)
        self._streams = Readers(self._connect_reader, readers)
        self._updates = PropertyUpdates(self._updated_properties)
        self._types = {table: _types(writer, table) for table in ("requests", "bodies", "annotations")}

    @classmethod
    def open(
        cls, url: str, *, ttl_days: int = 0, body_ttl_days: int = 0, text_chars: int = 0, readers: int = 4
    ) -> "ClickHouseStore":
        """Connects to `chdb:///<folder>` or `clickhouse[s]://user:pw@host:port/db`, and brings the schema up to date.

        Up to `readers` queries run at once. `text_chars` is how many characters of a call are indexed for search; 0:
        none. Raises `StoreError`. A chDB folder belongs to one process at a time.
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
            text_chars = set_text_index(writer, text_chars)
            return cls(url, database, writer, readers, text_chars)
        except (ClickHouseError, OSError) as error:
            raise StoreError(f"log store {_masked(url)}: {error}") from error

    def write(self, table: Table | Literal["annotations"], rows: Sequence[Row | AnnotationRow], token: str) -> None:
        if not rows:
            return
        types = self._types[table]
        named = columns(rows)
        with self._writing() as writer:
            writer.insert(
                table,
                list(named.values()),
                column_names=list(named),
                column_types=[types[name] for name in named],
                column_oriented=True,
                settings={"insert_deduplication_token": f"{token}:{table}", **_INSERT},
            )
        if table == "annotations":
            self._updates.forget()

    def missing(self, table: Table, rows: Sequence[Row]) -> list[Row]:
        if not rows:
            return []
        starts = [row.start for row in rows]
        bound = {"since_us": min(starts), "until_us": max(starts), "ids": [row.id for row in rows]}
        with self._writing() as writer:
            keys = writer.query(query(f"present_{table}"), parameters=bound).result_rows
        present = set(map(tuple, keys))  # the whole key: an id that a caller made may belong to another call, too
        return [row for row in rows if (row.org, row.start, row.id) not in present]

    def settlements(self, org: str, ids: Sequence[str]) -> list[tuple[str, int, str]]:
        with self._writing() as writer:  # the connection that writes: it sees what was just written
            found = writer.query(query("settlements"), parameters={"org": org, "ids": list(ids)}).result_rows
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
        row = find_call(self, org, id)
        if row is not None:
            bodies = self.read(query("body"), {"org": org, "id": id, "start_us": micros(row["start"])})
            row["bodies"] = bodies[0] if bodies else None
        return row

    def prompt_usage(self, org: str, prompt: str) -> list[dict[str, Any]]:
        return self.read(query("prompt_usage"), {"org": org, "prompt": prompt})

    def updated_properties(self, org: str) -> frozenset[str]:
        return self._updates.names(org)

    def ping(self) -> None:
        self.read("SELECT 1", {})

    def column_names(self, table: Table) -> list[str]:
        """The columns of a table as the store has them."""
        return list(self._types[table])

    def read(self, sql: str, bound: dict[str, Any], limits: QueryLimits = READ_LIMITS) -> list[dict[str, Any]]:
        with self._running(self._readers, limits) as (reader, settings, _):
            result = reader.query(sql, parameters=bound, settings=settings)
        names = result.column_names
        return [
            {
                name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
                for name, value in zip(names, row, strict=True)
            }
            for row in result.result_rows
        ]

    def stream_bytes(
        self, sql: str, bound: dict[str, Any], format: str, limits: QueryLimits = EXPORT_LIMITS
    ) -> Iterator[bytes]:
        return self._stream(sql, bound, format, limits, Cancellation.current())

    def close(self) -> None:
        """Closes all connections; chDB stops with the last one."""
        self._readers.close()
        self._streams.close()
        with self._write_lock, self._kill_lock, contextlib.suppress(ClickHouseError, OSError):
            if self._killer is not None:
                self._killer.close()
            self._writer.close()

    def _stream(
        self, sql: str, bound: dict[str, Any], format: str, limits: QueryLimits, cancellation: Cancellation | None
    ) -> Iterator[bytes]:
        with self._running(self._streams, limits, cancellation) as (client, settings, kill):
            settings = {**settings, **STREAM_SETTINGS}
            if self._embedded:
                yield from stream_from_pipe(client, sql, bound, format, settings, kill)
            else:
                yield from stream_from_response(client, sql, bound, format, settings)

    def _select(self, name: str, filter: Filter, **bound: Any) -> list[dict[str, Any]]:
        lines, values = conditions(filter, self.updated_properties(filter.org), self.text_chars)
        rows = self.read(query(name).replace("/* filters */", lines), values | bound)
        if rows and "properties" in rows[0]:
            put_updated_properties(self, filter.org, rows)
        return rows

    def _updated_properties(self, org: str) -> frozenset[str]:
        return frozenset(row["name"] for row in self.read(query("updated_properties"), {"org": org}))

    @contextlib.contextmanager
    def _running(
        self, readers: Readers, limits: QueryLimits, cancellation: Cancellation | None = None
    ) -> Iterator[tuple[Any, dict[str, Any], Callable[[], None]]]:
        """A connection for one query, the settings to run it with, and what ends it. Raises as `LogStore.read` says."""
        id = uuid.uuid4().hex
        kill = functools.partial(self._kill, id)
        cancellation = cancellation or Cancellation.current()
        try:
            with readers.lend(limits.seconds) as client, cancellation.running(kill) if cancellation else _nothing:
                yield client, {_ID_SETTING[self._embedded]: id, **limits.settings()}, kill
        except (ClickHouseError, OSError) as error:
            if cancellation is not None and cancellation.cancelled:
                raise QueryCancelled from error
            raise _store_error(error, limits) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Any]:
        """The connection that writes. Raises `StoreError`, and is renewed then, for the reason that `Readers` gives."""
        with self._write_lock:
            try:
                yield self._writer
            except (ClickHouseError, OSError) as error:
                if self._embedded:
                    failed, self._writer = self._writer, _connect(self.url, self._database)
                    failed.close()
                raise StoreError(str(error)) from error

    def _kill(self, id: str) -> None:
        """Ends a query where it runs."""
        with self._kill_lock, contextlib.suppress(ClickHouseError, OSError):
            if self._killer is None:
                self._killer = _connect(self.url, self._database)
            self._killer.command(query("kill_embedded" if self._embedded else "kill"), parameters={"id": id})

    def _connect_reader(self) -> Any:
        """A connection whose rights do not leave the database, and that cannot write."""
        reader = _connect(self.url, self._database)
        if self._embedded:
            reader.command("SET ROLE reader")
        reader.set_client_setting("readonly", 2)  # settings may change, as each query's limits do
        return reader


_nothing: Final = contextlib.nullcontext()
_ID_SETTING: Final = {True: "log_comment", False: "query_id"}
"""By whether the store is embedded: what tells a query to `_kill`. chDB makes the ids of queries itself."""


def _store_error(error: Exception, limits: QueryLimits) -> StoreError:
    """The error of ours for one of the driver: by the engine's code."""
    cap = _CAP_OF_CODE.get(getattr(error, "code", None) or 0)
    return StoreError(str(error)) if cap is None else QueryLimitError(cap, getattr(limits, cap))


_CAP_OF_CODE: Final[dict[int, Cap]] = {
    158: "rows_read",
    159: "seconds",
    160: "seconds",
    241: "memory",
    396: "result_rows",
}
"""TOO_MANY_ROWS, TIMEOUT_EXCEEDED, TOO_SLOW, MEMORY_LIMIT_EXCEEDED, TOO_MANY_ROWS_OR_BYTES."""


def _connect(url: str, database: str) -> Any:
    if url.startswith("chdb:"):
        options = {"config-file": _EMBEDDED, "users_config": _EMBEDDED}
        return clickhouse_connect.get_client(dsn=url, database=database, chdb_options=options)
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
