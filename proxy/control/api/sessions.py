"""`/api/sessions/…`: one session with its scores, as a tree of paths or spans, and its calls page by page.

The list of sessions is in `groups`. Ids are query parameters, because they may hold any character.
"""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter

from proxy.control.api.group_page import GroupAsked, group_page
from proxy.control.api.group_rows import SessionRow
from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.control.sessions.node import Node, cut
from proxy.control.sessions.paths import segments_of
from proxy.control.sessions.reader import SessionReader
from proxy.control.sessions.totals import Totals
from proxy.core.clock import now_us
from proxy.logstore import micros
from proxy.logstore.annotations import Annotations, in_force, session_history
from proxy.metadata.errors import InvalidValue, RowNotFound
from proxy.query import EVERYTHING, compile_filter, parse_filter, to_json
from proxy.query.group_lists import SESSIONS
from proxy.query.tree import Leaf

__all__ = ["SESSION_ROUTES", "Id", "Matching", "reader_of"]

_MAX_NODES: Final = 5000

Id = Annotated[str, QueryParameter(description="Id of the session (Helicone-Session-Id).", required=False)]
Path = Annotated[str, QueryParameter(description="A path such as /plan/search; / is all of the session.")]
Nodes = Annotated[int, QueryParameter(description=f"Nodes below the first one, 1 to {_MAX_NODES}.")]
Matching = Annotated[str, QueryParameter(description="A filter in its text form: only calls that match it.")]
Skip = Annotated[
    int, QueryParameter(description="Children of the first node to leave out: those of the answers before.")
]


class Sums(msgspec.Struct, kw_only=True):
    """What calls came to. Times are milliseconds after the start of the session's first call."""

    calls: int
    errors: int
    cost: float | None
    """Sum of the known costs, US dollars."""
    unknown_cost_calls: int
    input_tokens: int
    output_tokens: int
    start_ms: float
    end_ms: float
    busy_ms: float
    """Sum of the latencies: more than the time that passed where calls ran side by side."""


class Branch(Sums, kw_only=True):
    """One path with all that is below it."""

    path: str
    own_calls: int
    """Calls of exactly this path."""
    child_count: int
    """More than there are in `children`: ask for this path, with `skip`."""
    children: list["Branch"]


class SessionCall(msgspec.Struct, kw_only=True):
    """One call of a session. `start_ms` is after the start of the session's first call."""

    id: str
    start: datetime
    start_ms: float
    latency_ms: float | None
    ttft_ms: float | None
    path: str
    name: str
    operation: str
    provider: str
    model: str
    status: int
    error: str
    failed: bool
    cost: float | None
    input_tokens: int | None
    output_tokens: int | None
    cached: bool
    tool_names: list[str]
    """Tools that the response called; of a logged step its own name."""
    trace_id: str
    span_id: str
    parent_span_id: str


class CallNode(msgspec.Struct, kw_only=True):
    """One call with all that is below it."""

    call: SessionCall
    total: Sums
    parent_missing: bool
    """It names a parent that is not in this session of the log."""
    loop: bool
    """Its parents lead back to it."""
    child_count: int
    children: list["CallNode"]


class SpanTree(msgspec.Struct):
    """The calls without a parent in the session, each with those below it."""

    total: Sums
    child_count: int
    children: list[CallNode]


class CallPage(msgspec.Struct):
    data: list[SessionCall]
    next: str | None


class Session(msgspec.Struct):
    """A session, and what was said of it."""

    session: SessionRow
    annotations: Annotations


def reader_of(request: Request[Any, Any, Any], id: str, filter: str = "") -> SessionReader:
    """Of the session `id` of the caller's organisation. Raises `InvalidValue`, `FilterError`."""
    if not 1 <= len(id) <= 1024:
        raise InvalidValue("id", id[:60], "the id of a session")
    plane: ControlPlane = request.app.state.plane
    org, store = caller_of(request).org, plane.log.store
    node = parse_filter(filter)
    if node == EVERYTHING:
        return SessionReader(store, org, id)
    updated, text_chars = store.updated_properties(org), store.text_chars
    return SessionReader(
        store, org, id,
        compile_filter(node, org=org, now_us=now_us(), updated_properties=updated, text_chars=text_chars),
    )  # fmt: skip


@get("/api/sessions/one", opt=needs("viewer"), summary="One session", operation_id="getSession")
async def show_session(request: Request[Any, Any, Any], id: Id = "") -> Session:
    """Its row of the list of sessions, over all its calls, and its scores."""

    def read() -> Session:
        reader_of(request, id)
        plane: ControlPlane = request.app.state.plane
        filter = to_json(Leaf("session", "eq", id))
        rows, _ = group_page(request, SESSIONS, GroupAsked(filter=filter, since="1970-01-01", limit=1))
        if not rows:
            raise RowNotFound("session", id)
        said = session_history(plane.log.store, caller_of(request).org, id)
        return Session(SessionRow(**rows[0]), in_force(said))

    return await run_query(request, read)


