"""What a record becomes in the store: its rows, its tokens and its cost."""

import gzip
import json

import msgspec
import pytest
from genai_prices.data import providers

from proxy.control.jobs.row_builder import RowBuilder, bare_row
from proxy.core.record import Attempt, Record, decode, encode
from proxy.core.usage import Usage
from proxy.logstore import BodyRow, RequestRow
from proxy.providers import load as load_catalog
from proxy.providers.reading import RecordReading, read_record
from tests.unit.records import PRICES, read, record


def built(record: Record) -> tuple[RequestRow, BodyRow | None]:
    entry = RowBuilder(PRICES, read).build_one(decode(encode(record)))
    return entry.request, entry.body


def test_a_row_holds_times_tokens_and_cost() -> None:
    usage = Usage(
        input_tokens=1000,
        output_tokens=10,
        cached_input_tokens=500,
        norm_input_total=1000,
        norm_output_total=10,
        reported_cost=0.25,
        raw={"prompt_tokens": 1000},
        at="usage",
    )
    row, _ = built(
        record(
            1,
            ended_us=2500,
            first_token_us=1250,
            sent_us=100,
            provider="openai",
            model="gpt-4o",
            usage=usage,
            drained=True,
            attempts=[Attempt("openai", "api.openai.com", "gpt-4o", 0, 10, 200, "", 0)],
        )
    )
    assert (row.latency_ms, row.ttft_ms, row.first_byte_ms, row.sent_ms) == (2.5, 1.25, None, 0.1)
    assert (row.input_tokens, row.output_tokens, row.cached_input_tokens) == (1000, 10, 500)
    assert row.cost_missing == []
    assert (row.cost_nanousd, row.cost_known) == (500 * 2500 + 500 * 1250 + 10 * 10_000, True)
    assert row.reported_cost_nanousd == 250_000_000
    assert (row.usage_source, row.usage_raw, row.attempt_count) == ("drained", '{"prompt_tokens":1000}', 1)


def test_unknown_is_null_and_never_zero() -> None:
    row, _ = built(record(1, sent_us=5, provider="openai", model="gpt-4o"))
    assert (row.input_tokens, row.output_tokens, row.cost_nanousd, row.cost_known) == (None, None, None, False)
    assert row.usage_source == "none"
    nothing, _ = built(record(1, sent_us=5, provider="openai", model="gpt-4o", usage=Usage()))
    assert (nothing.usage_source, nothing.cost_known) == ("none", False)


def test_a_call_that_nobody_was_asked_for_costs_nothing() -> None:
    refused, _ = built(record(1, status=401, outcome="identify"))
    assert (refused.cost_nanousd, refused.cost_known) == (0, True)
    hit, _ = built(record(1, sent_us=5, facts={"cache.status": "hit"}, usage=Usage(norm_input_total=5)))
    assert (hit.cached, hit.cost_nanousd) == (True, 0)


def test_tokens_out_of_any_range_are_unknown() -> None:
    row, _ = built(record(1, sent_us=5, usage=Usage(input_tokens=-1, output_tokens=2**62, norm_input_total=-1)))
    assert (row.input_tokens, row.output_tokens) == (None, None)


def test_the_text_of_a_prompt_is_the_last_user_message_and_then_the_system_prompt() -> None:
    body = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?\ud83d"}]}
    asked = record(1, dialect="openai", operation="chat", request_body=json.dumps(body).encode())
    texts = {}
    for chars in (0, 10, 20, 100):
        built = RowBuilder(PRICES, text_chars=chars).build_one(asked).body
        assert built is not None
        texts[chars] = built.request_text
    assert texts == {0: "", 10: "Why?\ufffd", 20: "Why?\ufffd\nBe b", 100: "Why?\ufffd\nBe brief."}
    omitted = msgspec.structs.replace(asked, request_omitted=True)
    body_row = RowBuilder(PRICES, text_chars=100).build_one(omitted).body
    assert body_row is not None and body_row.request_text == ""


