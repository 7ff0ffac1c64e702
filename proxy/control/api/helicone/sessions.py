"""`/v1/session`: sessions, their names, how they are spread, and feedback on them."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath, JSONBody

from proxy.control import annotate
from proxy.control.annotate import addressed
from proxy.control.api.helicone.envelope import Result, enveloped
from proxy.control.api.helicone.groups import Bin, PSize, histogram, read_groups, split_tree, window_of
from proxy.control.api.helicone.record import stamp
from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.query import And, FilterError, Leaf, Node, Or
from proxy.query.group_lists import SESSIONS
from proxy.query.groups import Figure, GroupList

__all__ = ["SESSION_ROUTES"]

_AVERAGE: Final = Figure("avg_latency", "ifNull(avg(latency_ms), 0)")
_LIST: Final = GroupList(
    keys=(("session", "session_id"), ("name", "session_name")),
    where=SESSIONS.where,
    sort="first_seen",
    figures=(*(figure for figure in SESSIONS.figures if figure.sorts), _AVERAGE),
)
_NAMES: Final = GroupList(
    keys=(("name", "session_name"),),
    where=SESSIONS.where,
    sort="last_seen",
    figures=(
        *(figure for figure in SESSIONS.figures if figure.name in ("cost", "first_seen", "last_seen")),
        Figure("sessions", "uniqExact(session_id)"),
        _AVERAGE,
    ),
)
_FIGURES: Final = {
    "sessions_request_response_rmt": {
        "session_total_cost": "cost",
        "session_total_tokens": "tokens",
        "session_prompt_tokens": "input_tokens",
        "session_completion_tokens": "output_tokens",
        "session_total_requests": "calls",
        "session_created_at": "first_seen",
        "session_latest_request_created_at": "last_seen",
    }
}
_SPREAD: Final = {
    "session_count": "count()",
    "session_duration": "dateDiff('second', min(start), max(start))",
    "session_cost": "sum(ifNull(cost_nanousd, 0)) / 1e9",
}
"""Figures of a session whose spread is asked for."""


class TimeFilterMs(msgspec.Struct, forbid_unknown_fields=True):
    startTimeUnixMs: float
    endTimeUnixMs: float


class SessionQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Helicone's `SessionQueryParams`."""

    timeFilter: TimeFilterMs
    search: str = ""
    """Text in the id or the name."""
    nameEquals: str | None = None
    timezoneDifference: float = 0
    """Accepted; times are answered in UTC."""
    filter: Any = "all"
    offset: int = 0
    limit: int = 50


class SessionNameQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Helicone's `SessionNameQueryParams` and `SessionMetricsQueryParams`."""

    nameContains: str = ""
    timezoneDifference: float = 0
    pSize: PSize | None = None
    useInterquartile: bool | None = None
    timeFilter: TimeFilterMs | None = None
    filter: Any = "all"


class SessionResult(msgspec.Struct, frozen=True):
    session_id: str
    session_name: str
    created_at: str
    latest_request_created_at: str
    total_cost: float
    total_requests: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    avg_latency: float


class SessionName(msgspec.Struct, frozen=True):
    name: str
    created_at: str
    first_used: str
    last_used: str
    session_count: int
    total_cost: float
    avg_latency: float


class Average(msgspec.Struct, frozen=True):
    average: float


class SessionAverages(msgspec.Struct, frozen=True):
    session_count: list[Average]
    session_duration: list[Average]
    session_cost: list[Average]


class SessionMetrics(msgspec.Struct, frozen=True):
    """Calls, seconds and US dollars a session: histograms and averages."""

    session_count: list[Bin]
    session_duration: list[Bin]
    session_cost: list[Bin]
    average: SessionAverages


class SessionRating(msgspec.Struct, forbid_unknown_fields=True):
    rating: bool


@post("/session/query", opt=needs("viewer"), status_code=200, summary="Sessions in Helicone's form",
      operation_id="heliconeQuerySessions")  # fmt: skip
async def query_sessions(
    request: Request[Any, Any, Any], data: JSONBody[SessionQuery]
) -> Response[Result[list[SessionResult]]]:
    """Sessions by the start of their first call, the newest first."""
    return enveloped(await run_query(request, lambda: _sessions(request, data)))


@post("/session/name/query", opt=needs("viewer"), status_code=200, summary="Names of sessions in Helicone's form",
      operation_id="heliconeQuerySessionNames")  # fmt: skip
async def query_names(
    request: Request[Any, Any, Any], data: JSONBody[SessionNameQuery]
) -> Response[Result[list[SessionName]]]:
    """Names, the one that was used last first."""
    return enveloped(await run_query(request, lambda: _names(request, data)))


