"""`/healthz`, `/readyz`, `/metrics` of the control plane."""

import time
from typing import Any, Final

import msgspec
from litestar import Request, Response, get

from proxy.control.auth import NOBODY, authenticate, needs
from proxy.control.metrics import render
from proxy.control.plane import ControlPlane
from proxy.core.identity import DEFAULT_ORG

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


_ELSEWHERE: Final = "the cause is in the log of the control plane, and here for admins of the organisation default"


@get(
    "/readyz",
    opt=needs(NOBODY),
    summary="Whether the log can be read, and how far the shipper is",
)
async def readyz(request: Request[Any, Any, Any]) -> Response[Readiness]:
    """200 where the store is open, else 503. Causes name addresses, users and paths: only admins of the
    organisation `default` are told them."""
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
    if not await _is_known(request):
        if not found.ready:
            found.store = "another process has the store" if "another process" in found.store else _ELSEWHERE
        found.last_error = found.last_error and _ELSEWHERE
        for sink in found.sinks:
            sink.last_error = sink.last_error and _ELSEWHERE
    return Response(found, status_code=200 if found.ready else 503)


async def _is_known(request: Request[Any, Any, Any]) -> bool:
    """Whether somebody asks who may know how this installation is made."""
    try:
        caller = await authenticate(request)
        return caller is not None and (caller.local or (caller.org == DEFAULT_ORG and caller.may("admin")))
    except Exception:  # noqa: BLE001 - where the database does not answer, nobody is known
        return False


@get("/metrics", opt=needs(NOBODY), sync_to_thread=True, summary="Prometheus metrics")
def metrics(request: Request[Any, Any, Any]) -> Response[str]:
    """Counters and gauges of the shipper and the store, and histograms of calls."""
    return Response(render(request.app.state.plane), media_type="text/plain; version=0.0.4; charset=utf-8")
