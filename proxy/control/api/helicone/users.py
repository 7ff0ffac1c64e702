"""`/v1/user`: users, their figures, and how these are spread."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.params import JSONBody

from proxy.control.api.helicone.envelope import Result, enveloped
from proxy.control.api.helicone.groups import Bin, Direction, PSize, histogram, read_groups, split_tree, window_of
from proxy.control.api.helicone.record import stamp
from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.query import EVERYTHING, FilterError, Leaf, Window
from proxy.query.group_lists import USERS
from proxy.query.groups import Figure, GroupList

__all__ = ["USER_ROUTES"]

_DAYS: Final = "uniqExact(toDate(start))"
_LIST: Final = GroupList(
    keys=USERS.keys,
    sort="last_seen",
    figures=(
        *(figure for figure in USERS.figures if not figure.name.startswith("latency")),
        Figure("days", _DAYS),
        Figure("calls_a_day", f"count() / {_DAYS}"),
        Figure("tokens_a_call", "(sum(ifNull(input_tokens, 0)) + sum(ifNull(output_tokens, 0))) / count()"),
    ),
)
_NAMES: Final = {
    "active_for": "days",
    "first_active": "first_seen",
    "last_active": "last_seen",
    "total_requests": "calls",
    "average_requests_per_day_active": "calls_a_day",
    "average_tokens_per_request": "tokens_a_call",
    "total_completion_tokens": "output_tokens",
    "total_prompt_tokens": "input_tokens",
    "cost": "cost",
}
"""Helicone's names of figures."""
_FIGURES: Final = {
    "users_view": {f"user_{name}": figure for name, figure in _NAMES.items()},
    "user_metrics": _NAMES,
}
_SECONDS: Final = 1e11
"""A time above it is in milliseconds, whatever its name says."""


class TimeFilterSeconds(msgspec.Struct, forbid_unknown_fields=True):
    startTimeUnixSeconds: float
    endTimeUnixSeconds: float


class UserQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Helicone's `UserQueryParams`."""

    userIds: list[str] | None = None
    timeFilter: TimeFilterSeconds | None = None


class UserMetricsQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Helicone's `UserMetricsQueryParams`."""

    filter: Any = "all"
    offset: int = 0
    limit: int = 50
    timeFilter: TimeFilterSeconds | None = None
    timeZoneDifferenceMinutes: float = 0
    """Accepted; times are answered in UTC."""
    sort: dict[str, Direction] | None = None
    """One figure, to `asc` or `desc`; the last active first where none is given."""


class UserOverviewQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    filter: Any = "all"
    pSize: PSize = "p75"
    useInterquartile: bool = False


class UserTotals(msgspec.Struct, frozen=True):
    user_id: str
    count: int
    prompt_tokens: int
    completion_tokens: int
    cost: float


