"""What may be asked of the log. Values are always bound by the server; the SQL here is constant."""

from typing import Any, Final

import msgspec

__all__ = ["Filter", "FilterError", "conditions"]

_EQUAL: Final = {
    "user": "user_id",
    "session": "session_id",
    "provider": "provider",
    "name": "request_name",
    "error": "error",
    "key": "key",
    "prompt": "prompt_id",
    "outcome": "outcome",
}
_COMPARISONS: Final = (">=", "<=", ">", "<")


class FilterError(ValueError):
    """A filter that cannot be used: which parameter, what was found, what is accepted."""

    def __init__(self, parameter: str, found: object, accepted: str) -> None:
        super().__init__(f"{parameter} is {found!r}; accepted: {accepted}")
        self.parameter = parameter
        self.found = str(found)
        self.accepted = accepted


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of one organisation that fit all that is set. An empty text or None is "do not care"."""

    org: str
    user: str = ""
    session: str = ""
    model: str = ""
    """As answered or as asked."""
    provider: str = ""
    status: str = ""
    """`200`, `4xx`, `>=400`, or several joined by commas (any of them)."""
    name: str = ""
    error: str = ""
    """An error's name, or `*` for any call that failed."""
    key: str = ""
    prompt: str = ""
    outcome: str = ""
    properties: dict[str, str] = {}
    text: str = ""
    """Found in either preview, without case."""
    since_us: int | None = None
    until_us: int | None = None
    min_cost_nanousd: int | None = None
    min_latency_ms: float | None = None
    cached: bool | None = None


def conditions(asked: Filter) -> tuple[str, dict[str, Any]]:
    """Constant SQL (each line begins with AND) and the values to bind to it. Raises `FilterError`."""
    lines: list[str] = []
    bound: dict[str, Any] = {"org": asked.org}
    for field, column in _EQUAL.items():
        value = getattr(asked, field)
        if field == "error" and value == "*":
            lines.append("AND (error != '' OR status >= 400 OR outcome != 'success')")
        elif value:
            lines.append(f"AND {column} = {{{field}:String}}")
            bound[field] = value
    if asked.model:
        lines.append("AND (model = {model:String} OR model_asked = {model:String})")
        bound["model"] = asked.model
    if asked.status:
        lines.append(_status(asked.status, bound))
    for number, (name, value) in enumerate(asked.properties.items()):
        lines.append(f"AND properties[{{property_{number}:String}}] = {{property_value_{number}:String}}")
        lines.append(f"AND mapContains(properties, {{property_{number}:String}})")
        bound[f"property_{number}"] = name.lower()
        bound[f"property_value_{number}"] = value
    if asked.text:
        lines.append(
            "AND (positionCaseInsensitiveUTF8(request_preview, {text:String}) > 0"
            " OR positionCaseInsensitiveUTF8(response_preview, {text:String}) > 0)"
        )
        bound["text"] = asked.text
    for field, line in (
        ("since_us", "AND start >= fromUnixTimestamp64Micro({since_us:Int64})"),
        ("until_us", "AND start < fromUnixTimestamp64Micro({until_us:Int64})"),
        ("min_cost_nanousd", "AND cost_nanousd >= {min_cost_nanousd:Int64}"),
        ("min_latency_ms", "AND latency_ms >= {min_latency_ms:Float64}"),
        ("cached", "AND cached = {cached:Bool}"),
    ):
        value = getattr(asked, field)
        if value is not None:
            lines.append(line)
            bound[field] = value
    return "\n  ".join(lines), bound


def _status(text: str, bound: dict[str, Any]) -> str:
    ranges: list[str] = []
    for number, part in enumerate(text.split(",")):
        low, high = _status_range(part.strip(), text)
        ranges.append(f"status BETWEEN {{status_low_{number}:Int32}} AND {{status_high_{number}:Int32}}")
        bound[f"status_low_{number}"] = low
        bound[f"status_high_{number}"] = high
    return "AND (" + " OR ".join(ranges) + ")"


def _status_range(part: str, whole: str) -> tuple[int, int]:
    if len(part) == 3 and part[0] in "12345" and part[1:].lower() == "xx":
        return int(part[0]) * 100, int(part[0]) * 100 + 99
    sign = next((sign for sign in _COMPARISONS if part.startswith(sign)), "")
    digits = part[len(sign) :].strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 3):
        raise FilterError(
            "status", whole, "a code (`404`), a class (`4xx`), a comparison (`>=400`), or several by commas"
        )
    code = int(digits)
    return {
        "": (code, code),
        ">=": (code, 999),
        ">": (code + 1, 999),
        "<=": (0, code),
        "<": (0, code - 1),
    }[sign]
