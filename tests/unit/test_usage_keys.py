"""No cost is silently partial: every key under a usage object has a meaning, and so has every kind of price."""

import json
from collections.abc import Iterator
from typing import Any

from genai_prices import data_snapshot
from genai_prices.data_units import unit_data
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.core.usage import Usage
from proxy.prices import PriceBook, read_quantities
from proxy.prices.conditions import CONDITIONS
from proxy.prices.usage_keys import ROWS, UNPRICED
from tests.traffic import needs_traffic, truth

AT_US = 1_795_000_000_000_000
BOOK = PriceBook()
FROM_ANSWERS = {
    # Counted by a dialect, beside the usage object (proxy/providers/dialects/billing.py).
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "output_reasoning_tokens"),
    *("web_searches", "storage_searches", "code_executions", "social_searches"),
    *("audio_seconds", "input_document_pages", "input_annotated_document_pages", "input_characters", "requests"),
}
NOT_READ = {
    "cache_write_5m_tokens": "the price of a write without a life of its own is that of five minutes",
    "input_text_messages": "messages of voice sessions, which run over sockets that are not proxied",
    "output_audio_seconds": "no provider in the data bills the sound that comes out by the second",
    "input_pixels": "no model in the data has such a price",
    "input_tool_tokens": "what tools put in is input, and no model in the data has another price for it",
}
"""Usage keys of `genai-prices` that no answer is read for, with the reason."""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def has_row(path: str) -> bool:
    """Whether a key, or an object that it is in, has a row."""
    parts = path.split(".")
    return any(".".join(parts[:depth]) in {row[0] for row in ROWS} for depth in range(1, len(parts) + 1))


def test_every_row_says_why_it_costs_nothing_or_cannot_be_priced() -> None:
    assert [path for path, role, why in ROWS if role in ("neutral", UNPRICED) and not why] == []
    assert len({path for path, _, _ in ROWS}) == len(ROWS)


@needs_traffic
def test_every_key_in_recorded_usage_has_a_row() -> None:
    unknown = {
        path
        for row in truth().values()
        for path, value in leaves(row["usage_raw"] or {})
        if value not in (None, "", 0, False) and not has_row(path)
    }
    unknown -= {"inputTextTokenCount", "tokenCount"}  # of Titan, read by the dialect from beside the usage
    assert unknown == set()


@needs_traffic
def test_a_quantity_in_recorded_usage_that_grows_is_counted() -> None:
    roles = {path: role for path, role, _ in ROWS}
    for id, row in truth().items():
        raw = row["usage_raw"] or {}
        before, _, _ = read_quantities(Usage(input_tokens=1 << 40, output_tokens=1 << 40, raw=raw))
        for path, value in leaves(raw):
            if value and roles.get(path) in unit_data:
                more = json.loads(json.dumps(raw))
                grow(more, path.split("."))
                after, _, _ = read_quantities(Usage(input_tokens=1 << 40, output_tokens=1 << 40, raw=more))
                assert after != before, (id, path)


def grow(raw: Any, path: list[str]) -> None:
    """Adds 1,000 to every number at `path`."""
    if isinstance(raw, list):
        for inner in raw:
            grow(inner, path)
    elif len(path) > 1:
        grow(raw.get(path[0], {}), path[1:])
    elif isinstance(raw.get(path[0]), int | float):
        raw[path[0]] += 1000


def test_every_kind_of_price_in_the_data_is_used_or_named_as_not_used() -> None:
    read = FROM_ANSWERS | {role for _, role, _ in ROWS if role in unit_data}
    for _, role, _ in ROWS:
        if role.startswith("modalities:"):
            read |= {role[11:].format(kind) for kind in ("audio", "image", "video")}
    read |= {"cache_write_1h_tokens", "input_image_tokens"}
    priced: set[str] = set()
    keys = {unit["price_key"]: name for name, unit in unit_data.items()}
    for provider in data_snapshot.get_snapshot().providers:
        for model in provider.models:
            every = model.prices if isinstance(model.prices, list) else [model.prices]
            for price in [getattr(one, "prices", one) for one in every]:
                priced |= {keys[key] for key, value in price.__dict__.items() if value is not None}
    # The seconds of a transcription are sound that goes in: where both are listed they are the same price.
    read.add("input_audio_seconds")
    assert priced - read - set(NOT_READ) == set()
    assert set(NOT_READ) & read == set()


def test_every_condition_of_a_price_in_the_data_is_one_of_ours_or_named_as_not_read() -> None:
    not_read = {
        "route": "OpenRouter's answer names the provider, and its own cost counts",
        "search_type": "Perplexity's answer does not name it, and its own cost counts",
    }
    found = {
        name
        for provider in data_snapshot.get_snapshot().providers
        for model in provider.models
        for variant in model.price_variants or ()
        for name in variant.when
    }
    assert found - set(CONDITIONS) - set(not_read) == set()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([row[0].split(".")[-1] for row in ROWS]) | st.text(max_size=8), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from([row[0].split(".")[0] for row in ROWS]) | st.text(max_size=8), json_values, max_size=8
    )
)
def test_no_usage_object_breaks_the_pricing(raw: dict[str, Any]) -> None:
    for model in ("gpt-5-mini", "gpt-4o-audio-preview"):
        found = BOOK.price("openai", model, Usage(input_tokens=5, output_tokens=5, raw=raw), AT_US)
        assert (found.nanousd is None) == bool(found.missing)
        assert found.nanousd is None or 0 <= found.nanousd < 1 << 62


@settings(deadline=None, max_examples=200)
@given(st.text(min_size=1, max_size=12).filter(lambda key: not has_row(key)), st.integers(1, 1 << 60))
def test_a_count_under_a_key_without_a_row_is_never_priced_as_nothing(key: str, number: int) -> None:
    raw = {"prompt_tokens": 10, "completion_tokens": 1, key: number}
    found = BOOK.price("openai", "gpt-5-mini", Usage(input_tokens=10, output_tokens=1, raw=raw), AT_US)
    assert (found.nanousd, found.missing) == (None, (f"usage.{key}",))
