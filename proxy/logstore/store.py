"""The face of the log store: `insert` once, `page`, `get`, `count`."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect import common
from clickhouse_connect.driver.exceptions import ClickHouseError

from proxy.core.clock import uuid7_time_us
from proxy.core.errors import PerihelionError
from proxy.logstore.events import micros
from proxy.logstore.filters import Filter, conditions
from proxy.logstore.migrate import migrate, set_life
from proxy.logstore.rows import BodyRow, RequestRow, columns
from proxy.logstore.sql import query

__all__ = ["Cursor", "Store", "StoreError"]

_DATABASE: Final = "perihelion"
_READERS: Final = 2
_FAR_US: Final = 4_102_444_800_000_000
"""The year 2100: before it is every call there is."""
_NEAR_US: Final = 5_000_000
"""How far a call's start may be from the time in its own id; ids that callers made are looked for further."""

_INSERT: Final = {
    "insert_deduplicate": 1,
    # A slice is small: threads to share it would cost more than it does. And no column has a default to work out.
    "max_threads": 1,
    "max_insert_threads": 1,
    "input_format_defaults_for_omitted_fields": 0,
}

Cursor = tuple[int, str]
Row = RequestRow | BodyRow


class StoreError(PerihelionError):
    """The store cannot be reached, or refused what it was asked."""


class Store:
    """An open store. Its methods block; they may be called from several threads.

    Rows come back as dictionaries by column name, times as aware datetimes.
    """

    def __init__(self, writer: Any, readers: list[Any], url: str) -> None:
        self.url = url
        self._writer = writer
        self._write_lock = threading.Lock()
        self._readers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._all = [writer, *readers]
        for reader in readers:
            self._readers.put(reader)
        self._types = {table: _types(writer, table) for table in ("requests", "bodies")}

    @classmethod
    def open(cls, url: str, *, ttl_days: int = 0, body_ttl_days: int = 0) -> "Store":
        """Connects to `chdb:///<folder>` or `clickhouse[s]://user:pw@host:port/db`, and brings the schema up to date.

        Raises `StoreError`. A chDB folder belongs to one process at a time.
        """
        common.set_setting("autogenerate_session_id", False)
        embedded = url.startswith("chdb:")
        database = _DATABASE if embedded else (urlsplit(url).path.strip("/") or _DATABASE)
        try:
            writer = _connect(url, "default")
            writer.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters={"name": database})
            writer.database = database
            migrate(writer)
            set_life(writer, "requests", ttl_days)
            set_life(writer, "bodies", body_ttl_days or ttl_days)
            readers = [_connect(url, database) for _ in range(_READERS)]
            for reader in readers:
                if embedded:
                    reader.command("SET readonly = 1")
                else:
                    reader.set_client_setting("readonly", 2)
            return cls(writer, readers, url)
        except (ClickHouseError, OSError) as error:
            raise StoreError(f"log store {_masked(url)}: {error}") from error

    def insert(self, requests: Sequence[RequestRow], bodies: Sequence[BodyRow], token: str) -> None:
        """Writes the rows. The same rows again under the same token are dropped. Raises `StoreError`."""
        with self._write_lock:
            self._insert("requests", requests, token)
            self._insert("bodies", bodies, token)

    def insert_missing(self, requests: Sequence[RequestRow], bodies: Sequence[BodyRow], token: str) -> int:
        """`insert`, after a crash or a failure: each table is asked first and given only what it lacks, so that rows
        which came under another token are not there twice. An insert that is still under way has the same token.

        What is not there even then is written again, under a token of its own, and counted. (An engine that died after
        it noted the token and before the rows drops them.)
        """
        mended = 0
        for table, rows in (("requests", requests), ("bodies", bodies)):
            missing = self._missing(table, rows)
            with self._write_lock:
                self._insert(table, missing, token)
            missing = self._missing(table, missing)
            if missing:
                with self._write_lock:
                    self._insert(table, missing, f"{token}:mend:{missing[0].id}:{len(missing)}")
                mended += len(missing)
        return mended

    def page(self, asked: Filter, cursor: Cursor | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """The newest calls that fit, older than `cursor` (the start, in microseconds, and id of the last one seen)."""
        lines, bound = conditions(asked)
        before_us, before_id = cursor or (_FAR_US, "")
        bound |= {"before_us": before_us, "before_id": before_id, "limit": limit}
        return self._read(query("page").replace("/* filters */", lines), bound)

    def count(self, asked: Filter) -> int:
        """How many calls fit."""
        lines, bound = conditions(asked)
        found = self._read(query("count").replace("/* filters */", lines), bound)
        return int(next(iter(found[0].values())))

    def get(self, org: str, id: str) -> dict[str, Any] | None:
        """One call with its bodies (under `bodies`, None where there are none); None where there is no such call."""
        at_us = uuid7_time_us(id)
        spans = [(0, _FAR_US)] if at_us is None else [(at_us - _NEAR_US, at_us + _NEAR_US), (0, _FAR_US)]
        for since_us, until_us in spans:
            bound = {"org": org, "id": id, "since_us": max(0, since_us), "until_us": min(until_us, _FAR_US)}
            found = self._read(query("get"), bound)
            if found:
                row = found[0]
                start_us = micros(row["start"])
                bodies = self._read(query("body"), {"org": org, "id": id, "start_us": start_us})
                row["bodies"] = bodies[0] if bodies else None
                return row
        return None

    def prompt_usage(self, org: str, prompt: str) -> list[dict[str, Any]]:
        """What each version of a prompt did, newest version first."""
        return self._read(query("prompt_usage"), {"org": org, "prompt": prompt})

    def ping(self) -> None:
        """Raises `StoreError` where the store does not answer."""
        self._read("SELECT 1", {})

    def close(self) -> None:
        """Closes all connections; an embedded engine stops with the last one."""
        with self._write_lock:
            for client in self._all:
                with contextlib.suppress(ClickHouseError, OSError):
                    client.close()

    def _insert(self, table: str, rows: Sequence[Row], token: str) -> None:
        if not rows:
            return
        types = self._types[table]
        named = columns(rows)
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

    def _missing(self, table: str, rows: Sequence[Row]) -> list[Row]:
        if not rows:
            return []
        starts = [row.start for row in rows]
        bound = {"since_us": min(starts), "until_us": max(starts), "ids": [row.id for row in rows]}
        with self._write_lock:
            try:
                found = self._writer.query(query(f"present_{table}"), parameters=bound).result_rows
            except (ClickHouseError, OSError) as error:
                raise StoreError(str(error)) from error
        present = set(map(tuple, found))  # by the whole key: an id that a caller made may be there for another call
        return [row for row in rows if (row.org, row.start, row.id) not in present]

    def _read(self, sql: str, bound: dict[str, Any]) -> list[dict[str, Any]]:
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
    """Types by column, asked once: the driver would otherwise describe the table before every insert."""
    context = client.create_insert_context(table)
    return dict(zip(context.column_names, context.column_types, strict=True))


def _masked(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":***@") if parts.password else url
