"""Bills are read as they are exported: what is understood is taken, and every other line is named."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.cli.bill import BillError, read_bill
from proxy.cli.comparison import compare, model_key

OPENAI_COSTS = """\
start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,project_id
1790467200,1790553600,2026-09-27T00:00:00+00:00,2026-09-28T00:00:00+00:00,,,,,,
1790553600,1790640000,2026-09-28T00:00:00,2026-09-29T00:00:00,0.5,usd,1000,tokens,"gpt-5-nano, input_tokens",proj_a
1790553600,1790640000,2026-09-28T00:00:00,2026-09-29T00:00:00,0.25,usd,,,"priority | gpt-5.6-sol, output, long context",
1790553600,1790640000,2026-09-28T00:00:00,2026-09-29T00:00:00,0.125,usd,,,"gpt-4o-mini-2024-07-18, cached input",
1790553600,1790640000,2026-09-28T00:00:00,2026-09-29T00:00:00,0.1,usd,,,"gpt-audio-mini-2025-12-15 audio, input",
1790553600,1790640000,2026-09-28T00:00:00,2026-09-29T00:00:00,0.01,usd,,,web search tool calls,
"""
OPENAI_USAGE = """\
start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,model,batch,input_tokens,output_tokens,input_cached_tokens
1790553600,1790640000,,,p,7,gpt-4o-mini-2024-07-18,False,1000,50,400
"""
ANTHROPIC_COSTS = """\
usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type
2026-08-04,Claude Haiku 4.5,Default,k,message,≤ 200k,input_no_cache,0.05,0.05,token
2026-08-04,Claude Haiku 4.5,Default,k,message,≤ 200k,input_cache_write_1h,0.02,0.02,token
2026-08-04,Claude Haiku 4.5,Default,k,batch,≤ 200k,output,0.02,0.02,token
2026-08-04,,Default,k,,,,0.03,0.03,web_search
"""
ANTHROPIC_USAGE = """\
usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed
2026-03-22,claude-sonnet-4-20250514,test-key,"Default, one",standard,≤ 200k,100000,7,8,9,5000,10,not_available,
"""


def lines(text: str, provider: str = "") -> list[tuple[Any, ...]]:
    bill = read_bill(text, provider)
    assert bill.unread == []
    return [(line.model, line.component, line.usd, line.quantity, line.tier) for line in bill.lines]


def test_openai_costs() -> None:
    assert lines("\ufeff" + OPENAI_COSTS) == [
        ("gpt-5-nano", "input", Decimal("0.5"), Decimal(1000), ""),
        ("gpt-5.6-sol", "output", Decimal("0.25"), None, "priority"),
        ("gpt-4o-mini-2024-07-18", "cached_input", Decimal("0.125"), None, ""),
        ("gpt-audio-mini-2025-12-15", "audio_input", Decimal("0.1"), None, ""),
        ("", "web_search", Decimal("0.01"), None, ""),
    ]
    assert {line.day for line in read_bill(OPENAI_COSTS).lines} == {date(2026, 9, 28)}


def test_openai_usage() -> None:
    model = "gpt-4o-mini-2024-07-18"
    assert lines(OPENAI_USAGE, "openai") == [
        (model, "input", None, Decimal(600), ""),
        (model, "cached_input", None, Decimal(400), ""),
        (model, "output", None, Decimal(50), ""),
        (model, "requests", None, Decimal(7), ""),
    ]


def test_anthropic_costs() -> None:
    assert lines(ANTHROPIC_COSTS) == [
        ("Claude Haiku 4.5", "input", Decimal("0.05"), None, ""),
        ("Claude Haiku 4.5", "cache_write_1h", Decimal("0.02"), None, ""),
        ("Claude Haiku 4.5", "output", Decimal("0.02"), None, "batch"),
        ("", "web_search", Decimal("0.03"), None, ""),
    ]


def test_anthropic_usage() -> None:
    found = lines(ANTHROPIC_USAGE)
    assert [(component, int(quantity)) for _, component, _, quantity, _ in found] == [
        ("input", 100000), ("cache_write", 7), ("cache_write_1h", 8), ("cached_input", 9), ("output", 5000),
        ("web_search", 10),
    ]  # fmt: skip


GENERIC = "Date,Provider,Model,Cost,Input tokens\n2026-01-31,OpenAI,gpt-4o,$1.50,1000\n"


def test_the_generic_form() -> None:
    assert lines(GENERIC) == [("gpt-4o", "", Decimal("1.50"), None, ""), ("gpt-4o", "input", None, Decimal(1000), "")]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("soon,openai,gpt-4o,1,2", "date: found 'soon'"),
        ("2026-01-31,openai,gpt-4o,much,2", "cost: found 'much'"),
        ("2026-01-31,openai,gpt-4o,NaN,2", "cost: found 'NaN'"),
        ("2026-01-31,openai,gpt-4o,1e99,2", "less than 10^12"),
        ("2026-01-31,openai,gpt-4o,1,-2", "input_tokens: found '-2'"),
        ("2026-01-31,,gpt-4o,1,2", "provider: found nothing"),
        ("2026-01-31,openai", "found 2 cells; expected 5"),
        ('2026-01-31,"open"ai,gpt-4o,1,2', "not CSV"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_the_rest_is_taken(line: str, named: str) -> None:
    bill = read_bill(f"{GENERIC}{line}\n\n2026-02-01,openai,gpt-4o,2,3\n")
    assert [(unread.line, named in unread.reason) for unread in bill.unread] == [(3, True)], bill.unread
    assert [line.usd for line in bill.lines if not line.component] == [Decimal("1.50"), Decimal(2)]


def test_another_currency_is_no_dollar() -> None:
    (unread,) = read_bill(OPENAI_COSTS.replace("0.5,usd", "0.5,eur")).unread
    assert unread.line == 3 and "eur" in unread.reason


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", '"'])
def test_what_is_no_bill_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(BillError):
        read_bill(text)
    with pytest.raises(BillError, match="usage_date_utc"):
        read_bill(GENERIC, "anthropic")


@given(st.text())
def test_any_text_is_a_bill_or_an_error(text: str) -> None:
    for head in ("", GENERIC, OPENAI_COSTS, ANTHROPIC_COSTS):
        try:
            read_bill(head + text)
        except BillError:
            assert not head or text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Claude Haiku 4.5", "claude-haiku-4-5-20251001"),
        ("Claude Sonnet 3.7", "claude-3-7-sonnet-20250219"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
    ],
)
def test_spellings_of_one_model(one: str, other: str) -> None:
    assert model_key(one) == model_key(other)
    assert model_key("gpt-4o-mini") != model_key("gpt-4o")


def cost(model: str, usd: float, tokens: int, **fields: Any) -> dict[str, Any]:
    nanousd = round(usd * 1e9)
    part = {"component": "input_tokens", "quantity": tokens, "amount_nanousd": nanousd}
    return {
        "day": "2026-01-31", "provider": "openai", "model": model, "calls": 3, "unknown": 0, "cost_nanousd": nanousd,
        "reasons": [], "components": [part], **fields,
    }  # fmt: skip


def test_a_difference_is_explained_by_quantity_and_price() -> None:
    bill = read_bill(
        "start_time,amount_value,line_item,quantity\n"
        '2026-01-31,3,"gpt-4o-2024-08-06, input",1500000\n2026-01-31,1,"o9, output",\n'
    )
    costs = [cost("gpt-4o", 2.5, 1_000_000, unknown=1, reasons=["usage.new"]), cost("only-here", 0.5, 100)]
    found = compare(bill, costs, percent=Decimal(1), dollars=Decimal(0))
    by_model = {model.model: model for model in found.models}
    assert (found.ours, found.theirs, found.within) == (Decimal("3.0"), Decimal(4), False)
    note = {part.component: part.note for part in by_model["gpt-4o"].components}["input"]
    assert note == "the bill has 500,000 more; ours is $2.5 and theirs $2 a million"
    assert by_model["gpt-4o"].notes == ["1 of 3 calls have no cost: usage.new"]
    assert by_model["o9"].notes[0].startswith("no such calls in the log")
    assert by_model["only-here"].notes == ["not in the bill"]
    assert not compare(bill, costs, percent=Decimal(0), dollars=Decimal("0.99")).within
    assert compare(bill, costs, percent=Decimal(0), dollars=Decimal(1)).within


def test_a_bill_without_costs_is_compared_by_tokens() -> None:
    bill = read_bill(OPENAI_USAGE)
    parts = [
        {"component": "input_tokens", "quantity": 600, "amount_nanousd": 9},
        {"component": "cache_read_tokens", "quantity": 400, "amount_nanousd": 1},
        {"component": "output_tokens", "quantity": 30, "amount_nanousd": 2},
        {"component": "output_reasoning_tokens", "quantity": 20, "amount_nanousd": 2},
    ]
    ours = {**cost("gpt-4o-mini-2024-07-18", 1, 0, components=parts), "calls": 7}
    found = compare(bill, [ours], percent=Decimal(1), dollars=Decimal(0))
    assert (found.theirs, found.within) == (None, True)
    assert not compare(bill, [{**ours, "calls": 9}], percent=Decimal(1), dollars=Decimal(0)).within
