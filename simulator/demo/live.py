"""Sends the demo's calls through the gateway."""

import asyncio
import random
from collections.abc import Iterator, Sequence

import httpx
import msgspec

from simulator.demo.agents import agent_session
from simulator.demo.call import FAULTS, DemoCall, body_bytes
from simulator.demo.faults import add_faults
from simulator.demo.scenarios import SCENARIOS
from simulator.script import Script

__all__ = ["providers", "send", "trickle"]

_PROVIDERS = ("openai", "anthropic", "gemini", "groq", "together", "mistral")
_AT_ONCE = 40
_CHUNK_MS = 12.0


def providers(origin: str) -> dict[str, str]:
    """What the catalog's own files say, so that every provider is the simulator at `origin`."""
    return dict.fromkeys(_PROVIDERS, f'origin = "{origin}"\n')


def send(gateway: str, calls: int, *, seed: int = 1766, key: str = "", pace: float = 0.3) -> int:
    """Sends at least so many calls through the gateway at once; says how many succeeded. `pace` 1 is a provider's."""
    return asyncio.run(_send(gateway, calls, random.Random(seed), key, pace))


async def trickle(gateway: str, a_second: float, *, seed: int = 1767, key: str = "") -> None:
    """Sends calls at this rate, at the pace of real providers, until it is cancelled."""
    chance = random.Random(seed)
    async with _client(gateway, key) as client, asyncio.TaskGroup() as group:
        for session in _sessions(chance):
            group.create_task(_play(client, session, chance, 1.0))
            await asyncio.sleep(len(session) / a_second * chance.uniform(0.5, 1.5))


async def _send(gateway: str, calls: int, chance: random.Random, key: str, pace: float) -> int:
    room = asyncio.Semaphore(_AT_ONCE)
    async with _client(gateway, key) as client:

        async def play(session: Sequence[DemoCall]) -> int:
            async with room:
                return await _play(client, session, chance, pace)

        tasks = []
        for session in _sessions(chance):
            if calls <= 0:
                break
            calls -= len(session)
            tasks.append(asyncio.create_task(play(session)))
        return sum(await asyncio.gather(*tasks))


def _client(gateway: str, key: str) -> httpx.AsyncClient:
    headers = {"Helicone-Auth": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(
        base_url=gateway, timeout=60, headers=headers | {"user-agent": "northwind-backend/2026.11"}
    )


def _sessions(chance: random.Random) -> Iterator[list[DemoCall]]:
    kinds, weights = zip(*SCENARIOS, (agent_session, 5), strict=True)
    while True:
        yield add_faults(chance.choices(kinds, weights)[0](chance), chance, 0.05)


async def _play(client: httpx.AsyncClient, session: Sequence[DemoCall], chance: random.Random, pace: float) -> int:
    """The calls of a session, one after the other; says how many of them succeeded."""
    good = 0
    for call in session:
        await asyncio.sleep(min(call.pause_s, 8) * pace)
        good += await _one(client, call, chance, pace)
    return good


async def _one(client: httpx.AsyncClient, call: DemoCall, chance: random.Random, pace: float) -> bool:
    script = call.script()
    script.delay_ms = int(call.model.first_token_us(chance) / 1000 * pace)
    script.chunk_ms = _CHUNK_MS * pace
    headers = call.tags | _policies(call) | {"authorization": "Bearer sk-demo", "content-type": "application/json"}
    _break(script, call, headers, chance)
    body = body_bytes(call)
    sent = {f"x-sim-{field.replace('_', '-')}": str(value) for field, value in _asked(script)}
    try:
        if FAULTS[call.fault].cut == "client" if call.fault else False:
            async with client.stream("POST", call.model.path, content=body, headers=headers | sent) as answer:
                async for _ in answer.aiter_raw():
                    return False  # the caller goes away after the first piece
        answer = await client.post(call.model.path, content=body, headers=headers | sent)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


def _asked(script: Script) -> Iterator[tuple[str, object]]:
    usual = Script()
    for field in script.__struct_fields__:
        value = getattr(script, field)
        if value != getattr(usual, field):
            yield field, value


def _policies(call: DemoCall) -> dict[str, str]:
    headers: dict[str, str] = {}
    if call.cacheable:
        headers |= {"Helicone-Cache-Enabled": "true", "Cache-Control": "max-age=86400"}
    if call.policy:
        headers["Helicone-RateLimit-Policy"] = call.policy
    if call.fault in ("retried", "recovered", "fallback", "tokens", "overloaded"):
        headers |= {"Helicone-Retry-Enabled": "true", "Helicone-Retry-Num": "2", "Helicone-Retry-Min-Timeout": "150"}
    if call.fault == "fallback":
        headers["Helicone-Fallback"] = msgspec.json.encode([{"model": call.fallback}]).decode()
    return headers


def _break(script: Script, call: DemoCall, headers: dict[str, str], chance: random.Random) -> None:
    """Makes the provider fail as `call.fault` says."""
    if not call.fault:
        return
    fault = FAULTS[call.fault]
    if fault.status not in (0, 200):
        script.status, script.error_text = fault.status, fault.text
    if fault.retried or fault.falls_back:
        # The attempts at the first model: one, and the retries; after them the fallback succeeds.
        script.fail_times, script.fail_key = fault.retried or 3, f"{chance.getrandbits(64):x}"
    if fault.status == 0:
        script.reset = "before"
    if fault.cut == "upstream":
        script.reset = "6"
    if fault.event:
        script.error_event = 6
