"""`/healthz`, `/readyz`, `/metrics` of the control plane."""

import time
from typing import Any

import msgspec
from litestar import Request, Response, get

from proxy.control.auth import NOBODY, needs
from proxy.control.metrics import render
from proxy.control.plane import ControlPlane

__all__ = ["healthz", "metrics", "readyz"]


class SinkState(msgspec.Struct):
    """How far a sink beside the log is."""

    name: str
    durable: bool
    delivered: int
    skipped: int
    lag_records: int
    last_error: str


class Readiness(msgspec.Struct):
    """`lag_bytes` is what the spool holds that the log does not; `behind_s` for how long that has been so. `set_aside`
    counts records over which the process died: the log has them without their bodies."""

    ready: bool
    store: str
    lag_bytes: int = 0
    behind_s: float = 0.0
    segments: int = 0
    shipped: int = 0
    failures: int = 0
    set_aside: int = 0
    last_error: str = ""
    sinks: list[SinkState] = []


@get("/healthz", opt=needs(NOBODY), media_type="text/plain", sync_to_thread=False, summary="The process answers")
def healthz() -> str:
    """Always `ok`."""
    return "ok\n"


@get(
    "/readyz",
    opt=needs(NOBODY),
    sync_to_thread=False,
    summary="Whether the log can be read, and how far the shipper is",
)
def readyz(request: Request[Any, Any, Any]) -> Response[Readiness]:
    """200 where the store is open, else 503."""
    plane: ControlPlane = request.app.state.plane
    found = Readiness(plane.log.ready, "ok" if plane.log.ready else plane.log.problem)
    figures = plane.log.figures()
    found.lag_bytes = figures.lag_bytes
    found.behind_s = round(time.time() - figures.behind_since, 1) if figures.behind_since else 0.0
    found.segments = figures.segments
    if plane.log.shipper is not None:
        found.shipped = figures.shipped
        found.set_aside = figures.set_aside
        found.failures = figures.failures
        found.last_error = figures.last_error
        found.sinks = [
            SinkState(feed.name, feed.durable, feed.delivered, feed.skipped, feed.lag()[0], feed.last_error)
            for feed in plane.log.shipper.feeds
        ]
        if figures.last_error:
            found.store = "failing; the spool keeps what it cannot take"
    return Response(found, status_code=200 if found.ready else 503)


@get("/metrics", opt=needs(NOBODY), sync_to_thread=True, summary="Prometheus metrics")
def metrics(request: Request[Any, Any, Any]) -> Response[str]:
    """Counters and gauges of the shipper and the store, and histograms of calls."""
    return Response(render(request.app.state.plane), media_type="text/plain; version=0.0.4; charset=utf-8")
