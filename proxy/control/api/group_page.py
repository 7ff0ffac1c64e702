"""What all lists of groups of calls share: how they are asked for, and how a page is answered."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request
from litestar.params import QueryParameter

from proxy.control.api.group_rows import Previous
from proxy.control.auth import caller_of
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us
from proxy.query import Context, FilterError, Window, moment_us, parse_filter, zone_of
from proxy.query.binding import Binder
from proxy.query.groups import GroupList, GroupQuestion, compile_figures, compile_groups, next_cursor, read_cursor

__all__ = ["GroupAsked", "Order", "context_of", "group_page", "query_of", "window_of_list"]

_MAX_ROWS: Final = 500
_DEFAULT_SINCE: Final = "30d"
_OF_PATH: Final = {"/api/properties/values": ("name",)}
"""Query parameters that one list alone has."""

Order = Literal["asc", "desc"]


class GroupAsked(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which groups: calls of which filter and time, sorted by what, and which page."""

    filter: str | dict[str, Any] | None = None
    """A filter in its text or JSON form: figures are of the calls that match it."""
    since: str = _DEFAULT_SINCE
    """A time, a day, or how long ago. Only calls from then on count."""
    until: str = "now"
    zone: str = "UTC"
    """Of times without an offset."""
    sort: str = ""
    """A figure or a name of the list; empty: the list's own."""
    order: Order = "desc"
    limit: int = 50
    """Groups, 1 to 500."""
    cursor: str = ""
    """`next` of the page before."""
    compare: bool = False
    """Whether each row also says what it was in the period of the same length just before."""


def _query(help: str) -> Any:
    return QueryParameter(description=help, required=False)


FilterText = Annotated[str, _query("A filter in its text form: figures are of the calls that match it.")]
Since = Annotated[str, _query("A time, a day, or how long ago.")]
Until = Annotated[str, _query("A time, a day, or how long ago.")]
Zone = Annotated[str, _query("Zone of times without an offset.")]
Sort = Annotated[str, _query("A figure or a name of the list; empty: the list's own.")]
Direction = Annotated[Order, _query("`desc` or `asc`.")]
Rows = Annotated[int, _query(f"Groups, 1 to {_MAX_ROWS}.")]
Cursor = Annotated[str, _query("`next` of the page before.")]
Compare = Annotated[bool, _query("Whether each row also has the period of the same length just before.")]


def query_of(
    request: Request[Any, Any, Any],
    filter: FilterText = "",
    since: Since = _DEFAULT_SINCE,
    until: Until = "now",
    zone: Zone = "UTC",
    sort: Sort = "",
    order: Direction = "desc",
    limit: Rows = 50,
    cursor: Cursor = "",
    compare: Compare = False,
) -> GroupAsked:
    """The same in query parameters: a dependency of the short form of each list. Raises `FilterError` where a
    parameter is unknown, so that a typo cannot widen a list."""
    known = {*GroupAsked.__struct_fields__, *_OF_PATH.get(request.url.path, ())}
    for given in request.query_params:
        if given not in known:
            raise FilterError(given, request.query_params[given], f"one of the parameters {', '.join(sorted(known))}")
    return GroupAsked(
        filter=filter, since=since, until=until, zone=zone, sort=sort, order=order, limit=limit, cursor=cursor,
        compare=compare,
    )  # fmt: skip


def context_of(request: Request[Any, Any, Any], window: Window, at_us: int) -> Context:
    """For expressions over the calls of the caller's organisation."""
    plane: ControlPlane = request.app.state.plane
    org = caller_of(request).org
    store = plane.log.store
    updated = store.updated_properties(org)
    return Context(org, at_us, Binder("c"), window=window, updated_properties=updated, text_chars=store.text_chars)


def window_of_list(asked: GroupAsked, at_us: int) -> Window:
    """The starts of the calls that count. Raises `FilterError`."""
    zone = zone_of("zone", asked.zone)
    window = Window(
        moment_us("since", asked.since or _DEFAULT_SINCE, at_us, zone),
        moment_us("until", asked.until or "now", at_us, zone),
    )
    if window.since_us >= window.until_us:
        raise FilterError("since", asked.since, "a time before `until`")
    return window


def group_page(
    request: Request[Any, Any, Any],
    groups: GroupList,
    asked: GroupAsked,
    extra: Mapping[str, Any] | None = None,
    at_us: int = 0,
) -> tuple[list[dict[str, Any]], str | None]:
    """The groups of a page, by the names of keys and figures, and the cursor of the next page.
    `extra` is what the list binds itself. Raises `FilterError`."""
    if not 1 <= asked.limit <= _MAX_ROWS:
        raise FilterError("limit", asked.limit, f"1 to {_MAX_ROWS}")
    plane: ControlPlane = request.app.state.plane
    at_us, org = at_us or now_us(), caller_of(request).org
    question = GroupQuestion(
        org=org,
        now_us=at_us,
        zone=zone_of("zone", asked.zone),
        window=window_of_list(asked, at_us),
        filter=parse_filter(asked.filter),
        sort=asked.sort,
        order=asked.order,
        limit=asked.limit,
        updated_properties=plane.log.store.updated_properties(org),
        text_chars=plane.log.store.text_chars,
    )
    if asked.cursor:
        cursor = read_cursor(asked.cursor, groups)
        if cursor.question != question.digest:
            raise FilterError("cursor", asked.cursor[:60], "`next` of a page with the same filter, sort and order")
        window = Window(cursor.since_us, cursor.until_us)
        question = msgspec.structs.replace(question, cursor=cursor, window=window)
    sql = compile_groups(groups, question, extra)
    rows = plane.log.store.read(sql.text, dict(sql.values))
    page = [{name[2:]: value for name, value in row.items() if name != "sorted_by"} for row in rows[: asked.limit]]
    if asked.compare and page:
        _add_previous(plane, groups, question, page, extra)
    return page, next_cursor(groups, question, rows)


def _add_previous(
    plane: ControlPlane,
    groups: GroupList,
    question: GroupQuestion,
    page: list[dict[str, Any]],
    extra: Mapping[str, Any] | None,
) -> None:
    """Gives each row its `previous`; None where the group had no call then."""
    window = question.window
    length = window.until_us - window.since_us
    before = Window(max(0, window.since_us - length), window.since_us)
    names = [name for name, _ in groups.keys]
    keys = [tuple(row[name] for name in names) for row in page]
    earlier = msgspec.structs.replace(question, window=before)
    sql = compile_figures(groups, earlier, keys, Previous.__struct_fields__, extra)
    found = {
        tuple(row[f"k_{name}"] for name in names): Previous(
            **{name[2:]: value for name, value in row.items() if name.startswith("f_")}
        )
        for row in plane.log.store.read(sql.text, dict(sql.values))
    }
    for row, key in zip(page, keys, strict=True):
        row["previous"] = found.get(key)
