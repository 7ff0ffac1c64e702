"""`/api/requests/query` and the list's other forms: calls by filter, in any order, with totals and a histogram."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath, JSONBody

from proxy.control.api.one_call import call_named
from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.control.requests_reader import Histogram, Neighbours, RequestsReader, Total
from proxy.core.clock import now_us
from proxy.logstore import FilterError
from proxy.logstore.events import shown_values
from proxy.query.keyset import SortKey
from proxy.query.requests import RequestsPlan, plan_requests

__all__ = [
    "MAX_PAGE_ROWS",
    "REQUEST_ROUTES",
    "RequestPage",
    "RequestSelection",
    "RequestsQuestion",
    "check_page_size",
    "json_answer",
]

MAX_PAGE_ROWS: Final = 500


class RequestSelection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls, and in what order."""

    filter: str | dict[str, Any] | None = None
    """Text (`status>=400 user:ada`) or a tree; null is every call."""
    since: str = ""
    """A time, a day, or how long ago: `7d`. Empty: from the first call on."""
    until: str = ""
    zone: str = "UTC"
    """The zone of times without an offset, and of the histogram's days: `Europe/Berlin`."""
    sort: list[SortKey] = []
    """Empty: the newest first. Calls without a value come last."""


class HistogramQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bucket: str = "auto"
    """The width of a bucket: `auto`, `1m` to `1y`."""


class RequestsQuestion(RequestSelection, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of calls, and what else is to be answered about all that match."""

    limit: int = 50
    """Rows, 0 to 500. With 0, only the total and the histogram."""
    cursor: str | None = None
    """`next` of the page before, of the same query."""
    columns: list[str] | None = None
    """Public column names, `property.<name>`, `score.<name>` or `feedback`. Null: an event without its large fields."""
    total: bool = False
    histogram: HistogramQuestion | None = None


class RequestPage(msgspec.Struct, frozen=True):
    """One page of calls. `next` is null on the last page; `total` and `histogram` are null where not asked for."""

    data: list[dict[str, Any]]
    """The chosen columns of each call by name."""
    next: str | None
    total: Total | None
    histogram: Histogram | None


@post(
    "/api/requests/query",
    opt=needs("viewer"),
    status_code=200,
    summary="Calls by filter, in any order, with a total and a histogram",
    operation_id="queryRequests",
)
async def query_requests(request: Request[Any, Any, Any], data: JSONBody[RequestsQuestion]) -> Response[RequestPage]:
    """A page of calls."""
    check_page_size(data.limit, 0)
    plane: ControlPlane = request.app.state.plane
    org = caller_of(request).org

    def read() -> RequestPage:
        reader = RequestsReader(plane.log.store)
        plan = _plan(plane, org, data, columns=data.columns, cursor=data.cursor or "")
        rows, next = reader.page(plan, data.limit)
        return RequestPage(
            [shown_values(row) for row in rows],
            next,
            reader.total(plan) if data.total else None,
            reader.histogram(plan, data.histogram.bucket) if data.histogram is not None else None,
        )

    return json_answer(await run_query(request, read))


@post(
    "/api/requests/{id:str}/neighbours",
    opt=needs("viewer"),
    status_code=200,
    summary="The calls before and after one in a list",
    operation_id="getRequestNeighbours",
)
async def show_neighbours(
    request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[RequestSelection]
) -> Neighbours:
    """`next` is further down the list of these calls in this order, `previous` further up."""
    plane: ControlPlane = request.app.state.plane
    org = caller_of(request).org

    def read() -> Neighbours:
        plan = _plan(plane, org, data, columns=["id"])
        call = call_named(request, id)
        return RequestsReader(plane.log.store).neighbours(plan, call["id"], call["start"])

    return await run_query(request, read)


def check_page_size(limit: int, least: int = 1) -> None:
    """Raises `FilterError` where a page cannot have that many rows."""
    if not least <= limit <= MAX_PAGE_ROWS:
        raise FilterError("limit", limit, f"{least} to {MAX_PAGE_ROWS}")


def json_answer(content: object) -> Response[Any]:
    """JSON by msgspec alone, many times faster for long lists than Litestar's own encoder."""
    return Response(msgspec.json.encode(content), media_type="application/json")


def _plan(
    plane: ControlPlane, org: str, data: RequestSelection, *, columns: list[str] | None, cursor: str = ""
) -> RequestsPlan:
    return plan_requests(
        org=org,
        now_us=now_us(),
        filter=data.filter,
        since=data.since,
        until=data.until,
        zone=data.zone,
        sort=data.sort,
        columns=columns,
        cursor=cursor,
        updated_properties=plane.log.store.updated_properties(org),
        text_chars=plane.log.store.text_chars,
    )


REQUEST_ROUTES: list[Any] = [query_requests, show_neighbours]
