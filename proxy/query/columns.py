"""The public columns of the log: the fields of an event, short names for some of them, and families such as
`property.<name>`. Filters, sorting, chosen columns, charts and SQL views use these names.

One more column: a field of `Event` is one by itself; a derived one is a row of `_DERIVED`; a family, whose rest of the
name is chosen by the caller, is a row of `FAMILIES`.
"""

import difflib
import types
import typing
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Meta

from proxy.core.event import Event
from proxy.query.error_groups import ERROR_ORIGIN, ERROR_SHAPE
from proxy.query.errors import FilterError

__all__ = ["COLUMNS", "FAMILIES", "Column", "Family", "Kind", "find_column"]

Kind = Literal["text", "number", "bool", "time", "texts", "map", "json", "search"]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One public column of a call."""

    name: str
    kind: Kind
    sql: str
    """Expression over the table `requests`."""
    help: str
    nullable: bool = False
    unit: str = ""
    """`ms`, `USD`, `nano-USD`, `tokens`, `bytes`, `tokens/s`, or empty."""
    stored_sql: str = ""
    """The expression that a filter compares, where it is not `sql`, and `scale` times as large."""
    scale: int = 1


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Columns `<prefix>.<name>`, one for each name that callers use."""

    prefix: str
    kind: Kind
    help: str
    lower: bool = False
    """Whether names are compared without regard to case."""


_DERIVED: Final[tuple[Column, ...]] = (
    Column(name="user", kind="text", sql="user_id", help="short for `user_id`"),
    Column(name="session", kind="text", sql="session_id", help="short for `session_id`"),
    Column(name="name", kind="text", sql="request_name", help="short for `request_name`"),
    Column(name="prompt", kind="text", sql="prompt_id", help="short for `prompt_id`"),
    Column(name="trace", kind="text", sql="trace_id", help="short for `trace_id`"),
    Column(name="time", kind="time", sql="start", help="short for `start`"),
    Column(name="latency", kind="number", sql="latency_ms", nullable=True, unit="ms", help="short for `latency_ms`"),
    Column(name="ttft", kind="number", sql="ttft_ms", nullable=True, unit="ms", help="short for `ttft_ms`"),
    Column(
        name="cost",
        kind="number",
        sql="cost_nanousd / 1e9",
        stored_sql="cost_nanousd",
        scale=1_000_000_000,
        nullable=True,
        unit="USD",
        help="cost in US dollars; null where it is not known",
    ),
    Column(
        name="saved",
        kind="number",
        sql="saved_nanousd / 1e9",
        stored_sql="saved_nanousd",
        scale=1_000_000_000,
        nullable=True,
        unit="USD",
        help="of a cache hit: what the call would have cost, in US dollars",
    ),
    Column(
        name="tokens",
        kind="number",
        sql="if(isNull(input_tokens), output_tokens, input_tokens + ifNull(output_tokens, 0))",
        nullable=True,
        unit="tokens",
        help="input and output tokens",
    ),
    Column(
        name="tokens_per_second",
        kind="number",
        sql="if(latency_ms > ifNull(ttft_ms, 0), output_tokens * 1000 / (latency_ms - ifNull(ttft_ms, 0)), NULL)",
        nullable=True,
        unit="tokens/s",
        help="output tokens by the time from the first token to the end",
    ),
    Column(
        name="failed",
        kind="bool",
        sql="(error != '' OR status >= 400 OR outcome != 'success')",
        help="whether the call failed, for whatever reason",
    ),
    Column(
        name="status_class",
        kind="text",
        sql="if(status = 0, '', concat(toString(intDiv(status, 100)), 'xx'))",
        help="`2xx`, `4xx`, …; empty where there is no status",
    ),
    Column(
        name="error_origin",
        kind="text",
        sql=ERROR_ORIGIN,
        help="whose failure: `provider`, `limit` (one of yours refused it), `gateway`, `client` (it left); else empty",
    ),
    Column(
        name="error_shape",
        kind="text",
        sql=ERROR_SHAPE,
        help="the error's message with `<n>`, `<id>`, `<time>`, `<url>` and `<text>` in place of what differs",
    ),
    Column(
        name="cache_status",
        kind="text",
        sql="JSONExtractString(facts, 'cache.status')",
        help="`hit`, `miss` or `skipped` where the call asked the cache; else empty",
    ),
    Column(
        name="cache_source",
        kind="text",
        sql="JSONExtractString(facts, 'cache.source')",
        help="of a cache hit: id of the call whose response it got",
    ),
    Column(
        name="limit_policy",
        kind="text",
        sql="JSONExtractString(facts, 'rate.policy')",
        help="the tightest of the limits that the call counted for, as a policy",
    ),
    Column(
        name="limit_refused",
        kind="text",
        sql="JSONExtractString(facts, 'rate.refused')",
        help="the limit that refused the call, as a policy; else empty",
    ),
    Column(
        name="limit_remaining",
        kind="number",
        sql="if(JSONHas(facts, 'rate.remaining'), JSONExtractFloat(facts, 'rate.remaining'), NULL)",
        nullable=True,
        help="what was left of `limit_policy` after the call, in its unit",
    ),
    Column(name="scored", kind="bool", sql="", help="whether the call has a score or a rating"),
    Column(name="tool", kind="texts", sql="tool_names", help="short for `tool_names`"),
    Column(name="feedback", kind="text", sql="", help="rating: `good`, `bad`, `neutral`, or a number from -1 to 1"),
    Column(
        name="text",
        kind="search",
        sql="",
        help="words of the prompt or the response; a quoted phrase matches as it stands",
    ),
)

