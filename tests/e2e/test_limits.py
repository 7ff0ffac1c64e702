"""Rate limits and budgets, through a real gateway and the real SDKs."""

import asyncio
import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.stack import Stack, wait_for

CHAT = "/openai/v1/chat/completions"
ASK: Any = [{"role": "user", "content": "Say hello."}]
POLICY = "Helicone-RateLimit-Policy"
_names = itertools.count()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = dict.fromkeys(("openai", "anthropic", "gemini"), f'origin = "{simulator_origin}"')
    with Stack(tmp_path_factory.mktemp("stack"), providers, targets__allow=simulator_origin).start_gateway() as running:
        yield running


@pytest.fixture
def name() -> str:
    """A segment's value that no other test counts on."""
    return f"someone-{next(_names)}"


def post(stack: Stack, policy: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    named = {POLICY: policy} | {name.replace("_", "-"): value for name, value in headers.items()}
    whole = {"model": "gpt-4o-mini", "messages": ASK, **(body or {})}
    return httpx.post(stack.gateway + CHAT, json=whole, headers=named, timeout=30)


@pytest.mark.parametrize(
    "policy, limit, named",
    [
        ("3;w=3600;u=user", "3", "3;w=3600;u=request;s=user"),
        ("3;w=3600;s=Feature", "3", "3;w=3600;u=request;s=feature"),
        ("u=request; W=3600; 3 ;s=user", "3", "3;w=3600;u=request;s=user"),
        ("3.9;w=3600;u=user", "3.9", "3.9;w=3600;u=request;s=user"),
    ],
)
def test_a_limit_lets_so_many_pass_and_says_how_it_stands(
    stack: Stack, name: str, policy: str, limit: str, named: str
) -> None:
    who = {"helicone_user_id": name, "helicone_property_feature": name}
    for left in (2, 1, 0):
        answer = post(stack, policy, **who)
        assert answer.status_code == 200
        assert answer.headers["helicone-ratelimit-limit"] == limit
        assert answer.headers["helicone-ratelimit-remaining"] == str(left)
        assert 3590 <= int(answer.headers["helicone-ratelimit-reset"]) <= 3660
        assert answer.headers["helicone-ratelimit-policy"] == named
        assert answer.headers["ratelimit-policy"] == f'"{named}";q=3;w=3600'
        assert answer.headers["ratelimit"].startswith(f'"{named}";r={left};t=')
    refused = post(stack, policy, **who)
    assert refused.status_code == 429
    assert refused.headers["x-helicone-error"] == "rate_limited"
    assert refused.headers["helicone-status"] == "admit"
    assert 3500 <= int(refused.headers["retry-after"]) <= 3660
    error = refused.json()["error"]
    assert error["code"] == "rate_limited" and named in error["message"]
    record = stack.record(refused.headers["helicone-id"])
    assert record["status"] == 429 and record["facts"]["rate.refused"] == named and record["cost_nanousd"] == 0
    assert post(stack, policy, helicone_user_id=name + "-2", helicone_property_feature=name + "-2").status_code == 200


def test_the_sdks_raise_their_own_rate_limit_errors(stack: Stack, name: str) -> None:
    headers = {POLICY: "1;w=3600;u=user", "Helicone-User-Id": name}
    one = openai.OpenAI(base_url=f"{stack.gateway}/openai/v1", api_key="sk-a", default_headers=headers, max_retries=0)
    assert list(one.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True))
    with pytest.raises(openai.RateLimitError, match="1 requests in 3600 s"):
        one.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)
    two = anthropic.Anthropic(
        base_url=f"{stack.gateway}/anthropic", api_key="sk-a", default_headers=headers, max_retries=0
    )
    with pytest.raises(anthropic.RateLimitError) as caught:
        two.messages.create(model="claude-x", max_tokens=5, messages=ASK)
    assert caught.value.body["error"]["type"] == "rate_limit_error"  # type: ignore[index]


