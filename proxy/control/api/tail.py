"""`/api/requests/tail`: calls as they arrive in the log, as server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from proxy.control.auth import Caller, authenticate, caller_of, needs
from proxy.control.log_service import NotReady
from proxy.control.plane import ControlPlane
from proxy.control.tails import POLL_S
from proxy.logstore import Filter, FilterError, StoreError, event_of_columns, micros
from proxy.query import parse_text

__all__ = ["TAIL_ROUTES"]

_ROWS: Final = 100
"""Events of a tail in memory at once. A client that reads slowly gets the next ones once it has taken these."""
_HEARTBEAT_S: Final = 15.0
_CHECK_S: Final = 5.0
"""How often it is looked whether the caller may still read."""
_RETRY_MS: Final = 1000


@get(
    "/api/requests/tail",
    opt=needs("viewer"),
    summary="New calls as they arrive, as server-sent events",
    operation_id="tailRequests",
)
async def tail_requests(
    request: Request[Any, Any, Any],
    q: Annotated[
        str, QueryParameter(description="Filter in its text form: `status>=400 user:ada`.", required=False)
    ] = "",
    after: Annotated[
        str, QueryParameter(description="Begin after this position, the id of an event. Empty: now.", required=False)
    ] = "",
    last_event_id: Annotated[
        str, HeaderParameter(name="Last-Event-ID", description="What a browser sends when it reconnects: as `after`.")
    ] = "",
) -> Response[Any]:
    """Each event is a call in JSON (docs/events.md), in order of arrival; its id is its position in that order."""
    plane: ControlPlane = request.app.state.plane
    caller = caller_of(request)
    filter = Filter(caller.org, node=parse_text(q, "q"))
    name, given = ("Last-Event-ID", last_event_id) if last_event_id else ("after", after)
    if given and not (given.isascii() and given.isdigit() and len(given) < 17):
        raise FilterError(name, given, "the id of an event of the tail")
    plane.tails.slots.check_free()
    position = int(given) if given else await plane.tails.newest_us(plane.log.store, caller.org)
    return Stream(
        _events(request, plane, caller, filter, position),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _events(
    request: Request[Any, Any, Any], plane: ControlPlane, caller: Caller, filter: Filter, position: int
) -> AsyncIterator[bytes]:
    with plane.tails.slots.taken():
        yield b"retry: %d\nid: %d\n\n" % (_RETRY_MS, position)
        sent_at = checked_at = time.monotonic()
        while not plane.stopping.is_set:
            if time.monotonic() - checked_at >= _CHECK_S:
                if not _may_read(caller, await authenticate(request)):
                    return
                checked_at = time.monotonic()
            lines, position, more = await _next(plane, filter, position)
            if not lines and time.monotonic() - sent_at >= _HEARTBEAT_S:
                lines = b": \nid: %d\n\n" % position
            if lines:
                yield lines
                sent_at = time.monotonic()
            if not more:
                await asyncio.sleep(POLL_S)


async def _next(plane: ControlPlane, filter: Filter, position: int) -> tuple[bytes, int, bool]:
    """The events after a position, the position after them, and whether there may be more at once."""
    try:
        store = plane.log.store
        newest = await plane.tails.newest_us(store, filter.org)
        if newest <= position:
            return b"", position, False
        rows = await plane.tails.read(store.arrivals, filter, position, _ROWS)
    except (NotReady, StoreError):
        return b"", position, False  # a tail outlasts a store that is away for a while
    lines = b"".join(
        b"id: %d\ndata: %b\n\n" % (micros(row["ingested_at"]), msgspec.json.encode(event_of_columns(row)))
        for row in rows
    )
    if len(rows) == _ROWS:
        return lines, micros(rows[-1]["ingested_at"]), True
    return lines, max([newest, *(micros(row["ingested_at"]) for row in rows)]), False


def _may_read(before: Caller, now: Caller | None) -> bool:
    return now is not None and now.org == before.org and now.may("viewer")


TAIL_ROUTES: list[Any] = [tail_requests]
