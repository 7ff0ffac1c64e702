"""Wires that misbehave: no call hangs, no wrong answer is served, no row is lost, and all of it heals by itself."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faults import MODES, FaultProxy
from tests.redis_server import RedisServer
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.soak

CHAT = "/openai/v1/chat/completions"
PATIENCE = 30
"""Seconds that a caller here waits: far beyond any patience of the gateway."""


class Load:
    """Calls with an id and an answer of their own: the tokens that each asks the provider to count."""

    def __init__(self, stack: Stack, **headers: str) -> None:
        self.url = stack.gateway + CHAT
        self.headers = headers
        self.ids: list[str] = []
        self.statuses: Counter[Any] = Counter()

    async def one(self, client: httpx.AsyncClient, number: int, stream: bool = False) -> None:
        id = str(uuid.uuid4())
        self.ids.append(id)
        body = {"model": "gpt-4o-mini", "stream": stream, "messages": [{"role": "user", "content": f"call {number}"}]}
        asked = {"helicone-request-id": id, "x-sim-output-tokens": str(1000 + number), **self.headers}
        try:
            answer = await client.post(self.url, json=body, headers=asked)
        except httpx.TimeoutException:
            raise AssertionError("a call hung") from None
        except httpx.HTTPError:
            self.statuses["broken off"] += 1
            return
        self.statuses[answer.status_code] += 1
        if answer.status_code != 200:
            assert answer.json()["error"]["code"], answer.text
        elif not stream:
            assert answer.json()["usage"]["completion_tokens"] == 1000 + number, "somebody else's answer"
        elif not answer.text.endswith("data: [DONE]\n\n"):
            assert "event: error" in answer.text, "a stream that was cut must not look whole"
            self.statuses[200] -= 1
            self.statuses["error event"] += 1

    async def many(self, numbers: range, stream: bool = False) -> None:
        async with httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=16)) as client:
            await asyncio.gather(*[self.one(client, number, stream) for number in numbers])

    def all_logged(self, stack: Stack) -> None:
        def every() -> bool:
            counts = Counter(row["id"] for row in stack.records())
            return all(counts[id] == 1 for id in self.ids)

        wait_for("every call in the log, once", every)


def metric(stack: Stack, name: str) -> float:
    for line in httpx.get(stack.gateway + "/metrics").text.splitlines():
        if line.startswith(f"perihelion_{name} "):
            return float(line.split()[1])
    return 0.0


# --- between the gateway and Redis ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(redis: RedisServer) -> Iterator[FaultProxy]:
    proxy = FaultProxy(redis.port)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module", params=["local", "open", "closed"])
def limited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, simulator_origin: str, store: FaultProxy
) -> Iterator[tuple[Stack, str]]:
    """Started while its Redis is out of reach."""
    store.set("refuse")
    with Stack(
        tmp_path_factory.mktemp("stack"), {"openai": f'origin = "{simulator_origin}"'},
        kv__url=f"redis://127.0.0.1:{store.port}", limits__budget_without_kv=request.param, limits__hold_s="3",
    ) as stack:  # fmt: skip
        first = httpx.post(stack.gateway + CHAT, json={"model": "m"}, headers={"Helicone-RateLimit-Policy": "1;w=60"})
        assert first.status_code == 200 and stack.record(first.headers["helicone-id"])["facts"]["rate.degraded"]
        store.set("pass")
        yield stack, request.param
    store.set("pass")


def healed(stack: Stack, name: str) -> None:
    """Limits hold again, and the cache answers."""
    headers = {"Helicone-RateLimit-Policy": f"1;w=600;s=who, {uuid.uuid4().int % 10**6 + 10};w=600;s=who"}
    headers |= {"Helicone-Property-Who": name, "Helicone-Cache-Enabled": "true", "Helicone-Cache-Seed": name}
    call = {"model": "gpt-4o-mini", "messages": []}

    def holds() -> bool:
        return httpx.post(stack.gateway + CHAT, json=call, headers=headers, timeout=PATIENCE).status_code == 429

    wait_for("limits to hold again", holds)
    del headers["Helicone-RateLimit-Policy"]
    wait_for(
        "the cache to answer again",
        lambda: (
            httpx.post(stack.gateway + CHAT, json=call, headers=headers, timeout=PATIENCE).headers["helicone-cache"]
            == "HIT"
        ),
    )


@pytest.mark.parametrize("mode", MODES)
async def test_redis_may_fail_as_it_likes(limited: tuple[Stack, str], store: FaultProxy, mode: str) -> None:
    stack, way = limited
    healed(stack, f"before {mode}")
    free = Load(stack, **{"Helicone-RateLimit-Policy": "100000;w=60", "Helicone-Cache-Enabled": "true"})
    budget = Load(
        stack, **{"Helicone-RateLimit-Policy": "9000;w=600;u=tokens;s=who", "Helicone-Property-Who": mode + way}
    )
    before = metric(stack, "rate_degraded_total")
    calls = asyncio.gather(free.many(range(60)), budget.many(range(60)))
    await asyncio.sleep(0.05)
    store.set(mode)  # in flight
    await calls
    await asyncio.gather(free.many(range(60, 100)), budget.many(range(60, 100)))
    degraded = metric(stack, "rate_degraded_total") - before
    store.set("pass")
    assert free.statuses == {200: 100}, "limits of calls and the cache are open"
    allowed = {"open": {200, 429}, "local": {200, 429}, "closed": {200, 429, 503}}[way]
    assert set(budget.statuses) <= allowed
    if mode != "slow":  # whose replies are late, or not, as it happens
        assert degraded > 0
        if way == "closed":
            assert budget.statuses[503] > 0
    if way == "local":
        assert budget.statuses[200] < 60, "it is limited, if only by itself"
    free.all_logged(stack)
    budget.all_logged(stack)
    healed(stack, f"after {mode}")
    told = [row["facts"].get("rate.degraded") for row in stack.records()]
    assert told.count("open") + told.count("local") + told.count("closed") >= degraded


# --- between the gateway and a provider -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wire(simulator_origin: str) -> Iterator[FaultProxy]:
    proxy = FaultProxy(urlsplit(simulator_origin).port or 0)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, wire: FaultProxy) -> Iterator[Stack]:
    with Stack(
        tmp_path_factory.mktemp("stack"), {"openai": f'origin = "http://127.0.0.1:{wire.port}"'},
        upstream__first_byte_timeout_s="1", upstream__between_bytes_timeout_s="1", retry__patience_s="4",
    ) as running:  # fmt: skip
        yield running


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("retries", [False, True])
async def test_a_provider_may_fail_as_it_likes(plain: Stack, wire: FaultProxy, mode: str, retries: bool) -> None:
    seed = f"{mode} {retries}"
    headers = {"Helicone-Cache-Enabled": "true", "Helicone-Cache-Seed": seed}
    if retries:
        headers |= {"Helicone-Retry-Enabled": "true", "Helicone-Retry-Num": "2", "Helicone-Retry-Min-Timeout": "100"}
    load = Load(plain, **headers)
    for stream in (False, True):
        calls = asyncio.ensure_future(load.many(range(24), stream))
        await asyncio.sleep(0.02)
        wire.set(mode)
        await calls
        await load.many(range(24, 36), stream)
        wire.set("pass")
    assert set(load.statuses) <= {200, 502, 504, "broken off", "error event"}
    assert load.statuses["broken off"] == 0, "a plain answer is gathered, a stream ends in an event"
    # What was kept is whole, and what was broken was not kept.
    again = Load(plain, **headers)
    await again.many(range(36))
    await again.many(range(36), stream=True)
    assert again.statuses == {200: 72}
    load.all_logged(plain)
    again.all_logged(plain)


def test_the_modes_do_what_they_say(tmp_path: Path, simulator_origin: str) -> None:
    proxy = FaultProxy(urlsplit(simulator_origin).port or 0)
    url = f"http://127.0.0.1:{proxy.port}/v1/chat/completions"
    body = json.dumps({"model": "m", "messages": []})
    assert httpx.post(url, content=body).status_code == 200
    for mode in ("drop", "refuse", "stall", "reset", "half_close"):
        proxy.set(mode)
        with pytest.raises(httpx.HTTPError):
            httpx.post(url, content=body, timeout=1.0)
    for mode in ("slow", "pass"):
        proxy.set(mode)
        assert httpx.post(url, content=body).status_code == 200
    proxy.close()
