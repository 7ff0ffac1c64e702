"""Where caches go wrong: answers shared in flight, and answers that look like what somebody else asked for."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.stack import Stack

CHAT = "/openai/v1/chat/completions"
CACHED = {"helicone-cache-enabled": "true", "authorization": "Bearer sk-a"}
MOST = 50_000
_names = itertools.count()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = dict.fromkeys(("openai", "anthropic"), f'origin = "{simulator_origin}"')
    gateway = Stack(tmp_path_factory.mktemp("stack"), providers, cache__max_entry=str(MOST))
    gateway.start("gateway")  # no call is looked up in the log here
    yield gateway
    gateway.stop()


@pytest.fixture
def body() -> dict[str, Any]:
    """A call that no other test sends."""
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"edge {next(_names)}"}]}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as made:
        yield made


def kind(answer: httpx.Response) -> str:
    return str(answer.headers.get("helicone-cache-kind", answer.headers["helicone-cache"]))


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br", "zstd"])
def test_usage_that_was_asked_for_in_somebody_s_stead_shows_to_nobody_else(
    stack: Stack, body: dict[str, Any], encoding: str
) -> None:
    """Who asks for usage itself and who does not send the provider the same body; only one may see the chunk."""
    headers = {"Helicone-Cache-Enabled": "true", "x-sim-encoding": encoding, "accept-encoding": encoding}
    if encoding == "identity":
        del headers["x-sim-encoding"]
    client = openai.OpenAI(base_url=f"{stack.gateway}/openai/v1", api_key="sk-a", default_headers=headers)
    asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
    for _ in range(2):
        raw = client.chat.completions.with_raw_response.create(**asked)
        chunks = list(raw.parse())
        assert chunks[-1].usage is not None and not chunks[-1].choices
    assert raw.headers["helicone-cache"] == "HIT"
    for _ in range(2):
        raw = client.chat.completions.with_raw_response.create(**body, stream=True)
        assert all(chunk.choices for chunk in raw.parse()), "the chunk with usage has no choices"
    assert raw.headers["helicone-cache"] == "HIT"


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_plain_answer_that_breaks_is_an_error_for_all_who_joined(
    stack: Stack, body: dict[str, Any], client: httpx.AsyncClient, framing: str
) -> None:
    headers = CACHED | {"x-sim-delay-ms": "300", "x-sim-cut": "200", "x-sim-framing": framing}
    calls = [client.post(stack.gateway + CHAT, json=body, headers=headers) for _ in range(5)]
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {502}
    assert all(answer.json()["error"]["code"].startswith("upstream") for answer in answers)
    assert kind(await client.post(stack.gateway + CHAT, json=body, headers=CACHED)) == "MISS"


async def test_an_answer_above_the_cap_is_whole_for_everybody_and_kept_for_nobody(
    stack: Stack, body: dict[str, Any], client: httpx.AsyncClient
) -> None:
    for stream in (False, True):
        size = {"x-sim-answer-bytes": str(3 * MOST), "x-sim-chunks": "30", "x-sim-chunk-bytes": str(MOST // 10)}
        whole = {**body, "stream": stream}
        calls = [
            client.post(stack.gateway + CHAT, json=whole, headers=CACHED | size | {"x-sim-delay-ms": "200"})
            for _ in range(4)
        ]
        answers = await asyncio.gather(*calls)
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1 and len(answers[0].content) > MOST
        assert kind(await client.post(stack.gateway + CHAT, json=whole, headers=CACHED | size)) == "MISS"


async def test_a_caller_that_leaves_before_the_head_takes_nobody_with_it(
    stack: Stack, body: dict[str, Any], client: httpx.AsyncClient, simulator_origin: str
) -> None:
    headers = CACHED | {"x-sim-delay-ms": "500"}
    leader = asyncio.create_task(client.post(stack.gateway + CHAT, json=body, headers=headers))
    content = body["messages"][0]["content"] + '"'
    seen: list[Any] = []
    while not any(content in call["body"] for call in seen):
        seen = (await client.get(simulator_origin + "/_simulator/requests")).json()
    late = [asyncio.create_task(client.post(stack.gateway + CHAT, json=body, headers=headers)) for _ in range(4)]
    leader.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await leader
    assert {answer.status_code for answer in await asyncio.gather(*late)} == {200}


async def test_who_sent_an_answer_that_others_share_is_measured_on_all_of_it(
    tmp_path: Path, body: dict[str, Any], client: httpx.AsyncClient, simulator_origin: str
) -> None:
    """Though it left and the setting says to cut: those who joined have theirs for nothing."""
    headers = CACHED | {"x-sim-chunks": "30", "x-sim-chunk-ms": "50"}
    streamed = {**body, "stream": True}
    with Stack(
        tmp_path, {"openai": f'origin = "{simulator_origin}"'}, stream__on_disconnect="cut"
    ).start_gateway() as stack:
        url = stack.gateway + CHAT
        async with client.stream("POST", url, json=streamed, headers=headers) as leader:
            first = leader.aiter_lines()
            assert (await anext(first)).startswith("data: ")
            async with client.stream("POST", url, json=streamed, headers=headers) as joined:
                assert kind(joined) == "joined"
                lines = joined.aiter_lines()
                assert (await anext(lines)).startswith("data: ")
                await leader.aclose()
                rest = [line async for line in lines]
        assert "data: [DONE]" in rest
        ids = [one.headers["helicone-id"] for one in (leader, joined)]
        payer, other = [await asyncio.to_thread(stack.record, one) for one in ids]
        assert (payer["cut"], payer["drained"], payer["cost_known"]) == ("client", True, True)
        alone = await client.post(url, json=streamed, headers={**headers, "helicone-cache-enabled": "false"})
        usual = await asyncio.to_thread(stack.record, alone.headers["helicone-id"])
        assert payer["output_tokens"] == usual["output_tokens"] > 0 and payer["cost_nanousd"] == usual["cost_nanousd"]
        assert (other["cut"], other["cost_nanousd"]) == ("", 0)
