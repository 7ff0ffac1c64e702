"""Row, budget and response header of one call say the same cost, to the nano-dollar, for any usage, tier and price.

And whatever stands in a usage object, the row keeps it and says what it could not read.
"""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.control.jobs.row_builder import RowBuilder
from proxy.core.identity import DEFAULT_ORG
from proxy.core.settings import load as load_settings
from proxy.core.snapshot import PriceRow
from proxy.gateway.build_record import build_record
from proxy.gateway.exchange import Exchange, Measured
from proxy.gateway.meter import Meter
from proxy.gateway.request import UNREAD, Request
from proxy.gateway.tap import Tap
from proxy.logstore import RequestRow
from proxy.prices import PriceBook
from proxy.providers import load as load_catalog
from proxy.providers.address import resolve
from tests.unit.records import PRICES, record

AT_US = 1_795_000_000_000_000
CATALOG = load_catalog()
PRICE_IDS = {"custom": "", **{provider.name: provider.prices for provider in CATALOG.providers.values()}}

COUNTS = st.one_of(st.integers(0, 2000), st.integers(0, 3_000_000))
RATES = st.decimals(0, 100, places=6, allow_nan=False, allow_infinity=False)
TIERS = st.sampled_from([None, "default", "auto", "priority", "flex", "batch", "scale"])


@st.composite
def chat_usages(draw: st.DrawFn) -> dict[str, Any]:
    """OpenAI's usage, mostly one that does not contradict itself."""
    prompt, completion = draw(COUNTS), draw(COUNTS)
    usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion}
    if draw(st.booleans()):
        usage["total_tokens"] = prompt + completion
    if draw(st.booleans()):
        usage["prompt_tokens_details"] = {"cached_tokens": draw(st.integers(0, prompt + 1))}
    if draw(st.booleans()):
        usage["completion_tokens_details"] = {"reasoning_tokens": draw(st.integers(0, completion + 1))}
    if draw(st.integers(0, 9)) == 0:
        usage["cost"] = draw(st.floats(0, 10))
    return usage


@st.composite
def message_usages(draw: st.DrawFn) -> dict[str, Any]:
    """Anthropic's usage."""
    usage: dict[str, Any] = {"input_tokens": draw(COUNTS), "output_tokens": draw(COUNTS)}
    if draw(st.booleans()):
        usage["cache_read_input_tokens"] = draw(COUNTS)
    if draw(st.booleans()):
        five, hour = draw(COUNTS), draw(COUNTS)
        usage["cache_creation_input_tokens"] = five + hour
        usage["cache_creation"] = {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour}
    if draw(st.booleans()):
        usage["server_tool_use"] = {"web_search_requests": draw(st.integers(0, 9))}
    tier = draw(st.sampled_from([None, "standard", "priority", "batch"]))
    return {**usage, "service_tier": tier} if tier else usage


@st.composite
def own_prices(draw: st.DrawFn) -> str:
    """A price file, or none."""
    if draw(st.booleans()):
        return ""
    lines = ["[[price]]", f'model = "{draw(st.sampled_from(["*", "gpt-4o", "claude-*"]))}"']
    keys = ["input", "output", "cached_input", "cache_write", "per_request"]
    for key in draw(st.sets(st.sampled_from(keys), min_size=1)):
        lines.append(f"{key} = {draw(RATES)}")
    tier = draw(st.sampled_from(["", "priority", "batch"]))
    lines += [f'service_tier = "{tier}"'] if tier else []
    if any(line.startswith("input ") for line in lines) and draw(st.booleans()):
        lines += ["[[price.above]]", f"input_tokens = {draw(st.integers(1, 4000))}", f"input = {draw(RATES)}"]
    return "\n".join(lines) + "\n"


class FakeAnswer:
    """The head of a provider's answer."""

    status = 200
    sent_at = first_byte_at = 1.0

    def __init__(self, kind: str) -> None:
        self.headers = [("content-type", kind)]


ORG_PRICES = st.one_of(
    st.just({}),
    st.builds(
        lambda usd, model: {
            DEFAULT_ORG: [
                PriceRow(
                    DEFAULT_ORG, "own", json.dumps({"model": model, "rates": {"input": usd, "output": usd}}).encode()
                )
            ]
        },
        st.floats(0, 100),
        st.sampled_from(["*", "gpt-4o", "claude-*"]),
    ),
)


def costs(
    folder: Path, path: str, sent: bytes, kind: str, answer: bytes, own: dict[str, list[PriceRow]]
) -> tuple[RequestRow, Measured, str | None]:
    """The row, the budget's figure and the header of one call that a provider answered."""
    values = load_settings(environ={}, overrides={"prices.folder": str(folder)})
    meter = Meter(values, CATALOG, lambda: own)
    route = resolve(CATALOG, "", path)
    head: Any = FakeAnswer(kind)
    wire: Any = SimpleNamespace(method="POST", client="", path=path)
    ex = Exchange(wire, "id", 0.0, AT_US, route=route, body=sent)
    upstream: Any = None
    ex.request = Request(UNREAD, ex.identity, route, sent, sent, False, upstream)
    tap = Tap(head, route.dialect, False, 1 << 20, route.path)
    tap.feed(answer)
    ex.held.answer, ex.outcome.tap, ex.outcome.status, ex.outcome.ended = head, tap, 200, 1.0
    headers: list[tuple[str, str]] = []
    meter.add_cost_headers(ex, headers)
    book = PriceBook(folder, PRICE_IDS)
    book.set_org_prices(own)
    row = RowBuilder(book).build_one(build_record(ex, "w", 1 << 20)).request
    return row, meter.measured(ex), dict(headers).get("helicone-cost")