def test_omitted_bodies_are_nowhere() -> None:
    row, body = built(record(1, request_omitted=True, response_omitted=True, request_body=b"left behind"))
    assert body is None
    assert row.request_omitted
    _, half = built(record(1, request_omitted=True, request_body=b"left behind", response_body=b"kept"))
    assert half is not None
    assert (half.request, half.response) == ("", "kept")


@pytest.mark.parametrize(
    ("body", "user"),
    [
        (b'{"user": "ada", "messages": [{"role": "user"}]}', "ada"),
        (b'{"messages": [{"role": "user"}]}', ""),
        (b'{"user": 7}', ""),
        (b'"user" is no JSON', ""),
    ],
)
def test_the_user_may_stand_in_the_body(body: bytes, user: str) -> None:
    found = read_record(record(1, dialect="openai", operation="chat", request_body=body))
    assert found.user == user


def test_compressed_bodies_are_stored_plain_and_the_tier_is_read() -> None:
    answer = b'{"service_tier": "flex", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}'
    found = read_record(
        record(1, dialect="openai", operation="chat", response_body=gzip.compress(answer), response_encoding="gzip")
    )
    assert found.billed is not None
    assert (found.response, found.billed.conditions) == (answer, {"service_tier": "flex"})
    broken = read_record(record(1, dialect="openai", response_body=b"no gzip", response_encoding="gzip"))
    assert broken.response == b"no gzip"


def test_every_price_id_of_the_catalog_is_known() -> None:
    known = {provider.id for provider in providers}
    ids = {provider.prices for provider in load_catalog().providers.values() if provider.prices}
    assert ids <= known


SURROGATE = "gpt-\ud800"


@pytest.mark.parametrize(
    "request_body, response_body",
    [
        (b'{"model":"gpt-\\ud800","messages":[{"role":"user","content":"hi"}]}', b'{"error":{"type":"x\\udfff"}}'),
        (b'{"model":"m"}', b'{"model":"gpt-\\ud800","choices":[],"usage":{"prompt_tokens":3,"x":"\\ud800"}}'),
        (b'{"model":"m"}', b'{"choices":[],"usage":{"prompt_tokens":1000000000000000000,"completion_tokens":1}}'),
    ],
    ids=["asked", "answered", "counted"],
)
def test_no_body_makes_a_row_that_no_store_takes(request_body: bytes, response_body: bytes) -> None:
    """Lone surrogates have no UTF-8, and a cost beyond 64 bits no column."""
    made = record(
        1, provider="openai", dialect="openai", operation="chat", path="/v1/chat/completions", status=200,
        request_type="application/json", response_type="application/json",
        request_body=request_body, response_body=response_body, model_override="",
    )  # fmt: skip
    entry = RowBuilder(PRICES, read_record).build_one(made)
    row = msgspec.structs.asdict(entry.request)
    for name, value in row.items():
        if isinstance(value, str):
            value.encode()
        elif isinstance(value, int):
            assert abs(value) < 1 << 63, name
    assert row["outcome"] != "unreadable" and entry.body is not None
    bare = msgspec.structs.asdict(bare_row(entry, ValueError(SURROGATE)))
    assert all(value.isascii() for value in bare.values() if isinstance(value, str))


def test_a_cost_that_cannot_be_is_unknown() -> None:
    usage = Usage(input_tokens=10**18, output_tokens=1, norm_input_total=10**18, norm_output_total=1)
    made = record(1, provider="openai", model="gpt-4o", operation="chat", usage=usage, sent_us=1)
    row = (
        RowBuilder(PRICES, lambda record: RecordReading(usage=record.usage, model_asked="gpt-4o"))
        .build_one(made)
        .request
    )
    assert (row.cost_nanousd, row.cost_known) == (None, False)
    assert row.input_tokens == 10**18
