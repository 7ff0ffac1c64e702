"""What users of such proxies complain about: answers of others, limits that are none, calls that a mistake breaks."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator import process
from tests.e2e.one_answer import OneAnswer
from tests.redis_server import RedisServer
from tests.stack import Stack, wait_for

CHAT = "/openai/v1/chat/completions"
CACHED = {"Helicone-Cache-Enabled": "true"}
_names = itertools.count()


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    """A second provider."""
    provider = process.start()
    yield provider.origin
    provider.stop()


@pytest.fixture(scope="module", params=["memory", "redis"])
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, simulator_origin: str, other: str
) -> Iterator[Stack]:
    redis: RedisServer | None = request.getfixturevalue("redis") if request.param == "redis" else None
    providers = dict.fromkeys(("openai", "anthropic", "gemini"), f'origin = "{simulator_origin}"')
    more = {"kv__url": redis.url, "kv__patience_ms": "2000"} if redis is not None else {}
    folder = tmp_path_factory.mktemp("stack")
    with Stack(folder, providers, targets__allow=f"{simulator_origin},{other}", **more).start_gateway() as running:
        yield running


@pytest.fixture
def ask() -> list[Any]:
    """Messages that no other test sends."""
    return [{"role": "user", "content": f"edge {next(_names)}"}]


def post(stack: Stack, ask: list[Any], headers: dict[str, str], path: str = CHAT, **body: Any) -> httpx.Response:
    whole = {"model": "gpt-4o", "messages": ask, **body}
    named = {"Authorization": "Bearer sk-a"} | headers
    return httpx.post(stack.gateway + path, json=whole, headers=named, timeout=30)


def cache(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.headers["helicone-cache"])


# --- whose answer it is ---------------------------------------------------------------------------------------------


def test_what_one_credential_of_a_fallbacks_header_got_no_other_gets(
    stack: Stack, ask: Any, simulator_origin: str, other: str
) -> None:
    def elsewhere(key: str, origin: str) -> str:
        entry = {"target-url": origin, "headers": {"Authorization": f"Bearer {key}"}}
        return cache(post(stack, ask, CACHED | {"Helicone-Fallbacks": json.dumps([entry])}))

    assert [elsewhere("one", simulator_origin) for _ in range(2)] == ["MISS", "HIT"]
    assert elsewhere("two", simulator_origin) == "MISS"
    assert elsewhere("one", other) == "MISS"
    assert cache(post(stack, ask, CACHED)) == "MISS"


@pytest.mark.parametrize("name", ["X-Api-Token", "X-Auth", "Ocp-Apim-Subscription-Key", "X-Client-Secret", "Cookie"])
def test_a_credential_of_any_name_makes_another_key(stack: Stack, ask: Any, name: str, other: str) -> None:
    there = CACHED | {"Helicone-Target-Url": other}
    assert [cache(post(stack, ask, there | {name: value})) for value in ("a", "a", "b")] == ["MISS", "HIT", "MISS"]


def test_what_sdks_send_anew_with_every_call_does_not_matter(stack: Stack, ask: Any) -> None:
    found = [cache(post(stack, ask, CACHED | {"Idempotency-Key": key, "X-Request-Id": key})) for key in "ab"]
    assert found == ["MISS", "HIT"]


def test_a_fallback_s_answer_is_not_kept_as_the_primary_s(stack: Stack, ask: Any) -> None:
    fails = {"x-sim-status": "503", "x-sim-fail-times": "1", "x-sim-fail-key": f"edge-{next(_names)}"}
    asked = CACHED | {"Helicone-Fallback": '[{"model": "gpt-4o-mini"}]'}
    assert post(stack, ask, asked | fails).json()["model"] == "gpt-4o-mini"
    healthy = post(stack, ask, asked)
    assert cache(healthy) == "MISS" and healthy.json()["model"] == "gpt-4o"
    assert cache(post(stack, ask, CACHED)) == "HIT"


async def test_calls_that_do_otherwise_when_they_fail_do_not_share_a_failure(stack: Stack, ask: Any) -> None:
    fails = {"x-sim-status": "503", "x-sim-fail-times": "1", "x-sim-delay-ms": "400"}
    fails["x-sim-fail-key"] = f"edge-{next(_names)}"
    body = {"model": "gpt-4o", "messages": ask}
    async with httpx.AsyncClient(timeout=30) as client:
        first = asyncio.create_task(client.post(stack.gateway + CHAT, json=body, headers=CACHED | fails))
        retried = fails | {"Helicone-Retry-Enabled": "true", "Helicone-Retry-Max-Timeout": "1"}
        second = await client.post(stack.gateway + CHAT, json=body, headers=CACHED | retried)
        assert sorted([(await first).status_code, second.status_code])[0] == 200
    assert second.status_code == 200


def test_an_error_with_a_200_on_it_and_what_is_only_begun_are_not_kept(tmp_path: Path) -> None:
    bodies = [
        b'{"error": {"message": "upstream is overloaded", "code": 502}}',
        b'{"id": "resp_1", "error": null, "status": "queued", "output": []}',
        b'{"id": "resp_1", "error": null, "status": "completed", "output": [{"type": "message"}]}',
    ]
    with OneAnswer() as provider, Stack(tmp_path, {"openai": f'origin = "{provider.origin}"'}).start_gateway() as stack:
        found = []
        for body in bodies:
            provider.body = body
            answers = [post(stack, [], CACHED, "/openai/v1/responses") for _ in range(2)]
            assert {answer.content for answer in answers} == {body}
            found.append([cache(answer) for answer in answers])
    assert found == [["MISS", "MISS"], ["MISS", "MISS"], ["MISS", "HIT"]]


def test_what_is_made_anew_each_time_is_never_kept(stack: Stack, other: str) -> None:
    for path in ("/openai/v1/threads", "/openai/v1/responses/resp_1/cancel", "/openai/v1/fine_tuning/jobs"):
        answer = post(stack, [], CACHED, path)
        assert (answer.headers["helicone-cache"], answer.headers["helicone-cache-hit"]) == ("MISS", "false")
        assert stack.record(answer.headers["helicone-id"])["facts"]["cache.status"] == "skipped"


def test_get_and_head_pass_with_the_cache_on(stack: Stack) -> None:
    for _ in range(2):
        answer = httpx.get(stack.gateway + "/openai/v1/models", headers=CACHED)
        assert (answer.status_code, cache(answer)) == (200, "MISS")
        assert httpx.head(stack.gateway + "/openai/v1/models", headers=CACHED).headers["helicone-cache"] == "MISS"


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate"])
def test_compressed_streams_come_back_whole(stack: Stack, ask: Any, encoding: str) -> None:
    headers = CACHED | {"Accept-Encoding": encoding, "x-sim-encoding": encoding, "x-sim-chunks": "40"}
    usage = {"stream": True, "stream_options": {"include_usage": True}}  # asked for: nothing is hidden
    answers = [post(stack, ask, headers, **usage) for _ in range(2)]
    assert [cache(answer) for answer in answers] == ["MISS", "HIT"]
    assert {answer.headers["content-encoding"] for answer in answers} == {encoding}
    assert answers[0].content == answers[1].content and answers[1].text.endswith("data: [DONE]\n\n")
    plain = post(stack, ask, CACHED | {"Accept-Encoding": "identity", "x-sim-encoding": encoding}, **usage)
    assert cache(plain) == "MISS" and "content-encoding" not in plain.headers


def test_a_body_in_chunks_and_one_that_is_no_json(stack: Stack, ask: Any) -> None:
    whole = json.dumps({"model": "gpt-4o", "messages": ask}).encode()
    typed = CACHED | {"Content-Type": "application/json", "Helicone-Cache-Ignore-Keys": "user"}
    found = [httpx.post(stack.gateway + CHAT, content=iter([whole[:9], whole[9:]]), headers=typed) for _ in range(2)]
    assert [cache(answer) for answer in found] == ["MISS", "HIT"]
    for body in (b"no json " + whole, b"no json, but another " + whole):
        found = [httpx.post(stack.gateway + CHAT, content=body, headers=typed) for _ in range(2)]
        assert [cache(answer) for answer in found] == ["MISS", "HIT"]


def test_an_entry_up_to_its_cap_is_kept_and_a_larger_one_passes(stack: Stack, ask: Any) -> None:
    for size, second in (("3000000", "HIT"), ("5000000", "MISS")):
        headers = CACHED | {"x-sim-answer-bytes": size, "Helicone-Cache-Seed": size}
        answers = [post(stack, ask, headers) for _ in range(2)]
        assert [cache(answer) for answer in answers] == ["MISS", second]
        assert answers[0].content == answers[1].content and len(answers[0].content) > int(size)


@pytest.mark.parametrize("script", [{"x-sim-reset": "6"}, {"x-sim-error-event": "6"}])
async def test_those_who_joined_a_stream_that_breaks_are_told(stack: Stack, ask: Any, script: dict[str, str]) -> None:
    headers = CACHED | script | {"x-sim-chunk-ms": "40", "x-sim-chunks": "20"}
    body = {"model": "gpt-4o", "messages": ask, "stream": True}
    async with httpx.AsyncClient(timeout=30) as client:
        answers = await asyncio.gather(
            *[client.post(stack.gateway + CHAT, json=body, headers=headers) for _ in range(4)]
        )
    assert [answer.headers["helicone-cache"] for answer in answers].count("MISS") == 1
    for answer in answers:
        assert '"error"' in answer.text and "[DONE]" not in answer.text, "a stream that was cut must not look whole"
    assert cache(post(stack, ask, CACHED, stream=True)) == "MISS"


async def test_one_who_reads_slowly_does_not_hold_those_who_joined(stack: Stack, ask: Any) -> None:
    headers = CACHED | {"x-sim-chunk-ms": "2", "x-sim-chunks": "60", "x-sim-chunk-bytes": "20000"}
    body = {"model": "gpt-4o", "messages": ask, "stream": True}
    async with (
        httpx.AsyncClient(timeout=30) as client,
        client.stream("POST", stack.gateway + CHAT, json=body, headers=headers) as leader,
    ):
        pieces = leader.aiter_bytes()
        begun = await anext(pieces)
        joined = await client.post(stack.gateway + CHAT, json=body, headers=headers)  # the leader reads nothing
        rest = b"".join([piece async for piece in pieces])
    assert joined.content == begun + rest and joined.text.endswith("data: [DONE]\n\n")


# --- limits that are none, and calls that a mistake breaks ----------------------------------------------------------

BROKEN = b'{"model": "gpt-4o", "messages": ['
DIGITS = "1" * 5000


@pytest.mark.parametrize(
    "headers, param",
    [
        ({"Helicone-RateLimit-Policy": ""}, "helicone-ratelimit-policy"),
        ({"Helicone-RateLimit-Policy": "5;w=60,"}, "Helicone-RateLimit-Policy"),
        ({"Helicone-RateLimit-Policy": f"{DIGITS};w=60"}, "Helicone-RateLimit-Policy"),
        ({"Helicone-RateLimit-Policy": f"5;w={DIGITS}"}, "Helicone-RateLimit-Policy"),
        ({"Helicone-RateLimit-Policy": "0.0000001;w=60;u=cents"}, "Helicone-RateLimit-Policy"),
        ({"Helicone-Retry-Num": DIGITS}, "Helicone-Retry-Num"),
        ({"Helicone-Retry-Max-Timeout": DIGITS}, "Helicone-Retry-Max-Timeout"),
        ({"Helicone-Retry-Factor": "1_0"}, "Helicone-Retry-Factor"),
        ({"Helicone-Retry-Factor": "nan"}, "Helicone-Retry-Factor"),
        ({"Helicone-Cache-Bucket-Max-Size": DIGITS}, "Helicone-Cache-Bucket-Max-Size"),
        ({"Helicone-Cache-Control": f"max-age={DIGITS}", **CACHED}, "Cache-Control"),
    ],
)
def test_numbers_and_policies_that_are_none_are_refused(
    stack: Stack, ask: Any, headers: dict[str, str], param: str
) -> None:
    answer = post(stack, ask, headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize("name, entry", [
    ("Helicone-Fallback", {"model": "a"}),
    ("Helicone-Fallbacks", {"target-url": "ORIGIN", "bodyKeyOverride": {"model": "a"}}),
])  # fmt: skip
def test_a_change_to_a_body_that_is_no_json_is_refused(
    stack: Stack, simulator_origin: str, name: str, entry: dict[str, Any]
) -> None:
    value = json.dumps([entry]).replace("ORIGIN", simulator_origin)
    answer = httpx.post(stack.gateway + CHAT, content=BROKEN, headers={name: value})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == name


def test_a_user_of_a_million_letters_is_one_like_any_other(stack: Stack, ask: Any) -> None:
    policy = {"Helicone-RateLimit-Policy": "1;w=3600;s=user"}
    found = [post(stack, ask, policy, user="u" * 10**6 + end).status_code for end in "aab"]
    assert found == [200, 429, 200]


def test_two_policies_of_one_segment_have_a_bucket_each(stack: Stack, ask: Any) -> None:
    who = {"Helicone-User-Id": ask[0]["content"]}
    for policy, statuses in (("1;w=3600;s=user", [200, 429]), ("1;w=3601;s=user", [200, 429])):
        headers = who | {"Helicone-RateLimit-Policy": policy}
        assert [post(stack, ask, headers).status_code for _ in range(2)] == statuses


def test_a_429_in_gemini_s_own_shape(stack: Stack, ask: Any) -> None:
    path, headers = "/v1beta/models/gemini-2.5-flash:generateContent", {"Helicone-User-Id": ask[0]["content"]}
    headers["Helicone-RateLimit-Policy"] = "1;w=3600;s=user"
    answers = [post(stack, ask, headers, path, contents=[]) for _ in range(2)]
    error = answers[1].json()["error"]
    assert (answers[1].status_code, error["code"], error["status"]) == (429, 429, "RESOURCE_EXHAUSTED")
    assert answers[1].headers["x-helicone-error"] == "rate_limited" and int(answers[1].headers["retry-after"]) > 0


async def test_a_stream_holds_its_place_to_its_end_and_gives_it_back_when_its_caller_leaves(
    stack: Stack, ask: Any
) -> None:
    headers = {"Helicone-RateLimit-Policy": "1;w=60;u=concurrent;s=user", "Helicone-User-Id": ask[0]["content"]}
    body = {"model": "gpt-4o", "messages": ask, "stream": True}
    async with httpx.AsyncClient(timeout=30) as client:

        async def status(**script: str) -> int:
            return (await client.post(stack.gateway + CHAT, json=body, headers=headers | script)).status_code

        slow = headers | {"x-sim-chunk-ms": "100", "x-sim-chunks": "20"}
        async with client.stream("POST", stack.gateway + CHAT, json=body, headers=slow) as first:
            await anext(first.aiter_bytes())
            assert await status() == 429
        for _ in range(200):  # it is drained to its end, so that its usage is known
            if await status() == 200:
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError("the place never came back")


async def test_a_caller_that_leaves_between_two_tries_leaves_no_connection_open(stack: Stack, ask: Any) -> None:
    headers = {"Helicone-Retry-Enabled": "true", "x-sim-status": "500", "x-sim-retry-after": "20"}
    headers["x-sim-answer-bytes"] = "3000000"

    def held() -> int:
        rows = dict(
            line.rsplit(" ", 1) for line in httpx.get(stack.gateway + "/metrics").text.splitlines() if line[:1] != "#"
        )
        return int(rows["perihelion_upstream_open"]) - int(rows["perihelion_upstream_idle"])

    async with httpx.AsyncClient(timeout=0.5) as client:
        body = {"model": "gpt-4o", "messages": ask}
        calls = [client.post(stack.gateway + CHAT, json=body, headers=headers) for _ in range(5)]
        left = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(one, httpx.TimeoutException) for one in left)
    await asyncio.to_thread(wait_for, "the connections to be given back", lambda: held() == 0, 10)
