"""`/v1/request`: lists and counts of calls, one call, and what is said of it afterwards."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post, put
from litestar.params import FromPath, JSONBody

from proxy.control import annotate
from proxy.control.api.annotations import annotate_requests
from proxy.control.api.helicone.envelope import Result, enveloped
from proxy.control.api.helicone.fields import SORTS
from proxy.control.api.helicone.filters import parse_tree
from proxy.control.api.helicone.record import record_of
from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.core.clock import now_us, parse_uuid
from proxy.logstore import LogStore, micros
from proxy.logstore.annotations import annotations_of
from proxy.logstore.rows import AnnotationRow
from proxy.logstore.sql import query
from proxy.metadata.errors import RowNotFound
from proxy.query import And, Binder, Context, FilterError, Leaf, Node, compile_filter
from proxy.query.order import order_by

__all__ = ["REQUEST_ROUTES", "RequestQuery", "find_records"]

_MAX_ROWS: Final = 1000
_MAX_OFFSET: Final = 1_000_000
_MAX_BODY: Final = 1 << 20
_MAX_BODIES: Final = 32 << 20
"""Bytes of all bodies of a page: of a large page, each body may be smaller."""


class RequestQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Helicone's `RequestQueryParams`."""

    filter: Any = "all"
    """`"all"`, a branch of `left`, `operator` and `right`, or a leaf such as
    `{"request_response_rmt": {"status": {"gte": 400}}}`."""
    offset: int = 0
    limit: int = 10
    sort: dict[str, Any] = {}
    """One key, to `asc` or `desc`: `{"created_at": "desc"}`."""
    isCached: bool | None = None
    """True: only calls that the cache answered."""
    includeInputs: bool | None = None
    isPartOfExperiment: bool | None = None
    isScored: bool | None = None
    """True: only calls with a score; false: only calls without."""


class CountQuery(msgspec.Struct, forbid_unknown_fields=True):
    filter: Any = "all"
    isCached: bool | None = None


class Rating(msgspec.Struct, forbid_unknown_fields=True):
    rating: bool


