"""Every row of the contract's tables that belongs to cache, limits, retries, fallbacks and hedging, with both SDKs,
plain and streamed."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest

from simulator import process
from tests.stack import Stack, wait_for

_names = itertools.count()
Heads = httpx.Headers
Call = Callable[..., tuple[Heads, str]]
"""Headers by keyword (and `ask`) in, the answer's headers and its text out."""


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    """A second provider."""
    provider = process.start()
    yield provider.origin
    provider.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str, other: str) -> Iterator[Stack]:
    providers = dict.fromkeys(("openai", "anthropic"), f'origin = "{simulator_origin}"')
    with Stack(
        tmp_path_factory.mktemp("stack"), providers, targets__allow=f"{simulator_origin},{other}", hedge__percent="50"
    ).start_gateway() as running:
        yield running


@pytest.fixture
def name() -> str:
    """Text that no other test sends."""
    return f"something {next(_names)}"


def named(headers: dict[str, Any]) -> dict[str, str]:
    return {key.replace("_", "-"): str(value) for key, value in headers.items()}


@pytest.fixture(params=["openai, plain", "openai, streamed", "anthropic, plain", "anthropic, streamed"])
def call(request: pytest.FixtureRequest, stack: Stack, name: str) -> Call:
    maker, _, way = request.param.partition(", ")
    streamed = way == "streamed"

    def openai_call(ask: str = name, **headers: Any) -> tuple[Heads, str]:
        client = openai.OpenAI(base_url=f"{stack.gateway}/openai/v1", api_key="sk-a", max_retries=0)
        raw = client.chat.completions.with_raw_response.create(
            model="gpt-4o", max_tokens=100, messages=[{"role": "user", "content": ask}], stream=streamed,
            extra_headers=named(headers),
        )  # fmt: skip
        parsed: Any = raw.parse()
        if not streamed:
            return raw.headers, parsed.choices[0].message.content
        return raw.headers, "".join(chunk.choices[0].delta.content or "" for chunk in parsed)

    def anthropic_call(ask: str = name, **headers: Any) -> tuple[Heads, str]:
        client = anthropic.Anthropic(base_url=f"{stack.gateway}/anthropic", api_key="sk-a", max_retries=0)
        raw = client.messages.with_raw_response.create(
            model="claude-sonnet-4-5", max_tokens=100, messages=[{"role": "user", "content": ask}], stream=streamed,
            extra_headers=named(headers),
        )  # fmt: skip
        parsed: Any = raw.parse()
        if not streamed:
            return raw.headers, parsed.content[0].text
        events = list(parsed)
        return raw.headers, "".join(event.delta.text for event in events if event.type == "content_block_delta")

    return openai_call if maker == "openai" else anthropic_call


def hit(call: Call, **headers: Any) -> str:
    found = call(Helicone_Cache_Enabled="true", **headers)[0]
    assert (found["helicone-cache-hit"] == "true") is (found["helicone-cache"] == "HIT")
    return str(found["helicone-cache"])


# --- the cache ------------------------------------------------------------------------------------------------------


def test_a_hit_and_all_that_it_tells(call: Call, stack: Stack) -> None:
    first, text = call(Helicone_Cache_Enabled="true")
    second, again = call(Helicone_Cache_Enabled="true")
    assert text and text == again
    assert (first["helicone-cache"], first["helicone-cache-hit"]) == ("MISS", "false")
    assert (second["helicone-cache"], second["helicone-cache-hit"]) == ("HIT", "true")
    assert (second["helicone-cache-kind"], second["helicone-cache-source-id"]) == ("exact", first["helicone-id"])
    assert int(second["helicone-cache-age"]) >= 0 and int(second["helicone-cache-latency"]) >= 0
    assert (
        "helicone-cache-source-id" not in first and first["helicone-status"] == second["helicone-status"] == "success"
    )
    rows = [stack.record(found["helicone-id"]) for found in (first, second)]
    assert [row["cached"] for row in rows] == [False, True] and rows[0]["cost_nanousd"] > rows[1]["cost_nanousd"] == 0


def test_seed_and_bucket(call: Call, name: str) -> None:
    assert [hit(call, Helicone_Cache_Seed=seed + name) for seed in "aba"] == ["MISS", "MISS", "HIT"]
    small = {"Helicone_Cache_Seed": "small" + name, "Helicone_Cache_Bucket_Max_Size": 1}
    assert [hit(call, ask=ask + name, **small) for ask in "xxyx"] == ["MISS", "HIT", "MISS", "MISS"]


@pytest.mark.parametrize("header", ["Cache_Control", "Helicone_Cache_Control"])
def test_cache_control_plain_and_ours(call: Call, header: str) -> None:
    assert hit(call, **{header: "no-store"}) == "MISS"
    assert hit(call, **{header: "max-age=9, s-maxage=0"}) == "MISS"  # of both the one for shared caches counts
    assert hit(call, **{header: "max-age=0"}) == "MISS"
    assert hit(call, **{header: "max-age=0, s-maxage=60"}) == "MISS"
    assert hit(call) == "HIT"
    assert hit(call, **{header: "no-cache"}) == "MISS"
    assert hit(call, **{header: "max-age=60"}) == "HIT"


