"""The short form of a filter: the parameters of `GET /api/requests` and the options of `perihelion requests`, one row
each in `FILTERS`. A row makes a node of the tree in `proxy.query`, from which the SQL comes.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

from proxy.core.clock import now_us
from proxy.query import EVERYTHING, FilterError, Leaf, Node, Or, Window, both, compile_filter
from proxy.query.check import check_leaf
from proxy.query.tree import Op

__all__ = ["FILTERS", "Filter", "FilterError", "LogFilter", "conditions", "node_of"]

Kind = Literal["text", "time", "number", "switch", "pairs"]


class LogFilter(msgspec.Struct, frozen=True):
    """One filter: `column` compared with the value by `op`, or what `build` makes of the value."""

    name: str
    """The API's parameter, and with `-` for `_` the CLI's option."""
    help: str
    column: str = ""
    op: Op = "eq"
    kind: Kind = "text"
    """What a value is: str, microseconds since the epoch, float, bool, or a dictionary of name to value."""
    build: Callable[[Any], Node] | None = None
    """Raises `FilterError`."""

    def node(self, value: Any) -> Node:
        """The tree of one value. Raises `FilterError`."""
        return self.build(value) if self.build is not None else check_leaf(Leaf(self.column, self.op, value), self.name)


class Filter(msgspec.Struct, frozen=True):
    """The calls of one organisation that match all values, which are by name of a `LogFilter`, and `node`."""

    org: str
    values: Mapping[str, Any] = {}
    node: Node = EVERYTHING


def node_of(filter: Filter) -> Node:
    """The whole filter as one tree; times are dealt with apart. Raises `FilterError`."""
    unknown = filter.values.keys() - _NAMES
    if unknown:
        name = min(unknown)
        raise FilterError(name, filter.values[name], "one of " + ", ".join(sorted(_NAMES)))
    rows = (row for row in FILTERS if row.name in filter.values and row.kind != "time")
    return both(*(row.node(filter.values[row.name]) for row in rows), filter.node)


def conditions(
    filter: Filter, updated_properties: frozenset[str] = frozenset(), text_chars: int = 0
) -> tuple[str, dict[str, Any]]:
    """SQL that begins with AND, or nothing, and the values to bind to it. Raises `FilterError`."""
    window = Window()
    lines: list[str] = []
    bound: dict[str, Any] = {"org": filter.org}
    for name, sign in (("since", ">="), ("until", "<")):
        if name in filter.values:
            lines.append(f"AND start {sign} fromUnixTimestamp64Micro({{{name}:Int64}})")
            bound[name] = filter.values[name]
    window = Window(bound.get("since", window.since_us), bound.get("until", window.until_us))
    node = node_of(filter)
    if node != EVERYTHING:
        sql = compile_filter(
            node,
            org=filter.org,
            now_us=now_us(),
            window=window,
            updated_properties=updated_properties,
            text_chars=text_chars,
        )
        lines.append(f"AND ({sql.text})")
        bound |= sql.values
    return "\n  ".join(lines), bound


def _error(value: str) -> Node:
    return Leaf("failed", "eq", True) if value == "*" else Leaf("error", "eq", value)


def _properties(pairs: Mapping[str, str]) -> Node:
    return both(*(check_leaf(Leaf(f"property.{name}", "eq", value), "property") for name, value in pairs.items()))


def _min_cost(dollars: float) -> Node:
    if not 0 <= dollars < 1e9:
        raise FilterError("min_cost", dollars, "US dollars, 0 or more")
    return Leaf("cost", "gte", dollars)


_COMPARISONS: Final[dict[str, Op]] = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}


def _status(text: str) -> Node:
    parts = tuple(_status_leaf(part.strip(), text) for part in text.split(","))
    return parts[0] if len(parts) == 1 else Or(parts)


def _status_leaf(part: str, text: str) -> Leaf:
    if len(part) == 3 and part[0] in "12345" and part[1:].lower() == "xx":
        return Leaf("status", "between", (int(part[0]) * 100, int(part[0]) * 100 + 99))
    sign = next((sign for sign in _COMPARISONS if part.startswith(sign)), "")
    digits = part[len(sign) :].strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 3):
        raise FilterError(
            "status", text, "a code (`404`), a class (`4xx`), a comparison (`>=400`), or several joined by commas"
        )
    return Leaf("status", _COMPARISONS.get(sign, "eq"), int(digits))


_TIME: Final = "A time (2026-01-31T12:00:00Z), a day (2026-01-31), or an age (90s, 15m, 1h, 7d, 2w)."


def _model(name: str) -> Node:
    return Or((Leaf("model", "eq", name), Leaf("model_asked", "eq", name)))


FILTERS: Final[tuple[LogFilter, ...]] = (
    LogFilter("user", "User id.", "user_id"),
    LogFilter("session", "Session id.", "session_id"),
    LogFilter("model", "Model as requested or as answered.", build=_model),
    LogFilter("provider", "Provider by its catalog name.", "provider"),
    LogFilter("status", "200, 4xx, >=400, or several joined by commas.", build=_status),
    LogFilter("property", "name=value; repeat it for several, all must match.", kind="pairs", build=_properties),
    LogFilter("since", _TIME, "start", "gte", "time"),
    LogFilter("until", _TIME, "start", "lt", "time"),
    LogFilter("text", "Text in the first 200 characters of prompt or response.", "text", "contains"),
    LogFilter("name", "Name of the call (Helicone-Request-Name).", "request_name"),
    LogFilter("error", "An error's name, or * for any failed call.", build=_error),
    LogFilter("key", "Id of the API key.", "key"),
    LogFilter("prompt", "Prompt id.", "prompt_id"),
    LogFilter("outcome", "success, the phase that refused or failed, or response_error.", "outcome"),
    LogFilter("trace", "Trace id of the caller's traceparent.", "trace_id"),
    LogFilter("min_cost", "Lowest cost, in US dollars.", kind="number", build=_min_cost),
    LogFilter("min_latency", "Lowest latency, in milliseconds.", "latency_ms", "gte", "number"),
    LogFilter("cached", "Served from the cache (true), or not (false).", "cached", "eq", "switch"),
)
"""In the order of the API's page and of `perihelion requests --help`."""

_NAMES: Final = frozenset(row.name for row in FILTERS)