def test_the_body_s_user_counts_where_no_header_names_one(stack: Stack, name: str) -> None:
    assert post(stack, "1;w=60;u=user", {"user": name}).status_code == 200
    assert post(stack, "1;w=60;u=user", {"user": name}).status_code == 429
    assert post(stack, "1;w=60;u=user", helicone_user_id=name).status_code == 429


def test_several_policies_are_taken_from_together_or_not_at_all(stack: Stack, name: str) -> None:
    both = "2;w=3600;s=A, 4;w=3600;s=B"

    def one(a: str, b: str) -> httpx.Response:
        return post(stack, both, helicone_property_a=a + name, helicone_property_b=b + name)

    assert [one("x", "y").status_code for _ in range(3)] == [200, 200, 429]
    last = one("z", "y")  # had the refused call cost something in B, this would be the last
    assert last.status_code == 200
    assert last.headers["helicone-ratelimit-remaining"] == "1"
    assert last.headers["ratelimit"].count(";r=") == 2
    assert one("v", "y").status_code == 200
    assert one("w", "y").status_code == 429


def test_a_window_rolls(stack: Stack, name: str) -> None:
    assert [post(stack, "2;w=2;u=user", helicone_user_id=name).status_code for _ in range(3)] == [200, 200, 429]
    wait_for("room", lambda: post(stack, "2;w=2;u=user", helicone_user_id=name).status_code == 200)


def test_tokens_are_reserved_and_settled(stack: Stack, name: str) -> None:
    policy = "1000;w=3600;u=tokens;s=user"
    used = {"helicone_user_id": name, "x_sim_input_tokens": "100", "x_sim_output_tokens": "200"}
    answer = post(stack, policy, {"max_tokens": 250}, **used)
    assert answer.status_code == 200
    assert answer.headers["helicone-tokens"] == "300"
    assert float(answer.headers["helicone-cost"]) == pytest.approx((100 * 150 + 200 * 600) / 1e9)
    assert int(answer.headers["helicone-ratelimit-remaining"]) < 750  # the reservation
    answer = post(stack, policy, {"max_tokens": 250}, **used)
    assert answer.status_code == 200
    assert 300 < int(answer.headers["helicone-ratelimit-remaining"]) < 450  # 300 settled, 250 and the input reserved
    refused = post(stack, policy, {"max_tokens": 399}, **used)
    assert refused.status_code == 429 and "tokens" in refused.json()["error"]["message"]
    assert post(stack, policy, {"max_tokens": 250}, **used).status_code == 200
    over = post(stack, policy, {"max_tokens": 5000}, helicone_user_id=name + "-2")
    assert over.status_code == 429 and "retry-after" not in over.headers  # waiting does not help


CHEAP, DEAR = {"model": "gpt-4o-mini", "max_tokens": 5}, {"model": "gpt-4o", "max_tokens": 10_000}


@pytest.mark.parametrize("asked, status", [(CHEAP, 200), (DEAR, 429)])
def test_a_budget_reserves_what_leaves_however_it_is_written(
    stack: Stack, name: str, simulator_origin: str, asked: dict[str, Any], status: int
) -> None:
    """Ten thousand tokens of gpt-4o cost ten cents, and one cent is there."""
    policy = {POLICY: "1;w=3600;u=cents;s=user", "Helicone-User-Id": name}
    plain = {"messages": ASK, **asked}
    assert httpx.post(stack.gateway + CHAT, json=plain, headers=policy).status_code == status
    packed = policy | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    body = gzip.compress(json.dumps(plain).encode())
    assert httpx.post(stack.gateway + CHAT, content=body, headers=packed).status_code == status
    first = {"target-url": simulator_origin, "bodyKeyOverride": asked}
    named = policy | {"Helicone-Fallbacks": json.dumps([first])}
    assert httpx.post(stack.gateway + CHAT, json={"messages": ASK, **CHEAP}, headers=named).status_code == status