def test_the_end_of_an_entry_s_life(call: Call) -> None:
    assert hit(call, Cache_Control="s-maxage=1") == "MISS"
    wait_for("its end", lambda: hit(call, Helicone_Cache_Save="false") == "MISS")


def test_read_and_save_apart(call: Call) -> None:
    assert "helicone-cache" not in call(Helicone_Cache_Enabled="false")[0]
    assert [call(**{f"Helicone_Cache_{way}": "true"})[0]["helicone-cache"] for way in ("Read", "Save", "Read")] == [
        "MISS", "MISS", "HIT",
    ]  # fmt: skip


def test_ignored_keys(call: Call, name: str) -> None:
    ignore = {"Helicone_Cache_Ignore_Keys": '"messages", max_tokens', "Helicone_Cache_Seed": name}
    assert [hit(call, ask=ask + name, **ignore) for ask in "xy"] == ["MISS", "HIT"]


def test_a_pace(call: Call) -> None:
    assert hit(call, x_sim_chunk_ms=5) == "MISS"
    texts = {call(Helicone_Cache_Enabled="true", Helicone_Cache_Pace=pace)[1] for pace in ("recorded", "at-once")}
    assert len(texts) == 1 and "" not in texts


# --- limits ---------------------------------------------------------------------------------------------------------

LIMITED = (openai.RateLimitError, anthropic.RateLimitError)


@pytest.mark.parametrize(
    "policy, canonical",
    [
        ("2;w=3600;u=user", "2;w=3600;u=request;s=user"),
        ("2;w=3600;u=request;s=Feature", "2;w=3600;u=request;s=feature"),
        ("S=USER;W=3600;2", "2;w=3600;u=request;s=user"),
    ],
)
def test_a_limit_and_all_that_it_tells(call: Call, stack: Stack, name: str, policy: str, canonical: str) -> None:
    asked = {"Helicone_RateLimit_Policy": policy, "Helicone_User_Id": name, "Helicone_Property_Feature": name}
    for left in ("1", "0"):
        found, _ = call(**asked)
        assert (found["helicone-ratelimit-limit"], found["helicone-ratelimit-remaining"]) == ("2", left)
        assert found["helicone-ratelimit-policy"] == canonical and int(found["helicone-ratelimit-reset"]) > 0
        assert found["ratelimit-policy"] == f'"{canonical}";q=2;w=3600'
        assert found["ratelimit"].startswith(f'"{canonical}";r={left};t=')
        assert "retry-after" not in found and "x-helicone-error" not in found
    with pytest.raises(LIMITED) as refused:
        call(**asked)
    told = refused.value.response.headers
    assert int(told["retry-after"]) > 0 and told["x-helicone-error"] == "rate_limited"
    assert told["helicone-status"] == "admit" and told["helicone-ratelimit-remaining"] == "0"
    assert canonical in str(refused.value.message)
    row = stack.record(told["helicone-id"])
    assert (row["status"], row["error"], row["attempt_count"]) == (429, "rate_limited", 0)
    call(**asked | {"Helicone_User_Id": name + " else", "Helicone_Property_Feature": name + " else"})


@pytest.mark.parametrize("unit, limit", [("tokens", "1000"), ("cents", "50.5")])
def test_what_a_call_used_is_told_and_taken(call: Call, stack: Stack, name: str, unit: str, limit: str) -> None:
    asked = {"Helicone_RateLimit_Policy": f"{limit};w=60;u={unit};s=user", "Helicone_User_Id": name}
    found, _ = call(**asked)
    row = stack.record(found["helicone-id"])
    used = row["input_tokens"] + row["output_tokens"] if unit == "tokens" else row["cost_nanousd"] / 1e7
    assert used > 0 and float(found["helicone-ratelimit-remaining"]) < float(limit)
    if row["streamed"]:
        assert "helicone-tokens" not in found and "helicone-cost" not in found
    else:
        assert int(found["helicone-tokens"]) == row["input_tokens"] + row["output_tokens"]
        assert float(found["helicone-cost"]) == pytest.approx(row["cost_nanousd"] / 1e9)
    # The second reserves what the first did, and nothing of the first's reservation is left.
    after, _ = call(**asked)
    between = float(found["helicone-ratelimit-remaining"]) - float(after["helicone-ratelimit-remaining"])
    assert between == pytest.approx(used, abs=1e-3 if unit == "cents" else 40)  # what it learned of the model


