"""The filters of the log, one row each in `FILTERS`: the API's parameters, the CLI's options and the SQL come from it.

Values are always bound by the server; the SQL here is constant.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

__all__ = ["FILTERS", "Filter", "FilterError", "LogFilter", "conditions"]

Condition = tuple[str, dict[str, Any]]
Kind = Literal["text", "time", "number", "switch", "pairs"]


class FilterError(ValueError):
    """A filter that cannot be used: its name, the value found, and what is accepted."""

    def __init__(self, parameter: str, found: object, accepted: str) -> None:
        super().__init__(f"{parameter} is {found!r}; accepted: {accepted}")
        self.parameter = parameter
        self.found = str(found)
        self.accepted = accepted


class LogFilter(msgspec.Struct, frozen=True):
    """One filter. `sql` is a condition over the bound value `{name:Type}`; `build` makes condition and bound values
    where that is not enough."""

    name: str
    """The API's parameter, and with `-` for `_` the CLI's option."""
    help: str
    sql: str = ""
    kind: Kind = "text"
    """What a value is: str, microseconds since the epoch, float, bool, or a dictionary of name to value."""
    build: Callable[[Any], Condition] | None = None
    """Raises `FilterError`."""


class Filter(msgspec.Struct, frozen=True):
    """The calls of one organisation that match all values, which are by name of a `LogFilter`."""

    org: str
    values: Mapping[str, Any] = {}


def conditions(filter: Filter) -> Condition:
    """Constant SQL, each line beginning with AND, and the values to bind to it. Raises `FilterError`."""
    lines: list[str] = []
    bound: dict[str, Any] = {"org": filter.org}
    unknown = filter.values.keys() - _NAMES
    if unknown:
        name = min(unknown)
        raise FilterError(name, filter.values[name], "one of " + ", ".join(sorted(_NAMES)))
    for row in FILTERS:
        if row.name in filter.values:
            value = filter.values[row.name]
            sql, values = row.build(value) if row.build is not None else (row.sql, {row.name: value})
            lines.append(f"AND ({sql})")
            bound |= values
    return "\n  ".join(lines), bound


def _error(value: str) -> Condition:
    if value == "*":
        return "error != '' OR status >= 400 OR outcome != 'success'", {}
    return "error = {error:String}", {"error": value}


def _properties(pairs: Mapping[str, str]) -> Condition:
    lines: list[str] = []
    bound: dict[str, Any] = {}
    for number, (name, value) in enumerate(pairs.items()):
        lines.append(f"properties[{{property_{number}:String}}] = {{property_value_{number}:String}}")
        lines.append(f"mapContains(properties, {{property_{number}:String}})")
        bound[f"property_{number}"] = name.lower()
        bound[f"property_value_{number}"] = value
    return " AND ".join(lines), bound


def _min_cost(dollars: float) -> Condition:
    if not 0 <= dollars < 1e9:
        raise FilterError("min_cost", dollars, "US dollars, 0 or more")
    return "cost_nanousd >= {min_cost:Int64}", {"min_cost": round(dollars * 1e9)}


_COMPARISONS: Final = (">=", "<=", ">", "<")


def _status(text: str) -> Condition:
    ranges: list[str] = []
    bound: dict[str, Any] = {}
    for number, part in enumerate(text.split(",")):
        low, high = _status_range(part.strip(), text)
        ranges.append(f"status BETWEEN {{status_low_{number}:Int32}} AND {{status_high_{number}:Int32}}")
        bound[f"status_low_{number}"] = low
        bound[f"status_high_{number}"] = high
    return " OR ".join(ranges), bound


def _status_range(part: str, text: str) -> tuple[int, int]:
    if len(part) == 3 and part[0] in "12345" and part[1:].lower() == "xx":
        return int(part[0]) * 100, int(part[0]) * 100 + 99
    sign = next((sign for sign in _COMPARISONS if part.startswith(sign)), "")
    digits = part[len(sign) :].strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 3):
        raise FilterError(
            "status", text, "a code (`404`), a class (`4xx`), a comparison (`>=400`), or several joined by commas"
        )
    code = int(digits)
    return {
        "": (code, code),
        ">=": (code, 999),
        ">": (code + 1, 999),
        "<=": (0, code),
        "<": (0, code - 1),
    }[sign]


_TIME: Final = "A time (2026-01-31T12:00:00Z), a day (2026-01-31), or an age (90s, 15m, 1h, 7d, 2w)."

FILTERS: Final[tuple[LogFilter, ...]] = (
    LogFilter("user", "User id.", "user_id = {user:String}"),
    LogFilter("session", "Session id.", "session_id = {session:String}"),
    LogFilter("model", "Model as requested or as answered.", "model = {model:String} OR model_asked = {model:String}"),
    LogFilter("provider", "Provider by its catalog name.", "provider = {provider:String}"),
    LogFilter("status", "200, 4xx, >=400, or several joined by commas.", build=_status),
    LogFilter("property", "name=value; repeat it for several, all must match.", kind="pairs", build=_properties),
    LogFilter("since", _TIME, "start >= fromUnixTimestamp64Micro({since:Int64})", "time"),
    LogFilter("until", _TIME, "start < fromUnixTimestamp64Micro({until:Int64})", "time"),
    LogFilter(
        "text",
        "Text in the first 200 characters of prompt or response.",
        "positionCaseInsensitiveUTF8(request_preview, {text:String}) > 0"
        " OR positionCaseInsensitiveUTF8(response_preview, {text:String}) > 0",
    ),
    LogFilter("name", "Name of the call (Helicone-Request-Name).", "request_name = {name:String}"),
    LogFilter("error", "An error's name, or * for any failed call.", build=_error),
    LogFilter("key", "Id of the API key.", "key = {key:String}"),
    LogFilter("prompt", "Prompt id.", "prompt_id = {prompt:String}"),
    LogFilter("outcome", "success, the phase that refused or failed, or response_error.", "outcome = {outcome:String}"),
    LogFilter("trace", "Trace id of the caller's traceparent.", "trace_id = {trace:String}"),
    LogFilter("min_cost", "Lowest cost, in US dollars.", kind="number", build=_min_cost),
    LogFilter("min_latency", "Lowest latency, in milliseconds.", "latency_ms >= {min_latency:Float64}", "number"),
    LogFilter("cached", "Served from the cache (true), or not (false).", "cached = {cached:Bool}", "switch"),
)
"""In the order of the API's page and of `perihelion requests --help`."""

_NAMES: Final = frozenset(row.name for row in FILTERS)
