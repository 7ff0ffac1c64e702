"""`/api/requests/export`: all calls that match a filter, as a file of any size."""

from collections.abc import Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from litestar import Request, Response, post
from litestar.params import JSONBody
from litestar.response import Stream

from proxy.control.auth import caller_of, needs
from proxy.control.export_lines import BODY_KEYS, EVENT_NAMES, json_lines
from proxy.control.plane import ControlPlane
from proxy.control.queries import Pieces, run_query, stream_query
from proxy.core.clock import now_us
from proxy.core.errors import PerihelionError
from proxy.logstore import FilterError
from proxy.query import Window
from proxy.query.exports import csv_header, export_sql
from proxy.query.keyset import SortKey
from proxy.query.requests import RequestsPlan, plan_requests
from proxy.query.selection import LIST_COLUMNS

__all__ = ["EXPORT_ROUTES", "ExportQuestion", "ExportStopped"]

Format = Literal["jsonl", "csv", "parquet"]

_TYPES: Final[dict[Format, str]] = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
_OLDEST_FIRST: Final = (SortKey("start", "asc"),)


class ExportStopped(PerihelionError):
    """The control plane stops before an export is complete: its response breaks off."""


class ExportQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls, and how they are written. The oldest call comes first."""

    format: Format = "jsonl"
    filter: str | dict[str, Any] | None = None
    """Text (`status>=400 user:ada`) or a tree; null is every call."""
    since: str = ""
    """A time, a day, or how long ago: `7d`. Empty: from the first call on."""
    until: str = ""
    """Empty: now."""
    zone: str = "UTC"
    """The zone of times without an offset: `Europe/Berlin`."""
    columns: list[str] | None = None
    """Public column names. Null: whole events; of CSV, an event without its large fields."""
    bodies: bool = False
    """With the bodies of each call, under `bodies`. JSONL only."""


@post(
    "/api/requests/export",
    opt=needs("viewer"),
    status_code=200,
    summary="All calls that match, as JSONL, CSV or Parquet",
    operation_id="exportRequests",
)
async def export_requests(request: Request[Any, Any, Any], data: JSONBody[ExportQuestion]) -> Response[Any]:
    """A file, streamed. A response that breaks off is incomplete."""
    plane: ControlPlane = request.app.state.plane
    if data.bodies and data.format != "jsonl":
        raise FilterError("bodies", True, f"false for {data.format}; JSONL can have bodies")
    plane.exports.check_free()
    plan, hidden = await run_query(request, lambda: _plan(plane, caller_of(request).org, data))
    store, format = plane.log.store, data.format

    def pieces() -> Iterator[bytes]:
        if format == "jsonl":
            events = data.columns is None
            return json_lines(store, plan, events=events, bodies=data.bodies, hidden=hidden)
        sql = export_sql(plan, format)
        return store.stream_bytes(sql.text, dict(sql.values), {"csv": "CSV", "parquet": "Parquet"}[format])

    name = f"requests-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.{format}"
    return Stream(
        _counted(plane, await _streamed(plane, request, pieces), csv_header(plan) if format == "csv" else b""),
        media_type=_TYPES[format],
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


async def _streamed(
    plane: ControlPlane, request: Request[Any, Any, Any], pieces: Callable[[], Iterator[bytes]]
) -> Pieces:
    with plane.exports.taken():  # while the first piece is awaited
        return await stream_query(request, pieces)


async def _counted(plane: ControlPlane, pieces: Pieces, header: bytes) -> Pieces:
    with plane.exports.taken():
        if header:
            yield header
        async with aclosing(pieces):
            async for piece in pieces:
                if plane.stopping.is_set:
                    raise ExportStopped("the control plane is stopping")
                yield piece


def _plan(plane: ControlPlane, org: str, data: ExportQuestion) -> tuple[RequestsPlan, frozenset[str]]:
    """The plan, and the columns that are read for the bodies alone."""
    now = now_us()
    chosen = data.columns
    if chosen is None:
        chosen = list(LIST_COLUMNS if data.format == "csv" else EVENT_NAMES)
    needed = [name for name in BODY_KEYS if data.bodies and name not in chosen]
    plan = plan_requests(
        org=org,
        now_us=now,
        filter=data.filter,
        since=data.since,
        until=data.until,
        zone=data.zone,
        sort=_OLDEST_FIRST,
        columns=[*chosen, *needed],
        updated_properties=plane.log.store.updated_properties(org),
        text_chars=plane.log.store.text_chars,
    )
    # Calls that begin while the export runs are left out: they might never let it end.
    window = Window(plan.window.since_us, min(plan.window.until_us, now))
    return msgspec.structs.replace(plan, window=window), frozenset(needed)


EXPORT_ROUTES: list[Any] = [export_requests]
