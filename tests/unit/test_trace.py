"""A caller's trace context becomes the trace columns of its call."""

import pytest

from proxy.control.jobs.row_builder import RowBuilder
from proxy.core.trace import parse_traceparent, span_id_of
from tests.unit.records import PRICES, read, record

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
ID = "0192f0c4-7a4b-7abc-8123-456789abcdef"


def test_the_row_of_a_traced_call_names_its_trace_its_own_span_and_its_parent() -> None:
    row = RowBuilder(PRICES, read).build_one(record(1, id=ID, traceparent=f"00-{TRACE}-{PARENT}-01")).request
    assert (row.trace_id, row.span_id, row.parent_span_id) == (TRACE, "8123456789abcdef", PARENT)
    assert span_id_of(ID) == row.span_id


@pytest.mark.parametrize("value", ["", "00-abc", f"00-{TRACE}-{PARENT}"])
def test_a_call_without_a_valid_trace_has_no_span(value: str) -> None:
    row = RowBuilder(PRICES, read).build_one(record(1, id=ID, traceparent=value)).request
    assert (row.trace_id, row.span_id, row.parent_span_id) == ("", "", "")


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        (f"00-{TRACE}-{PARENT}-00", True),
        (f" 00-{TRACE}-{PARENT}-01 ", True),
        (f"01-{TRACE}-{PARENT}-01-later", True),
        (f"00-{TRACE}-{PARENT}-01-later", False),
        (f"ff-{TRACE}-{PARENT}-01", False),
        (f"00-{TRACE.upper()}-{PARENT}-01", False),
        (f"00-{'0' * 32}-{PARENT}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE}-{PARENT}-1", False),
    ],
)
def test_a_traceparent_is_read_as_the_standard_says(value: str, valid: bool) -> None:
    assert parse_traceparent(value) == ((TRACE, PARENT) if valid else None)
