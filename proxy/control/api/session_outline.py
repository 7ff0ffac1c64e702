"""`/api/sessions/outline`: where in a session its errors, its slowest and its dearest call are, and when it was busy.

A page that shows a long session reads this instead of its calls.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter

from proxy.control.api.sessions import Id, Matching, reader_of
from proxy.control.auth import needs
from proxy.control.queries import run_query
from proxy.control.sessions.paths import path_of

__all__ = ["OUTLINE_ROUTES"]

_BINS: Final = 160


class Mark(msgspec.Struct):
    """A call, and where it is in order of start."""

    id: str
    path: str
    position: int
    """Calls of the session that match and come before it."""
    own_position: int
    """The same, of exactly its path."""


class SessionOutline(msgspec.Struct, kw_only=True):
    """Of the calls that match the filter."""

    calls: int
    duration_ms: float
    """Of the whole session."""
    first_error: Mark | None
    next_error: Mark | None
    """The first failed call after the position `after`."""
    slowest: Mark | None
    most_expensive: Mark | None
    asked: Mark | None
    """The call that was asked for; null where it is not one of them."""
    running: list[int]
    """Calls that ran in each of 160 equal parts of the session's time."""
    failed: list[int]
    """Failed ones that began there."""


@get(
    "/api/sessions/outline", opt=needs("viewer"), summary="Where in a session what is", operation_id="getSessionOutline"
)
async def show_outline(
    request: Request[Any, Any, Any],
    id: Id = "",
    filter: Matching = "",
    call: Annotated[str, QueryParameter(description="Id of a call whose place is wanted.")] = "",
    after: Annotated[int, QueryParameter(description="The position after which the next error is wanted.")] = -1,
) -> SessionOutline:
    """Calls that stand out with their places, and how many ran when."""

    def read() -> SessionOutline:
        reader = reader_of(request, id, filter)
        start_us, end_us = reader.span_us()
        found = reader.outline(call, after)
        running, failed = reader.running(start_us, end_us, _BINS)
        return SessionOutline(
            calls=found["calls"],
            duration_ms=(end_us - start_us) / 1000,
            **{name: _mark(found[name]) for name in _MARKS},
            running=running,
            failed=failed,
        )

    return await run_query(request, read)


_MARKS: Final = ("first_error", "next_error", "slowest", "most_expensive", "asked")


def _mark(found: Sequence[Any]) -> Mark | None:
    id, segments, position, own_position = found
    return Mark(id, path_of(segments), position, own_position) if id else None


OUTLINE_ROUTES: list[Any] = [show_outline]
