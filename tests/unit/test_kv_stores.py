"""Limits and the cache may stand on one store or on two."""

import asyncio

import pytest

from proxy.core.errors import SettingError
from proxy.kv import StoreOptions, Stores, check_url, open_kv
from proxy.kv.base import Charge
from proxy.kv.memory import MemoryKv


class Counting(MemoryKv):
    """Counts its housekeeping."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.ticks = self.closed = 0

    def tick(self) -> None:
        self.ticks += 1

    async def close(self) -> None:
        self.closed += 1

    def counters(self) -> dict[str, int]:
        return {"up": int(self.name == "limits"), self.name: 1}


def test_memory_serves_both() -> None:
    stores = open_kv("memory", StoreOptions())
    assert stores.limits is stores.cache  # type: ignore[comparison-overlap]
    asyncio.run(stores.close())


def test_one_store_of_both_is_kept_once() -> None:
    store = Counting("limits")
    stores = Stores(store, store)
    stores.tick()
    asyncio.run(stores.close())
    assert (store.ticks, store.closed) == (1, 1)


def test_two_stores_are_kept_each_and_used_apart() -> None:
    limits, cache = Counting("limits"), Counting("cache")
    stores = Stores(limits, cache)

    async def use() -> None:
        await stores.limits.take("org", [Charge("b", 5, 60_000_000, 1)], "", 1_000_000)
        stores.cache.put("org", "group", "key", b"value", 60, 10)
        assert await stores.cache.get("org", ["key"]) == [b"value"]
        assert await limits.get("org", ["key"]) == [None]

    asyncio.run(use())
    stores.tick()
    asyncio.run(stores.close())
    assert (limits.ticks, limits.closed, cache.ticks, cache.closed) == (1, 1, 1, 1)
    assert stores.counters() == {"up": 1, "limits": 1, "cache": 1}


@pytest.mark.parametrize(
    "url", ["memory", "redis://h", "rediss://h", "unix:///s", "redis+cluster://h", "rediss+cluster://h"]
)
def test_a_known_scheme_is_accepted(url: str) -> None:
    assert check_url(url)


@pytest.mark.parametrize("url", ["", "redis", "memory://", "http://h", "memcached://h"])
def test_an_unknown_scheme_is_refused_with_those_that_are_known(url: str) -> None:
    with pytest.raises(SettingError, match=r"kv\.url.*memory.*redis://.*unix://"):
        check_url(url)
