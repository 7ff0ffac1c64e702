"""What sessions and users of Helicone's API share: filters of figures, pages by offset, and histograms."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from proxy.control.api.helicone.filters import parse_tree
from proxy.core.clock import now_us
from proxy.logstore import LogStore
from proxy.logstore.sql import query
from proxy.query import FilterError, Node, Window, compile_filter
from proxy.query.groups import GroupList, GroupQuestion
from proxy.query.having import Having, compile_groups_having

__all__ = ["Bin", "Direction", "Histogram", "PSize", "histogram", "read_groups", "split_tree", "window_of"]

Direction = Literal["asc", "desc"]
PSize = Literal["p50", "p75", "p95", "p99", "p99.9"]

_OPS: Final = {"equals": "eq", "not-equals": "ne", "gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte"}
_MAX_OFFSET: Final = 100_000
_MAX_US: Final = 4_102_444_800_000_000


class Bin(msgspec.Struct, frozen=True):
    range_start: str
    range_end: str
    value: float


class Histogram(msgspec.Struct, frozen=True):
    """Bins of a figure of groups, and its average over all groups."""

    bins: list[Bin]
    average: float


def window_of(since_ms: float | None, until_ms: float | None) -> Window:
    """The starts of calls between two times in milliseconds; all where none is given. Raises `FilterError`."""
    since_us, until_us = int((since_ms or 0) * 1000), _MAX_US if until_ms is None else int(until_ms * 1000)
    if not 0 <= since_us < until_us:
        raise FilterError("timeFilter", since_ms, "a start before its end")
    return Window(since_us, min(until_us, _MAX_US))


def split_tree(value: Any, figures: Mapping[str, Mapping[str, str]], path: str = "filter") -> tuple[Node, list[Having]]:
    """The filter of calls, and the conditions on figures of groups, which are columns of the tables in `figures`.
    Such conditions stand beside all others, never in an `or`. Raises `FilterError`."""
    rest, conditions = _split(value, figures, path)
    return parse_tree(rest, path), conditions


def _split(value: Any, figures: Mapping[str, Mapping[str, str]], path: str) -> tuple[Any, list[Having]]:
    if not isinstance(value, dict):
        return value, []
    if value.get("operator") == "and" and {"left", "operator", "right"} == value.keys():
        left, first = _split(value["left"], figures, f"{path}.left")
        right, second = _split(value["right"], figures, f"{path}.right")
        return {"left": left, "operator": "and", "right": right}, first + second
    rest: dict[str, Any] = {}
    conditions: list[Having] = []
    for table, columns in value.items():
        known = figures.get(table, {})
        if not known or not isinstance(columns, dict):
            rest[table] = columns
            continue
        for column, comparisons in columns.items():
            if column not in known:
                rest.setdefault(table, {})[column] = comparisons
                continue
            if not isinstance(comparisons, dict):
                raise FilterError(f"{path}.{table}.{column}", comparisons, 'an object such as {"gte": …}')
            for op, operand in comparisons.items():
                where = f"{path}.{table}.{column}.{op}"
                if op not in _OPS:
                    raise FilterError(where, op, "an operator: " + ", ".join(_OPS))
                conditions.append(Having(known[column], _OPS[op], operand, where))  # type: ignore[arg-type]
    return rest, conditions


def read_groups(
    store: LogStore,
    org: str,
    groups: GroupList,
    node: Node,
    conditions: list[Having],
    *,
    window: Window,
    sort: str,
    order: Direction,
    limit: int,
    offset: int,
    extra: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The groups of a page, by the names of keys and figures. `extra` is what the list binds itself. Raises
    `FilterError` or `StoreError`."""
    if not 0 <= limit <= 1000:
        raise FilterError("limit", limit, "0 to 1000")
    if not 0 <= offset <= _MAX_OFFSET:
        raise FilterError("offset", offset, f"0 to {_MAX_OFFSET}")
    question = GroupQuestion(
        org=org,
        now_us=now_us(),
        window=window,
        filter=node,
        sort=sort,
        order=order,
        limit=limit,
        updated_properties=store.updated_properties(org),
        text_chars=store.text_chars,
    )
    sql = compile_groups_having(groups, question, conditions, offset=offset, extra=extra)
    rows = store.read(sql.text, dict(sql.values))
    return [{name.removeprefix("k_").removeprefix("f_"): value for name, value in row.items()} for row in rows]


def histogram(
    store: LogStore, org: str, node: Node, window: Window, *, key: str, figure: str, size: PSize, both: bool
) -> Histogram:
    """How a figure of groups is spread, up to a percentile; with `both`, from the opposite percentile on."""
    level = float(size[1:]) / 100
    found = compile_filter(
        node,
        org=org,
        now_us=now_us(),
        window=window,
        updated_properties=store.updated_properties(org),
        text_chars=store.text_chars,
    )
    sql = query("helicone_histogram").replace("/* figure */", figure).replace("/* key */", key)
    bound = {
        "org": org, "since_us": window.since_us, "until_us": window.until_us,
        "low": 1 - level if both else 0.0, "high": level, **found.values,
    }  # fmt: skip
    (row,) = store.read(sql.replace("/* filter */", found.text), bound)
    bins = [Bin(f"{low:.12g}", f"{high:.12g}", height) for low, high, height in row["bins"]]
    return Histogram(bins, row["average"] if bins else 0.0)
