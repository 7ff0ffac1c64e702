"""`/v1/property` and `/v1/dashboard`: names and values of properties, their costs, and scores over time."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath, JSONBody

from proxy.control.api.group_page import context_of
from proxy.control.api.helicone.envelope import Result, enveloped
from proxy.control.api.helicone.groups import read_groups
from proxy.control.api.helicone.record import stamp
from proxy.control.api.helicone.time_filter import Increment, TimeFilter, ask_metrics, bucket_of
from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.core.clock import now_us
from proxy.logstore.sql import query
from proxy.query import EVERYTHING, Leaf, Window
from proxy.query.check import check_leaf
from proxy.query.group_lists import property_names, property_values
from proxy.query.metrics import Top

__all__ = ["PROPERTY_ROUTES"]

_MAX_VALUES: Final = 25
_TOP: Final = 10


class Nothing(msgspec.Struct):
    """No question: an empty object."""


class Search(msgspec.Struct, forbid_unknown_fields=True):
    searchTerm: str = ""


class Period(msgspec.Struct, forbid_unknown_fields=True):
    timeFilter: TimeFilter


class DataOverTime(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Helicone's `DataOverTimeRequest`."""

    timeFilter: TimeFilter
    userFilter: Any = "all"
    dbIncrement: Increment = "day"
    timeZoneDifference: float = 0


class PropertyOverTime(DataOverTime, forbid_unknown_fields=True, kw_only=True):
    propertyKey: str


@post("/property/query", opt=needs("viewer"), status_code=200, summary="Names of properties",
      operation_id="heliconeQueryProperties")  # fmt: skip
async def query_properties(
    request: Request[Any, Any, Any], data: JSONBody[Nothing]
) -> Response[Result[list[dict[str, str]]]]:
    """All names, the one with the most calls first."""
    return enveloped(await run_query(request, lambda: [{"property": name} for name in _names(request)]))


@post("/property/{propertyKey:str}/search", opt=needs("viewer"), status_code=200, summary="Values of a property",
      operation_id="heliconeSearchProperty")  # fmt: skip
async def search_property(
    request: Request[Any, Any, Any], propertyKey: FromPath[str], data: JSONBody[Search]
) -> Response[Result[list[str]]]:
    """At most 25 values that contain a text, the one with the most calls first."""
    return enveloped(await run_query(request, lambda: _values(request, propertyKey, data.searchTerm)))


@post("/property/{propertyKey:str}/top-costs/query", opt=needs("viewer"), status_code=200,
      summary="Values of a property by cost", operation_id="heliconeTopCosts")  # fmt: skip
async def top_costs(
    request: Request[Any, Any, Any], propertyKey: FromPath[str], data: JSONBody[Period]
) -> Response[Result[list[dict[str, Any]]]]:
    """The 10 values with the highest cost, and the rest as `Other`."""
    return enveloped(await run_query(request, lambda: _top(request, propertyKey, data, "cost", "cost")))


@post("/property/{propertyKey:str}/top-requests/query", opt=needs("viewer"), status_code=200,
      summary="Values of a property by calls", operation_id="heliconeTopRequests")  # fmt: skip
async def top_requests(
    request: Request[Any, Any, Any], propertyKey: FromPath[str], data: JSONBody[Period]
) -> Response[Result[list[dict[str, Any]]]]:
    """The 10 values with the most calls, and the rest as `Other`."""
    return enveloped(await run_query(request, lambda: _top(request, propertyKey, data, "calls", "count")))


@post("/property/properties/over-time", opt=needs("viewer"), status_code=200,
      summary="Cost and calls of a property's values over time", operation_id="heliconePropertyOverTime")  # fmt: skip
async def over_time(
    request: Request[Any, Any, Any], data: JSONBody[PropertyOverTime]
) -> Response[Result[list[dict[str, Any]]]]:
    """A row for each value and bucket with calls."""
    return enveloped(await run_query(request, lambda: _over_time(request, data)))


@post("/dashboard/scores/query", opt=needs("viewer"), status_code=200, summary="Average scores over time",
      operation_id="heliconeScoresOverTime")  # fmt: skip