def test_a_budget_too_small_for_the_call_is_refused_and_less_than_a_cent_can_be_one(call: Call, name: str) -> None:
    asked = {"Helicone_User_Id": name}
    with pytest.raises(LIMITED) as refused:
        call(Helicone_RateLimit_Policy="0.0001;w=60;u=cents;s=user", **asked)
    assert "retry-after" not in refused.value.response.headers  # waiting does not help
    found, _ = call(Helicone_RateLimit_Policy="0.5;w=60;u=cents;s=user", **asked)
    assert 0 < float(found["helicone-ratelimit-remaining"]) < 0.5 and found["helicone-ratelimit-limit"] == "0.5"
    assert found["ratelimit-policy"].endswith(";q=1;w=60")


def test_places_come_back_when_the_answer_is_whole(call: Call, name: str) -> None:
    for _ in range(3):
        found, text = call(Helicone_RateLimit_Policy="1;w=60;u=concurrent;s=user", Helicone_User_Id=name)
        assert text and found["helicone-ratelimit-remaining"] == "0"


def test_all_of_the_organisation_and_several_at_once(call: Call, name: str) -> None:
    several = f"{10**6 + next(_names)};w=60;u=org, 1;w=61;s=user"
    found, _ = call(Helicone_RateLimit_Policy=several, Helicone_User_Id=name)
    assert found["ratelimit"].count(";r=") == found["ratelimit-policy"].count(";q=") == 2
    assert found["helicone-ratelimit-policy"] == "1;w=61;u=request;s=user"  # the tightest


# --- retries, fallbacks, hedging ------------------------------------------------------------------------------------


def failing(times: int, name: str, status: int = 503) -> dict[str, Any]:
    return {"x_sim_status": status, "x_sim_fail_times": times, "x_sim_fail_key": f"{name} {next(_names)}"}


def waits(stack: Stack, id: str) -> list[float]:
    """Milliseconds before each attempt after the first, as they were decided."""
    return [attempt["waited_us"] / 1e3 for attempt in stack.record(id)["attempts"]][1:]


def test_retries_and_their_waits(call: Call, stack: Stack, name: str) -> None:
    ways = [
        ({"Helicone_Retry_Factor": 1, "Helicone_Retry_Min_Timeout": 20}, [20, 20, 20]),
        ({"Helicone_Retry_Factor": 10, "Helicone_Retry_Min_Timeout": 2}, [2, 20, 200]),
        ({"Helicone_Retry_Factor": 10, "Helicone_Retry_Min_Timeout": 2, "Helicone_Retry_Max_Timeout": 9}, [2, 9, 9]),
        ({"Helicone_Retry_Max_Timeout": 0}, [0, 0, 0]),
    ]
    for asked, most in ways:
        found, text = call(Helicone_Retry_Enabled="true", Helicone_Retry_Num=3, **asked, **failing(3, name))
        assert text and found["helicone-retries"] == "3"
        assert all(wait <= bound for wait, bound in zip(waits(stack, found["helicone-id"]), most, strict=True))
    with pytest.raises((openai.InternalServerError, anthropic.InternalServerError)) as failed:
        call(Helicone_Retry_Enabled="true", Helicone_Retry_Num=1, Helicone_Retry_Max_Timeout=1, **failing(3, name))
    assert failed.value.response.headers["helicone-retries"] == "1"
    assert "helicone-retries" not in call(Helicone_Retry_Enabled="true")[0]


def test_a_provider_s_retry_after_is_obeyed(call: Call, stack: Stack, name: str) -> None:
    quick = {"Helicone_Retry_Enabled": "true", "Helicone_Retry_Max_Timeout": 1}
    found, _ = call(**quick, x_sim_retry_after="0.15", **failing(2, name, 429))
    assert waits(stack, found["helicone-id"]) == [150, 150]


def test_fallbacks_to_models_and_to_targets(call: Call, stack: Stack, name: str, other: str) -> None:
    found, text = call(Helicone_Fallback='[{"model": "a"}, {"model": "b"}]', **failing(2, name))
    assert text and (found["helicone-fallback-index"], found["helicone-fallback-model"]) == ("2", "b")
    assert [attempt["status"] for attempt in stack.record(found["helicone-id"])["attempts"]] == [503, 503, 200]
    entries = [
        {"target-url": other, "headers": {"x-sim-status": "404"}, "onCodes": [{"from": 400, "to": 404}]},
        {"target-url": other, "bodyKeyOverride": {"model": "c"}},
    ]
    found, text = call(Helicone_Fallbacks=json.dumps(entries))
    assert text and (found["helicone-fallback-index"], found["helicone-fallback-model"]) == ("1", "c")
    assert "helicone-fallback-index" not in call(Helicone_Fallback='[{"model": "a"}]')[0]


def test_a_late_call_is_hedged(call: Call, name: str) -> None:
    safe = {"Helicone_Hedge_Enabled": "true"}
    for _ in range(22):
        call(**safe)  # fewer say nothing about a late one
    late = failing(1, name, 200) | {"x_sim_stall": "before"}
    found, text = call(**safe, **late)
    assert text and found["helicone-hedge"] == "second"
