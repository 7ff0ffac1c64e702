"""Stores under test, and what their contract suites ask of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from proxy.kv.base import Charge, Hold, KvDown, LimitStore
from proxy.kv.redis import RedisKv
from tests.redis_server import SERVERS, RedisServer

SECOND = 1_000_000
MINUTE = 60 * SECOND
PATIENT = 5_000
"""Milliseconds, for tests that are not about patience."""

Make = Callable[..., RedisKv]


def cluster_url(servers: list[RedisServer]) -> str:
    return "redis+cluster://" + ",".join(f"127.0.0.1:{one.port}" for one in servers)


REDIS = [*SERVERS, *(f"{kind} cluster" for kind in SERVERS)]


def url_of(request: pytest.FixtureRequest) -> str:
    """The address of one of `REDIS`."""
    kind, _, cluster = request.param.partition(" ")
    if cluster:
        return cluster_url(request.getfixturevalue("cluster_of")(kind))
    return cast(str, request.getfixturevalue("server_of")(kind).url)


def charge(limit: int, cost: int = 1, bucket: str = "b", window_us: int = MINUTE, **more: bool) -> Charge:
    return Charge(bucket, limit, window_us, cost, **more)


async def settled(store: LimitStore, org: str) -> None:
    """Everything sent before has been carried out: commands run in order."""
    await left(store, org, 1, "nothing")


async def left(
    store: LimitStore, org: str, limit: int, bucket: str = "b", window_us: int = MINUTE, **more: bool
) -> int:
    """What is left in a bucket, without taking any of it."""
    grant = await store.take(org, [charge(limit, 0, bucket, window_us, **more)], "asks", MINUTE)
    return grant.rooms[0].remaining


async def healed(what: Callable[[], Awaitable[Any]]) -> Any:
    """The answer of a store that is down at first."""
    for _ in range(200):
        try:
            return await what()
        except KvDown:
            await asyncio.sleep(0.1)
    raise AssertionError("it never came back")


async def reserve(
    store: LimitStore, org: str, amount: int, hold_us: int = MINUTE, name: str = "call", **more: Any
) -> Hold:
    charges = [charge(100, amount, held=True, **more)]
    grant = await store.take(org, charges, name, hold_us)
    assert grant.allowed
    return Hold(org, name, charges, grant.at_us)
