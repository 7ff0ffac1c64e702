"""Runs SQL of users: the rows of one organisation, within limits, and nothing else of the engine."""

import contextlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from proxy.logstore.base import SQL_TABLES
from proxy.logstore.connections import Connections, Running
from proxy.logstore.limits import QueryLimits, QueryRefused, StoreError
from proxy.logstore.sql import query
from proxy.logstore.sql_check import Functions, SqlResult, check_meaning, check_tree
from proxy.logstore.streams import stream_from_pipe, stream_from_response

__all__ = ["Sandbox"]

_CHECK: Final = QueryLimits(seconds=5.0, result_rows=100_000, memory=256 << 20)
_OWN_LIMITS: Final = frozenset({158, 159, 160, 241, 394, 396})
"""Codes that are no fault of the SQL: see `connections`, and QUERY_WAS_CANCELLED."""


class Sandbox:
    """`LogStore.read_as` over open connections."""

    def __init__(self, connections: Connections, has_reader: bool) -> None:
        self._connections = connections
        self._has_reader = has_reader
        self._functions: Functions | None = None
        self._filtered: list[str] = []

    def read(
        self, org: str, sql: str, parameters: dict[str, Any], limits: QueryLimits, tables: Collection[str]
    ) -> SqlResult:
        """See `LogStore.read_as`."""
        plain = self._check(org, sql, parameters, tables)
        with self._run(org, limits) as (client, settings, _):
            result = _ask(client.query, plain, parameters, settings)
        return SqlResult(
            list(result.column_names),
            [type.name for type in result.column_types],
            [[_aware(value) for value in row] for row in result.result_rows],
        )

    def stream(
        self, org: str, sql: str, parameters: dict[str, Any], format: str, limits: QueryLimits, views: Mapping[str, str]
    ) -> Iterator[bytes]:
        """See `LogStore.stream_as`."""
        plain = self._check(org, sql, parameters, SQL_TABLES, views)
        parameters = _placed(plain, parameters)
        with self._run(org, limits) as (client, settings, kill):
            try:
                if self._connections.address.embedded:
                    yield from stream_from_pipe(client, plain, parameters, format, settings, kill)
                else:
                    yield from stream_from_response(client, plain, parameters, format, settings)
            except DatabaseError as error:
                raise _refusal(error) from error

    def _check(
        self,
        org: str,
        sql: str,
        parameters: dict[str, Any],
        tables: Collection[str],
        views: Mapping[str, str] | None = None,
    ) -> str:
        """The statement as the engine writes it, with `views` before it. Raises `QueryRefused`."""
        if not org:
            raise QueryRefused("SQL of users runs for an organisation; none was given")
        if not self._has_reader:
            raise StoreError("SQL of users needs a user of its own on the server: log.reader (perihelion store init)")
        self._learn()
        connections = self._connections
        with connections.run(connections.readers, _CHECK) as (client, settings, _):
            # Nothing is evaluated yet: the text is a value of ours here, and a syntax tree after it.
            plain = str(_ask(client.query, query("format_sql"), {"sql": sql}, settings).result_rows[0][0])
        with connections.run(connections.readers, _CHECK) as (client, _, _):
            # In parentheses only a SELECT can stand: no INSERT, no FORMAT, no INTO OUTFILE. The text that the engine
            # wrote has no comments, so it cannot close them.
            tree = _ask(client.raw_query, f"EXPLAIN AST SELECT * FROM ({plain})", parameters, {})
        assert self._functions is not None
        database = connections.address.database
        if views is None:
            check_tree(tree.decode().splitlines(), self._functions, tables)
        else:
            check_tree(tree.decode().splitlines(), self._functions, views, database)
            plain = _with_views(plain, {name: view for name, view in views.items() if re.search(rf"\b{name}\b", plain)})
        with self._run(org, _CHECK) as (client, settings, _):
            meant = _ask(client.raw_query, f"EXPLAIN QUERY TREE {plain}", parameters, settings)
        check_meaning(meant.decode().splitlines(), self._functions, database, tables)
        return plain

    @contextlib.contextmanager
    def _run(self, org: str, limits: QueryLimits) -> Iterator[Running]:
        """A connection that sees one organisation; what it may use and see cannot be changed on it."""
        connections = self._connections
        with connections.run(connections.sandboxes, limits, mark=f" org={org}") as (client, settings, kill):
            settings |= {"additional_table_filters": self._filters(org), "readonly": 1}
            if connections.address.embedded:
                settings.pop("readonly")
                for name, value in settings.items():
                    client.set_client_setting(name, value)
                client.set_client_setting("readonly", 1)
                settings = {}
            yield Running(client, settings, kill)

    def _learn(self) -> None:
        if self._functions is None:
            address = self._connections.address
            bound = {"databases": sorted({address.database, address.tables}), "reader": self._connections.reading.user}
            with self._connections.write() as owner:
                self._filtered = [row[0] for row in owner.query(query("filtered_tables"), parameters=bound).result_rows]
                self._functions = Functions(owner)

    def _filters(self, org: str) -> str:
        """Every table with organisations, with a condition; the name in hexadecimal, which needs no quoting."""
        condition = f"org = unhex(\\'{org.encode().hex()}\\')"
        return "{" + ", ".join(f"'{name}': '{condition}'" for name in self._filtered) + "}"


def _with_views(plain: str, views: Mapping[str, str]) -> str:
    """A statement as the engine writes it, behind common table expressions of ours."""
    if not views:
        return plain
    clauses = ", ".join(f"{name} AS ({view})" for name, view in views.items())
    for start in ("WITH RECURSIVE ", "WITH "):
        if plain.startswith(start):
            return f"{start}{clauses}, {plain[len(start) :]}"
    return f"WITH {clauses} {plain}"


def _placed(sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that have a place in a statement: where none has, the driver would put them in by `%`."""
    return {name: value for name, value in parameters.items() if f"{{{name}:" in sql}


def _ask(ask: Callable[..., Any], sql: str, parameters: dict[str, Any], settings: dict[str, Any]) -> Any:
    try:
        return ask(sql, parameters=_placed(sql, parameters), settings=settings)
    except DatabaseError as error:
        raise _refusal(error) from error


def _refusal(error: DatabaseError) -> Exception:
    """`QueryRefused`, or `error` itself where the SQL is not to blame."""
    if error.code is None or error.code in _OWN_LIMITS:
        return error
    return QueryRefused(_message(error))


def _message(error: ClickHouseError) -> str:
    """What the engine says, without what is ours in it."""
    text = re.sub(r"^.*?DB::Exception: ", "", str(error), flags=re.S)
    text = re.sub(r":? In scope .*", "", text, flags=re.S)
    return re.sub(r"\s*\(version [^)]*\).*$", "", text, flags=re.S).strip()


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
