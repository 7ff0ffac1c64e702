"""The log store over ClickHouse: chDB in this process, or a server, with one driver and one SQL."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError

from proxy.core.clock import now_us
from proxy.logstore.address import parse_address
from proxy.logstore.annotations import put_updated_properties
from proxy.logstore.base import SQL_TABLES, WRITTEN_TABLES, AnyRow, AnyTable, Cursor, Row, Table
from proxy.logstore.call_reader import find_call
from proxy.logstore.cancellation import Cancellation
from proxy.logstore.connections import Connections
from proxy.logstore.events import micros
from proxy.logstore.filters import Filter, conditions
from proxy.logstore.hourly import LATE_US, StoredHours, late_hours
from proxy.logstore.limits import EXPORT_LIMITS, READ_LIMITS, QueryLimits, StoreError
from proxy.logstore.prepare import prepare
from proxy.logstore.removal import remove_calls
from proxy.logstore.rows import BodyRow, columns
from proxy.logstore.sandbox import Sandbox
from proxy.logstore.sql import query
from proxy.logstore.sql_check import SqlResult
from proxy.logstore.streams import STREAM_SETTINGS, stream_from_pipe, stream_from_response
from proxy.logstore.updates import PropertyUpdates
from proxy.query.hours import HOUR_US

__all__ = ["ClickHouseStore"]

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
    # Imported calls may be of any month.
    "max_partitions_per_insert_block": 0,
}

_LARGE_CHARS: Final = 2 << 20
"""Characters of bodies in one insert above which freed memory is given back at once."""
_STATEMENT: Final = {"async_insert": 0, "insert_deduplicate": 0}


class ClickHouseStore:
    """An open ClickHouse or chDB: a `LogStore`."""

    def __init__(self, connections: Connections, sandbox: Sandbox, text_chars: int) -> None:
        self.database = connections.address.database
        self.text_chars = text_chars
        self._connections = connections
        self._sandbox = sandbox
        self._hours = StoredHours(self)
        self._updates = PropertyUpdates(self._updated_properties)
        with connections.write() as writer:
            self._types = {table: _types(writer, table) for table in WRITTEN_TABLES}

    @classmethod
    def open(
        cls,
        url: str,
        *,
        reader: str = "",
        ttl_days: int = 0,
        body_ttl_days: int = 0,
        text_chars: int = 0,
        readers: int = 4,
    ) -> "ClickHouseStore":
        """Connects to `chdb:///<folder>` or a server (`address`), and brings the schema up to date.

        `reader` is the address of a server for those that read, up to `readers` queries at once. `text_chars` is how
        many characters of a call are indexed for search; 0: none. Raises `StoreError`. A chDB folder belongs to one
        process at a time.
        """
        address = parse_address(url)
        reading = msgspec.structs.replace(parse_address(reader), cluster=address.cluster) if reader else address
        try:
            owner, text_chars = prepare(address, ttl_days=ttl_days, body_ttl_days=body_ttl_days, text_chars=text_chars)
            connections = Connections(address, reading, owner, readers)
            return cls(connections, Sandbox(connections, address.embedded or bool(reader)), text_chars)
        except (ClickHouseError, OSError) as error:
            raise StoreError(f"log store {address}: {error}") from error

    def write(self, table: AnyTable, rows: Sequence[AnyRow], token: str) -> None:
        if not rows:
            return
        types = self._types[table]
        named = columns(rows)
        late = late_hours(rows, now_us()) if table == "requests" else ()
        self._hours.note_changes(late)
        with self._connections.write() as writer:
            writer.insert(
                table,
                list(named.values()),
                column_names=list(named),
                column_types=[types[name] for name in named],
                column_oriented=True,
                settings={"insert_deduplication_token": f"{token}:{table}", **_INSERT},
            )
            if self._connections.address.embedded and _body_chars(rows) > _LARGE_CHARS:
                writer.command("SYSTEM JEMALLOC PURGE")  # else this process keeps what it needed for them
        self._hours.note_changes(late)  # again: hours may have been filled between the first time and the insert
        if table == "annotations":
            self._updates.forget()

    def hold_retention(self, hold: bool) -> None:
        """Stop deleting rows that are past their retention, or go on. Only of an embedded store: a server has a clock
        of its own. Raises what the driver raises."""
        if self._connections.address.embedded:
            with self._connections.write() as writer:
                writer.command("SYSTEM STOP TTL MERGES" if hold else "SYSTEM START TTL MERGES")

    def missing(self, table: Table, rows: Sequence[Row]) -> list[Row]:
        if not rows:
            return []
        starts = [row.start for row in rows]
        bound = {"since_us": min(starts), "until_us": max(starts), "ids": [row.id for row in rows]}
        with self._connections.write() as writer:
            keys = writer.query(query(f"present_{table}"), parameters=bound).result_rows
        present = set(map(tuple, keys))  # the whole key: an id that a caller made may belong to another call, too
        return [row for row in rows if (row.org, row.start, row.id) not in present]

    def settlements(self, org: str, ids: Sequence[str]) -> list[tuple[str, int, str]]:
        with self._connections.write() as writer:  # the connection that writes: it sees what was just written
            found = writer.query(query("settlements"), parameters={"org": org, "ids": list(ids)}).result_rows
        return [(str(settled_id), int(start), str(id)) for settled_id, start, id in found]

    def sightings(
        self, org: str, since_us: int, until_us: int, response_ids: Sequence[str], span_ids: Sequence[str]
    ) -> list[dict[str, Any]]:
        bound = {"org": org, "since_us": since_us, "until_us": until_us}
        return self._written("sightings", {**bound, "response_ids": list(response_ids), "span_ids": list(span_ids)})

    def recent_reports(self, since_us: int, limit: int) -> list[dict[str, Any]]:
        return self._written("recent_reports", {"since_us": since_us, "limit": limit})

    def remove(self, keys: Sequence[tuple[str, int, str]]) -> None:
        now = now_us()
        late = {(org, start // HOUR_US * 3600) for org, start, _ in keys if start < now - LATE_US}
        self._hours.note_changes(late)
        remove_calls(self._connections, keys, wait=bool(late))  # an hour may be filled only with what is left
        self._hours.note_changes(late)

    def _written(self, name: str, bound: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of a query on the connection that writes: it sees what was just written."""
        with self._connections.write() as writer:
            result = writer.query(query(name), parameters=bound)
        return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

    def page(self, filter: Filter, cursor: Cursor | None = None, limit: int = 50) -> list[dict[str, Any]]:
        before_us, before_id = cursor or (_MAX_START_US, "")
        return self._select("page", filter, before_us=before_us, before_id=before_id, limit=limit)

    def arrivals(self, filter: Filter, after_us: int, limit: int = 50) -> list[dict[str, Any]]:
        return self._select("arrivals", filter, after_us=after_us, limit=limit)

    def calls_to_send(
        self, filter: Filter, after_us: int, until_us: int, limit: int, sample_share: float, only_requested: bool
    ) -> list[dict[str, Any]]:
        chosen = {"sample_ppm": round(sample_share * 1e6), "only_requested": only_requested}
        return self._select("calls_to_send", filter, after_us=after_us, until_us=until_us, limit=limit, **chosen)

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
        with self._connections.run(self._connections.readers, limits) as (reader, settings, _):
            result = reader.query(sql, parameters=bound, settings=settings)
        names = result.column_names
        return [
            {
                name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
                for name, value in zip(names, row, strict=True)
            }
            for row in result.result_rows
        ]

    def execute(self, sql: str, bound: dict[str, Any]) -> list[dict[str, Any]]:
        if sql.startswith("DELETE"):
            for owner in self._connections.owners():
                owner.command(sql, parameters=bound)
            return []
        with self._connections.write() as writer:
            if not sql.startswith("SELECT"):
                writer.command(sql, parameters=bound, settings=_STATEMENT)
                return []
            return list(writer.query(sql, parameters=bound).named_results())

    def read_as(
        self,
        org: str,
        sql: str,
        parameters: dict[str, Any],
        limits: QueryLimits = READ_LIMITS,
        tables: Collection[str] = SQL_TABLES,
    ) -> SqlResult:
        return self._sandbox.read(org, sql, parameters, limits, tables)

    def stream_as(
        self,
        org: str,
        sql: str,
        parameters: dict[str, Any],
        format: str,
        limits: QueryLimits,
        views: Mapping[str, str],
    ) -> Iterator[bytes]:
        return self._sandbox.stream(org, sql, parameters, format, limits, views)

    def stream_bytes(
        self, sql: str, bound: dict[str, Any], format: str, limits: QueryLimits = EXPORT_LIMITS
    ) -> Iterator[bytes]:
        return self._stream(sql, bound, format, limits, Cancellation.current())

    def close(self) -> None:
        """Closes all connections; chDB stops with the last one."""
        self._connections.close()

    def _stream(
        self, sql: str, bound: dict[str, Any], format: str, limits: QueryLimits, cancellation: Cancellation | None
    ) -> Iterator[bytes]:
        connections = self._connections
        with connections.run(connections.streams, limits, cancellation) as (client, settings, kill):
            settings = {**settings, **STREAM_SETTINGS}
            if connections.address.embedded:
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


def _body_chars(rows: Sequence[AnyRow]) -> int:
    return sum(len(row.request) + len(row.response) for row in rows if isinstance(row, BodyRow))


def _types(client: Any, table: str) -> dict[str, Any]:
    """Types by column, read once: the driver would otherwise describe the table before every insert."""
    context = client.create_insert_context(table)
    return dict(zip(context.column_names, context.column_types, strict=True))