@pytest.mark.parametrize("where", ["path", "header"])
def test_what_a_model_usually_answers_is_learned_wherever_it_is_named(stack: Stack, name: str, where: str) -> None:
    """A thousand tokens are reserved for a model that was not seen before."""
    if where == "path":
        url, extra = f"/gemini/v1beta/models/{name}:generateContent", {}
        body: dict[str, Any] = {"contents": [{"parts": [{"text": "Say hello."}]}]}
    else:
        url, extra, body = CHAT, {"Helicone-Model-Override": name}, {"model": "gpt-4o-mini", "messages": ASK}

    def ask(limit: int) -> int:
        headers = {POLICY: f"{limit};w=3600;u=tokens;s=user", "Helicone-User-Id": name, **extra}
        return httpx.post(stack.gateway + url, json=body, headers=headers, timeout=30).status_code

    assert ask(900) == 429
    assert ask(5_000) == 200
    assert ask(900) == 200


def test_a_price_list_that_cannot_be_read_fails_no_call_and_loses_no_reservation(
    tmp_path: Path, simulator_origin: str, name: str
) -> None:
    prices = tmp_path / "prices"
    stack = Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}, prices__folder=str(prices))
    try:
        stack.start("gateway")
        prices.mkdir()
        (prices / "bad.toml").write_text("this is no price list")
        policy = "3000;w=3600;u=tokens;s=user"
        first = post(stack, policy, {"max_tokens": 1_000}, helicone_user_id=name)
        assert first.status_code == 200 and "helicone-tokens" not in first.headers
        second = post(stack, policy, {"max_tokens": 1_000}, helicone_user_id=name)
        assert second.status_code == 200, "and the next one finds what the first had reserved as used"
        assert int(second.headers["helicone-ratelimit-remaining"]) < 1_000
    finally:
        stack.stop()


def test_money_is_settled_to_what_the_log_says_it_cost(stack: Stack, name: str) -> None:
    policy = "1;w=3600;u=cents;s=user"
    headers = {"helicone_user_id": name, "x_sim_input_tokens": "1000", "x_sim_output_tokens": "5000"}
    cost = (1000 * 150 + 5000 * 600) / 1e7  # cents
    statuses = [post(stack, policy, {"max_tokens": 5000, "stream": True}, **headers).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429] and 3 * cost < 1 < 4 * cost
    assert post(stack, policy, {"max_tokens": 10}, helicone_user_id=name).status_code == 200


def test_a_call_that_failed_or_came_from_the_cache_costs_no_money(stack: Stack, name: str) -> None:
    policy = "300;w=3600;u=tokens;s=user"
    body = {"max_tokens": 150, "user": name}
    who = {"helicone_user_id": name}
    assert [post(stack, policy, body, **who, x_sim_status="500").status_code for _ in range(5)] == [500] * 5
    cached = {**who, "helicone_cache_enabled": "true", "x_sim_input_tokens": "20", "x_sim_output_tokens": "80"}
    answers = [post(stack, policy, body, **cached) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 8
    assert [answer.headers["helicone-cache"] for answer in answers] == ["MISS"] + ["HIT"] * 7
    assert answers[-1].headers["helicone-tokens"] == "0" and answers[-1].headers["helicone-cost"] == "0"


async def test_calls_at_once_are_limited_and_places_come_back(stack: Stack, name: str) -> None:
    headers = {POLICY: "3;w=60;u=concurrent;s=user", "Helicone-User-Id": name, "x-sim-delay-ms": "400"}

    async def burst(count: int) -> list[int]:
        async with httpx.AsyncClient(timeout=30) as client:
            body = {"model": "gpt-4o-mini", "messages": ASK}
            calls = [client.post(stack.gateway + CHAT, json=body, headers=headers) for _ in range(count)]
            return sorted(answer.status_code for answer in await asyncio.gather(*calls))

    assert await burst(8) == [200] * 3 + [429] * 5
    assert await burst(3) == [200] * 3


async def test_exactly_the_limit_passes_however_many_come_at_once(stack: Stack, name: str) -> None:
    headers = {POLICY: "25;w=600;u=user", "Helicone-User-Id": name}
    async with httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=64)) as client:
        body = {"model": "gpt-4o-mini", "messages": ASK}
        calls = [client.post(stack.gateway + CHAT, json=body, headers=headers) for _ in range(100)]
        statuses = [answer.status_code for answer in await asyncio.gather(*calls)]
    assert statuses.count(200) == 25 and statuses.count(429) == 75


