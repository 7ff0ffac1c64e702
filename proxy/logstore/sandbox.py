"""Runs SQL of users: the rows of one organisation, within limits, and nothing else of the engine."""

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, Final

from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from proxy.logstore.connections import Connections
from proxy.logstore.limits import QueryLimits, QueryRefused, StoreError
from proxy.logstore.sql import query
from proxy.logstore.sql_check import Functions, SqlResult, check_tables, check_tree

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
        if not self._has_reader:
            raise StoreError("SQL of users needs a user of its own on the server: log.reader (perihelion store init)")
        self._learn()
        connections = self._connections
        with connections.run(connections.readers, _CHECK) as (client, settings, _):
            # Nothing is evaluated yet: the text is a value of ours here, and a syntax tree after it.
            plain = _run(client.query, query("format_sql"), {"sql": sql}, settings).result_rows[0][0]
        with connections.run(connections.readers, _CHECK) as (client, _, _):
            # In parentheses only a SELECT can stand: no INSERT, no FORMAT, no INTO OUTFILE. The text that the engine
            # wrote has no comments, so it cannot close them.
            tree = _run(client.raw_query, f"EXPLAIN AST SELECT * FROM ({plain})", parameters, {})
        assert self._functions is not None
        check_tree(tree.decode().splitlines(), self._functions, tables)
        embedded = connections.address.embedded
        with connections.run(connections.sandboxes, limits, mark=f" org={org}") as (client, settings, _):
            settings |= {"additional_table_filters": self._filters(org), "readonly": 1}
            if embedded:
                settings.pop("readonly")
                for name, value in settings.items():
                    client.set_client_setting(name, value)
                client.set_client_setting("readonly", 1)
                settings = {}
            meant = _run(client.raw_query, f"EXPLAIN QUERY TREE {plain}", parameters, settings)
            check_tables(meant.decode().splitlines(), connections.address.database, tables)
            result = _run(client.query, plain, parameters, settings)
        return SqlResult(
            list(result.column_names),
            [type.name for type in result.column_types],
            [[_aware(value) for value in row] for row in result.result_rows],
        )

    def _learn(self) -> None:
        if self._functions is None:
            with self._connections.write() as owner:
                named = {"database": self._connections.address.database}
                self._filtered = [row[0] for row in owner.query(query("filtered_tables"), parameters=named).result_rows]
                self._functions = Functions(owner)

    def _filters(self, org: str) -> str:
        """Every table with organisations, with a condition; the name in hexadecimal, which needs no quoting."""
        database = self._connections.address.database
        condition = f"org = unhex(\\'{org.encode().hex()}\\')"
        return "{" + ", ".join(f"'{database}.{table}': '{condition}'" for table in self._filtered) + "}"


def _run(ask: Callable[..., Any], sql: str, parameters: dict[str, Any], settings: dict[str, Any]) -> Any:
    try:
        return ask(sql, parameters=parameters, settings=settings)
    except DatabaseError as error:
        if error.code is None or error.code in _OWN_LIMITS:
            raise
        raise QueryRefused(_message(error)) from error


def _message(error: ClickHouseError) -> str:
    """What the engine says, without what is ours in it."""
    text = re.sub(r"^.*?DB::Exception: ", "", str(error), flags=re.S)
    text = re.sub(r": In scope SELECT formatQuery.*", "", text, flags=re.S)
    return re.sub(r"\s*\(version [^)]*\).*$", "", text, flags=re.S).strip()


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