@post("/session/metrics/query", opt=needs("viewer"), status_code=200, summary="How sessions are spread",
      operation_id="heliconeQuerySessionMetrics")  # fmt: skip
async def query_metrics(
    request: Request[Any, Any, Any], data: JSONBody[SessionNameQuery]
) -> Response[Result[SessionMetrics]]:
    """Calls, duration and cost of sessions."""
    return enveloped(await run_query(request, lambda: _metrics(request, data)))


@post("/session/{sessionId:str}/feedback", sync_to_thread=True, opt=needs("member"), status_code=200,
      summary="Rate a session", operation_id="heliconeAddSessionFeedback")  # fmt: skip
def add_feedback(
    request: Request[Any, Any, Any], sessionId: FromPath[str], data: JSONBody[SessionRating]
) -> Response[Result[None]]:
    """The last rating counts. The session need not be in the log yet."""
    plane: ControlPlane = request.app.state.plane
    caller = caller_of(request)
    rows = addressed([annotate.feedback_row(data.rating)], caller.org, caller.name, session=sessionId)
    plane.log.annotations.write(rows)
    return enveloped(None)


def _sessions(request: Request[Any, Any, Any], data: SessionQuery) -> list[SessionResult]:
    plane: ControlPlane = request.app.state.plane
    node, conditions = split_tree(data.filter, _FIGURES)
    nodes: list[Node] = [node]
    if data.nameEquals:
        nodes.append(Leaf("session_name", "eq", data.nameEquals))
    if data.search:
        names = ("session_id", "session_name")
        nodes.append(Or(tuple(Leaf(name, "contains", _short("search", data.search)) for name in names)))
    rows = read_groups(
        plane.log.store,
        caller_of(request).org,
        _LIST,
        And(tuple(nodes)),
        conditions,
        window=window_of(data.timeFilter.startTimeUnixMs, data.timeFilter.endTimeUnixMs),
        sort="first_seen",
        order="desc",
        limit=data.limit,
        offset=data.offset,
    )
    return [
        SessionResult(
            session_id=row["session"],
            session_name=row["name"],
            created_at=stamp(row["first_seen"]),
            latest_request_created_at=stamp(row["last_seen"]),
            total_cost=row["cost"] or 0,
            total_requests=row["calls"],
            prompt_tokens=row["input_tokens"],
            completion_tokens=row["output_tokens"],
            total_tokens=row["tokens"],
            avg_latency=row["avg_latency"],
        )
        for row in rows
    ]


def _names(request: Request[Any, Any, Any], data: SessionNameQuery) -> list[SessionName]:
    plane: ControlPlane = request.app.state.plane
    node, conditions = split_tree(data.filter, {})
    rows = read_groups(
        plane.log.store,
        caller_of(request).org,
        _NAMES,
        _named(node, data),
        conditions,
        window=_window(data),
        sort="last_seen",
        order="desc",
        limit=50,
        offset=0,
    )
    return [
        SessionName(
            name=row["name"],
            created_at=stamp(row["first_seen"]),
            first_used=stamp(row["first_seen"]),
            last_used=stamp(row["last_seen"]),
            session_count=row["sessions"],
            total_cost=row["cost"] or 0,
            avg_latency=row["avg_latency"],
        )
        for row in rows
    ]


def _metrics(request: Request[Any, Any, Any], data: SessionNameQuery) -> SessionMetrics:
    plane: ControlPlane = request.app.state.plane
    node, _ = split_tree(data.filter, {})
    node = And((_named(node, data), Leaf("session_id", "exists")))
    spread = {
        name: histogram(
            plane.log.store,
            caller_of(request).org,
            node,
            _window(data),
            key="session_id",
            figure=figure,
            size=data.pSize or "p75",
            both=bool(data.useInterquartile),
        )
        for name, figure in _SPREAD.items()
    }
    averages = SessionAverages(**{name: [Average(one.average)] for name, one in spread.items()})
    return SessionMetrics(**{name: one.bins for name, one in spread.items()}, average=averages)


def _named(node: Node, data: SessionNameQuery) -> Node:
    if not data.nameContains:
        return node
    return And((node, Leaf("session_name", "contains", _short("nameContains", data.nameContains))))


def _window(data: SessionNameQuery) -> Any:
    asked = data.timeFilter
    return window_of(asked.startTimeUnixMs if asked else None, asked.endTimeUnixMs if asked else None)


def _short(path: str, text: str) -> str:
    if len(text) > 4000:
        raise FilterError(path, f"{len(text)} characters", "at most 4000")
    return text


SESSION_ROUTES: Final[list[Any]] = [query_sessions, query_names, query_metrics, add_feedback]
