"""The SQL of a list of calls: a page, how many there are, a histogram, and the neighbours of one of them."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from hashlib import blake2b
from typing import Any, Final

import msgspec

from proxy.query import parse_filter
from proxy.query.binding import MAX_TIME_US, Binder, Context, Sql, Window
from proxy.query.buckets import Buckets
from proxy.query.columns import COLUMNS, Column, find_column
from proxy.query.compile import compile_filter, window_of
from proxy.query.errors import FilterError
from proxy.query.json_form import to_json
from proxy.query.keyset import RowOrder, SortKey, Values, order_of
from proxy.query.selection import LIST_COLUMNS, select_columns
from proxy.query.times import moment_us, zone_of
from proxy.query.tree import And, Leaf, Node, Not, Or

__all__ = [
    "EXACT_TOTAL",
    "RequestsPlan",
    "count_sql",
    "histogram_sql",
    "matching_sql",
    "newest_parts",
    "page_sql",
    "plan_requests",
    "sample_sql",
    "span_sql",
    "values_sql",
]

EXACT_TOTAL: Final = 10_000
"""Up to so many calls are counted exactly. Of more, so many are read, and the rest is estimated."""
_PARTS_US: Final = (86_400_000_000, 7 * 86_400_000_000)
_CURSOR_ACCEPTED: Final = "`next` of a page of the same query: filter, times, zone and sort unchanged"


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What an opaque cursor holds."""

    version: int
    query: bytes
    """Digest of the query that it belongs to."""
    now_us: int
    """What relative times of the query count from: the moment of its first page."""
    values: list[float | int | str | None]


class RequestsPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A checked question for calls of one organisation."""

    org: str
    now_us: int
    zone: tzinfo
    node: Node
    window: Window
    """As `since` and `until` say."""
    order: RowOrder
    after: Values | None
    columns: tuple[tuple[Column, str], ...]
    values: dict[str, Any]
    """What `order` and `columns` bind."""
    updated_properties: frozenset[str]
    text_chars: int
    digest: bytes

    def cursor_after(self, values: Values) -> str:
        """The cursor of the page that follows a call with these values of the order."""
        cursor = _Cursor(1, self.digest, self.now_us, list(values))
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).rstrip(b"=").decode()


def plan_requests(
    *,
    org: str,
    now_us: int,
    filter: object = None,
    since: str = "",
    until: str = "",
    zone: str = "UTC",
    sort: Sequence[SortKey] = (),
    columns: Sequence[str] | None = None,
    cursor: str = "",
    updated_properties: frozenset[str] = frozenset(),
    text_chars: int = 0,
) -> RequestsPlan:
    """Checks a question. `filter` is a tree, text, decoded JSON, or None. Raises `FilterError` with the path."""
    where = zone_of("zone", zone)
    node = filter if isinstance(filter, Node) else parse_filter(filter)
    asked = [org, to_json(node), since, until, zone, [(key.column, key.direction) for key in sort]]
    digest = blake2b(msgspec.json.encode(asked), digest_size=8).digest()
    found = _read_cursor(cursor, digest) if cursor else None
    now_us = found.now_us if found is not None else now_us
    since_us = moment_us("since", since, now_us, where) if since else 0
    until_us = moment_us("until", until, now_us, where) if until else MAX_TIME_US
    if since_us >= until_us:
        raise FilterError("since", since, f"a time before `until` ({until or 'the year 2100'})")
    window = Window(since_us, until_us)
    binder = Binder("s")
    confined = window_of(node, now_us=now_us, zone=where, within=window)
    context = Context(org, now_us, binder, where, confined, updated_properties, text_chars)
    order = order_of(sort, context)
    after = order.checked(found.values) if found is not None else None
    if found is not None and after is None:
        raise FilterError("cursor", cursor, _CURSOR_ACCEPTED)
    return RequestsPlan(
        org=org,
        now_us=now_us,
        zone=where,
        node=node,
        window=window,
        order=order,
        after=after,
        columns=tuple(select_columns(LIST_COLUMNS if columns is None else columns, context)),
        values=binder.values,
        updated_properties=updated_properties,
        text_chars=text_chars,
        digest=digest,
    )


def _read_cursor(text: str, digest: bytes) -> _Cursor:
    try:
        cursor = msgspec.msgpack.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Cursor)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise FilterError("cursor", text[:200], _CURSOR_ACCEPTED) from None
    if cursor.version != 1 or cursor.query != digest or not 0 <= cursor.now_us < MAX_TIME_US:
        raise FilterError("cursor", text[:200], _CURSOR_ACCEPTED)
    return cursor


def page_sql(plan: RequestsPlan, limit: int) -> Sql:
    """At most `limit` calls after `plan.after`: the chosen columns as `c0`, …, the values of the order as `k0`, …"""
    binder = Binder("a")
    chosen = "".join(f"{sql} AS c{at}, " for at, (_, sql) in enumerate(plan.columns))
    where = matching_sql(plan)
    after = f"\n  AND {plan.order.after(plan.after, binder)}" if plan.after is not None else ""
    return Sql(
        f"SELECT {chosen}{plan.order.selected()}\nFROM requests\nWHERE {where.text}{after}\n"
        f"ORDER BY {plan.order.order_by()}\nLIMIT {binder.bind(limit, 'UInt32')}",
        {**where.values, **plan.values, **binder.values},
    )


def newest_parts(plan: RequestsPlan) -> Iterator[RequestsPlan]:
    """The plan over its newest day, then week, where it searches texts and lists the newest first. A page that is
    full is the page of the whole plan, and found without a look at all texts of the time asked for."""
    first = plan.order.terms[0]
    if not (first.sql == "start" and first.descending and _searches(plan.node)):
        return
    window = window_of(plan.node, now_us=plan.now_us, zone=plan.zone, within=plan.window)
    end_us = min(window.until_us, plan.now_us)
    if plan.after is not None and isinstance(plan.after[0], int):
        end_us = min(end_us, plan.after[0])
    for span_us in _PARTS_US:
        if end_us - span_us > window.since_us:
            yield msgspec.structs.replace(plan, window=Window(end_us - span_us, window.until_us))


def _searches(node: Node) -> bool:
    match node:
        case Leaf(column):
            return find_column("column", column).kind == "search"
        case Not(inner):
            return _searches(inner)
        case And(nodes) | Or(nodes):
            return any(map(_searches, nodes))


def values_sql(plan: RequestsPlan, id: str, start_us: int) -> Sql:
    """The values that one call has in the order; no row where there is no such call. The filter does not matter."""
    return Sql(
        f"SELECT {plan.order.selected()}\nFROM requests\nWHERE org = {{org:String}} AND id = {{id:String}}"
        " AND start = fromUnixTimestamp64Micro({start_us:Int64})\nLIMIT 1",
        {**plan.values, "org": plan.org, "id": id, "start_us": start_us},
    )


def sample_sql(plan: RequestsPlan, most: int) -> Sql:
    """How many calls match, counted up to `most` (`calls`), and the start of the oldest of these (`oldest`)."""
    where = matching_sql(plan)
    return Sql(
        "SELECT count() AS calls, min(start) AS oldest\nFROM\n(\n    SELECT start\n    FROM requests\n"
        f"    WHERE {where.text}\n    ORDER BY org DESC, start DESC\n    LIMIT {{most:UInt32}}\n)",
        {**where.values, "most": most},
    )


def count_sql(plan: RequestsPlan, oldest_us: int) -> Sql:
    """How many calls of any kind the time asked for has (`calls`), and how many of them are not before `oldest_us`
    (`newer`): the index of the table answers both."""
    window = _window(plan)
    return Sql(
        "SELECT count() AS calls, countIf(start >= fromUnixTimestamp64Micro({oldest_us:Int64})) AS newer\n"
        f"FROM requests\nWHERE {window.text}",
        {**window.values, "oldest_us": oldest_us},
    )


def span_sql(plan: RequestsPlan) -> Sql:
    """The start of the first and of the last call that matches (`first`, `last`), and how many there are (`calls`)."""
    where = matching_sql(plan)
    select = "SELECT count() AS calls, min(start) AS first, max(start) AS last"
    return Sql(f"{select}\nFROM requests\nWHERE {where.text}", where.values)


def histogram_sql(plan: RequestsPlan, buckets: Buckets) -> Sql:
    """Calls and failed calls of each bucket that has any, by the bucket's start in microseconds (`bucket`)."""
    binder = Binder("b")
    where = matching_sql(plan)
    return Sql(
        f"SELECT {buckets.sql('start', binder)} AS bucket, count() AS calls,\n"
        f"    countIf({COLUMNS['failed'].sql}) AS errors\n"
        f"FROM requests\nWHERE {where.text}\nGROUP BY bucket\nORDER BY bucket",
        {**where.values, **binder.values},
    )


def matching_sql(plan: RequestsPlan) -> Sql:
    """The condition for all calls that match, on whatever page."""
    window = _window(plan)
    filter = compile_filter(
        plan.node,
        org=plan.org,
        now_us=plan.now_us,
        zone=plan.zone,
        window=plan.window,
        updated_properties=plan.updated_properties,
        text_chars=plan.text_chars,
    )
    return Sql(f"{window.text}\n  AND ({filter.text})", {**window.values, **filter.values})


def _window(plan: RequestsPlan) -> Sql:
    confined = window_of(plan.node, now_us=plan.now_us, zone=plan.zone, within=plan.window)
    return Sql(
        "org = {org:String}\n  AND start >= fromUnixTimestamp64Micro({since_us:Int64})\n"
        "  AND start < fromUnixTimestamp64Micro({until_us:Int64})",
        {"org": plan.org, "since_us": confined.since_us, "until_us": confined.until_us},
    )
