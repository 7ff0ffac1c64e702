"""`/api/requests`: the log of calls, newest first, and everything of one call."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.params import Parameter

from proxy.control.api.problems import Problem, answer
from proxy.control.auth import caller_of, needs
from proxy.control.moment import ACCEPTED, moment_us
from proxy.control.plane import Plane
from proxy.core.clock import now_us, parse_uuid
from proxy.core.event import Event, EventWithBodies
from proxy.logstore import Filter, FilterError, event_of_columns, micros
from proxy.logstore.store import Cursor

__all__ = ["Page", "list_calls", "show_call"]

_MOST: Final = 500
_KNOWN: Final = frozenset(
    {
        *("user", "session", "model", "provider", "status", "property", "since", "until", "text", "name", "error"),
        *("key", "prompt", "outcome", "min_cost", "min_latency", "cached", "cursor", "limit"),
    }
)


class Page(msgspec.Struct):
    """Calls, newest first; `next` is the cursor of the page after this one, null on the last."""

    data: list[Event]
    next: str | None


def _query(help: str) -> Any:
    return Parameter(description=help, required=False)


@get(
    "/api/requests",
    sync_to_thread=True,
    opt=needs("viewer"),
    summary="Calls, newest first",
    operation_id="listRequests",
)
def list_calls(
    request: Request[Any, Any, Any],
    user: Annotated[str, _query("User id.")] = "",
    session: Annotated[str, _query("Session id.")] = "",
    model: Annotated[str, _query("Model as asked for or as answered.")] = "",
    provider: Annotated[str, _query("Provider by its catalog name.")] = "",
    status: Annotated[str, _query("`200`, `4xx`, `>=400`, or several joined by commas.")] = "",
    property: Annotated[list[str] | None, _query("`name=value`; repeat it for several, all must fit.")] = None,
    since: Annotated[str, _query(ACCEPTED)] = "",
    until: Annotated[str, _query(ACCEPTED)] = "",
    text: Annotated[str, _query("Found in the first 200 characters of prompt or answer.")] = "",
    name: Annotated[str, _query("Name of the call (Helicone-Request-Name).")] = "",
    error: Annotated[str, _query("An error's name, or `*` for all that failed.")] = "",
    key: Annotated[str, _query("Id of the API key.")] = "",
    prompt: Annotated[str, _query("Prompt id.")] = "",
    outcome: Annotated[str, _query("`success`, or the phase that refused.")] = "",
    min_cost: Annotated[float | None, _query("US dollars.")] = None,
    min_latency: Annotated[float | None, _query("Milliseconds.")] = None,
    cached: Annotated[bool | None, _query("Answered from the cache, or not.")] = None,
    cursor: Annotated[str, _query("`next` of the page before.")] = "",
    limit: Annotated[int, _query("Rows, 1 to 500.")] = 50,
) -> Response[Page]:
    """One page of the log."""
    for given in request.query_params:
        if given not in _KNOWN:
            raise FilterError(given, request.query_params[given], "one of the parameters " + ", ".join(sorted(_KNOWN)))
    if not 1 <= limit <= _MOST:
        raise FilterError("limit", limit, f"1 to {_MOST}")
    if min_cost is not None and not 0 <= min_cost < 1e9:
        raise FilterError("min_cost", min_cost, "US dollars, 0 or more")
    plane: Plane = request.app.state.plane
    now = now_us()
    asked = Filter(
        org=caller_of(request).org,
        user=user,
        session=session,
        model=model,
        provider=provider,
        status=status,
        properties=_properties(property or []),
        since_us=moment_us("since", since, now) if since else None,
        until_us=moment_us("until", until, now) if until else None,
        text=text,
        name=name,
        error=error,
        key=key,
        prompt=prompt,
        outcome=outcome,
        min_cost_nanousd=round(min_cost * 1e9) if min_cost is not None else None,
        min_latency_ms=min_latency,
        cached=cached,
    )
    rows = plane.store.page(asked, _cursor(cursor), limit + 1)
    after = None
    if len(rows) > limit:
        rows.pop()
        after = f"{micros(rows[-1]['start'])}.{rows[-1]['id']}"
    return _json({"data": [event_of_columns(row) for row in rows], "next": after})


@get(
    "/api/requests/{id:str}",
    sync_to_thread=True,
    opt=needs("viewer"),
    summary="Everything of one call",
    operation_id="getRequest",
)
def show_call(request: Request[Any, Any, Any], id: str) -> Response[EventWithBodies]:
    """One call with its attempts and bodies."""
    found = parse_uuid(id)
    if found is None:
        raise FilterError("id", id, "a UUID, as `Helicone-Id` of the answer gave it")
    plane: Plane = request.app.state.plane
    row = plane.store.get(caller_of(request).org, found)
    if row is None:
        problem: Response[Any] = answer(
            Problem(
                "No such call",
                404,
                detail="No call with this id is in the log. A call shows up about a second after it ended.",
                parameter="id",
                value=found,
            )
        )
        return problem
    return _json(event_of_columns(row))


def _json(content: object) -> Response[Any]:
    return Response(msgspec.json.encode(content), media_type="application/json")


def _properties(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise FilterError("property", pair, "name=value")
        found[name] = value
    return found


def _cursor(text: str) -> Cursor | None:
    if not text:
        return None
    start, _, id = text.partition(".")
    if not (start.isascii() and start.isdigit() and len(start) < 17 and id):
        raise FilterError("cursor", text, "`next` of the page before")
    return int(start), id
