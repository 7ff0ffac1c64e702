"""`/api/reprice`: prices the calls of a time again."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.exceptions import PermissionDeniedException
from litestar.params import FromPath, JSONBody

from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import Caller, caller_of, needs
from proxy.control.idempotency import database_of, mutate
from proxy.control.jobs.reprice import RepriceProgress
from proxy.control.plane import ControlPlane
from proxy.control.repricing import RepriceGroup
from proxy.core.clock import now_us
from proxy.logstore import time_of
from proxy.logstore.reprice import RepriceTables
from proxy.metadata import organisations, reprices
from proxy.metadata.errors import InvalidValue, RowConflict
from proxy.metadata.reprices import ALL, RepriceRun
from proxy.query import EVERYTHING, moment_us, parse_filter, to_text

__all__ = ["REPRICE_ROUTES"]


class NewReprice(msgspec.Struct, forbid_unknown_fields=True):
    since: str
    """Start of the first call, as in filters: a time, a day, or how long ago."""
    until: str = ""
    """Calls before this time; empty: before now."""
    organisation: str = ""
    """Empty: the caller's own. Another one, or `*` for all, only with the token of the installation's machine."""
    filter: str | dict[str, Any] | None = None
    """In either form of the filter grammar; null: all calls."""
    dry_run: bool = False
    """Only count what would change."""


class Reprice(msgspec.Struct, kw_only=True):
    id: str
    organisation: str
    """`*`: all of them."""
    since: datetime
    until: datetime
    filter: str
    dry_run: bool
    state: str
    """`queued`, `running`, `done` or `cancelled`."""
    calls: int
    """Calls that were priced again so far."""
    changed: int
    """Those whose cost, or a part of it, is another one now."""
    written: int
    """Changed calls whose new cost stands in the log."""
    old_nanousd: int
    new_nanousd: int
    groups: list[RepriceGroup]
    """By provider and model."""
    error: str
    """Why the last attempt failed; it is tried again."""
    created: datetime
    created_by: str


class RepricePage(msgspec.Struct):
    data: list[Reprice]
    next: str | None


@post("/api/reprice", sync_to_thread=True, opt=needs("admin"), summary="Price calls again",
     operation_id="createReprice", status_code=202)  # fmt: skip
def create_reprice(request: Request[Any, Any, Any], data: JSONBody[NewReprice]) -> Response[Reprice]:
    """With today's price data and the usage that each row keeps; own prices by the day of the call. The old figures are
    kept. It is done in the background, one after the other."""
    plane: ControlPlane = request.app.state.plane
    caller, at_us = caller_of(request), now_us()
    scope = _scope(request, caller, data.organisation)
    since_us = moment_us("since", data.since, at_us)
    until_us = min(moment_us("until", data.until, at_us), at_us) if data.until else at_us
    if since_us >= until_us:
        raise InvalidValue("until", data.until or "now", f"a time after since ({data.since})")
    node = parse_filter(data.filter)
    filter = "" if node == EVERYTHING else to_text(node)
    if not data.dry_run and (reason := RepriceTables(plane.log.store).updatable()):
        raise RowConflict(reason)

    def make(rows: Any) -> Reprice:
        run = reprices.create(
            rows,
            caller.org,
            caller.name,
            scope=scope,
            since_us=since_us,
            until_us=until_us,
            filter=filter,
            dry_run=data.dry_run,
        )
        return _reprice(run)

    return mutate(request, data, make, 202, publish=False)


@get("/api/reprice", sync_to_thread=True, opt=needs("viewer"), summary="Re-pricings, newest first",
     operation_id="listReprices")  # fmt: skip
def list_reprices(request: Request[Any, Any, Any], after: After = "", limit: Limit = 50) -> RepricePage:
    """Those that this organisation asked for."""
    check_limit(limit)
    with database_of(request).read() as rows:
        found = reprices.listed(rows, caller_of(request).org, after, limit + 1)
    more = len(found) > limit
    return RepricePage(list(map(_reprice, found[:limit])), found[limit - 1].id if more else None)


@get("/api/reprice/{id:str}", sync_to_thread=True, opt=needs("viewer"), summary="One re-pricing",
     operation_id="getReprice")  # fmt: skip
def show_reprice(request: Request[Any, Any, Any], id: FromPath[str]) -> Reprice:
    """How far it is, and what it found."""
    with database_of(request).read() as rows:
        return _reprice(reprices.shown(rows, caller_of(request).org, id))


@delete("/api/reprice/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Cancel a re-pricing",
        status_code=200, operation_id="cancelReprice")  # fmt: skip
def cancel_reprice(request: Request[Any, Any, Any], id: FromPath[str]) -> Reprice:
    """It stops within a few seconds. What is written by then stays: `written` calls."""
    with database_of(request).write(publish=False) as rows:
        return _reprice(reprices.cancel(rows, caller_of(request).org, id))


def _scope(request: Request[Any, Any, Any], caller: Caller, asked: str) -> str:
    if asked in ("", caller.org):
        return caller.org
    if not caller.local:
        raise PermissionDeniedException("Calls of another organisation are priced with the token of this machine only.")
    if asked != ALL:
        with database_of(request).read() as rows:
            organisations.shown(rows, asked)
    return asked


def _reprice(run: RepriceRun) -> Reprice:
    progress = msgspec.json.decode(run.progress, type=RepriceProgress)
    groups = progress.groups
    return Reprice(
        id=run.id,
        organisation=run.scope,
        since=time_of(run.since_us),
        until=time_of(run.until_us),
        filter=run.filter,
        dry_run=run.dry_run,
        state=run.state,
        calls=sum(group.calls for group in groups),
        changed=sum(group.changed for group in groups),
        written=progress.written,
        old_nanousd=sum(group.old_nanousd for group in groups),
        new_nanousd=sum(group.new_nanousd for group in groups),
        groups=groups,
        error=run.error,
        created=time_of(run.created_us),
        created_by=run.created_by,
    )


REPRICE_ROUTES: list[Any] = [create_reprice, list_reprices, show_reprice, cancel_reprice]
