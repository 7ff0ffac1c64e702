"""`/api/exports`: what is exported where, how far behind it is, and hours written again as Parquet files."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, get, post
from litestar.exceptions import PermissionDeniedException
from litestar.params import JSONBody

from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.control.sinks.base import Described
from proxy.control.sinks.feed import SinkFeed
from proxy.core.clock import now_us
from proxy.core.identity import DEFAULT_ORG
from proxy.logstore import time_of
from proxy.metadata import organisations
from proxy.metadata.errors import RowConflict
from proxy.query import FilterError, moment_us, zone_of

__all__ = ["EXPORTS_ROUTES"]

_ALL: Final = "*"


class SinkStatus(msgspec.Struct, kw_only=True):
    """A sink after the log, on this control plane. Counts are since its start."""

    name: str
    target: str
    """A file or an address, without credentials."""
    durable: bool
    """Whether calls stay in the spool until it has taken them; else it misses what it does not take in time."""
    delivered: int
    skipped: int
    """Calls that it missed."""
    rejected: int
    """What the receiver refused for good."""
    failures: int
    """Deliveries that failed; they are tried again."""
    waiting: int
    """Calls in its queue."""
    lag_s: float
    """For how long the oldest of them has waited."""
    last_delivery: datetime | None
    last_error: str
    """Why the last delivery failed; empty once one succeeded."""


class ParquetStatus(msgspec.Struct, kw_only=True):
    """The hourly files. Counts are of this control plane since its start."""

    target: str
    written: int
    bytes: int
    waiting: int
    """Hours of organisations whose file is missing or differs from the log, as of the last look."""
    failures: int
    last_hour: datetime | None
    """The beginning of the newest hour that is written."""
    last_write: datetime | None
    last_error: str


class ExportsStatus(msgspec.Struct, kw_only=True):
    sinks: list[SinkStatus]
    parquet: ParquetStatus | None
    """Null where `parquet.target` is empty."""


class WantedHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The time whose files are written again."""

    since: str
    """A time, a day, or an age such as `30d`."""
    until: str = "now"
    zone: str = "UTC"
    organisation: str = ""
    """Id of another one, or `*` for all: with the token of this machine only."""


class WaitingHours(msgspec.Struct, frozen=True):
    """`hours` hours with calls are written in the background, newest first."""

    hours: int


@get("/api/exports/status", sync_to_thread=True, opt=needs("viewer"), summary="What is exported where",
     operation_id="getExportsStatus")  # fmt: skip
def exports_status(request: Request[Any, Any, Any]) -> ExportsStatus:
    """Of the whole installation: its operator sets up exports in the settings. `target` is empty and `last_error` says
    no more than `failing` for other organisations than `default`."""
    plane: ControlPlane = request.app.state.plane
    feeds = plane.log.shipper.feeds if plane.log.shipper is not None else []
    found = ExportsStatus(sinks=[_sink(feed) for feed in feeds], parquet=_parquet(plane))
    if caller_of(request).org != DEFAULT_ORG:  # paths and errors may name what is another organisation's
        for sink in found.sinks:
            sink.target, sink.last_error = "", "failing" if sink.last_error else ""
        if found.parquet is not None:
            found.parquet.target, found.parquet.last_error = "", "failing" if found.parquet.last_error else ""
    return found


@post("/api/exports/parquet", sync_to_thread=True, opt=needs("admin"), status_code=202,
      summary="Write hours as Parquet files again", operation_id="writeParquet")  # fmt: skip
def write_parquet(request: Request[Any, Any, Any], data: JSONBody[WantedHours]) -> WaitingHours:
    """Also for hours of the past that were never written. Hours that the log no longer has whole are left out."""
    plane: ControlPlane = request.app.state.plane
    caller, now, zone = caller_of(request), now_us(), zone_of("zone", data.zone)
    since_us, until_us = moment_us("since", data.since, now, zone), moment_us("until", data.until, now, zone)
    if until_us <= since_us:
        raise FilterError("since", data.since, f"a time before `until` ({data.until})")
    org = data.organisation or caller.org
    if org != caller.org and not caller.local:
        raise PermissionDeniedException(
            "Hours of another organisation are written with the token of this machine only."
        )
    if org not in (caller.org, _ALL):
        with plane.database.read() as rows:
            organisations.shown(rows, org)
    plane.log.store  # noqa: B018 - 503 where it is not open
    if plane.parquet is None:
        raise RowConflict("No Parquet files are written: set parquet.target to a folder or to s3://bucket/prefix.")
    return WaitingHours(plane.parquet.want("" if org == _ALL else org, since_us, until_us))


def _sink(feed: SinkFeed) -> SinkStatus:
    waiting, lag_s = feed.lag()
    described = feed.sink if isinstance(feed.sink, Described) else None
    return SinkStatus(
        name=feed.name,
        target=described.target if described is not None else "",
        durable=feed.durable,
        delivered=feed.delivered,
        skipped=feed.skipped,
        rejected=described.rejected if described is not None else 0,
        failures=feed.failures,
        waiting=waiting,
        lag_s=round(lag_s, 1),
        last_delivery=time_of(round(feed.delivered_at * 1e6)) if feed.delivered_at else None,
        last_error=feed.last_error,
    )


def _parquet(plane: ControlPlane) -> ParquetStatus | None:
    if plane.parquet is None:
        return None
    figures, (last_us, waiting) = plane.parquet.figures, plane.parquet.progress()
    return ParquetStatus(
        target=plane.parquet.target.url,
        written=figures.written,
        bytes=figures.bytes,
        waiting=waiting,
        failures=figures.failures,
        last_hour=time_of(last_us) if last_us else None,
        last_write=time_of(figures.written_us) if figures.written_us else None,
        last_error=figures.last_error,
    )


EXPORTS_ROUTES: list[Any] = [exports_status, write_parquet]
