"""Retries and fallbacks, through a real gateway and the real SDKs."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from simulator import process
from tests.stack import Stack, free_port

CHAT = "/openai/v1/chat/completions"
ASK: Any = [{"role": "user", "content": "Say hello."}]
UNREACHABLE = f"http://localhost:{free_port()}"
_names = itertools.count()


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    """A second provider."""
    provider = process.start()
    yield provider.origin
    provider.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str, other: str) -> Iterator[Stack]:
    here = f'origin = "{simulator_origin}"'
    gone = f'name = "gone"\ndialect = "openai"\norigin = "http://127.0.0.1:{free_port()}"'
    providers = {"openai": here, "anthropic": here, "gemini": here, "gone": gone}
    with Stack(
        tmp_path_factory.mktemp("stack"), providers,
        targets__allow=f"{other},{UNREACHABLE}", retry__patience_s="8", upstream__first_byte_timeout_s="1",
    ).start_gateway() as running:  # fmt: skip
        yield running


@pytest.fixture
def fails() -> dict[str, str]:
    """Fails twice with 503, then answers."""
    return {"x-sim-status": "503", "x-sim-fail-times": "2", "x-sim-fail-key": f"retry-{next(_names)}"}


QUICK = {"Helicone-Retry-Enabled": "true", "Helicone-Retry-Min-Timeout": "10", "Helicone-Retry-Max-Timeout": "50"}


def post(stack: Stack, headers: dict[str, str], body: dict[str, Any] | None = None, path: str = CHAT) -> httpx.Response:
    whole = {"model": "gpt-4o-mini", "messages": ASK, **(body or {})}
    return httpx.post(stack.gateway + path, json=whole, headers=headers, timeout=30)


@pytest.mark.parametrize("stream", [False, True])
def test_retried_until_it_answers(stack: Stack, fails: dict[str, str], stream: bool) -> None:
    client = openai.OpenAI(
        base_url=f"{stack.gateway}/openai/v1", api_key="sk-a", default_headers=QUICK | fails, max_retries=0
    )
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ASK, stream=stream)
    assert list(raw.parse()) if stream else raw.parse().choices
    assert raw.headers["helicone-retries"] == "2"
    record = stack.record(raw.headers["helicone-id"])
    assert [attempt["status"] for attempt in record["attempts"]] == [503, 503, 200]
    assert record["facts"]["retry.count"] == 2 and record["attempts"][0]["waited_us"] == 0
    assert record["attempts"][1]["started_us"] >= record["attempts"][0]["ended_us"] + record["attempts"][1]["waited_us"]


async def test_calls_that_wait_to_be_sent_again_hold_no_connection(tmp_path: Path, simulator_origin: str) -> None:
    """All places are taken by calls that fail at once: each gives its own back before it waits for another."""
    provider = {"openai": f'origin = "{simulator_origin}"'}
    stack = Stack(tmp_path, provider, upstream__connections="2", retry__patience_s="20")
    try:
        stack.start("gateway")
        async with httpx.AsyncClient(timeout=30) as client:
            fails = [
                {"x-sim-status": "429", "x-sim-fail-times": "2", "x-sim-fail-key": f"held-{next(_names)}", **QUICK}
                for _ in range(8)
            ]
            body = {"model": "gpt-4o-mini", "messages": ASK}
            calls = [client.post(stack.gateway + CHAT, json=body, headers=one) for one in fails]
            answers = await asyncio.gather(*calls)
        assert [(answer.status_code, answer.headers["helicone-retries"]) for answer in answers] == [(200, "2")] * 8
    finally:
        stack.stop()


def test_anthropic_is_retried(stack: Stack, fails: dict[str, str]) -> None:
    fails["x-sim-status"] = "529"
    client = anthropic.Anthropic(
        base_url=f"{stack.gateway}/anthropic", api_key="sk-a", default_headers=QUICK | fails, max_retries=0
    )
    with client.messages.stream(model="claude-x", max_tokens=9, messages=ASK) as stream:
        assert stream.get_final_text() and stream.response.headers["helicone-retries"] == "2"


@pytest.mark.parametrize("script", [{"x-sim-reset": "before"}, {"x-sim-stall": "before"}])
def test_resets_and_silence_before_the_first_byte_are_retried(
    stack: Stack, fails: dict[str, str], script: dict[str, str]
) -> None:
    del fails["x-sim-status"]
    answer = post(stack, QUICK | fails | script)
    assert answer.status_code == 200
    errors = [attempt["error"] for attempt in stack.record(answer.headers["helicone-id"])["attempts"]]
    # A reset of a kept connection may be an idle one's end: the transport sends such a call again by itself, once.
    assert int(answer.headers["helicone-retries"]) == len(errors) - 1 in (1, 2)
    assert errors[-1] == "" and set(errors[:-1]) == {
        "upstream_timeout" if "x-sim-stall" in script else "upstream_reset"
    }


def test_without_the_header_nothing_is_retried(stack: Stack, fails: dict[str, str]) -> None:
    answer = post(stack, fails)
    assert answer.status_code == 503 and "helicone-retries" not in answer.headers


@pytest.mark.parametrize("status, tries", [("400", 1), ("401", 1), ("404", 1), ("409", 1), ("408", 3), ("500", 3)])
def test_only_what_may_pass_is_tried_again(stack: Stack, status: str, tries: int) -> None:
    answer = post(stack, QUICK | {"Helicone-Retry-Num": "2", "x-sim-status": status})
    assert answer.status_code == int(status)
    assert stack.record(answer.headers["helicone-id"])["attempt_count"] == tries
    assert answer.headers.get("helicone-retries", "0") == str(tries - 1)


def test_the_last_answer_of_the_provider_is_what_the_caller_gets(stack: Stack) -> None:
    scripted = {"x-sim-status": "429", "x-sim-retry-after-ms": "1"}
    answer = post(stack, QUICK | scripted | {"Helicone-Retry-Num": "1"})
    direct = post(stack, scripted)
    assert (answer.status_code, answer.json()) == (429, direct.json())
    assert answer.headers["retry-after-ms"] == "1" and answer.headers["helicone-status"] == "success"


def test_a_longer_retry_after_is_obeyed_and_one_beyond_patience_ends_it(stack: Stack, fails: dict[str, str]) -> None:
    answer = post(stack, QUICK | fails | {"x-sim-status": "429", "x-sim-retry-after-ms": "300"})
    record = stack.record(answer.headers["helicone-id"])
    assert answer.status_code == 200
    assert [attempt["waited_us"] for attempt in record["attempts"]] == [0, 300_000, 300_000]
    answer = post(stack, QUICK | {"x-sim-status": "429", "x-sim-retry-after": "3600"})
    assert answer.status_code == 429 and answer.headers["retry-after"] == "3600"
    assert stack.record(answer.headers["helicone-id"])["attempt_count"] == 1


def test_never_after_the_first_byte(stack: Stack) -> None:
    for body in ({"stream": True}, {}):
        scripted = {"x-sim-reset": "2" if body else "head"}
        try:
            answer = post(stack, QUICK | scripted | {"Helicone-Request-Id": _uuid()}, body)
            assert answer.status_code in (200, 502)
        except httpx.TransportError:
            pass
        assert stack.record(_last[0])["attempt_count"] == 1


_last = [""]


def _uuid() -> str:
    _last[0] = f"00000000-0000-4000-8000-{next(_names):012d}"
    return _last[0]


def test_the_card_s_fallback(stack: Stack, fails: dict[str, str]) -> None:
    fails |= {"x-sim-fail-times": "1", "x-sim-status": "500"}
    headers = {"Helicone-Fallback": json.dumps([{"model": "gpt-4o-mini"}])}
    client = openai.OpenAI(
        base_url=f"{stack.gateway}/openai/v1", api_key="sk-a", default_headers=headers | fails, max_retries=0
    )
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=ASK)
    assert raw.parse().model == "gpt-4o-mini"
    assert raw.headers["helicone-fallback-index"] == "1" and raw.headers["helicone-fallback-model"] == "gpt-4o-mini"
    record = stack.record(raw.headers["helicone-id"])
    assert record["model_asked"] == "gpt-4o" and record["model"] == "gpt-4o-mini"
    assert [attempt["status"] for attempt in record["attempts"]] == [500, 200]


def test_attempts_on_two_models_are_told_apart(stack: Stack, fails: dict[str, str]) -> None:
    fails |= {"x-sim-fail-times": "1"}
    answer = post(stack, fails | {"Helicone-Fallback": '[{"model": "gpt-4o-nano"}]'}, {"model": "gpt-4o"})
    assert answer.status_code == 200
    attempts = stack.record(answer.headers["helicone-id"])["attempts"]
    assert [(attempt["model"], attempt["status"]) for attempt in attempts] == [("gpt-4o", 503), ("gpt-4o-nano", 200)]


def test_a_plain_attempt_has_the_model_of_the_body_or_of_the_path(stack: Stack) -> None:
    for path, body, model in (
        (CHAT, {"model": "gpt-4o"}, "gpt-4o"),
        ("/v1beta/models/gemini-2.5-pro:generateContent", {}, "gemini-2.5-pro"),
    ):
        record = stack.record(post(stack, {}, body, path).headers["helicone-id"])
        assert [attempt["model"] for attempt in record["attempts"]] == [model]


def test_the_record_names_the_host_whose_answer_the_caller_got(stack: Stack, other: str) -> None:
    fallbacks = [{"target-url": other, "headers": {"x-sim-status": "500"}}, {"target-url": UNREACHABLE}]
    answer = post(stack, {"Helicone-Fallbacks": json.dumps(fallbacks)})
    assert answer.status_code == 500 and answer.headers["helicone-fallback-index"] == "1"
    record = stack.record(answer.headers["helicone-id"])
    assert [attempt["host"] for attempt in record["attempts"]] == ["127.0.0.1", "localhost"]
    assert record["host"] == "127.0.0.1"


def test_retries_come_before_the_fallback(stack: Stack, fails: dict[str, str]) -> None:
    headers = QUICK | fails | {"x-sim-fail-times": "3", "Helicone-Retry-Num": "2"}
    answer = post(stack, headers | {"Helicone-Fallback": '[{"model":"a"},{"model":"b"}]'})
    assert answer.json()["model"] == "a" and answer.headers["helicone-retries"] == "2"
    assert answer.headers["helicone-fallback-index"] == "1"


def test_a_model_in_the_path_is_replaced_there(stack: Stack, fails: dict[str, str], simulator_origin: str) -> None:
    fails |= {"x-sim-fail-times": "1"}
    path = "/v1beta/models/gemini-2.5-pro:generateContent"
    answer = httpx.post(
        stack.gateway + path, json={"contents": [{"parts": [{"text": "hi"}]}]},
        headers=fails | {"Helicone-Fallback": '[{"model": "gemini-2.5-flash"}]'},
    )  # fmt: skip
    assert answer.status_code == 200
    seen = httpx.get(simulator_origin + "/_simulator/requests").json()
    assert seen[-1]["target"] == "/v1beta/models/gemini-2.5-flash:generateContent"


def test_helicone_s_form_with_targets_headers_codes_and_overrides(
    stack: Stack, simulator_origin: str, other: str
) -> None:
    fallbacks = [
        {"target-url": simulator_origin, "headers": {"Authorization": "Bearer one", "x-sim-status": "429"},
         "onCodes": [401, {"from": 429, "to": 599}]},
        {"target-url": other, "headers": {"Authorization": "Bearer two", "X-Extra": "1"},
         "bodyKeyOverride": {"model": "other-model", "metadata": {"a": {"y": 2}}}},
    ]  # fmt: skip
    headers = {"Helicone-Fallbacks": json.dumps(fallbacks), "Authorization": "Bearer mine", "x-api-key": "also-mine"}
    body = {"metadata": {"a": {"x": 1}, "b": 1.50}}
    with Stack(stack.folder / "b", {"openai": f'origin = "{simulator_origin}"'},
               targets__allow=f"{other},{simulator_origin}").start_gateway() as second:  # fmt: skip
        answer = post(second, headers, body)
        assert answer.status_code == 200 and answer.headers["helicone-fallback-index"] == "1"
        record = second.record(answer.headers["helicone-id"])
    assert [attempt["status"] for attempt in record["attempts"]] == [429, 200]
    seen = httpx.get(other + "/_simulator/requests").json()[-1]
    told = {name.lower(): value for name, value in seen["headers"]}
    assert told["authorization"] == "Bearer two" and told["x-extra"] == "1" and "x-api-key" not in told
    assert not any(name.startswith("helicone") for name in told)
    sent = json.loads(seen["body"])
    assert sent["model"] == "other-model" and sent["metadata"] == {"a": {"x": 1, "y": 2}, "b": 1.5}
    assert seen["target"] == "/v1/chat/completions"


def test_codes_that_are_not_named_do_not_lead_on(stack: Stack, other: str) -> None:
    fallbacks = [
        {"target-url": other, "headers": {"x-sim-status": "500"}, "onCodes": [429]},
        {"target-url": other},
    ]
    answer = post(stack, {"Helicone-Fallbacks": json.dumps(fallbacks)})
    assert answer.status_code == 500 and "helicone-fallback-index" not in answer.headers


def test_when_all_failed_the_last_answer_is_told(stack: Stack) -> None:
    answer = post(stack, {"Helicone-Fallback": '[{"model": "a"}]', "x-sim-status": "503"})
    assert answer.status_code == 503 and answer.headers["helicone-fallback-index"] == "1"
    answer = post(stack, QUICK | {"Helicone-Retry-Num": "1"}, path="/gone/v1/chat/completions")
    assert answer.status_code == 502 and answer.headers["helicone-retries"] == "1"
    assert answer.json()["error"]["code"] == "upstream_refused"


def test_a_broken_provider_is_skipped_for_its_fallback(stack: Stack, other: str) -> None:
    fallbacks = [
        {"target-url": other, "headers": {"Authorization": f"Bearer {next(_names)}", "x-sim-status": "500"}},
        {"target-url": other, "headers": {"Authorization": "Bearer good"}},
    ]
    counts = []
    for _ in range(7):
        answer = post(stack, {"Helicone-Fallbacks": json.dumps(fallbacks)})
        assert answer.status_code == 200 and answer.headers["helicone-fallback-index"] == "1"
        counts.append(stack.record(answer.headers["helicone-id"])["attempt_count"])
    assert counts == [2, 2, 2, 2, 2, 1, 1]


@pytest.mark.parametrize(
    "header, value, status, told",
    [
        ("Helicone-Fallback", "gpt", 400, "malformed"),
        ("Helicone-Fallback", "[]", 400, "1 to 10"),
        ("Helicone-Fallback", '[{"model": 5}]', 400, "$[0].model"),
        ("Helicone-Fallback", '[{"modle": "x"}]', 400, "modle"),
        ("Helicone-Fallbacks", "{}", 400, "array"),
        ("Helicone-Fallbacks", '[{"target-url": "https://evil.example"}]', 403, "not an allowed target"),
        ("Helicone-Fallbacks", '[{"target-url": "http://169.254.169.254"}]', 403, "target"),
        ("Helicone-Fallbacks", '[{"target-url": "nonsense"}]', 400, "$[0].target-url"),
        ("Helicone-Fallbacks", '[{"target-url": "https://generativelanguage.googleapis.com"}]', 400, "dialect"),
        ("Helicone-Fallbacks", '[{"target-url": "OTHER", "onCodes": [{"from": 500, "to": 400}]}]', 400, "onCodes"),
        ("Helicone-Fallbacks", '[{"target-url": "OTHER", "headers": {"Host": "x"}}]', 400, "headers: Host"),
        ("Helicone-Fallbacks", '[{"target-url": "OTHER", "bodyKeyOverride": [1]}]', 400, "bodyKeyOverride"),
        ("Helicone-Retry-Num", "11", 400, "0 to 10"),
        ("Helicone-Retry-Factor", "0.5", 400, "1 to 10"),
        ("Helicone-Retry-Min-Timeout", "-1", 400, "milliseconds"),
    ],
)
def test_malformed_fallbacks_and_targets_out_of_bounds_are_refused_at_once(
    stack: Stack, other: str, header: str, value: str, status: int, told: str
) -> None:
    answer = post(stack, QUICK | {header: value.replace("OTHER", other)})
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert told in error["message"] and error["param"] == header
    assert stack.record(answer.headers["helicone-id"])["attempt_count"] == 0


def test_a_late_call_is_sent_a_second_time_and_the_first_answer_wins(tmp_path: Any, simulator_origin: str) -> None:
    provider = {"openai": f'origin = "{simulator_origin}"'}
    # The last call stalls: the stop must not wait for it.
    with Stack(tmp_path, provider, hedge__percent="10", gateway__drain_s="1").start_gateway() as stack:
        safe = {"Helicone-Hedge-Enabled": "true"}
        for _ in range(20):  # fewer say nothing about a late one
            assert "helicone-hedge" not in post(stack, safe).headers
        stalled = {"x-sim-stall": "before", "x-sim-fail-times": "1", "x-sim-fail-key": f"hedge-{next(_names)}"}
        assert post(stack, stalled | {"Helicone-Retry-Enabled": "false"} | safe).headers["helicone-hedge"] == "second"
        again = stalled | {"x-sim-fail-key": f"hedge-{next(_names)}"}
        answer = post(stack, again | safe)
        assert answer.status_code == 200 and answer.json()["choices"]
        record = stack.record(answer.headers["helicone-id"])
        assert [attempt["error"] for attempt in record["attempts"]] == ["hedge_lost", ""]
        assert [attempt["status"] for attempt in record["attempts"]] == [0, 200]
        assert record["facts"]["hedge.winner"] == 1 and record["facts"]["hedge.lost_nanousd"] > 0
        assert record["cost_nanousd"] > 0
        assert "perihelion_hedged_total 2\n" in httpx.get(stack.gateway + "/metrics").text
        # 22 calls, at most a tenth: a third late one is not sent twice, and an unmarked one never is
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                stack.gateway + CHAT, json={"model": "gpt-4o-mini", "messages": ASK}, timeout=1.0,
                headers=safe | {"x-sim-stall": "before", "x-sim-fail-times": "1", "x-sim-fail-key": "hedge-last"},
            )  # fmt: skip
