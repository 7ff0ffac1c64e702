"""A row keeps all that its price depends on: priced again with the same prices it costs the same, line by line."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.control.jobs.row_builder import RowBuilder
from proxy.control.priced_call import PRICED_COLUMNS, call_of_columns, is_of_before, price_call
from proxy.core.record import Record
from proxy.core.snapshot import PriceRow
from proxy.logstore import RequestRow
from proxy.prices import PriceBook
from tests.unit.records import record
from tests.unit.test_one_price import AT_US, PRICE_IDS, TIERS, chat_usages, message_usages

BOOK = PriceBook(price_ids=PRICE_IDS)
OWN = PriceBook(price_ids=PRICE_IDS)
OWN.set_org_prices({"default": [PriceRow("default", "all", b'{"model":"*","rates":{"input":3,"per_web_search":0.1}}')]})


def columns(row: RequestRow) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in PRICED_COLUMNS}, "start_us": row.start}


def check(made: Record) -> RequestRow:
    """Ship with one book, price again with both: what comes is what shipping with that book gives."""
    rows = {id(book): RowBuilder(book).build_one(made).request for book in (BOOK, OWN)}
    for shipped in rows.values():
        call = call_of_columns(columns(shipped))
        assert not is_of_before(columns(shipped))
        assert (call is None) == (shipped.priced_usage == "")
        for book in (BOOK, OWN):
            expected = rows[id(book)]
            if call is None:
                assert not expected.cost_lines
                continue
            cost = price_call(book, call)
            lines = msgspec.json.encode(cost.lines).decode() if cost.lines else ""
            assert (cost.nanousd, list(cost.missing)) == (expected.cost_nanousd, expected.cost_missing)
            assert (lines, cost.version) == (expected.cost_lines, expected.price_version)
    return rows[id(BOOK)]


@given(usage=chat_usages(), tier=TIERS, asked=TIERS, streamed=st.booleans(), searched=st.booleans())
def test_chats(usage: dict[str, Any], tier: str | None, asked: str | None, streamed: bool, searched: bool) -> None:
    sent: dict[str, Any] = {"model": "gpt-4o", "messages": [], "stream": streamed}
    sent |= {"service_tier": asked} if asked else {}
    sent |= {"web_search_options": {}} if searched else {}
    answer: dict[str, Any] = {"model": "gpt-4o-2024-08-06", "choices": [], "usage": usage}
    answer |= {"service_tier": tier} if tier else {}
    body, kind = json.dumps(answer).encode(), "application/json"
    if streamed:
        body, kind = b"data: " + body + b"\n\ndata: [DONE]\n\n", "text/event-stream"
    check(
        record(
            1, provider="openai", dialect="openai", operation="chat", status=200, sent_us=1, started_us=AT_US,
            host="api.openai.com", scheme="https", streamed=streamed, request_body=json.dumps(sent).encode(),
            response_type=kind, response_body=body,
        )
    )  # fmt: skip


@given(usage=message_usages())
def test_messages(usage: dict[str, Any]) -> None:
    answer = {"type": "message", "model": "claude-sonnet-4-5", "content": [], "usage": usage}
    check(
        record(
            1, provider="anthropic", dialect="anthropic", operation="messages", status=200, sent_us=1,
            started_us=AT_US, request_body=b'{"model":"claude-sonnet-4-5","messages":[]}',
            response_type="application/json", response_body=json.dumps(answer).encode(),
        )
    )  # fmt: skip


@given(usages=st.lists(st.tuples(st.sampled_from(["gpt-4o", "gpt-4o-mini", "none"]), chat_usages()), max_size=4))
def test_batches(usages: list[tuple[str, dict[str, Any]]]) -> None:
    lines = [
        {"response": {"body": {"object": "chat.completion", "model": model, "choices": [], "usage": usage}}}
        for model, usage in usages
    ]
    made = record(
        1, provider="openai", dialect="openai", operation="files", method="GET", status=200, sent_us=1,
        started_us=AT_US, path="/v1/files/file-1/content", response_type="application/jsonl",
        response_body=b"\n".join(json.dumps(line).encode() for line in lines),
    )  # fmt: skip
    row = check(made)
    assert bool(row.priced_usage) == bool(usages)


STRANGE = [
    '{"prompt_tokens":"12","completion_tokens":3}',
    '{"prompt_tokens":12,"completion_tokens":-3}',
    '{"prompt_tokens":99999999999999999999999,"completion_tokens":3}',
    '{"prompt_tokens":null,"completion_tokens":null}',
    '{"prompt_tokens":10,"completion_tokens":3,"cost":0.000123456789123}',
    '{"\\ud800":1,"prompt_tokens":-1,"service_tier":"\\ud800"}',
    "{}",
    "3",
]


@pytest.mark.parametrize("usage", STRANGE)
def test_strange_usage(usage: str) -> None:
    for model in ("gpt-4o", "no-such-model"):
        body = b'{"model":"%b","choices":[],"service_tier":"\\ud800","usage":%b}' % (model.encode(), usage.encode())
        check(
            record(
                1, provider="openai", dialect="openai", operation="chat", status=200, sent_us=1, started_us=AT_US,
                request_body=b'{"messages":[]}', response_type="application/json", response_body=body,
            )
        )  # fmt: skip


def test_calls_without_a_price_keep_nothing() -> None:
    refused = check(record(1, status=429, started_us=AT_US))
    assert (refused.cost_nanousd, refused.priced_usage) == (0, "")
    failed = check(record(1, provider="openai", status=500, sent_us=1, started_us=AT_US))
    assert (failed.cost_nanousd, failed.priced_usage) == (None, "")


def test_a_plain_call_adds_two_characters() -> None:
    row = check(
        record(
            1, provider="openai", dialect="openai", operation="chat", status=200, sent_us=1, started_us=AT_US,
            request_body=b'{"messages":[]}', response_type="application/json",
            response_body=b'{"model":"gpt-4o","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}',
        )
    )  # fmt: skip
    assert row.priced_usage == "{}"


def test_a_row_of_an_earlier_version_is_known_as_such() -> None:
    row = RequestRow(id="a", org="default", start=AT_US, usage_raw='{"prompt_tokens":1}', usage_source="provider")
    assert is_of_before(columns(row))
