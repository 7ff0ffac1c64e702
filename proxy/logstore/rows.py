"""Rows of the store: one `RequestRow` and at most one `BodyRow` per call; `AnnotationRow`s and `RepricedRow`s of calls.

Fields are named like columns. A column of a call is one field here, one in `core/event.py` and one migration; a test
compares the three.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from msgspec.structs import astuple, fields

__all__ = [
    "AnnotationKind",
    "AnnotationRow",
    "BodyRow",
    "CommonColumns",
    "RepricedRow",
    "RequestRow",
    "ScoreType",
    "SpanLinkRow",
    "columns",
]

AnnotationKind = Literal["feedback", "correction", "note", "score", "property"]
ScoreType = Literal["", "number", "boolean", "category"]


class CommonColumns(msgspec.Struct, gc=False):
    """The columns of `requests` that a record has under the same name: copied in one step."""

    id: str
    org: str
    key: str = ""
    provider: str = ""
    host: str = ""
    dialect: str = ""
    operation: str = ""
    method: str = ""
    path: str = ""
    model_override: str = ""
    outcome: str = ""
    cut: str = ""
    streamed: bool = False
    drained: bool = False
    session_id: str = ""
    session_path: str = ""
    session_name: str = ""
    request_name: str = ""
    properties: dict[str, str] = {}
    property_names: dict[str, str] = {}
    prompt_id: str = ""
    prompt_version: str = ""
    request_size: int = 0
    response_size: int = 0
    request_omitted: bool = False
    response_omitted: bool = False
    truncated: bool = False
    unknown_directives: dict[str, str] = {}
    response_headers: dict[str, str] = {}
    client_ip: str = ""
    user_agent: str = ""
    worker: str = ""


class RequestRow(CommonColumns, kw_only=True, gc=False):
    """A row of `requests`; `core/event.py` says what each column is. Times are microseconds (UTC)."""

    start: int
    model_asked: str = ""
    model: str = ""
    status: int = 0
    error: str = ""
    error_message: str = ""
    finish_reason: str = ""
    latency_ms: float | None = None
    ttft_ms: float | None = None
    first_byte_ms: float | None = None
    sent_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    total_tokens: int | None = None
    provider_input_tokens: int | None = None
    provider_output_tokens: int | None = None
    input_includes_cached: bool | None = None
    output_includes_reasoning: bool | None = None
    usage_raw: str = ""
    usage_at: str = ""
    usage_source: str = "none"
    cost_nanousd: int | None = None
    cost_known: bool = False
    reported_cost_nanousd: int | None = None
    price_version: str = ""
    cost_lines: str = ""
    cost_missing: list[str] = []
    user_id: str = ""
    cached: bool = False
    request_preview: str = ""
    response_preview: str = ""
    attempts: str = "[]"
    attempt_count: int = 0
    facts: str = "{}"
    reading_error: str = ""
    saved_nanousd: int | None = None
    saved_ms: float | None = None
    ingested_at: int = 0
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    settled_id: str = ""
    priced_usage: str = ""
    source: str = ""
    response_id: str = ""
    tool_names: list[str] = []


class BodyRow(msgspec.Struct, kw_only=True, gc=False):
    """A row of `bodies`. A body that is not UTF-8 is stored as base64, and its flag says so."""

    id: str
    org: str
    start: int
    request: str = ""
    request_base64: bool = False
    request_type: str = ""
    request_text: str = ""
    response: str = ""
    response_base64: bool = False
    response_type: str = ""
    response_text: str = ""
    tool_calls: str = "[]"
    sent: str = ""
    chunk_times: str = ""


class AnnotationRow(msgspec.Struct, kw_only=True, gc=False):
    """A row of `annotations`; schema/0008_annotations.sql says what each column is. `at` is microseconds (UTC)."""

    id: str
    org: str
    request_id: str = ""
    session_id: str = ""
    at: int
    kind: AnnotationKind
    name: str = ""
    type: ScoreType = ""
    number: float | None = None
    text: str = ""
    removed: bool = False
    by: str = ""


class RepricedRow(msgspec.Struct, kw_only=True, gc=False):
    """A row of `repriced`: the figures of a call before and after a re-pricing. Times are microseconds (UTC)."""

    run: str
    org: str
    start: int
    id: str
    at: int
    old_cost_nanousd: int | None = None
    old_cost_known: bool = False
    old_saved_nanousd: int | None = None
    old_cost_lines: str = ""
    old_cost_missing: list[str] = []
    old_price_version: str = ""
    new_cost_nanousd: int | None = None
    new_cost_known: bool = False
    new_saved_nanousd: int | None = None
    new_cost_lines: str = ""
    new_cost_missing: list[str] = []
    new_price_version: str = ""


class SpanLinkRow(msgspec.Struct, kw_only=True, gc=False):
    """A row of `span_links`: the call `call_id` stands for a span. `call_start` is microseconds (UTC)."""

    org: str
    session_id: str
    trace_id: str
    span_id: str
    parent_span_id: str
    call_id: str
    call_start: int


class LateArrivalRow(msgspec.Struct, kw_only=True, gc=False):
    """A row of `late_arrivals`: a batch of calls that came into the log late. Times are microseconds (UTC)."""

    id: str
    org: str
    first_at: int
    last_at: int
    noted_at: int


def columns(rows: Sequence[msgspec.Struct]) -> dict[str, Sequence[object]]:
    """The values of `rows` by column. Columns that are blank in all rows are left out: the store fills a column that is
    not named with the same value (schema/0001_requests.sql)."""
    if not rows:
        return {}
    by_field: list[list[object]] = [[] for _ in rows[0].__struct_fields__]
    for start in range(0, len(rows), _CHUNK_ROWS):
        chunk = zip(*map(astuple, rows[start : start + _CHUNK_ROWS]), strict=True)
        for column, part in zip(by_field, chunk, strict=True):
            column += part
    blank = _BLANK[type(rows[0])]
    named: dict[str, Sequence[object]] = {}
    for field, column in zip(rows[0].__struct_fields__, by_field, strict=True):
        default = blank.get(field, _NEVER)
        if column[0] != default or column.count(default) != len(column):
            named[field] = column
    return named


def _blank(row: type[msgspec.Struct]) -> dict[str, object]:
    """The fields whose default equals the default of their column's type, with that value."""
    empty: dict[object, object] = {dict: {}, list: []}
    defaults = ((field.name, empty.get(field.default_factory, field.default)) for field in fields(row))
    return {name: default for name, default in defaults if default in ("", 0, None, {}, [])}


_NEVER: Final = object()
_CHUNK_ROWS: Final = 50
"""Rows that are transposed at once: few enough to stay in the processor's cache."""
_BLANK: Final[dict[type[msgspec.Struct], dict[str, object]]] = {
    row: _blank(row) for row in (RequestRow, BodyRow, AnnotationRow, RepricedRow, SpanLinkRow, LateArrivalRow)
}
