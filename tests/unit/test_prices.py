"""A call's cost from the cached rate is the cost that genai-prices computes, to the nano-dollar."""

import datetime
import random
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import genai_prices
import pytest
from genai_prices.data import providers

from proxy.core.errors import SettingError
from proxy.core.snapshot import PriceRow
from proxy.core.usage import Usage
from proxy.prices import PriceBook, read_quantities

AT = datetime.datetime(2026, 6, 1, 12, 30, tzinfo=datetime.UTC)
AT_US = int(AT.timestamp()) * 1_000_000
BOOK = PriceBook()
SIZES = (1, 7, 999, 128_000, 200_000, 200_001, 272_001, 1_000_003)


def usage(total_in: int, total_out: int, cached: int = 0, write: int = 0) -> Usage:
    return Usage(
        input_tokens=total_in,
        output_tokens=total_out,
        cached_input_tokens=cached,
        cache_write_tokens=write,
        norm_input_total=total_in,
        norm_output_total=total_out,
    )


def test_cached_rates_cost_what_the_library_computes() -> None:
    draw = random.Random(7)
    compared = 0
    for provider in providers:
        for model in provider.models:
            if provider.id == "groq" and "whisper" in model.id:
                continue
            for _ in range(2):
                total_in = draw.choice(SIZES) + draw.randrange(50)
                cached = draw.choice((0, total_in // 3))
                write = draw.choice((0, total_in // 5))
                asked = usage(total_in, draw.choice(SIZES), cached, write)
                ours = BOOK.price(provider.id, model.id, asked, AT_US)
                counts, _, _ = read_quantities(asked)
                try:
                    theirs = genai_prices.calc_price(
                        genai_prices.Usage(**counts),
                        model.id,
                        provider_id=provider.id,
                        genai_request_timestamp=AT,
                    )
                except (LookupError, ValueError):
                    continue
                if ours.nanousd is None:
                    continue
                nano = (theirs.total_price * 10**9).to_integral_value(ROUND_HALF_EVEN)
                assert ours.nanousd == nano, (provider.id, model.id, asked)
                compared += 1
    assert compared > 3000


def test_a_rate_that_is_not_known_has_no_cost() -> None:
    price = BOOK.price("openai", "no-such-model-anywhere", usage(10, 10), AT_US)
    assert (price.nanousd, price.known) == (None, False)
    assert BOOK.price("openai", "gpt-4o", None, AT_US).nanousd is None
    assert BOOK.price("openai", "gpt-4o", Usage(), AT_US).known is False


def test_a_model_with_no_listed_price_is_not_free() -> None:
    assert BOOK.price("github-copilot", "gpt-4o", usage(10, 10), AT_US).known is False


def test_counting_tokens_costs_nothing() -> None:
    price = BOOK.price("anthropic", "claude-3-haiku", Usage(input_tokens=9, consumed=False), AT_US)
    assert (price.nanousd, price.known) == (0, True)


def test_cached_input_is_not_paid_twice() -> None:
    plain = BOOK.price("openai", "gpt-4o", usage(1000, 0), AT_US).nanousd
    cached = BOOK.price("openai", "gpt-4o", usage(1000, 0, cached=1000), AT_US).nanousd
    assert plain == 2_500_000
    assert cached == 1_250_000


def test_more_cached_than_read_is_a_contradiction_without_a_price() -> None:
    assert BOOK.price("openai", "gpt-4o", usage(10, 0, cached=11), AT_US).known is False


def test_an_hour_of_cache_costs_more_than_five_minutes() -> None:
    def written(raw: dict[str, object]) -> int:
        asked = Usage(norm_input_total=1000, norm_output_total=0, cache_write_tokens=1000, raw=raw)
        cost = BOOK.price("anthropic", "claude-sonnet-4-5", asked, AT_US).nanousd
        assert cost is not None
        return cost

    assert written({"cache_creation": {"ephemeral_1h_input_tokens": 1000}}) > written({})


def test_the_provider_may_be_found_by_its_address() -> None:
    found = BOOK.price("custom", "gpt-4o", usage(10, 10), AT_US, url="https://api.openai.com/v1/chat/completions")
    assert found.nanousd == BOOK.price("openai", "gpt-4o", usage(10, 10), AT_US).nanousd


def test_a_provider_without_list_prices_has_none() -> None:
    assert PriceBook(price_ids={"ollama": ""}).price("ollama", "gpt-4o", usage(1, 1), AT_US).known is False


def test_own_prices_come_first_from_their_day_on(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        """
        [[price]]
        provider = "vllm"
        model = "llama-*"
        input = 0.1
        output = 0.2
        cached_input = 0.05

        [[price]]
        provider = "openai"
        model = "gpt-4o"
        from = 2026-06-02
        input = 1
        output = 1
        per_request = 0.001
        [[price.above]]
        input_tokens = 1000
        input = 2
        """
    )
    book = PriceBook(tmp_path)
    llama = book.price("vllm", "Llama-3", usage(1000, 100, cached=500), AT_US)
    assert llama.nanousd == 500 * 100 + 500 * 50 + 100 * 200
    assert llama.version.startswith("own:mine.toml@")
    assert book.price("openai", "gpt-4o", usage(1000, 0), AT_US).nanousd == 2_500_000
    tomorrow = AT_US + 86_400_000_000
    assert book.price("openai", "gpt-4o", usage(1000, 0), tomorrow).nanousd == 2_000_000
    assert book.price("openai", "gpt-4o", usage(1001, 0), tomorrow).nanousd == 1_000_000 + 2_002_000


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[[price]]\ninput = 1", "model"),
        ("[[price]]\nmodel = 'x'\ninput = -1", "dollars"),
        ("[[price]]\nmodel = 'x'\ninputs = 1", "one of"),
        ("[[price]]\nmodel = 'x'\nfrom = 3\ninput = 1", "date"),
        ("[[price]]\nmodel = 'x'", "at least one rate"),
        ("= =", "TOML"),
    ],
)
def test_a_bad_price_file_is_named(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(SettingError, match=word):
        PriceBook(tmp_path)


def test_costs_are_whole_nano_dollars_rounded_half_to_even(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[[price]]\nmodel = 'x'\ninput = 0.0005\noutput = 0")
    book = PriceBook(tmp_path)
    costs = [book.price("any", "x", usage(n, 0), AT_US).nanousd for n in (1, 2, 3, 5)]
    assert costs == [0, 1, 2, 2]
    assert Decimal("0.0005") * 1000 == Decimal("0.5")


@pytest.mark.parametrize(
    "above, named",
    [
        ("[[price.above]]\ninput_token = 200000\ninput = 2", "above input_tokens = None"),
        ("[[price.above]]\ninput_tokens = 0\ninput = 2", "above input_tokens = 0"),
        ("[[price.above]]\ninput_tokens = 200000\ninptu = 2", "above inptu"),
        ("[[price.above]]\ninput_tokens = 200000\noutput = 2", "above output"),
        ("above = 3", "above = 3"),
        ("above = [3]", "above = [3]"),
    ],
)
def test_a_tier_that_is_misspelt_is_refused_by_name(tmp_path: Path, above: str, named: str) -> None:
    (tmp_path / "mine.toml").write_text(f'[[price]]\nmodel = "m"\ninput = 1\n{above}\n')
    with pytest.raises(SettingError) as caught:
        PriceBook(tmp_path)
    assert f"mine.toml, price 1: {named}" in str(caught.value)


def test_a_price_of_the_organisation_wins_over_files_and_holds_for_it_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[[price]]\nmodel = "gpt-4o"\nfrom = 2026-01-02\ninput = 9\noutput = 9\n')
    book = PriceBook(tmp_path)
    entry = b'{"model":"GPT-4*","from":"2026-01-01","rates":{"input":0.1,"output":0.2}}'
    later = b'{"model":"gpt-4o","from":"2100-01-01","rates":{"input":1}}'
    broken = b'{"model":"gpt-4o","rates":{"of_a_newer_version":1}}'
    rows = [PriceRow("acme", name, text) for name, text in (("a", entry), ("b", later), ("c", broken))]
    before = book.price("openai", "gpt-4o", usage(1000, 10), AT_US, org="acme")
    book.set_org_prices({"acme": rows})
    cost = book.price("openai", "gpt-4o", usage(1000, 10), AT_US, org="acme")
    assert cost.nanousd == 1000 * 100 + 10 * 200
    assert cost.version.startswith("own:org/a@")
    assert before == book.price("openai", "gpt-4o", usage(1000, 10), AT_US, org="other") != cost
    book.set_org_prices({})
    assert book.price("openai", "gpt-4o", usage(1000, 10), AT_US, org="acme") == before
