"""`/api/rollup/rebuild`: computes stored hours again."""

from typing import Any

import msgspec
from litestar import Request, post
from litestar.params import JSONBody

from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us
from proxy.logstore.hourly import StoredHours
from proxy.query import FilterError, moment_us, zone_of
from proxy.query.hours import Span

__all__ = ["ROLLUP_ROUTES"]


class Rebuild(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The time whose stored hours are computed again."""

    since: str
    """A time, a day, or an age."""
    until: str = "now"
    zone: str = "UTC"


class Rebuilding(msgspec.Struct, frozen=True):
    """`hours` stored hours are no longer read, and are computed again in the background."""

    hours: int


@post(
    "/api/rollup/rebuild",
    sync_to_thread=True,
    opt=needs("admin"),
    status_code=202,
    summary="Compute stored hours again",
    operation_id="rebuildRollup",
)
def rebuild(request: Request[Any, Any, Any], data: JSONBody[Rebuild]) -> Rebuilding:
    """Until an hour is computed again, answers read its calls."""
    plane: ControlPlane = request.app.state.plane
    org, now, zone = caller_of(request).org, now_us(), zone_of("zone", data.zone)
    span = Span(moment_us("since", data.since, now, zone), moment_us("until", data.until, now, zone))
    if span.until_us <= span.since_us:
        raise FilterError("since", data.since, f"a time before `until` ({data.until})")
    hours = StoredHours(plane.log.store)
    current = hours.current(org, span)
    hours.note_span(org, span)
    plane.hours.look_again()
    return Rebuilding(len(current))


ROLLUP_ROUTES: list[Any] = [rebuild]
