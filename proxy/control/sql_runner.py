"""Runs the SQL of a caller over the views of their organisation, after it is checked."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from proxy.core.settings import Settings
from proxy.logstore import LogStore, QueryLimitError, QueryLimits
from proxy.query import SqlError
from proxy.query.sql_text import Statement, read_statement
from proxy.query.sql_views import ORG, view_queries

__all__ = ["FORMATS", "SqlLimits", "SqlQuestion", "SqlResult", "SqlRunner"]

FORMATS: Final = {"json": "JSONCompact", "csv": "CSVWithNames", "jsonl": "JSONEachRow", "parquet": "Parquet"}
"""The engine's formats by the names of ours."""
_STREAM_TIME: Final = 10
"""A streamed result may take so many times `sql.seconds`: whoever takes it sets the pace."""
_MAX_JSON_BYTES: Final = 64 << 20
_FEWER: Final = "select fewer columns or rows, or ask for it as csv, jsonl or parquet"
_MAX_PARAMETER_CHARS: Final = 262_144


class SqlLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lower caps than those of the settings; 0: those of the settings."""

    seconds: float = 0
    rows: int = 0
    memory: int = 0


class SqlQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One SELECT over the views, with `{name:Type}` for each of its parameters."""

    sql: str
    parameters: dict[str, Any] = {}
    limits: SqlLimits = SqlLimits()
    format: str = ""
    """`json`, `csv`, `jsonl` or `parquet`; empty: by the header Accept, else `json`."""


class SqlColumn(msgspec.Struct, frozen=True):
    """One column of a result, with the engine's name of its type."""

    name: str
    type: str


class SqlResult(msgspec.Struct, frozen=True):
    """A whole result: an array of values for each row."""

    columns: list[SqlColumn]
    rows: list[list[Any]]
    row_count: int
    rows_read: int
    bytes_read: int
    elapsed_ms: float


class _Statistics(msgspec.Struct):
    elapsed: float
    rows_read: int
    bytes_read: int


class _Answer(msgspec.Struct):
    """The engine's format JSONCompact."""

    meta: list[SqlColumn]
    data: list[list[Any]]
    rows: int
    statistics: _Statistics


_decode = msgspec.json.Decoder(_Answer).decode


class SqlRunner:
    """Over one store."""

    def __init__(self, store: LogStore, settings: Settings) -> None:
        self._store = store
        self._caps = QueryLimits(
            seconds=settings.get_float("sql.seconds"),
            rows_read=settings.get_int("sql.rows_read"),
            result_rows=settings.get_int("sql.rows"),
            memory=settings.get_int("sql.memory"),
        )

    def answer(self, org: str, question: SqlQuestion) -> SqlResult:
        """The whole result. Raises `SqlError`, `QueryRefused`, `QueryLimitError`, or another `StoreError`."""
        limits = self._limits(question.limits)
        pieces: list[bytes] = []
        size = 0
        with contextlib.closing(self._run(org, question, "json", limits)) as run:  # type: ignore[type-var]
            for piece in run:
                pieces.append(piece)
                size += len(piece)
                if size > _MAX_JSON_BYTES:
                    raise SqlError(f"the result has more than {_MAX_JSON_BYTES:,} bytes of JSON; {_FEWER}")
        found = _decode(b"".join(pieces))
        if found.rows > limits.result_rows:  # the engine lets a result pass that is one block
            raise QueryLimitError("result_rows", limits.result_rows)
        return SqlResult(
            found.meta,
            found.data,
            found.rows,
            found.statistics.rows_read,
            found.statistics.bytes_read,
            round(found.statistics.elapsed * 1000, 3),
        )

    def stream(self, org: str, question: SqlQuestion, format: str) -> Iterator[bytes]:
        """The result in a format of `FORMATS`, of any number of rows. Raises as `answer` does."""
        limits = self._limits(question.limits)
        limits = msgspec.structs.replace(
            limits, seconds=limits.seconds * _STREAM_TIME, result_rows=question.limits.rows
        )
        return self._run(org, question, format, limits)

    def _limits(self, asked: SqlLimits) -> QueryLimits:
        for name, value in (("seconds", asked.seconds), ("rows", asked.rows), ("memory", asked.memory)):
            if value < 0:
                raise SqlError(f"limits.{name} is {value}; a number above 0 is accepted")
        caps = self._caps
        return msgspec.structs.replace(
            caps,
            seconds=min(asked.seconds or caps.seconds, caps.seconds),
            result_rows=min(asked.rows or caps.result_rows, caps.result_rows),
            memory=min(asked.memory or caps.memory, caps.memory),
        )

    def _run(self, org: str, question: SqlQuestion, format: str, limits: QueryLimits) -> Iterator[bytes]:
        statement = read_statement(question.sql)
        bound = {**_bound(statement, question.parameters), ORG: org}
        updated = (
            "requests" in statement.words
            and (statement.all_columns or "properties" in statement.words)
            and bool(self._store.updated_properties(org))
        )
        views = view_queries(self._store.database, updated_properties=updated)
        return self._store.stream_as(org, statement.text, bound, FORMATS[format], limits, views)


def _bound(statement: Statement, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters to bind. Raises `SqlError` where they are not those of the statement."""
    if ORG in statement.parameters or ORG in parameters:
        raise SqlError(f"a parameter cannot be named {ORG}")
    for name in statement.parameters:
        if name not in parameters:
            raise SqlError(f"parameter {name} ({statement.parameters[name]}) has no value; put it into `parameters`")
    for name in parameters:
        if name not in statement.parameters:
            raise SqlError(f"parameters.{name} is not in the statement; write {{{name}:Type}} where its value stands")
    size = sum(len(str(value)) for value in parameters.values())
    if size > _MAX_PARAMETER_CHARS:
        raise SqlError(f"the parameters have {size:,} characters; at most {_MAX_PARAMETER_CHARS:,} are accepted")
    return dict(parameters)
