"""One contract, every cache store: what the cache may rely on."""

import asyncio

from proxy.kv.base import CacheStore


async def test_values_are_kept_as_they_are(kv: CacheStore, org: str) -> None:
    value = bytes(range(256)) * 500 + b"\r\n$5\r\n"
    kv.put(org, "group", "key", value, 60, 10)
    kv.put(org, "group", "empty", b"", 60, 10)
    assert await kv.get(org, ["key", "nothing", "empty"]) == [value, None, b""]
    assert await kv.get(org + "x", ["key"]) == [None]
    kv.put(org, "group", "key", b"new", 60, 10)
    assert await kv.get(org, ["key"]) == [b"new"]


async def test_values_expire(kv: CacheStore, org: str) -> None:
    kv.put(org, "group", "short", b"1", 1, 10)
    kv.put(org, "group", "long", b"2", 60, 10)
    assert await kv.get(org, ["short", "long"]) == [b"1", b"2"]
    await asyncio.sleep(1.1)
    assert await kv.get(org, ["short", "long"]) == [None, b"2"]


async def test_the_least_recently_used_goes_first(kv: CacheStore, org: str) -> None:
    kv.put(org, "other", "elsewhere", b"0", 60, 3)
    for name in ("a", "b", "c"):
        kv.put(org, "group", name, name.encode(), 60, 3)
    assert await kv.get(org, ["a"]) == [b"a"]
    kv.put(org, "group", "d", b"d", 60, 3)
    assert await kv.get(org, ["a", "b", "c", "d", "elsewhere"]) == [b"a", None, b"c", b"d", b"0"]
    assert kv.counters()["evicted_total"] == 1
    kv.put(org, "group", "e", b"e", 60, 1)
    assert await kv.get(org, ["a", "c", "d", "e", "elsewhere"]) == [None, None, None, b"e", b"0"]


async def test_a_value_may_change_its_group(kv: CacheStore, org: str) -> None:
    kv.put(org, "one", "key", b"1", 60, 10)
    kv.put(org, "two", "key", b"2", 60, 10)
    kv.put(org, "one", "x", b"x", 60, 1)
    assert await kv.get(org, ["key", "x"]) == [b"2", b"x"]
