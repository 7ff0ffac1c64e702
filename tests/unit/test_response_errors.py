"""A response with a good status that holds an error is an error: in the row, in its record and in the metrics."""

import gzip
from typing import Any

import msgspec
import pytest

from _speedups import parse
from proxy.control.jobs.row_builder import RowBuilder
from proxy.core.record import Record
from proxy.gateway.build_record import build_record
from proxy.gateway.exchange import Exchange
from proxy.gateway.metrics import Metrics
from proxy.gateway.tap import Tap
from proxy.providers import load
from proxy.providers.address import resolve
from proxy.providers.dialects.frames import write_frame
from tests.unit.records import PRICES, record

Case = tuple[str, str, str, bytes]
SSE = "text/event-stream"
JSON = "application/json"
FAILED = (
    b'event: response.failed\ndata: {"type":"response.failed","response":{"object":"response","status":"failed",'
    b'"error":{"code":"server_error","message":"broke"},"instructions":"' + b"x" * 3000 + b'"}}\n\n'
)
EXCEPTION = write_frame({":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message":"slow"}')
BAD: list[Case] = [
    ("openai", "chat", SSE, b'data: {"choices":[]}\n\ndata: {"error":{"message":"broke","type":"server_error"}}\n\n'),
    ("openai", "chat", SSE, b'data: {"error":{"message":"broke","code":502}}\n\ndata: [DONE]\n\n'),
    ("openai", "responses", SSE, FAILED),
    ("openai", "responses", SSE, b'event: error\ndata: {"type":"error","code":"server_error","message":"broke"}\n\n'),
    ("openai", "chat", JSON, b'{"error": {"message": "broke", "code": 502}, "user_id": "u"}'),
    (
        "anthropic",
        "messages",
        SSE,
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    ),
    (
        "gemini",
        "generate_content",
        SSE,
        b'data: {"error":{"code":503,"message":"","status":"UNAVAILABLE"}}\r\n\r\n',
    ),
    ("ollama", "chat", "application/x-ndjson", b'{"message":{"content":"Hi"},"done":false}\n{"error":"broke"}\n'),
    ("bedrock", "converse", "application/vnd.amazon.eventstream", EXCEPTION),
]
GOOD: list[Case] = [
    (
        "openai",
        "responses",
        SSE,
        b'event: response.completed\ndata: {"type":"response.completed","response":{"object":"response",'
        b'"status":"completed","error":null,"output":[]}}\n\n',
    ),
    ("openai", "responses", JSON, b'{"object":"response","error":null,"status":"completed","output":[]}'),
    ("openai", "chat", JSON, b'{"choices":[{"index":0,"message":{"content":"the key \\"error\\" is missing"}}]}'),
    ("openai", "files", JSON, b'{"custom_id":"a","error":{"code":"batch_expired","message":"late"}}\n'),
]


class FakeAnswer:
    """The head of a provider's answer."""

    status = 200
    sent_at = first_byte_at = 1.0

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        self.headers = headers


class FakeWire:
    method, client, path = "POST", "127.0.0.1", "/"


def logged(case: Case, *, encoding: str = "", omit: bool = False) -> Record:
    """The gateway's record of an answer with status 200."""
    dialect, operation, kind, body = case
    answer: Any = FakeAnswer([("content-type", kind)] + ([("content-encoding", encoding)] if encoding else []))
    wire: Any = FakeWire()
    route = msgspec.structs.replace(
        resolve(load(), "", "/openai/v1/chat/completions"), dialect=dialect, operation=operation
    )
    tap = Tap(answer, dialect, False, 1 << 20, "/")
    tap.feed(gzip.compress(body) if encoding else body)
    ex = Exchange(wire, "id", 0.0, 1_780_000_000_000_000, route=route)
    if omit:
        ex.head = msgspec.structs.replace(ex.head, fields=parse([("helicone-omit-response", "true")]))
    ex.held.answer, ex.outcome.tap, ex.outcome.status, ex.outcome.ended = answer, tap, 200, 2.0
    return build_record(ex, "w", 1 << 20)


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case[0]}-{case[1]}-{case[2][:11]}")
def test_it_is_an_error_in_the_record_the_row_and_the_metrics(case: Case) -> None:
    record = logged(case)
    metrics = Metrics()
    metrics.ended(record)
    row = RowBuilder(PRICES).build_one(record).request
    assert (row.status, row.outcome, record.outcome) == (200, "response_error", "response_error")
    assert row.error
    assert metrics.values({}, {})['calls_total{provider="openai",status="2xx",outcome="response_error"}'] == 1


@pytest.mark.parametrize("case", GOOD, ids=lambda case: f"{case[0]}-{case[1]}-{case[2][:11]}")
def test_the_word_error_alone_is_none(case: Case) -> None:
    record = logged(case)
    row = RowBuilder(PRICES).build_one(record).request
    assert (record.outcome, row.outcome, row.error) == ("success", "success", "")


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case[0]}-{case[1]}-{case[2][:11]}")
def test_a_row_says_so_where_the_response_is_compressed_or_not_stored(case: Case) -> None:
    compressed = RowBuilder(PRICES).build_one(logged(case, encoding="gzip")).request
    omitted = RowBuilder(PRICES).build_one(logged(case, omit=True)).request
    assert (compressed.outcome, omitted.outcome) == ("response_error", "response_error")
    assert omitted.error == compressed.error != ""


def test_a_refusal_of_ours_stays_what_it_is() -> None:
    made = record(1, status=429, outcome="admit", error="rate_limited", dialect="openai", operation="chat")
    assert RowBuilder(PRICES).build_one(made).request.outcome == "admit"
