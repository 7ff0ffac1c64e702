"""`/api/metrics`: figures of calls by time bucket and dimension, and what can be asked for."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody

from proxy.control.auth import caller_of, needs
from proxy.control.metrics_reader import MetricsReader
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.core.clock import now_us
from proxy.query.buckets import WIDTHS
from proxy.query.dimensions import DIMENSIONS
from proxy.query.heatmap import Heatmap, HeatmapQuestion
from proxy.query.measures import measure_help
from proxy.query.metrics import MetricsQuestion
from proxy.query.series import MetricsAnswer

__all__ = ["METRICS_ROUTES"]


class MeasureHelp(msgspec.Struct, frozen=True):
    """A measure, or `<prefix>.<name>` for all of a kind."""

    name: str
    kind: str
    unit: str
    help: str


class DimensionHelp(msgspec.Struct, frozen=True):
    """A dimension, or `<prefix>.<name>` for all of a kind."""

    name: str
    value: str
    """`text`, `bool` or `number`."""
    help: str


class MetricsSchema(msgspec.Struct, frozen=True):
    """What a metrics question may name."""

    measures: list[MeasureHelp]
    dimensions: list[DimensionHelp]
    buckets: list[str]


@post(
    "/api/metrics",
    opt=needs("viewer"),
    status_code=200,
    summary="Figures of calls by time bucket and dimension",
    operation_id="queryMetrics",
)
async def query_metrics(request: Request[Any, Any, Any], data: JSONBody[MetricsQuestion]) -> MetricsAnswer:
    """Measures of the calls that match a filter."""
    reader, org = _reader(request), caller_of(request).org
    return await run_query(request, lambda: reader.answer(org, data, now_us()))


@post(
    "/api/metrics/heatmap",
    opt=needs("viewer"),
    status_code=200,
    summary="How a number of calls is spread, by time bucket",
    operation_id="queryHeatmap",
)
async def query_heatmap(request: Request[Any, Any, Any], data: JSONBody[HeatmapQuestion]) -> Heatmap:
    """Calls by time bucket and logarithmic bin of a number."""
    reader, org = _reader(request), caller_of(request).org
    return await run_query(request, lambda: reader.heatmap(org, data, now_us()))


@get(
    "/api/metrics/schema",
    sync_to_thread=False,
    opt=needs("viewer"),
    summary="Measures, dimensions and buckets that can be asked for",
    operation_id="getMetricsSchema",
)
def metrics_schema() -> MetricsSchema:
    """The tables of measures and dimensions."""
    measures = [MeasureHelp(*row) for row in measure_help()]
    dimensions = [DimensionHelp(one.name, one.value, one.help) for one in DIMENSIONS.values()]
    dimensions.append(DimensionHelp("property.<name>", "text", "a custom property (Helicone-Property-<Name>)"))
    return MetricsSchema(measures, dimensions, ["auto", *WIDTHS])


def _reader(request: Request[Any, Any, Any]) -> MetricsReader:
    plane: ControlPlane = request.app.state.plane
    return MetricsReader(plane.log.store, plane.settings)


METRICS_ROUTES: list[Any] = [query_metrics, query_heatmap, metrics_schema]