class PropertyUpdate(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    value: str


class Scores(msgspec.Struct, forbid_unknown_fields=True):
    scores: dict[str, float | bool]


@post(
    "/request/query",
    opt=needs("viewer"),
    status_code=200,
    summary="The same as query-clickhouse",
    operation_id="heliconeQueryRequestsOlder",
)
async def query_requests_older(
    request: Request[Any, Any, Any], data: JSONBody[RequestQuery]
) -> Response[Result[list[Any]]]:
    """The older address."""
    plane: ControlPlane = request.app.state.plane
    return enveloped(await run_query(request, lambda: find_records(plane.log.store, caller_of(request).org, data)))


@post(
    "/request/query-clickhouse",
    opt=needs("viewer"),
    status_code=200,
    summary="Calls in Helicone's form",
    operation_id="heliconeQueryRequests",
)
async def query_requests(request: Request[Any, Any, Any], data: JSONBody[RequestQuery]) -> Response[Result[list[Any]]]:
    """A page of calls, their bodies included where they are not too large."""
    plane: ControlPlane = request.app.state.plane
    return enveloped(await run_query(request, lambda: find_records(plane.log.store, caller_of(request).org, data)))


@post(
    "/request/count/query",
    opt=needs("viewer"),
    status_code=200,
    summary="How many calls match a filter in Helicone's form",
    operation_id="heliconeCountRequests",
)
async def count_requests(request: Request[Any, Any, Any], data: JSONBody[CountQuery]) -> Response[Result[int]]:
    """The exact number."""
    return enveloped(await run_query(request, lambda: _count(request, data)))


@post(
    "/metrics/requestCount",
    opt=needs("viewer"),
    status_code=200,
    summary="The same as request/count/query",
    operation_id="heliconeRequestCount",
)
async def request_count(request: Request[Any, Any, Any], data: JSONBody[CountQuery]) -> Response[Result[int]]:
    """The exact number."""
    return enveloped(await run_query(request, lambda: _count(request, data)))


@get(
    "/request/{requestId:str}",
    opt=needs("viewer"),
    summary="One call in Helicone's form",
    operation_id="heliconeGetRequest",
)
async def get_request(request: Request[Any, Any, Any], requestId: FromPath[str]) -> Response[Result[Any]]:
    """The call with its bodies."""
    return enveloped(await run_query(request, lambda: _one(request, requestId)))


@post(
    "/request/{requestId:str}/feedback",
    sync_to_thread=True,
    opt=needs("member"),
    status_code=200,
    summary="Rate a call",
    operation_id="heliconeAddFeedback",
)
def add_feedback(
    request: Request[Any, Any, Any], requestId: FromPath[str], data: JSONBody[Rating]
) -> Response[Result[None]]:
    """The last rating of a call counts."""
    return _annotate(request, data, requestId, [annotate.feedback_row(data.rating)], 200)


@put(
    "/request/{requestId:str}/property",
    sync_to_thread=True,
    opt=needs("member"),
    summary="Set a property of a call",
    operation_id="heliconeSetProperty",
)
def set_property(
    request: Request[Any, Any, Any], requestId: FromPath[str], data: JSONBody[PropertyUpdate]
) -> Response[Result[None]]:
    """The last value of a property counts."""
    return _annotate(request, data, requestId, annotate.property_rows({data.key: data.value}), 200)


@post(
    "/request/{requestId:str}/score",
    sync_to_thread=True,
    opt=needs("member"),
    status_code=201,
    summary="Score a call",
    operation_id="heliconeAddScores",
)
def add_scores(
    request: Request[Any, Any, Any], requestId: FromPath[str], data: JSONBody[Scores]
) -> Response[Result[None]]:
    """The last value of a score counts."""
    return _annotate(request, data, requestId, annotate.score_rows({**data.scores}), 201)


def find_records(store: LogStore, org: str, data: RequestQuery) -> list[dict[str, Any]]:
    """The records that a query asks for. Raises `FilterError` or `StoreError`."""
    if not 0 <= data.limit <= _MAX_ROWS:
        raise FilterError("limit", data.limit, f"0 to {_MAX_ROWS}")
    if not 0 <= data.offset <= _MAX_OFFSET:
        raise FilterError("offset", data.offset, f"0 to {_MAX_OFFSET}; filter by request_created_at to go further")
    node = _filter(data.filter, data.isCached)
    if data.isScored is not None:
        node = And((node, Leaf("scored", "eq", data.isScored)))
    now, updated, binder = now_us(), store.updated_properties(org), Binder("s")
    order = _order(data.sort, Context(org, now, binder, updated_properties=updated))
    found = compile_filter(node, org=org, now_us=now, updated_properties=updated, text_chars=store.text_chars)
    sql = query("helicone_page").replace("/* filter */", found.text).replace("/* order */", order)
    bound = {"org": org, "limit": data.limit, "offset": data.offset, **found.values, **binder.values}
    rows = store.read(sql, bound)
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    max_bytes = min(_MAX_BODY, _MAX_BODIES // (2 * len(rows)))
    bodies = _bodies(store, org, rows, max_bytes)
    said = annotations_of(store, org, ids)
    return [record_of(row, bodies.get(row["id"]), said.get(row["id"]), max_bytes) for row in rows]


def _one(request: Request[Any, Any, Any], text: str) -> dict[str, Any]:
    plane: ControlPlane = request.app.state.plane
    store, org, id = plane.log.store, caller_of(request).org, _id(text)
    row = store.get(org, id)
    if row is None:
        raise RowNotFound("request", id)
    stored = row["bodies"]
    bodies = stored and {
        **stored, "request_bytes": len(stored["request"]), "response_bytes": len(stored["response"]),
    }  # fmt: skip
    return record_of(row, bodies, annotations_of(store, org, [id]).get(id), 1 << 62)


def _count(request: Request[Any, Any, Any], data: CountQuery) -> int:
    plane: ControlPlane = request.app.state.plane
    store, org = plane.log.store, caller_of(request).org
    node = _filter(data.filter, data.isCached)
    found = compile_filter(
        node, org=org, now_us=now_us(), updated_properties=store.updated_properties(org), text_chars=store.text_chars
    )
    sql = query("helicone_count").replace("/* filter */", found.text)
    return int(store.read(sql, {"org": org, **found.values})[0]["calls"])


def _bodies(store: LogStore, org: str, rows: list[dict[str, Any]], max_bytes: int) -> Mapping[str, dict[str, Any]]:
    starts = [micros(row["start"]) for row in rows]
    bound = {
        "org": org, "ids": [row["id"] for row in rows], "max_bytes": max_bytes,
        "since_us": min(starts), "until_us": max(starts),
    }  # fmt: skip
    return {row["id"]: row for row in store.read(query("helicone_bodies"), bound)}


def _filter(tree: Any, cached: bool | None) -> Node:
    node = parse_tree(tree)
    return And((node, Leaf("cached", "eq", True))) if cached else node


def _order(sort: dict[str, Any], context: Context) -> str:
    if not sort:
        return order_by("start", True, context)
    if len(sort) > 1:
        raise FilterError("sort", ", ".join(sort), "one key")
    ((key, way),) = sort.items()
    if key == "random":
        return "rand()"
    if key == "properties" and isinstance(way, dict) and len(way) == 1:
        ((name, way),) = way.items()
        key, column = f"properties.{name}", f"property.{name}"
    else:
        column = SORTS.get(key, "")
    if not column:
        raise FilterError(f"sort.{key}", key, "one of random, properties, " + ", ".join(SORTS))
    if way not in ("asc", "desc"):
        raise FilterError(f"sort.{key}", way, '"asc" or "desc"')
    return order_by(column, way == "desc", context, f"sort.{key}")


def _id(text: str) -> str:
    id = parse_uuid(text)
    if id is None:
        raise RowNotFound("request", text[:60])
    return id


def _annotate(
    request: Request[Any, Any, Any], data: object, id: str, rows: list[AnnotationRow], status: int
) -> Response[Result[None]]:
    answer = annotate_requests(request, data, [_id(id)], rows, status)
    return enveloped(None, status) if answer.status_code == status else answer  # type: ignore[return-value]


REQUEST_ROUTES: Final[list[Any]] = [
    query_requests, query_requests_older, count_requests, request_count, get_request, add_feedback, set_property,
    add_scores,
]  # fmt: skip
