"""`/v1/metrics`: totals of calls, figures over time, models and countries."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.params import JSONBody

from proxy.control.api.helicone.envelope import Result, enveloped
from proxy.control.api.helicone.record import stamp
from proxy.control.api.helicone.time_filter import Increment, TimeFilter, ask_metrics, bucket_of
from proxy.control.auth import needs
from proxy.control.queries import run_query
from proxy.query import FilterError, Leaf, Node
from proxy.query.metrics import Top
from proxy.query.series import Series

__all__ = ["METRICS_ROUTES"]

Number = float | int


class Totals(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Helicone's `MetricsFilterBody`."""

    timeFilter: TimeFilter
    filter: Any = "all"


class OverTime(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Helicone's `MetricsOverTimeBody`."""

    timeFilter: TimeFilter
    filter: Any = "all"
    dbIncrement: Increment = "hour"
    timeZoneDifference: float = 0
    """Minutes, as JavaScript's `getTimezoneOffset()` has them: buckets are of that clock."""


class Quantiles(OverTime, forbid_unknown_fields=True, kw_only=True):
    metric: str = "latency"


class Groups(Totals, forbid_unknown_fields=True, kw_only=True):
    """Helicone's `ModelMetricsBody` and `CountryMetricsBody`."""

    offset: int = 0
    limit: int = 100


Row = Callable[[Series, int | None], dict[str, Any]]


class _Metric(msgspec.Struct, frozen=True):
    """One figure over time: its measures, and the names that they have in a row."""

    path: str
    what: str
    fields: dict[str, str]
    """Name in a row to measure."""
    dimension: str = ""
    field: str = ""
    """Name of the dimension in a row."""
    more: tuple[Node, ...] = ()


_QUANTILES: Final = {"latency": "latency", "time_to_first_token": "ttft"}

_TOTALS: Final[dict[str, tuple[str, str, Callable[[dict[str, Any]], Any]]]] = {
    "totalRequests": ("Number of calls", "calls", lambda found: found["calls"]),
    "totalCost": ("Sum of the known costs, in US dollars", "cost", lambda found: found["cost"] or 0),
    "averageLatency": ("Average latency, in milliseconds", "avg_latency", lambda found: found["avg_latency"] or 0),
    "averageTimeToFirstToken": (
        "Average time to the first token, in milliseconds", "avg_ttft", lambda found: found["avg_ttft"] or 0,
    ),
    "averageTokensPerRequest": ("Tokens a call", "input_tokens,output_tokens,calls", lambda found: _per_call(found)),
    "totalThreats": ("Always 0: threats are not looked for", "calls", lambda _: 0),
    "activeUsers": ("Distinct users", "users", lambda found: found["users"]),
}  # fmt: skip
"""By last part of the path: what it is, its measures, and how the answer is made of them."""

_NONE: Final = Leaf("id", "eq", "")
"""No call."""
_OVER_TIME: Final = (
    _Metric("requestOverTime", "Calls over time", {"count": "calls"}),
    _Metric("costOverTime", "Cost over time", {"cost": "cost"}),
    _Metric(
        "tokensOverTime", "Tokens over time",
        {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"},
    ),
    _Metric(
        "detailedTokensOverTime", "Tokens by kind over time",
        {
            "prompt_tokens": "input_tokens", "completion_tokens": "output_tokens",
            "reasoning_tokens": "reasoning_tokens", "prompt_cache_read_tokens": "cached_input_tokens",
            "prompt_cache_write_tokens": "cache_write_tokens",
        },
    ),
    _Metric(
        "modelUsageOverTime", "Calls and tokens of models over time",
        {"request_count": "calls", "total_tokens": "tokens"}, "model", "model",
    ),
    _Metric("latencyOverTime", "Average latency over time", {"duration": "avg_latency"}),
    _Metric("timeToFirstToken", "Average time to the first token over time", {"ttft": "avg_ttft"}),
    _Metric("usersOverTime", "Distinct users over time", {"count": "users"}),
    _Metric("threatsOverTime", "Always 0: threats are not looked for", {"count": "calls"}, more=(_NONE,)),
    _Metric("errorOverTime", "Calls whose status is not 200", {"count": "calls"}, more=(Leaf("status", "ne", 200),)),
    _Metric("requestStatusOverTime", "Calls by status over time", {"count": "calls"}, "status", "status"),
)  # fmt: skip


def _per_call(found: dict[str, Any]) -> dict[str, float]:
    calls = found["calls"] or 1
    prompt, completion = (found["input_tokens"] or 0) / calls, (found["output_tokens"] or 0) / calls
    return {
        "average_prompt_tokens_per_response": prompt,
        "average_completion_tokens_per_response": completion,
        "average_total_tokens_per_response": prompt + completion,
    }


def _name(path: str) -> str:
    return f"helicone{path[0].upper()}{path[1:]}"


def _total_route(path: str, what: str, measures: str, make: Callable[[dict[str, Any]], Any]) -> Any:
    async def total(request: Request[Any, Any, Any], data: JSONBody[Totals]) -> Response[Result[Any]]:
        """One figure of the calls that match."""

        def read() -> Any:
            answer = ask_metrics(request, measures.split(","), data.filter, data.timeFilter)
            return make(answer.total.totals)

        return enveloped(await run_query(request, read))

    return post(f"/metrics/{path}", opt=needs("viewer"), status_code=200, summary=what, operation_id=_name(path))(total)


def _over_time_route(metric: _Metric) -> Any:
    async def over_time(request: Request[Any, Any, Any], data: JSONBody[OverTime]) -> Response[Result[list[Any]]]:
        """A row a bucket; by model or status a row for each that has calls then."""
        return enveloped(await run_query(request, lambda: _over_time(request, data, metric)))

    decorate = post(
        f"/metrics/{metric.path}", opt=needs("viewer"), status_code=200, summary=metric.what,
        operation_id=_name(metric.path),
    )  # fmt: skip
    return decorate(over_time)


def _over_time(request: Request[Any, Any, Any], data: OverTime, metric: _Metric) -> list[dict[str, Any]]:
    measures = list(metric.fields.values())
    answer = ask_metrics(
        request,
        measures if not metric.dimension or "calls" in measures else [*measures, "calls"],
        data.filter,
        data.timeFilter,
        dimensions=[metric.dimension] if metric.dimension else None,
        bucket=bucket_of(data.dbIncrement),
        minutes_west=data.timeZoneDifference,
        top=Top(n=100) if metric.dimension else None,
        more=metric.more,
    )
    times = [stamp(datetime.fromisoformat(at)) for at in answer.buckets or []]
    rows: list[dict[str, Any]] = []
    for number, time in enumerate(times):
        for series in answer.groups if metric.dimension else (answer.total,):
            values = {name: measured[number] for name, measured in (series.values or {}).items()}
            if metric.dimension and not values["calls"]:
                continue
            row: dict[str, Any] = {"time": time}
            if metric.dimension:
                row[metric.field] = series.key[metric.dimension] or ("unknown" if metric.field == "model" else 0)
            rows.append(row | {field: values[measure] or 0 for field, measure in metric.fields.items()})
    return rows


@post("/metrics/quantiles", opt=needs("viewer"), status_code=200, summary="Percentiles over time",
      operation_id="heliconeQuantiles")  # fmt: skip
async def quantiles(request: Request[Any, Any, Any], data: JSONBody[Quantiles]) -> Response[Result[list[Any]]]:
    """P75, P90, P95 and P99 of the latency or the time to the first token."""
    name = _QUANTILES.get(data.metric)
    if name is None:
        raise FilterError("metric", data.metric, ", ".join(_QUANTILES))
    fields = {f"p{level}": f"p{level}_{name}" for level in (75, 90, 95, 99)}
    metric = _Metric("quantiles", "", fields)
    return enveloped(await run_query(request, lambda: _over_time(request, data, metric)))


@post("/metrics/models", opt=needs("viewer"), status_code=200, summary="Figures of models in Helicone's form",
      operation_id="heliconeModels")  # fmt: skip
async def models(request: Request[Any, Any, Any], data: JSONBody[Groups]) -> Response[Result[list[Any]]]:
    """Models, the one with the most calls first."""
    fields = {
        "total_requests": "calls", "total_completion_tokens": "output_tokens", "total_prompt_token": "input_tokens",
        "total_tokens": "tokens", "cost": "cost",
    }  # fmt: skip
    return enveloped(await run_query(request, lambda: _groups(request, data, "model", "model", fields)))


@post("/metrics/country", opt=needs("viewer"), status_code=200, summary="Calls by the property `country_code`",
      operation_id="heliconeCountries")  # fmt: skip
async def countries(request: Request[Any, Any, Any], data: JSONBody[Groups]) -> Response[Result[list[Any]]]:
    """Countries, the one with the most calls first: of calls with that property, as imported ones have it."""
    fields = {"total_requests": "calls"}
    return enveloped(
        await run_query(request, lambda: _groups(request, data, "property.country_code", "country", fields))
    )


def _groups(
    request: Request[Any, Any, Any], data: Groups, dimension: str, field: str, fields: dict[str, str]
) -> list[dict[str, Any]]:
    if data.limit < 1 or data.offset < 0 or data.offset + data.limit > 1000:
        raise FilterError("limit", data.limit, "at least 1, and up to 1000 with `offset`")
    top = Top(n=data.offset + data.limit, by="calls")
    answer = ask_metrics(request, list(fields.values()), data.filter, data.timeFilter, dimensions=[dimension], top=top)
    return [
        {field: series.key[dimension]} | {name: series.totals[measure] or 0 for name, measure in fields.items()}
        for series in answer.groups[data.offset :]
        if series.key[dimension] is not None
    ]


METRICS_ROUTES: Final[list[Any]] = [
    *(_total_route(path, *rest) for path, rest in _TOTALS.items()),
    *(_over_time_route(metric) for metric in _OVER_TIME),
    quantiles, models, countries,
]  # fmt: skip
