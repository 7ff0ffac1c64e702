"""How long a provider asks to wait."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.providers.retry_after import retry_after_s

WALL = 1_700_000_000.0


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({}, None),
        ({"retry-after": "2"}, 2),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:10 GMT"}, 0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h2m3.5s"}, 3723.5),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "17"}, 17),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1700000005"}, 5),
        ({"x-ratelimit-remaining-tokens": "1", "x-ratelimit-reset-tokens": "17"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "later"}, None),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2023-11-14T22:13:25Z",
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2023-11-14T22:13:50Z",
                "anthropic-ratelimit-output-tokens-remaining": "7",
                "anthropic-ratelimit-output-tokens-reset": "2023-11-14T23:13:50Z",
            },
            30,
        ),
    ],
)
def test_every_way_to_say_when_to_come_back(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(list(headers.items()), WALL) == (None if seconds is None else pytest.approx(seconds))


NAMES = ["retry-after", "retry-after-ms", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens",
         "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=12) | st.sampled_from(["0", "1e999", "9" * 400]))))
def test_no_header_makes_a_wait_that_is_no_time(headers: list[tuple[str, str]]) -> None:
    found = retry_after_s(headers, WALL)
    assert found is None or (found >= 0 and math.isfinite(found))