def check(found: tuple[RequestRow, Measured, str | None]) -> None:
    row, measured, header = found
    assert row.cost_nanousd == measured.nanousd, row.cost_missing
    assert (header is None) == (row.cost_nanousd is None)
    if header is not None:
        assert round(float(header) * 1e9) == row.cost_nanousd
    assert measured.spent.nanousd == (row.cost_nanousd or 0)
    assert (row.cost_nanousd is None) == bool(row.cost_missing)


SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(usage=chat_usages(), tier=TIERS, asked=TIERS, prices=own_prices(), own=ORG_PRICES, streamed=st.booleans())
def test_a_chat_costs_the_same_everywhere(
    tmp_path: Path,
    usage: dict[str, Any],
    tier: str | None,
    asked: str | None,
    prices: str,
    own: dict[str, list[PriceRow]],
    streamed: bool,
) -> None:
    (tmp_path / "own.toml").write_text(prices)
    sent: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "stream": streamed}
    answer: dict[str, Any] = {"model": "gpt-4o", "choices": [], "usage": usage}
    sent |= {"service_tier": asked} if asked else {}
    answer |= {"service_tier": tier} if tier else {}
    body = json.dumps(answer).encode()
    kind = "application/json"
    if streamed:
        body, kind = b"data: " + body + b"\n\ndata: [DONE]\n\n", "text/event-stream"
    check(costs(tmp_path, "/openai/v1/chat/completions", json.dumps(sent).encode(), kind, body, own))


@SLOW
@given(usage=message_usages(), prices=own_prices(), own=ORG_PRICES)
def test_a_message_costs_the_same_everywhere(
    tmp_path: Path, usage: dict[str, Any], prices: str, own: dict[str, list[PriceRow]]
) -> None:
    (tmp_path / "own.toml").write_text(prices)
    sent = b'{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"hi"}]}'
    answer = json.dumps({"type": "message", "model": "claude-sonnet-4-5", "content": [], "usage": usage}).encode()
    check(costs(tmp_path, "/anthropic/v1/messages", sent, "application/json", answer, own))


NAMES = ["prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "some_new_count"]
WRONG = st.one_of(
    st.text(max_size=5), st.integers(-(2**70), -1), st.none(), st.integers(2**64, 2**80), st.just([1]), st.booleans()
)


def built(usage: str) -> RequestRow:
    body = b'{"model":"gpt-4o","choices":[],"usage":' + usage.encode() + b"}"
    made = record(
        1, provider="openai", dialect="openai", operation="chat", status=200, sent_us=1, started_us=AT_US,
        request_body=b'{"model":"gpt-4o","messages":[]}', response_type="application/json", response_body=body,
    )  # fmt: skip
    builder = RowBuilder(PRICES)
    row = builder.build_one(made).request
    assert (builder.errors, row.reading_error) == (0, "")
    return row


@given(usage=st.dictionaries(st.sampled_from(NAMES), st.one_of(WRONG, st.integers(0, 99)), min_size=1))
def test_any_usage_object_makes_a_row_that_keeps_it(usage: dict[str, Any]) -> None:
    row = built(json.dumps(usage))
    if row.usage_raw:
        assert json.loads(row.usage_raw) == usage
    assert (row.cost_nanousd is None) == bool(row.cost_missing)
    for name in ("input_tokens", "output_tokens", "total_tokens"):
        value = getattr(row, name)
        assert value is None or 0 <= value < 2**62


@pytest.mark.parametrize(
    "usage, named",
    [
        ('{"prompt_tokens":"12","completion_tokens":3}', "usage.prompt_tokens"),
        ('{"prompt_tokens":12,"completion_tokens":-3}', "usage.completion_tokens"),
        ('{"prompt_tokens":99999999999999999999999,"completion_tokens":3}', "usage.prompt_tokens"),
        ('{"prompt_tokens":true,"completion_tokens":3}', "usage.prompt_tokens"),
        ('{"prompt_tokens":1,"completion_tokens":3,"some_new_count":5}', "usage.some_new_count"),
        (
            '{"prompt_tokens":5,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":9}}',
            "more than the whole",
        ),
        ('{"prompt_tokens":null,"completion_tokens":null}', "no usage was reported"),
    ],
)
def test_what_is_no_count_is_named_and_has_no_cost(usage: str, named: str) -> None:
    row = built(usage)
    assert row.cost_nanousd is None
    assert any(named in reason for reason in row.cost_missing), row.cost_missing
    assert json.loads(row.usage_raw) == json.loads(usage)


def test_of_several_usage_objects_in_one_answer_the_one_at_the_top_counts() -> None:
    row = built('{"prompt_tokens":10,"completion_tokens":3},"result":{"usage":{"prompt_tokens":99}}')
    assert (row.input_tokens, row.usage_at, row.cost_nanousd) == (10, "usage", 10 * 2500 + 3 * 10_000)


def test_of_one_usage_under_two_equal_names_the_last_counts() -> None:
    row = built('{"prompt_tokens":10,"completion_tokens":1},"usage":{"prompt_tokens":20,"completion_tokens":2}')
    assert (row.input_tokens, row.cost_nanousd) == (20, 20 * 2500 + 2 * 10_000)


def test_a_cost_of_the_providers_own_is_no_count_and_stands_in_no_price_s_way() -> None:
    row = built('{"prompt_tokens":10,"completion_tokens":3,"cost":0.000123}')
    assert (row.cost_nanousd, row.reported_cost_nanousd) == (10 * 2500 + 3 * 10_000, 123_000)