def test_a_hit_counts_for_request_limits(stack: Stack, name: str) -> None:
    headers = {"helicone_user_id": name, "helicone_cache_enabled": "true"}
    answers = [post(stack, "2;w=600;u=user", {"user": name}, **headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[1].headers["helicone-cache"] == "HIT"


def test_a_segment_that_the_call_does_not_carry_is_refused_by_name(stack: Stack) -> None:
    for policy, header in [("5;w=60;u=user", "Helicone-User-Id"), ("5;w=60;s=Team", "Helicone-Property-Team")]:
        answer = post(stack, policy)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "missing_segment" and answer.json()["error"]["param"] == header


@pytest.mark.parametrize(
    "policy, place",
    [
        ("5", "character 1"),
        ("w=60", "character 1"),
        ("5;w=sixty", "character 3"),
        ("5;w=0", "character 3"),
        ("5;w=31536001", "character 3"),
        ("5;w=60;u=bananas", "character 8"),
        ("5;w=60;x=1", "character 8"),
        ("5;w=60;w=61", "character 8"),
        ("0;w=60", "character 1"),
        ("-1;w=60", "character 1"),
        ("1e3;w=60", "character 1"),
        ("99999999999999999999;w=60", "character 1"),
        ("0.0000001;w=60;u=cents", "character 1"),
        ("5;w=60, 6;w=x", "policy 2, character 11"),
        ("5;w=60;u=user;s=team", "character 15"),
        (",".join(f"{n};w=60" for n in range(1, 10)), "at most 8"),
    ],
)
def test_a_malformed_policy_is_refused_with_its_place(stack: Stack, policy: str, place: str) -> None:
    answer = post(stack, policy)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "invalid_policy" and error["param"] == POLICY and place in error["message"]


def test_limits_of_the_settings_hold_for_everybody(tmp_path: Any, simulator_origin: str) -> None:
    with Stack(
        tmp_path, {"openai": f'origin = "{simulator_origin}"'},
        limits__policy="2;w=3600", limits__missing_segment="share", answer__cost="true",
    ).start_gateway() as stack:  # fmt: skip
        answer = httpx.post(stack.gateway + CHAT, json={"model": "gpt-4o-mini", "messages": ASK})
        assert answer.headers["helicone-ratelimit-remaining"] == "1"
        assert int(answer.headers["helicone-tokens"]) > 0 and float(answer.headers["helicone-cost"]) > 0
        assert post(stack, "1;w=60;u=user").status_code == 200
        assert post(stack, "9;w=60;u=user").status_code == 429  # the standing rule


def test_limits_outlive_kill_9_and_what_a_dead_call_reserved_is_given_back(
    tmp_path: Any, simulator_origin: str
) -> None:
    policy = "10;w=3600, 100000;w=3600;u=tokens"
    with Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}).start_gateway() as stack:
        for _ in range(4):
            assert post(stack, policy, {"max_tokens": 10}, x_sim_output_tokens="10").status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.post(
                stack.gateway + CHAT, json={"model": "gpt-4o-mini", "messages": ASK, "max_tokens": 90_000},
                headers={POLICY: policy, "x-sim-stall": "before"}, timeout=0.7,
            )  # fmt: skip
        refused = post(stack, policy, {"max_tokens": 20_000})
        assert refused.status_code == 429 and "tokens" in refused.json()["error"]["message"]
        stack.kill("gateway")
        wait_for("the gateway again", lambda: stack.answers(stack.gateway + "/readyz"))
        assert [post(stack, policy, {"max_tokens": 10}).status_code for _ in range(6)] == [200] * 5 + [429]
