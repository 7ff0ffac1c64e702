"""`/api/requests`: the log of calls, newest first or in order of arrival, and everything of one call."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter

from proxy.control.api.one_call import NoSuchCall, call_named, uuid_of
from proxy.control.api.requests import MAX_PAGE_ROWS, RequestPage, check_page_size, json_answer
from proxy.control.auth import caller_of, needs
from proxy.control.export_lines import EVENT_NAMES
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.control.requests_reader import RequestsReader
from proxy.core.clock import now_us
from proxy.core.event import Event, EventWithBodies
from proxy.logstore import FILTERS, Filter, FilterError, LogStore, event_of_columns, micros
from proxy.logstore.annotations import Annotations, annotations_of
from proxy.logstore.events import shown_values
from proxy.logstore.filters import node_of
from proxy.query import moment_us, parse_text
from proxy.query.keyset import SortKey
from proxy.query.requests import plan_requests

__all__ = ["Page", "WholeCall", "list_calls", "show_call"]

_PARAMETER_TYPES: Final[dict[str, Any]] = {
    "text": str,
    "time": str,
    "number": float | None,
    "switch": bool | None,
    "pairs": list[str] | None,
}
"""By kind of a filter: what its parameter is in the query. All have an empty default."""


class Page(msgspec.Struct):
    """One page of calls, and the `cursor` or `after` of the next page; null where there is none."""

    data: list[Event]
    next: str | None


class WholeCall(EventWithBodies, frozen=True, kw_only=True):
    """One finished call with its bodies and annotations."""

    annotations: Annotations
    """What is in force of the feedback, scores and notes given after the call."""


def _query(help: str) -> Any:
    return QueryParameter(description=help, required=False)


def _with_filters(handler: Callable[..., Any]) -> Callable[..., Any]:
    """`handler` with one parameter a row of `FILTERS` in place of its `**filters`: Litestar reads the signature."""
    own = inspect.signature(handler).parameters
    parameters = [one for one in own.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    for row in FILTERS:
        annotation: Any = Annotated[_PARAMETER_TYPES[row.kind], _query(row.help)]
        default = "" if row.kind in ("text", "time") else None
        parameters.append(
            inspect.Parameter(row.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        )
        handler.__annotations__[row.name] = annotation
    handler.__annotations__.pop("filters", None)
    handler.__signature__ = inspect.Signature(parameters, return_annotation=Response[Page])  # type: ignore[attr-defined]
    return handler


_PARAMETERS: Final = frozenset({*(row.name for row in FILTERS), "after", "columns", "cursor", "limit", "q", "sort"})


@get(
    "/api/requests",
    opt=needs("viewer"),
    summary="Calls, newest first, in another order or in order of arrival",
    operation_id="listRequests",
)
@_with_filters
async def list_calls(
    request: Request[Any, Any, Any],
    q: Annotated[str, _query("Filter in its text form: `status>=400 user:ada`.")] = "",
    sort: Annotated[str, _query("Columns of numbers or times, `-` for the highest first: `-cost,start`.")] = "",
    columns: Annotated[str, _query("Columns to return, joined by commas; without it whole events.")] = "",
    cursor: Annotated[str, _query("`next` of the page before.")] = "",
    after: Annotated[
        str, _query("Calls in order of arrival in the log: `next` of the page before, or `now` to begin with new ones.")
    ] = "",
    limit: Annotated[int, _query(f"Rows, 1 to {MAX_PAGE_ROWS}.")] = 50,
    **filters: Any,
) -> Response[Page]:
    """One page of the log. All filters must match."""
    for given in request.query_params:
        if given not in _PARAMETERS:
            accepted = "one of the parameters " + ", ".join(sorted(_PARAMETERS))
            raise FilterError(given, request.query_params[given], accepted)
    check_page_size(limit)
    if after:
        for name, value in (("cursor", cursor), ("sort", sort), ("columns", columns)):
            if value:
                raise FilterError(name, value, f"`{name}` or `after` (whole events, in order of arrival), not both")
    plane: ControlPlane = request.app.state.plane
    org = caller_of(request).org

    def read() -> Page | RequestPage:
        store = plane.log.store
        node = parse_text(q, "q")
        if after:
            return _arrivals(store, Filter(org, _values(filters), node), after, limit)
        reader = RequestsReader(store)
        plan = plan_requests(
            org=org,
            now_us=now_us(),
            filter=node_of(Filter(org, _values(filters), node)),
            since=filters["since"],
            until=filters["until"],
            sort=_sort_keys(sort),
            columns=[name.strip() for name in columns.split(",")] if columns else EVENT_NAMES,
            cursor=cursor,
            updated_properties=store.updated_properties(org),
            text_chars=store.text_chars,
        )
        rows, next = reader.page(plan, limit)
        if columns:
            return RequestPage([shown_values(row) for row in rows], next, None, None)
        return Page([event_of_columns(row) for row in rows], next)

    return json_answer(await run_query(request, read))


@get(
    "/api/requests/{id:str}",
    opt=needs("viewer"),
    summary="Everything of one call",
    operation_id="getRequest",
)
async def show_call(
    request: Request[Any, Any, Any],
    id: FromPath[str],
    bodies: Annotated[bool, _query("With its bodies. Without them the field is null; they can be read apart.")] = True,
) -> Response[WholeCall]:
    """One call with its attempts and bodies, and what was said of it since."""
    uuid = uuid_of(id)
    plane: ControlPlane = request.app.state.plane
    org = caller_of(request).org

    def read() -> WholeCall:
        store = plane.log.store
        row = store.get(org, uuid) if bodies else call_named(request, id) | {"bodies": None}
        if row is None:
            raise NoSuchCall(uuid)
        said = annotations_of(store, org, [uuid]).get(uuid, Annotations())
        event = event_of_columns(row)
        return WholeCall(**{name: getattr(event, name) for name in event.__struct_fields__}, annotations=said)

    return json_answer(await run_query(request, read))


def _sort_keys(text: str) -> list[SortKey]:
    """`-cost,start`: the highest cost first, the oldest first where they are equal."""
    names = [name.strip() for name in text.split(",")] if text else []
    return [SortKey(name.removeprefix("-"), "desc" if name.startswith("-") else "asc") for name in names]


def _arrivals(store: LogStore, filter: Filter, after: str, limit: int) -> Page:
    if after == "now":
        return Page([], str(store.last_arrival_us(filter.org)))
    if not (after.isascii() and after.isdigit() and len(after) < 17):
        raise FilterError("after", after, "`now`, or `next` of the page before")
    rows = store.arrivals(filter, int(after), limit)
    return Page([event_of_columns(row) for row in rows], str(micros(rows[-1]["ingested_at"])) if rows else after)


def _values(given: dict[str, Any]) -> dict[str, Any]:
    """The values of the filters that were given, as `conditions` takes them. Raises `FilterError`."""
    now = now_us()
    values: dict[str, Any] = {}
    for row in FILTERS:
        value = given[row.name]
        if value in ("", None):
            continue
        if row.kind == "time":
            value = moment_us(row.name, value, now)
        elif row.kind == "pairs":
            value = _pairs(row.name, value)
        values[row.name] = value
    return values


def _pairs(parameter: str, texts: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise FilterError(parameter, text, "name=value")
        pairs[name] = value
    return pairs