class UserMetrics(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    user_id: str
    active_for: int
    """Days with calls."""
    first_active: str
    last_active: str
    total_requests: int
    average_requests_per_day_active: float
    average_tokens_per_request: float
    total_completion_tokens: int
    total_prompt_tokens: int
    cost: float


class UserMetricsPage(msgspec.Struct, frozen=True):
    users: list[UserMetrics]
    count: int
    """How many users match."""
    hasUsers: bool


class UserOverview(msgspec.Struct, frozen=True):
    request_count: list[Bin]
    user_cost: list[Bin]


@post("/user/query", opt=needs("viewer"), status_code=200, summary="Totals of users in Helicone's form",
      operation_id="heliconeQueryUsers")  # fmt: skip
async def query_users(request: Request[Any, Any, Any], data: JSONBody[UserQuery]) -> Response[Result[list[UserTotals]]]:
    """The 100 users with the most calls, or those that are named."""
    return enveloped(await run_query(request, lambda: _users(request, data)))


@post("/user/metrics/query", opt=needs("viewer"), status_code=200, summary="Figures of users in Helicone's form",
      operation_id="heliconeQueryUserMetrics")  # fmt: skip
async def query_user_metrics(
    request: Request[Any, Any, Any], data: JSONBody[UserMetricsQuery]
) -> Response[Result[UserMetricsPage]]:
    """A page of users."""
    return enveloped(await run_query(request, lambda: _metrics(request, data)))


@post("/user/metrics-overview/query", opt=needs("viewer"), status_code=200, summary="How users are spread",
      operation_id="heliconeQueryUserOverview")  # fmt: skip
async def query_overview(
    request: Request[Any, Any, Any], data: JSONBody[UserOverviewQuery]
) -> Response[Result[UserOverview]]:
    """Calls and cost of users."""
    return enveloped(await run_query(request, lambda: _overview(request, data)))


def _users(request: Request[Any, Any, Any], data: UserQuery) -> list[UserTotals]:
    ids = data.userIds
    if ids is not None and len(ids) > 1000:
        raise FilterError("userIds", f"{len(ids)} ids", "at most 1000")
    rows = read_groups(
        _store(request),
        caller_of(request).org,
        _LIST,
        EVERYTHING if not ids else Leaf("user_id", "in", tuple(ids)),
        [],
        window=_window(data.timeFilter),
        sort="calls",
        order="desc",
        limit=1000 if ids else 100,
        offset=0,
    )
    return [
        UserTotals(row["user"], row["calls"], row["input_tokens"], row["output_tokens"], row["cost"] or 0)
        for row in rows
    ]


def _metrics(request: Request[Any, Any, Any], data: UserMetricsQuery) -> UserMetricsPage:
    sort, order = _sort(data.sort or {"last_active": "desc"})
    node, conditions = split_tree(data.filter, _FIGURES)
    rows = read_groups(
        _store(request),
        caller_of(request).org,
        _LIST,
        node,
        conditions,
        window=_window(data.timeFilter),
        sort=sort,
        order=order,
        limit=data.limit,
        offset=data.offset,
    )
    users = [
        UserMetrics(
            id=row["user"],
            user_id=row["user"],
            active_for=row["days"],
            first_active=stamp(row["first_seen"]),
            last_active=stamp(row["last_seen"]),
            total_requests=row["calls"],
            average_requests_per_day_active=row["calls_a_day"],
            average_tokens_per_request=row["tokens_a_call"],
            total_completion_tokens=row["output_tokens"],
            total_prompt_tokens=row["input_tokens"],
            cost=row["cost"] or 0,
        )
        for row in rows
    ]
    count = rows[0]["group_count"] if rows else 0
    return UserMetricsPage(users, count, count > 0)


def _overview(request: Request[Any, Any, Any], data: UserOverviewQuery) -> UserOverview:
    node, _ = split_tree(data.filter, {})
    calls, cost = (
        histogram(
            _store(request),
            caller_of(request).org,
            node,
            Window(),
            key="user_id",
            figure=figure,
            size=data.pSize,
            both=data.useInterquartile,
        )
        for figure in ("count()", "sum(ifNull(cost_nanousd, 0)) / 1e9")
    )
    return UserOverview(calls.bins, cost.bins)


def _sort(sort: dict[str, Direction]) -> tuple[str, Direction]:
    if len(sort) != 1:
        raise FilterError("sort", ", ".join(sort), "one key")
    ((key, way),) = sort.items()
    figure = {**_NAMES, "user_id": "user", "id": "user"}.get(key)
    if figure is None:
        raise FilterError(f"sort.{key}", key, "user_id, " + ", ".join(_NAMES))
    return figure, way


def _window(asked: TimeFilterSeconds | None) -> Window:
    if asked is None:
        return Window()
    since, until = asked.startTimeUnixSeconds, asked.endTimeUnixSeconds
    scale = 1 if until > _SECONDS else 1000
    return window_of(since * scale, until * scale)


def _store(request: Request[Any, Any, Any]) -> Any:
    plane: ControlPlane = request.app.state.plane
    return plane.log.store


USER_ROUTES: Final[list[Any]] = [query_users, query_user_metrics, query_overview]