async def scores_over_time(
    request: Request[Any, Any, Any], data: JSONBody[DataOverTime]
) -> Response[Result[list[dict[str, Any]]]]:
    """A row for each score and bucket with scored calls; `score_sum` is the average, as in Helicone."""
    return enveloped(await run_query(request, lambda: _scores(request, data)))


def _names(request: Request[Any, Any, Any]) -> list[str]:
    plane: ControlPlane = request.app.state.plane
    store, org = plane.log.store, caller_of(request).org
    context = context_of(request, Window(), now_us())
    rows = read_groups(
        store, org, property_names(context), EVERYTHING, [], window=Window(), sort="calls",
        order="desc", limit=1000, offset=0, extra=context.binder.values,
    )  # fmt: skip
    return [row["name"] for row in rows]


def _values(request: Request[Any, Any, Any], name: str, term: str) -> list[str]:
    plane: ControlPlane = request.app.state.plane
    context = context_of(request, Window(), now_us())
    column = f"property.{name}"
    leaf = Leaf(column, "contains", term) if term else Leaf(column, "exists")
    rows = read_groups(
        plane.log.store, caller_of(request).org, property_values(name.lower(), context),
        check_leaf(leaf, "searchTerm"), [], window=Window(), sort="calls", order="desc", limit=_MAX_VALUES, offset=0,
        extra=context.binder.values,
    )  # fmt: skip
    return [row["value"] for row in rows]


def _top(request: Request[Any, Any, Any], name: str, data: Period, measure: str, field: str) -> list[dict[str, Any]]:
    column = f"property.{name.lower()}"
    answer = ask_metrics(
        request, [measure], "all", data.timeFilter, dimensions=[column], top=Top(n=_TOP, other=True),
        more=(check_leaf(Leaf(column, "exists"), "propertyKey"),),
    )  # fmt: skip
    return [
        {"value": "Other" if series.other else series.key[column] or "", field: series.totals[measure] or 0}
        for series in answer.groups
        if not series.other or series.totals[measure]
    ]


def _over_time(request: Request[Any, Any, Any], data: PropertyOverTime) -> list[dict[str, Any]]:
    column = f"property.{data.propertyKey.lower()}"
    answer = ask_metrics(
        request, ["calls", "cost"], data.userFilter, data.timeFilter, dimensions=[column],
        bucket=bucket_of(data.dbIncrement), minutes_west=data.timeZoneDifference, top=Top(n=100), path="userFilter",
        more=(check_leaf(Leaf(column, "exists"), "propertyKey"),),
    )  # fmt: skip
    rows: list[dict[str, Any]] = []
    for number, at in enumerate(answer.buckets or []):
        for series in answer.groups:
            values = series.values or {}
            if values["calls"][number]:
                rows.append(
                    {
                        "property": series.key[column] or "",
                        "total_cost": values["cost"][number] or 0,
                        "request_count": values["calls"][number],
                        "created_at_trunc": stamp(datetime.fromisoformat(at)),
                    }
                )
    return rows


def _scores(request: Request[Any, Any, Any], data: DataOverTime) -> list[dict[str, Any]]:
    plane: ControlPlane = request.app.state.plane
    found = plane.log.store.read(query("score_names"), {"org": caller_of(request).org})
    names = [row["name"] for row in found]
    if not names:
        return []
    measures = [f"{family}.{name}" for name in names for family in ("score", "score_count")]
    answer = ask_metrics(
        request, measures, data.userFilter, data.timeFilter, bucket=bucket_of(data.dbIncrement),
        minutes_west=data.timeZoneDifference, path="userFilter",
    )  # fmt: skip
    values = answer.total.values or {}
    return [
        {
            "score_key": name,
            "score_sum": values[f"score.{name}"][number],
            "created_at_trunc": stamp(datetime.fromisoformat(at)),
        }
        for number, at in enumerate(answer.buckets or [])
        for name in names
        if values[f"score_count.{name}"][number]
    ]


PROPERTY_ROUTES: Final[list[Any]] = [
    query_properties, search_property, top_costs, top_requests, over_time, scores_over_time,
]  # fmt: skip
