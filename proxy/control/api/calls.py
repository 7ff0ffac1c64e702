"""`/api/requests`: the log of calls, newest first or in order of arrival, and everything of one call."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter

from proxy.control.api.one_call import NoSuchCall, uuid_of
from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us
from proxy.core.event import Event, EventWithBodies
from proxy.logstore import FILTERS, Cursor, Filter, FilterError, LogStore, event_of_columns, micros
from proxy.query import moment_us

__all__ = ["Page", "list_calls", "show_call"]

_MAX_ROWS: Final = 500
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


_PARAMETERS: Final = frozenset({*(row.name for row in FILTERS), "after", "cursor", "limit"})


@get(
    "/api/requests",
    sync_to_thread=True,
    opt=needs("viewer"),
    summary="Calls, newest first or in order of arrival",
    operation_id="listRequests",
)
@_with_filters
def list_calls(
    request: Request[Any, Any, Any],
    cursor: Annotated[str, _query("`next` of the page before.")] = "",
    after: Annotated[
        str, _query("Calls in order of arrival in the log: `next` of the page before, or `now` to begin with new ones.")
    ] = "",
    limit: Annotated[int, _query(f"Rows, 1 to {_MAX_ROWS}.")] = 50,
    **filters: Any,
) -> Response[Page]:
    """One page of the log."""
    for given in request.query_params:
        if given not in _PARAMETERS:
            accepted = "one of the parameters " + ", ".join(sorted(_PARAMETERS))
            raise FilterError(given, request.query_params[given], accepted)
    if not 1 <= limit <= _MAX_ROWS:
        raise FilterError("limit", limit, f"1 to {_MAX_ROWS}")
    if after and cursor:
        raise FilterError("cursor", cursor, "`cursor` (newest first) or `after` (order of arrival), not both")
    plane: ControlPlane = request.app.state.plane
    filter = Filter(caller_of(request).org, _values(filters))
    if after:
        return _json(_arrivals(plane.log.store, filter, after, limit))
    rows = plane.log.store.page(filter, _cursor(cursor), limit + 1)
    next_cursor = None
    if len(rows) > limit:
        rows.pop()
        next_cursor = f"{micros(rows[-1]['start'])}.{rows[-1]['id']}"
    return _json(Page([event_of_columns(row) for row in rows], next_cursor))


@get(
    "/api/requests/{id:str}",
    sync_to_thread=True,
    opt=needs("viewer"),
    summary="Everything of one call",
    operation_id="getRequest",
)
def show_call(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[EventWithBodies]:
    """One call with its attempts and bodies."""
    uuid = uuid_of(id)
    plane: ControlPlane = request.app.state.plane
    row = plane.log.store.get(caller_of(request).org, uuid)
    if row is None:
        raise NoSuchCall(uuid)
    return _json(event_of_columns(row))


def _json(content: object) -> Response[Any]:
    return Response(msgspec.json.encode(content), media_type="application/json")


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


def _cursor(text: str) -> Cursor | None:
    if not text:
        return None
    start, _, id = text.partition(".")
    if not (start.isascii() and start.isdigit() and len(start) < 17 and id):
        raise FilterError("cursor", text, "`next` of the page before")
    return int(start), id
