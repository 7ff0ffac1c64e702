"""The cache, through a real gateway and the real SDKs."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.stack import Stack, wait_for

CHAT = "/openai/v1/chat/completions"
_names = itertools.count()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = dict.fromkeys(("openai", "anthropic"), f'origin = "{simulator_origin}"')
    with Stack(tmp_path_factory.mktemp("stack"), providers).start_gateway() as running:
        yield running


@pytest.fixture
def ask() -> list[Any]:
    """Messages that no other test sends."""
    return [{"role": "user", "content": f"question {next(_names)}"}]


def sent(origin: str, ask: list[Any]) -> int:
    """How many calls with these messages reached the provider."""
    calls = httpx.get(origin + "/_simulator/requests").json()
    return sum(ask[0]["content"] + '"' in call["body"] for call in calls)


def post(stack: Stack, ask: list[Any], body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    named = {"helicone-cache-enabled": "true", "authorization": "Bearer sk-a"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    whole = {"model": "gpt-4o-mini", "messages": ask, **(body or {})}
    return httpx.post(stack.gateway + CHAT, json=whole, headers=named, timeout=30)


def test_the_second_of_two_equal_calls_comes_from_the_cache(stack: Stack, ask: Any, simulator_origin: str) -> None:
    client = openai.OpenAI(
        base_url=f"{stack.gateway}/openai/v1", api_key="sk-a", default_headers={"Helicone-Cache-Enabled": "true"}
    )
    first = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ask)
    second = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ask)
    assert (first.headers["helicone-cache"], first.headers["helicone-cache-hit"]) == ("MISS", "false")
    assert (second.headers["helicone-cache"], second.headers["helicone-cache-hit"]) == ("HIT", "true")
    assert first.content == second.content and second.parse().choices[0].message.content
    assert second.headers["helicone-cache-source-id"] == first.headers["helicone-id"]
    assert second.headers["helicone-cache-kind"] == "exact" and int(second.headers["helicone-cache-age"]) >= 0
    assert int(second.headers["helicone-cache-latency"]) >= 0
    assert sent(simulator_origin, ask) == 1
    hit, miss = stack.record(second.headers["helicone-id"]), stack.record(first.headers["helicone-id"])
    assert hit["cached"] and not miss["cached"]
    assert hit["cost_nanousd"] == 0 and miss["cost_nanousd"] > 0
    assert hit["saved_nanousd"] == miss["cost_nanousd"] and miss["saved_nanousd"] is None
    assert hit["saved_ms"] is not None
    assert hit["sent_ms"] is None and hit["attempt_count"] == 0
    assert hit["facts"]["cache.source"] == miss["id"]


def test_a_stream_is_kept_as_its_events_and_apart_from_a_plain_call(stack: Stack, ask: Any) -> None:
    client = openai.OpenAI(
        base_url=f"{stack.gateway}/openai/v1", api_key="sk-a", default_headers={"Helicone-Cache-Enabled": "true"}
    )

    def chunks() -> tuple[str, list[Any]]:
        raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ask, stream=True)
        return raw.headers["helicone-cache"], [chunk.model_dump() for chunk in raw.parse()]

    first, second = chunks(), chunks()
    assert (first[0], second[0]) == ("MISS", "HIT")
    assert first[1] == second[1] and len(first[1]) > 3 and all(chunk["choices"] for chunk in first[1])
    plain = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ask)
    assert plain.headers["helicone-cache"] == "MISS"


def test_anthropic_plain_and_streamed(stack: Stack, ask: Any) -> None:
    client = anthropic.Anthropic(
        base_url=f"{stack.gateway}/anthropic", api_key="sk-a", default_headers={"Helicone-Cache-Enabled": "true"}
    )
    for _ in range(2):
        raw = client.messages.with_raw_response.create(model="claude-x", max_tokens=9, messages=ask)
    assert raw.headers["helicone-cache"] == "HIT"
    texts = []
    for _ in range(2):
        with client.messages.stream(model="claude-x", max_tokens=9, messages=ask) as stream:
            texts.append((stream.get_final_text(), stream.response.headers["helicone-cache"]))
    assert texts[0][0] == texts[1][0] and [text[1] for text in texts] == ["MISS", "HIT"]


def test_a_recorded_pace_is_kept(stack: Stack, ask: Any) -> None:
    body = {"stream": True}
    post(stack, ask, body, x_sim_chunk_ms="40", x_sim_chunks="6")
    for pace, least in [("at-once", 0.0), ("recorded", 0.15)]:
        began = time.monotonic()
        answer = post(stack, ask, body, helicone_cache_pace=pace)
        assert answer.headers["helicone-cache"] == "HIT" and answer.text.endswith("data: [DONE]\n\n")
        assert time.monotonic() - began >= least  # never faster than recorded; how much slower is no test's business


def test_key_order_and_white_space_do_not_matter_but_numbers_do(stack: Stack, ask: Any) -> None:
    headers = {"helicone-cache-enabled": "true", "authorization": "Bearer sk-a", "content-type": "application/json"}

    def raw(body: str) -> str:
        content = body.replace("Q", ask[0]["content"])
        return httpx.post(stack.gateway + CHAT, content=content, headers=headers).headers["helicone-cache"]

    assert raw('{"model":"m","temperature":1,"messages":[{"role":"user","content":"Q"}]}') == "MISS"
    assert raw('{ "messages": [{"content":"Q","role":"user"}], "temperature": 1.0, "model": "m" }') == "HIT"
    assert raw('{"model":"m","temperature":1.1,"messages":[{"role":"user","content":"Q"}]}') == "MISS"


@pytest.mark.parametrize(
    "change",
    [
        {"authorization": "Bearer sk-b"},
        {"helicone_cache_seed": "other"},
        {"openai_beta": "assistants=v2"},
        {"openai_organization": "org-2"},
        {"x_amzn_bedrock_guardrailidentifier": "strict"},
        {"azureml_model_deployment": "blue"},
        {"cache_control": "no-cache"},
    ],
)
def test_what_makes_another_key_or_asks_for_a_fresh_answer(stack: Stack, ask: Any, change: dict[str, str]) -> None:
    assert post(stack, ask).headers["helicone-cache"] == "MISS"
    assert post(stack, ask, **change).headers["helicone-cache"] == "MISS"
    assert post(stack, ask).headers["helicone-cache"] == "HIT"


def test_ignored_keys_are_left_out_of_the_key(stack: Stack, ask: Any) -> None:
    ignore = {"helicone_cache_ignore_keys": '"metadata.trace", user'}
    assert post(stack, ask, {"user": "a", "metadata": {"trace": 1}}, **ignore).headers["helicone-cache"] == "MISS"
    assert post(stack, ask, {"user": "b", "metadata": {"trace": 2}}, **ignore).headers["helicone-cache"] == "HIT"
    assert post(stack, ask, {"metadata": {"trace": 2, "x": 1}}, **ignore).headers["helicone-cache"] == "MISS"


def test_read_and_save_may_be_asked_for_apart(stack: Stack, ask: Any) -> None:
    def one(**headers: str) -> str | None:
        return post(stack, ask, helicone_cache_enabled="false", **headers).headers.get("helicone-cache")

    assert one() is None
    assert one(helicone_cache_read="true") == "MISS"
    assert one(helicone_cache_read="true") == "MISS"  # nothing was kept
    assert one(helicone_cache_save="true") == "MISS"
    assert one(helicone_cache_save="true") == "MISS"  # and nothing was looked for
    assert one(helicone_cache_read="true") == "HIT"
    assert post(stack, ask, cache_control="no-store").headers["helicone-cache"] == "HIT"


def test_no_store_keeps_nothing_and_max_age_ends(stack: Stack, ask: Any) -> None:
    assert post(stack, ask, helicone_cache_control="no-store").headers["helicone-cache"] == "MISS"
    assert post(stack, ask, helicone_cache_control="max-age=2").headers["helicone-cache"] == "MISS"
    assert post(stack, ask).headers["helicone-cache"] == "HIT"
    wait_for(
        "the entry's end", lambda: post(stack, ask, helicone_cache_save="false").headers["helicone-cache"] == "MISS"
    )


def test_errors_and_broken_answers_are_never_kept(stack: Stack, ask: Any) -> None:
    for script in [
        {"x_sim_status": "500"},
        {"x_sim_status": "429"},
        {"x_sim_cut": "20"},
        {"x_sim_reset": "head"},
    ]:
        assert post(stack, ask, **script).headers.get("helicone-cache", "MISS") == "MISS"
    stream = {"stream": True}
    assert post(stack, ask, stream, x_sim_error_event="2").headers["helicone-cache"] == "MISS"
    with contextlib.suppress(httpx.TransportError):
        post(stack, ask, stream, x_sim_reset="3")
    assert post(stack, ask, stream).headers["helicone-cache"] == "MISS"
    assert post(stack, ask, stream).headers["helicone-cache"] == "HIT"
    assert post(stack, ask).headers["helicone-cache"] == "MISS"


def test_a_bucket_keeps_so_many_entries_and_the_least_recently_used_goes(stack: Stack, ask: Any) -> None:
    other = {"helicone_cache_seed": ask[0]["content"], "helicone_cache_bucket_max_size": "2"}

    def one(user: str) -> str:
        return str(post(stack, ask, {"user": user}, **other).headers["helicone-cache"])

    assert [one("a"), one("b"), one("a"), one("c")] == ["MISS", "MISS", "HIT", "MISS"]
    assert [one("a"), one("b")] == ["HIT", "MISS"]


def test_compressed_answers_come_back_to_those_who_take_them(stack: Stack, ask: Any) -> None:
    gzip = {"accept_encoding": "gzip", "x_sim_encoding": "gzip", "x_sim_answer_bytes": "9000"}
    first = post(stack, ask, **gzip)
    second = post(stack, ask, **gzip)
    assert second.headers["helicone-cache"] == "HIT" and second.headers["content-encoding"] == "gzip"
    assert first.json() == second.json()
    assert post(stack, ask, accept_encoding="identity").headers["helicone-cache"] == "MISS"


async def test_identical_calls_in_flight_are_sent_once(stack: Stack, ask: Any, simulator_origin: str) -> None:
    headers = {"helicone-cache-enabled": "true", "authorization": "Bearer sk-a", "x-sim-delay-ms": "300"}
    async with httpx.AsyncClient(timeout=30) as client:
        answers = await asyncio.gather(
            *[
                client.post(stack.gateway + CHAT, json={"model": "gpt-4o", "messages": ask}, headers=headers)
                for _ in range(20)
            ]
        )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    kinds = [answer.headers.get("helicone-cache-kind") for answer in answers]
    assert kinds.count(None) == 1 and kinds.count("joined") == 19
    assert sent(simulator_origin, ask) == 1
    rows = [stack.record(answer.headers["helicone-id"]) for answer in answers]
    assert sum(row["cost_nanousd"] > 0 for row in rows) == 1


async def test_late_ones_join_a_live_stream_from_its_start_and_one_that_leaves_ends_it_for_nobody(
    stack: Stack, ask: Any, simulator_origin: str
) -> None:
    headers = {"helicone-cache-enabled": "true", "authorization": "Bearer sk-a"}
    headers |= {"x-sim-chunk-ms": "60", "x-sim-chunks": "20"}
    body = {"model": "gpt-4o-mini", "messages": ask, "stream": True}
    async with httpx.AsyncClient(timeout=30) as client:

        async def whole() -> tuple[str, str]:
            answer = await client.post(stack.gateway + CHAT, json=body, headers=headers)
            return answer.text, answer.headers["helicone-cache"]

        async with client.stream("POST", stack.gateway + CHAT, json=body, headers=headers) as leader:
            pieces = leader.aiter_text()
            await anext(pieces)
            late = [asyncio.create_task(whole()) for _ in range(3)]
            await anext(pieces)
            await anext(pieces)
        texts = await asyncio.gather(*late)  # the leader has left in the middle
        assert {text for text, _ in texts} == {texts[0][0]} and texts[0][0].endswith("data: [DONE]\n\n")
        assert {status for _, status in texts} == {"HIT"}
        assert sent(simulator_origin, ask) == 1
        assert await whole() == (texts[0][0], "HIT")


async def test_those_who_joined_share_an_error_of_the_provider(stack: Stack, ask: Any) -> None:
    headers = {"helicone-cache-enabled": "true", "x-sim-delay-ms": "200", "x-sim-status": "503"}
    async with httpx.AsyncClient(timeout=30) as client:
        answers = await asyncio.gather(
            *[client.post(stack.gateway + CHAT, json={"messages": ask}, headers=headers) for _ in range(5)]
        )
        assert {answer.status_code for answer in answers} == {503}
        headers["x-sim-reset"] = "before"
        answers = await asyncio.gather(
            *[client.post(stack.gateway + CHAT, json={"messages": ask}, headers=headers) for _ in range(5)]
        )
    assert {answer.status_code for answer in answers} == {502}
    assert {answer.json()["error"]["code"] for answer in answers} == {"upstream_reset"}


@pytest.mark.parametrize(
    "name, value",
    [
        ("helicone-cache-control", "max-age=soon"),
        ("helicone-cache-bucket-max-size", "0"),
        ("helicone-cache-bucket-max-size", "100001"),
        ("helicone-cache-ignore-keys", "a,,b"),
        ("helicone-cache-enabled", "yes"),
        ("helicone-cache-pace", "slow"),
    ],
)
def test_a_malformed_header_is_refused_by_name(stack: Stack, ask: Any, name: str, value: str) -> None:
    answer = post(stack, ask, **{name: value})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "invalid_header" and value in error["message"]
    assert error["param"].lower() == name or "cache-control" in error["param"].lower()


def test_entries_survive_a_restart(tmp_path: Any, simulator_origin: str, ask: Any) -> None:
    stack = Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'})
    with stack:
        assert post(stack, ask).headers["helicone-cache"] == "MISS"
        assert post(stack, ask).headers["helicone-cache"] == "HIT"
    with stack:
        assert post(stack, ask).headers["helicone-cache"] == "HIT"


def test_answers_mode_fills_its_slots_and_then_draws(tmp_path: Any, simulator_origin: str, ask: Any) -> None:
    with Stack(
        tmp_path, {"openai": f'origin = "{simulator_origin}"'}, cache__bucket="answers"
    ).start_gateway() as stack:
        size = {"helicone_cache_bucket_max_size": "3"}
        assert [post(stack, ask, **size).headers["helicone-cache"] for _ in range(3)] == ["MISS"] * 3
        drawn = [post(stack, ask, **size) for _ in range(12)]
        assert {answer.headers["helicone-cache"] for answer in drawn} == {"HIT"}
        assert {answer.headers["helicone-cache-bucket-idx"] for answer in drawn} <= {"0", "1", "2"}
        assert post(stack, ask, helicone_cache_bucket_max_size="21").status_code == 400
