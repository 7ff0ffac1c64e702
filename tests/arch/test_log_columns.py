"""A column of the log has each of its ends: the record, the row, the event, and the sheet that people read.

tests/contract/test_logstore.py compares the rows and the event with the tables themselves.
"""

import re
from pathlib import Path

import msgspec
from msgspec.structs import fields

from proxy.core.event import Event, EventAttempt, EventBodies
from proxy.core.record import Attempt, Record
from proxy.logstore.rows import AnnotationRow, BodyRow, CommonColumns, LateArrivalRow, RequestRow, SpanLinkRow
from tests.stack import ROOT

NOT_ON_THE_SHEET = {
    *("version", "org", "ingested_at", "dialect", "model_override", "drained", "attempt_count", "worker", "truncated"),
    *(
        "tool_names",
        "total_tokens",
        "provider_input_tokens",
        "provider_output_tokens",
        "input_includes_cached",
        "cost_known",
    ),
    *(
        "output_includes_reasoning",
        "usage_raw",
        "priced_usage",
        "usage_at",
        "saved_ms",
        "request_preview",
        "response_preview",
    ),
}
"""Fields that `perihelion show` leaves to `--json`. A new field goes onto the sheet or in here."""


def names(struct: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in fields(struct)}


def test_copied_columns_are_fields_of_the_record() -> None:
    assert names(CommonColumns) <= names(Record)


def test_the_event_has_every_column() -> None:
    assert names(Event) == {"version", *names(RequestRow)}
    assert names(EventBodies) == names(BodyRow)
    assert names(EventAttempt) == names(Attempt)


def test_every_column_has_a_migration() -> None:
    rows = {
        "requests": RequestRow, "bodies": BodyRow, "annotations": AnnotationRow, "span_links": SpanLinkRow,
        "late_arrivals": LateArrivalRow,
    }  # fmt: skip
    for table, row in rows.items():
        assert names(row) == migrated_columns(table), table


def migrated_columns(table: str) -> set[str]:
    """The columns that the migrations give `table`."""
    sql = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "proxy/logstore/schema").glob("*.sql")))
    created = re.search(rf"^CREATE TABLE IF NOT EXISTS {table}\n\((.*?)^\)", sql, re.M | re.S)
    assert created is not None
    columns = set(re.findall(r"^    (\w+) [A-Z]", created[1], re.M)) - {"INDEX"}
    return columns | set(re.findall(rf"^ALTER TABLE {table} ADD COLUMN IF NOT EXISTS (\w+)", sql, re.M))


def test_every_field_is_on_the_sheet_or_left_to_json() -> None:
    sheet = Path(ROOT / "proxy/cli/sheet.py").read_text("utf-8")
    shown = set(re.findall(r"""(?:call|row)\[f?["'](\w+)["']\]""", sheet))
    assert names(Event) - shown == NOT_ON_THE_SHEET


def test_defaults_of_rows_that_inserts_leave_out_are_those_of_the_columns_types() -> None:
    """The engine fills in columns that an insert does not name (proxy/logstore/schema/0001_requests.sql)."""
    sql = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "proxy/logstore/schema").glob("*.sql")))
    assert not re.search(r"\bDEFAULT\b(?! and)", re.sub(r"--.*", "", sql))