@get("/api/sessions/tree", opt=needs("viewer"), summary="A session as a tree of paths", operation_id="getSessionTree")
async def show_tree(
    request: Request[Any, Any, Any],
    id: Id = "",
    path: Path = "/",
    limit: Nodes = 500,
    skip: Skip = 0,
    filter: Matching = "",
) -> Branch:
    """The branch `path` with what is below it, level by level up to `limit` branches, each in order of its first call.
    The calls of a branch are a list of their own."""
    _check_cut(limit, skip)

    def read() -> Branch:
        reader = reader_of(request, id, filter)
        start_us = reader.start_us()
        root = reader.paths(segments_of(path))
        if not root.total.calls and not filter:
            raise RowNotFound("path", path)
        return cut(root, limit, skip, lambda node, children: _branch(node, children, start_us))

    return await run_query(request, read)


@get("/api/sessions/spans", opt=needs("viewer"), summary="A session as a tree of calls", operation_id="getSessionSpans")
async def show_spans(
    request: Request[Any, Any, Any],
    id: Id = "",
    parent: Annotated[str, QueryParameter(description="Id of a call: what is below it. Empty: all.")] = "",
    limit: Nodes = 500,
    skip: Skip = 0,
) -> SpanTree:
    """Calls below the one whose span they name as their parent (traceparent), in order of start."""
    _check_cut(limit, skip)

    def read() -> SpanTree:
        reader = reader_of(request, id)
        start_us = reader.start_us()
        root = _found(reader.spans(), parent)
        chosen: list[str] = []
        cut(root, limit, skip, lambda node, _: chosen.append(node.key))
        rows = {row["id"]: row for row in reader.calls(ids=[key for key in chosen if key != root.key] or [""])}

        def show(node: Node, children: list[Any]) -> Any:
            if node is root:
                return SpanTree(_sums(node.total, start_us), len(node.children), children)
            return CallNode(
                call=_call(rows[node.key], start_us),
                total=_sums(node.total, start_us),
                parent_missing=node.about.parent_missing,
                loop=node.about.loop,
                child_count=len(node.children),
                children=children,
            )

        tree: SpanTree = cut(root, limit, skip, show)
        return tree

    return await run_query(request, read)


@get("/api/sessions/calls", opt=needs("viewer"), summary="Calls of a session", operation_id="listSessionCalls")
async def list_session_calls(
    request: Request[Any, Any, Any],
    id: Id = "",
    path: Path = "/",
    below: Annotated[bool, QueryParameter(description="Also of the paths below.")] = True,
    cursor: After = "",
    limit: Limit = 50,
    filter: Matching = "",
    skip: Annotated[int, QueryParameter(description="Calls to leave out, after those of the pages before.")] = 0,
) -> CallPage:
    """In order of start, for a waterfall: each with its start after that of the session, and its duration."""
    _check_cut(check_limit(limit), skip)

    def read() -> CallPage:
        reader = reader_of(request, id, filter)
        start_us = reader.start_us()
        rows = reader.calls(prefix=segments_of(path), below=below, after=_after(cursor), limit=limit + 1, skip=skip)
        last = f"{micros(rows[limit - 1]['start'])}.{rows[limit - 1]['id']}" if len(rows) > limit else None
        return CallPage([_call(row, start_us) for row in rows[:limit]], last)

    return await run_query(request, read)


def _after(cursor: str) -> tuple[int, str]:
    if not cursor:
        return 0, ""
    start, _, id = cursor.partition(".")
    if not (start.isascii() and start.isdigit() and len(start) < 17 and id):
        raise InvalidValue("cursor", cursor[:60], "`next` of the page before")
    return int(start), id


def _check_cut(limit: int, skip: int) -> None:
    if not 1 <= limit <= _MAX_NODES:
        raise InvalidValue("limit", str(limit), f"1 to {_MAX_NODES}")
    if skip < 0:
        raise InvalidValue("skip", str(skip), "0 or more")


def _found(root: Node, key: str) -> Node:
    """The node of a call, or the root for an empty key. Raises `RowNotFound`."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.key == key:
            return node
        waiting += node.children
    raise RowNotFound("call of this session", key)


def _branch(node: Node, children: list[Branch], start_us: int) -> Branch:
    sums = msgspec.structs.asdict(_sums(node.total, start_us))
    return Branch(path=node.key, own_calls=node.own.calls, child_count=len(node.children), children=children, **sums)


def _sums(totals: Totals, start_us: int) -> Sums:
    return Sums(
        calls=totals.calls,
        errors=totals.errors,
        cost=None if totals.cost_nanousd is None else totals.cost_nanousd / 1e9,
        unknown_cost_calls=totals.unknown_cost_calls,
        input_tokens=totals.input_tokens,
        output_tokens=totals.output_tokens,
        start_ms=(totals.start_us - start_us) / 1000 if totals.calls else 0,
        end_ms=(totals.end_us - start_us) / 1000 if totals.calls else 0,
        busy_ms=totals.busy_ms,
    )


def _call(row: dict[str, Any], start_us: int) -> SessionCall:
    renamed = {"path": row["session_path"], "name": row["request_name"]}
    kept = {name: row[name] for name in SessionCall.__struct_fields__ if name in row}
    return SessionCall(
        start_ms=(micros(row["start"]) - start_us) / 1000, **renamed, **{**kept, "failed": bool(row["failed"])}
    )


SESSION_ROUTES: list[Any] = [show_session, show_tree, show_spans, list_session_calls]