FAMILIES: Final[dict[str, Family]] = {
    family.prefix: family
    for family in (
        Family(prefix="property", kind="text", lower=True, help="a custom property (Helicone-Property-<Name>)"),
        Family(prefix="score", kind="text", lower=True, help="a score: number, true or false, or a category"),
    )
}
"""By prefix."""

_UNITS: Final = (("_nanousd", "nano-USD"), ("_ms", "ms"), ("_tokens", "tokens"), ("_size", "bytes"))


def _event_columns() -> list[Column]:
    columns: list[Column] = []
    for name, hint in typing.get_type_hints(Event, include_extras=True).items():
        if name == "version":
            continue
        help = ""
        if typing.get_origin(hint) is typing.Annotated:
            hint, *extras = typing.get_args(hint)
            help = next((extra.description or "" for extra in extras if isinstance(extra, Meta)), "")
        nullable = False
        if isinstance(hint, types.UnionType):
            parts = [part for part in typing.get_args(hint) if part is not types.NoneType]
            nullable = len(parts) < len(typing.get_args(hint))
            hint = parts[0]
        unit = next((unit for ending, unit in _UNITS if name.endswith(ending)), "")
        columns.append(
            Column(
                name=name, kind=_kind(hint), sql=name, nullable=nullable and hint is not datetime, unit=unit, help=help
            )
        )
    return columns


def _kind(hint: Any) -> Kind:
    scalar: Kind | None = {str: "text", int: "number", float: "number", bool: "bool", datetime: "time"}.get(hint)  # type: ignore[assignment]
    if scalar is not None:
        return scalar
    if hint == list[str]:
        return "texts"
    return "map" if hint == dict[str, str] else "json"


COLUMNS: Final[dict[str, Column]] = {column.name: column for column in (*_event_columns(), *_DERIVED)}
"""By name."""


def find_column(path: str, name: str) -> Column:
    """The column of a public name, as filters and charts spell it; families included: then `sql` is empty, and the name
    is the whole `<prefix>.<rest>`. `path` is where the name stands. Raises `FilterError`."""
    column = COLUMNS.get(name)
    if column is not None:
        return column
    prefix, dot, rest = name.partition(".")
    family = FAMILIES.get(prefix)
    if family is not None and dot and rest:
        return Column(
            name=f"{prefix}.{rest.lower() if family.lower else rest}", kind=family.kind, sql="", help=family.help
        )
    if family is not None:
        raise FilterError(path, name, f"{prefix}.<name>")
    near = difflib.get_close_matches(name, [*COLUMNS, *(f"{prefix}.<name>" for prefix in FAMILIES)], 3, 0.5)
    hint = f" (perhaps {', '.join(near)})" if near else ""
    raise FilterError(path, name, "a column: " + ", ".join([*COLUMNS, *(f"{one}.<name>" for one in FAMILIES)]) + hint)
