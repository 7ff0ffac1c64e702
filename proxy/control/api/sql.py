"""`/api/sql`: SQL of callers over documented views of their organisation."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import JSONBody
from litestar.response import Stream

from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query, stream_query
from proxy.control.sql_runner import FORMATS, SqlQuestion, SqlResult, SqlRunner
from proxy.query import SqlError
from proxy.query.sql_views import VIEWS

__all__ = ["SQL_ROUTES"]

_MEDIA_TYPES: Final = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
_FORMAT_OF_ACCEPT: Final = {
    "text/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/vnd.apache.parquet": "parquet",
}


class SqlColumnHelp(msgspec.Struct, frozen=True):
    """One column of a view."""

    name: str
    type: str
    """The engine's name of its type."""
    help: str
    unit: str


class SqlViewHelp(msgspec.Struct, frozen=True):
    """One view."""

    name: str
    help: str
    columns: list[SqlColumnHelp]


class SqlSchema(msgspec.Struct, frozen=True):
    """What SQL can read."""

    views: list[SqlViewHelp]


@post(
    "/api/sql",
    opt=needs("viewer"),
    status_code=200,
    summary="SQL over the views of the organisation",
    operation_id="querySql",
)
async def query_sql(request: Request[Any, Any, Any], data: JSONBody[SqlQuestion]) -> Response[SqlResult]:
    """The result of one SELECT: as JSON, or streamed as CSV, JSON lines or Parquet."""
    plane: ControlPlane = request.app.state.plane
    runner = SqlRunner(plane.log.store, plane.settings)
    org = caller_of(request).org
    format = _format(data.format, request.headers.get("accept", ""))
    if format == "json":
        result = await run_query(request, lambda: runner.answer(org, data))
        whole: Response[Any] = Response(msgspec.json.encode(result), media_type="application/json")
        return whole
    pieces = await stream_query(request, lambda: runner.stream(org, data, format))
    stream: Response[Any] = Stream(pieces, media_type=_MEDIA_TYPES[format])
    return stream


@get(
    "/api/sql/schema",
    opt=needs("viewer"),
    summary="Views and columns that SQL can read",
    operation_id="getSqlSchema",
)
async def sql_schema(request: Request[Any, Any, Any]) -> SqlSchema:
    """Every view with its columns, their types and units."""
    plane: ControlPlane = request.app.state.plane
    known: SqlSchema | None = request.app.state.get("sql_schema")
    if known is not None:  # the same for all organisations, as long as this process runs
        return known
    runner = SqlRunner(plane.log.store, plane.settings)
    org = caller_of(request).org

    def views() -> list[SqlViewHelp]:
        found: list[SqlViewHelp] = []
        for view in VIEWS.values():
            types = {
                one.name: one.type
                for one in runner.answer(org, SqlQuestion(f"SELECT * FROM {view.name} LIMIT 0")).columns
            }
            columns = [SqlColumnHelp(one.name, types[one.name], one.help, one.unit) for one in view.columns]
            found.append(SqlViewHelp(view.name, view.help, columns))
        return found

    schema = request.app.state.sql_schema = SqlSchema(await run_query(request, views))
    return schema


def _format(asked: str, accept: str) -> str:
    if asked:
        if asked not in FORMATS:
            raise SqlError(f"format is {asked!r}; accepted: {', '.join(FORMATS)}")
        return asked
    for part in accept.split(","):
        found = _FORMAT_OF_ACCEPT.get(part.partition(";")[0].strip().lower())
        if found:
            return found
    return "json"


SQL_ROUTES: Final[list[Any]] = [query_sql, sql_schema]
