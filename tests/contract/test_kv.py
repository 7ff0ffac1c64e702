"""One contract, every store: what limits and the cache may rely on."""

import asyncio
import json
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
from redis.crc import key_slot

import _speedups
from proxy.kv.base import Charge, Hold, Kv, KvDown
from proxy.kv.memory import MemoryKv
from proxy.kv.redis import RedisKv, _digest
from proxy.kv.wire import lua
from tests.redis_server import SERVERS, RedisServer, start_cluster
from tests.tls_front import tls_front

SECOND = 1_000_000
MINUTE = 60 * SECOND
VECTORS = json.loads((Path(_speedups.__file__).parent / "vectors/bucket.json").read_text())["vectors"]
PATIENT = 5_000
"""Milliseconds, for tests that are not about patience."""

Make = Callable[..., RedisKv]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Stores that are closed when the test is over."""
    made: list[RedisKv] = []

    def new(url: str, patience_ms: float = PATIENT, on_error: Callable[[str], None] | None = None) -> RedisKv:
        made.append(RedisKv(url, patience_ms=patience_ms, on_error=on_error))
        return made[-1]

    yield new
    for one in made:
        await one.close()


def cluster_url(servers: list[RedisServer]) -> str:
    return "redis+cluster://" + ",".join(f"127.0.0.1:{one.port}" for one in servers)


REDIS = [*SERVERS, *(f"{kind} cluster" for kind in SERVERS)]


def url_of(request: pytest.FixtureRequest) -> str:
    """The address of one of `REDIS`."""
    kind, _, cluster = request.param.partition(" ")
    if cluster:
        return cluster_url(request.getfixturevalue("cluster_of")(kind))
    return cast(str, request.getfixturevalue("server_of")(kind).url)


@pytest.fixture(params=REDIS)
def url(request: pytest.FixtureRequest) -> str:
    return url_of(request)


@pytest.fixture(params=["memory", *REDIS])
async def kv(request: pytest.FixtureRequest) -> AsyncIterator[Kv]:
    if request.param == "memory":
        store: Kv = MemoryKv()
    else:
        store = RedisKv(url_of(request), patience_ms=PATIENT)
    yield store
    await store.close()


@pytest.fixture
def org() -> str:
    """One that no other test knows."""
    return f"org-{uuid.uuid4()}"


def charge(limit: int, cost: int = 1, bucket: str = "b", window_us: int = MINUTE, **more: bool) -> Charge:
    return Charge(bucket, limit, window_us, cost, **more)


async def settled(store: Kv, org: str) -> None:
    """Everything sent before has been carried out: commands run in order."""
    await store.get(org, ["nothing"])


async def left(store: Kv, org: str, limit: int, bucket: str = "b", window_us: int = MINUTE, **more: bool) -> int:
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


# --- the arithmetic in Lua --------------------------------------------------------------------------------------------

WRAPPER = """
local a, out = cjson.decode(ARGV[2]), {}
local function whole(list) for i, n in ipairs(list) do list[i] = string.format('%.0f', n) end return list end
if ARGV[1] == 'window' then
  local allowed, left, retry, reset, state = window(unpack(a))
  return { allowed and 1 or 0, whole({ left, retry, reset }), whole(state) }
end
return { 1, {}, whole(window_settle(a[1], a[2], a[4], a[5], a[6])) }
"""
ROWS = [row for row in VECTORS if row["call"] in ("window", "window_settle")]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['call']}: {row['why']}" for row in ROWS])
def test_lua_counts_like_its_twins(server: RedisServer, row: dict[str, Any]) -> None:
    with server.client() as client:
        found: Any = client.eval(lua("window") + WRAPPER, 0, row["call"], json.dumps(row["args"]))
    allowed, numbers, state = found[0] == 1, [int(one) for one in found[1]], [int(one) for one in found[2]]
    assert row["result"] == ([allowed, *numbers, state] if row["call"] == "window" else state)


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_a_take_tells_how_the_bucket_stands(kv: Kv, org: str) -> None:
    first = await kv.take(org, [charge(3)], "", MINUTE)
    assert first.allowed and first.at_us > 1_700_000_000 * SECOND
    assert (first.rooms[0].allowed, first.rooms[0].remaining, first.rooms[0].retry_after_us) == (True, 2, 0)
    assert MINUTE < first.rooms[0].reset_us <= MINUTE + MINUTE // 64 + 1
    assert [(await kv.take(org, [charge(3)], "", MINUTE)).allowed for _ in range(3)] == [True, True, False]


async def test_a_cost_above_the_limit_never_passes(kv: Kv, org: str) -> None:
    room = (await kv.take(org, [charge(3, 4)], "", MINUTE)).rooms[0]
    assert (room.allowed, room.remaining, room.retry_after_us) == (False, 3, -1)


async def test_the_largest_limit(kv: Kv, org: str) -> None:
    most, year = 10**14, 365 * 86_400 * SECOND
    assert (await kv.take(org, [charge(most, most - 1, window_us=year)], "", MINUTE)).rooms[0].remaining == 1
    assert (await kv.take(org, [charge(most, 1, window_us=year)], "", MINUTE)).rooms[0].remaining == 0
    assert not (await kv.take(org, [charge(most, 1, window_us=year)], "", MINUTE)).allowed


async def test_all_or_none(kv: Kv, org: str) -> None:
    charges = [charge(5, 1, "wide"), charge(1, 1, "narrow"), charge(2, 1, "places", concurrent=True)]
    assert (await kv.take(org, charges, "one", MINUTE)).allowed
    refused = await kv.take(org, charges, "two", MINUTE)
    assert not refused.allowed
    assert [room.allowed for room in refused.rooms] == [True, False, True]
    assert await left(kv, org, 5, "wide") == 4
    assert await left(kv, org, 1, "narrow") == 0
    assert await left(kv, org, 2, "places", concurrent=True) == 1


async def test_a_question_takes_nothing(kv: Kv, org: str) -> None:
    asks = charge(1, 0)
    assert (await kv.take(org, [asks], "", MINUTE)).allowed
    assert (await kv.take(org, [charge(1)], "", MINUTE)).allowed
    refused = await kv.take(org, [asks], "", MINUTE)
    assert not refused.allowed
    assert refused.rooms[0].remaining == 0
    assert refused.rooms[0].retry_after_us > 0
    places = charge(1, 0, "places", concurrent=True)
    assert (await kv.take(org, [places, charge(1, 1, "places", concurrent=True)][1:], "one", MINUTE)).allowed
    assert not (await kv.take(org, [places], "", MINUTE)).allowed


async def test_organisations_and_windows_are_apart(kv: Kv, org: str) -> None:
    assert (await kv.take(org, [charge(1)], "", MINUTE)).allowed
    assert (await kv.take(org + "x", [charge(1, bucket="other")], "", MINUTE)).allowed
    assert (await kv.take(org, [charge(1, window_us=2 * MINUTE)], "", MINUTE)).allowed


async def test_never_two_bursts_in_one_window(kv: Kv, org: str) -> None:
    times: list[int] = []
    for _ in range(90):
        grant = await kv.take(org, [charge(5, window_us=SECOND)], "", MINUTE)
        if grant.allowed:
            times.append(grant.at_us)
        await asyncio.sleep(0.025)
    assert len(times) > 5
    assert all(sum(start <= at < start + SECOND for at in times) <= 5 for start in times)


@pytest.mark.parametrize("cost", [2, 0], ids=["a cost", "a question"])
async def test_waiting_as_told_helps(kv: Kv, org: str, cost: int) -> None:
    for _ in range(3):
        assert (await kv.take(org, [charge(3, window_us=SECOND)], "", MINUTE)).allowed
        await asyncio.sleep(0.1)
    room = (await kv.take(org, [charge(3, cost, window_us=SECOND)], "", MINUTE)).rooms[0]
    assert not room.allowed and room.retry_after_us > 0
    await asyncio.sleep(room.retry_after_us / SECOND + 0.01)
    assert (await kv.take(org, [charge(3, cost, window_us=SECOND)], "", MINUTE)).allowed


# --- reservations -----------------------------------------------------------------------------------------------------


async def reserve(store: Kv, org: str, amount: int, hold_us: int = MINUTE, name: str = "call", **more: Any) -> Hold:
    charges = [charge(100, amount, held=True, **more)]
    grant = await store.take(org, charges, name, hold_us)
    assert grant.allowed
    return Hold(org, name, charges, grant.at_us)


@pytest.mark.parametrize(("spent", "after"), [(10, 90), (40, 60), (0, 100), (70, 30), (130, 0)])
async def test_what_was_really_spent_counts(kv: Kv, org: str, spent: int, after: int) -> None:
    hold = await reserve(kv, org, 40)
    assert await left(kv, org, 100) == 60
    kv.settle(hold, [spent])
    await settled(kv, org)
    assert await left(kv, org, 100) == after


async def test_an_overspent_bucket_owes(kv: Kv, org: str) -> None:
    hold = await reserve(kv, org, 40)
    kv.settle(hold, [130])
    await settled(kv, org)
    assert await left(kv, org, 120) == 0
    assert await left(kv, org, 140) == 10


async def test_several_reservations_of_one_call(kv: Kv, org: str) -> None:
    charges = [charge(100, 30, "tokens", held=True), charge(9, 1, "calls"), charge(2, 1, "places", concurrent=True)]
    grant = await kv.take(org, charges, "call", MINUTE)
    assert [room.remaining for room in grant.rooms] == [70, 8, 1]
    kv.settle(Hold(org, "call", [charges[0], charges[2]], grant.at_us), [5, 0])
    await settled(kv, org)
    assert await left(kv, org, 100, "tokens") == 95
    assert await left(kv, org, 9, "calls") == 8
    assert await left(kv, org, 2, "places", concurrent=True) == 2


async def test_an_expired_reservation_is_given_back_once(kv: Kv, org: str) -> None:
    await reserve(kv, org, 30, name="stays")
    hold = await reserve(kv, org, 40, hold_us=SECOND)
    assert await left(kv, org, 100) == 30
    await asyncio.sleep(1.05)
    assert [await left(kv, org, 100) for _ in range(3)] == [70, 70, 70]
    kv.settle(hold, [25])
    await settled(kv, org)
    assert await left(kv, org, 100) == 45


async def test_a_late_settlement_that_nobody_preceded(kv: Kv, org: str) -> None:
    hold = await reserve(kv, org, 40, hold_us=100_000)
    await asyncio.sleep(0.15)
    kv.settle(hold, [25])
    await settled(kv, org)
    assert await left(kv, org, 100) == 75


async def test_a_renewed_reservation_stays(kv: Kv, org: str) -> None:
    hold = await reserve(kv, org, 40, hold_us=SECOND)
    kv.renew([hold], MINUTE)
    await settled(kv, org)
    await asyncio.sleep(1.1)
    assert await left(kv, org, 100) == 60
    kv.settle(hold, [10])
    await settled(kv, org)
    assert await left(kv, org, 100) == 90


async def test_a_renewal_wakes_nobody(kv: Kv, org: str) -> None:
    hold = await reserve(kv, org, 40)
    kv.settle(hold, [10])
    kv.renew([hold], 50_000)
    await settled(kv, org)
    await asyncio.sleep(0.1)
    assert await left(kv, org, 100) == 90


async def test_places_for_calls_under_way(kv: Kv, org: str) -> None:
    place = charge(2, concurrent=True)
    holds = []
    for name in ("one", "two"):
        grant = await kv.take(org, [place], name, MINUTE)
        holds.append(Hold(org, name, [place], grant.at_us))
    refused = (await kv.take(org, [place], "three", MINUTE)).rooms[0]
    assert not refused.allowed and refused.remaining == 0 and refused.retry_after_us > 0
    kv.settle(holds[0], [0])
    await settled(kv, org)
    again = await kv.take(org, [place], "three", MINUTE)
    assert again.allowed and again.rooms[0].remaining == 0
    kv.settle(holds[0], [0])
    await settled(kv, org)
    assert await left(kv, org, 2, concurrent=True) == 0


async def test_places_of_several_units(kv: Kv, org: str) -> None:
    wide = charge(10, 7, concurrent=True)
    grant = await kv.take(org, [wide], "wide", MINUTE)
    assert grant.rooms[0].remaining == 3
    assert not (await kv.take(org, [charge(10, 4, concurrent=True)], "more", MINUTE)).allowed
    kv.settle(Hold(org, "wide", [wide], grant.at_us), [0])
    await settled(kv, org)
    assert await left(kv, org, 10, concurrent=True) == 10


async def test_a_place_that_nobody_gives_back_is_free_in_the_end(kv: Kv, org: str) -> None:
    place = charge(1, window_us=SECOND, concurrent=True)
    grant = await kv.take(org, [place], "one", SECOND // 2)
    kv.renew([Hold(org, "one", [place], grant.at_us)], MINUTE)  # but never beyond the window
    await settled(kv, org)
    assert not (await kv.take(org, [place], "two", MINUTE)).allowed
    await asyncio.sleep(1.05)
    assert (await kv.take(org, [place], "two", MINUTE)).allowed


# --- cache ------------------------------------------------------------------------------------------------------------


async def test_values_are_kept_as_they_are(kv: Kv, org: str) -> None:
    value = bytes(range(256)) * 500 + b"\r\n$5\r\n"
    kv.put(org, "group", "key", value, 60, 10)
    kv.put(org, "group", "empty", b"", 60, 10)
    assert await kv.get(org, ["key", "nothing", "empty"]) == [value, None, b""]
    assert await kv.get(org + "x", ["key"]) == [None]
    kv.put(org, "group", "key", b"new", 60, 10)
    assert await kv.get(org, ["key"]) == [b"new"]


async def test_values_expire(kv: Kv, org: str) -> None:
    kv.put(org, "group", "short", b"1", 1, 10)
    kv.put(org, "group", "long", b"2", 60, 10)
    assert await kv.get(org, ["short", "long"]) == [b"1", b"2"]
    await asyncio.sleep(1.1)
    assert await kv.get(org, ["short", "long"]) == [None, b"2"]


async def test_the_least_recently_used_goes_first(kv: Kv, org: str) -> None:
    kv.put(org, "other", "elsewhere", b"0", 60, 3)
    for name in ("a", "b", "c"):
        kv.put(org, "group", name, name.encode(), 60, 3)
    assert await kv.get(org, ["a"]) == [b"a"]
    kv.put(org, "group", "d", b"d", 60, 3)
    assert await kv.get(org, ["a", "b", "c", "d", "elsewhere"]) == [b"a", None, b"c", b"d", b"0"]
    assert kv.counters()["evicted_total"] == 1
    kv.put(org, "group", "e", b"e", 60, 1)
    assert await kv.get(org, ["a", "c", "d", "e", "elsewhere"]) == [None, None, None, b"e", b"0"]


async def test_a_value_may_change_its_group(kv: Kv, org: str) -> None:
    kv.put(org, "one", "key", b"1", 60, 10)
    kv.put(org, "two", "key", b"2", 60, 10)
    kv.put(org, "one", "x", b"x", 60, 1)
    assert await kv.get(org, ["key", "x"]) == [b"2", b"x"]


# --- shared stores ----------------------------------------------------------------------------------------------------


async def test_workers_share_limits_exactly(url: str, make: Make, org: str) -> None:
    workers = [make(url), make(url)]
    grants = await asyncio.gather(*(workers[i % 2].take(org, [charge(50)], "", MINUTE) for i in range(200)))
    assert sum(grant.allowed for grant in grants) == 50


async def test_workers_share_values_and_reservations(url: str, make: Make, org: str) -> None:
    one, two = make(url), make(url)
    hold = await reserve(one, org, 40)
    assert await left(two, org, 100) == 60
    two.settle(hold, [10])
    two.put(org, "group", "key", b"value", 60, 10)
    await settled(two, org)
    assert await left(one, org, 100) == 90
    assert await one.get(org, ["key"]) == [b"value"]


async def test_many_organisations_at_once(url: str, make: Make, org: str) -> None:
    store = make(url)
    grants = await asyncio.gather(*(store.take(f"{org}-{i % 40}", [charge(2)], "", MINUTE) for i in range(120)))
    assert sum(grant.allowed for grant in grants) == 80
    assert store.counters() == {"up": 1, "errors_total": 0, "lost_settles_total": 0, "evicted_total": 0}


async def test_nothing_stays_for_ever(own_server: RedisServer, make: Make, org: str) -> None:
    store = make(own_server.url)
    await reserve(store, org, 40)
    await store.take(org, [charge(9, bucket="places", concurrent=True), charge(9, bucket="x")], "call", MINUTE)
    store.put(org, "group", "key", b"value", 60, 10)
    await settled(store, org)
    with own_server.client() as client:
        keys: Any = client.keys()
        assert len(keys) == 7
        assert [key for key in keys if not 0 < cast(int, client.pttl(key)) < 130_000] == []


# --- ways to connect --------------------------------------------------------------------------------------------------


async def test_a_socket_file(server: RedisServer, make: Make, org: str) -> None:
    store = make(f"unix://{server.socket}")
    assert (await store.take(org, [charge(1)], "", MINUTE)).allowed


async def test_a_password_and_a_database(make: Make, org: str) -> None:
    server = RedisServer(requirepass="p@ss/word")
    try:
        store = make(f"redis://:p%40ss%2Fword@127.0.0.1:{server.port}/3")
        assert (await store.take(org, [charge(1)], "", MINUTE)).allowed
        told: list[str] = []
        wrong = make(f"redis://:guess@127.0.0.1:{server.port}", on_error=told.append)
        with pytest.raises(KvDown):
            await wrong.take(org, [charge(1)], "", MINUTE)
        assert "WRONGPASS" in told[0]
    finally:
        server.stop()


async def test_tls(server: RedisServer, make: Make, org: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with tls_front(server.port, context) as port:
        store = make(f"rediss://127.0.0.1:{port}?ssl_ca_certs={tmp_path / 'ca.pem'}")
        assert (await store.take(org, [charge(1)], "", MINUTE)).allowed
        stranger = make(f"rediss://127.0.0.1:{port}")
        with pytest.raises(KvDown):
            await stranger.take(org, [charge(1)], "", MINUTE)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "unix+cluster:///x", "redis+cluster://127.0.0.1:x"])
def test_an_address_of_no_use(url: str) -> None:
    with pytest.raises(ValueError):
        RedisKv(url)


# --- down and back ----------------------------------------------------------------------------------------------------


async def test_down_at_start(own_server: RedisServer, make: Make, org: str) -> None:
    own_server.kill()
    store = make(own_server.url)
    store.tick()
    with pytest.raises(KvDown):
        await store.take(org, [charge(1)], "", MINUTE)
    with pytest.raises(KvDown):
        await store.get(org, ["key"])
    assert store.counters()["up"] == 0
    assert store.counters()["errors_total"] > 0
    own_server.start()
    assert (await healed(lambda: store.take(org, [charge(1)], "", MINUTE))).allowed
    assert store.counters()["up"] == 1


async def test_frozen(own_server: RedisServer, make: Make, org: str) -> None:
    told: list[str] = []
    store = make(own_server.url, patience_ms=50, on_error=told.append)
    await healed(lambda: store.take(org, [charge(1000)], "", MINUTE))
    own_server.freeze()
    answers = await asyncio.gather(
        *(store.take(org, [charge(1000)], "", MINUTE) for _ in range(20)), return_exceptions=True
    )
    assert [type(one) for one in answers] == [KvDown] * 20
    with pytest.raises(KvDown):
        await store.get(org, ["key"])
    store.put(org, "group", "key", b"value", 60, 10)
    assert told and store.counters()["up"] == 0
    own_server.thaw()
    assert (await healed(lambda: store.take(org, [charge(1000)], "", MINUTE))).allowed
    assert await healed(lambda: store.get(org, ["key"])) == [None]


async def test_settlements_wait_and_count_once(own_server: RedisServer, make: Make, org: str) -> None:
    """Some are under way when the server freezes, and run when it thaws, before they are tried again."""
    store = make(own_server.url, patience_ms=50)
    holds = [await healed(lambda i=i: reserve(store, org, 10, name=f"call-{i}")) for i in range(4)]  # type: ignore[misc]
    assert await healed(lambda: left(store, org, 100)) == 60
    own_server.freeze()
    store.settle(holds[0], [7])
    store.settle(holds[1], [0])
    with pytest.raises(KvDown):
        await store.take(org, [charge(100, bucket="other")], "", MINUTE)
    store.settle(holds[2], [3])
    store.renew([holds[3]], MINUTE)
    own_server.thaw()
    assert await healed(lambda: left(store, org, 100)) == 100 - 7 - 0 - 3 - 10
    assert store.counters()["lost_settles_total"] == 0


async def test_killed_and_started_empty(own_server: RedisServer, make: Make, org: str) -> None:
    store = make(own_server.url)
    hold = await reserve(store, org, 40)
    own_server.kill()
    store.settle(hold, [15])
    with pytest.raises(KvDown):
        await store.take(org, [charge(100)], "", MINUTE)
    own_server.start()  # it has forgotten the scripts too
    assert (await healed(lambda: store.take(org, [charge(100)], "", MINUTE))).allowed
    store.put(org, "group", "key", b"value", 60, 10)
    assert await store.get(org, ["key"]) == [b"value"]


async def test_scripts_are_loaded_again(own_server: RedisServer, make: Make, org: str) -> None:
    store = make(own_server.url)
    assert (await store.take(org, [charge(100)], "", MINUTE)).allowed
    with own_server.client() as client:
        client.script_flush()
    grants = await asyncio.gather(*(store.take(org, [charge(100)], "", MINUTE) for _ in range(50)))
    assert all(grant.allowed for grant in grants)
    assert await left(store, org, 100) == 49


async def test_what_a_take_reserved_that_was_answered_too_late_is_given_back(
    own_server: RedisServer, make: Make, org: str
) -> None:
    patient, hasty = make(own_server.url), make(own_server.url, 50)
    kinds = [charge(100, 10, "held", held=True), charge(100, 10, "places", concurrent=True), charge(100, 10, "spent")]
    assert (await hasty.take(org, kinds, "before", MINUTE)).allowed
    own_server.freeze()
    with pytest.raises(KvDown):
        await hasty.take(org, kinds, "late", MINUTE)
    own_server.thaw()

    async def stands() -> tuple[int, int, int]:
        held, places = await left(patient, org, 100, "held"), await left(patient, org, 100, "places", concurrent=True)
        return held, places, await left(patient, org, 100, "spent")

    async with asyncio.timeout(20):
        while not hasty.counters()["up"]:
            hasty.tick()
            await asyncio.sleep(0.05)
    # The server has carried the late one out: what it spent for good is spent, and its reservations are given back.
    assert await stands() == (90, 90, 80)


async def test_too_many_settlements_are_counted(
    own_server: RedisServer, make: Make, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.kv.wire._LATE_MAX", 3)
    store = make(own_server.url)
    holds = [await reserve(store, org, 10, name=f"call-{i}") for i in range(5)]
    own_server.kill()
    with pytest.raises(KvDown):
        await store.take(org, [charge(100)], "", MINUTE)
    for hold in holds:
        store.settle(hold, [1])
    assert store.counters()["lost_settles_total"] == 2


async def test_an_idle_connection_may_close(own_server: RedisServer, make: Make, org: str) -> None:
    store = make(own_server.url)
    await store.take(org, [charge(100)], "", MINUTE)
    with own_server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
        await asyncio.sleep(0.1)
    assert (await store.take(org, [charge(100)], "", MINUTE)).allowed
    assert store.counters()["errors_total"] == 0


async def test_closing_sends_what_is_pending(server: RedisServer, make: Make, org: str) -> None:
    store, other = make(server.url), make(server.url)
    hold = await reserve(store, org, 40)
    store.settle(hold, [5])
    await store.close()
    assert await left(other, org, 100) == 95
    with pytest.raises(KvDown):
        await store.take(org, [charge(100)], "", MINUTE)


# --- clusters ---------------------------------------------------------------------------------------------------------


def home(servers: list[RedisServer], org: str) -> RedisServer:
    """The server on which an organisation lies that has something kept."""
    found = []
    for one in servers:
        with one.client() as client:
            if client.keys(f"ph:{{{_digest(org)}}}:*"):
                found.append(one)
    assert len(found) == 1
    return found[0]


async def test_a_slot_that_moves(cluster: list[RedisServer], make: Make, org: str) -> None:
    store = make(cluster_url(cluster))
    assert (await store.take(org, [charge(100)], "", MINUTE)).allowed
    before = home(cluster, org)
    after = next(one for one in cluster if one is not before)
    move(cluster, before, after, org)
    assert (await store.take(org, [charge(100)], "", MINUTE)).rooms[0].remaining == 98
    assert home(cluster, org) is after


def move(servers: list[RedisServer], before: RedisServer | None, after: RedisServer, org: str) -> None:
    """Gives the slot of `org` to another server, with what lies there, where `before` can still be asked."""
    slot = key_slot(_digest(org).encode())
    with after.client() as client:
        name = client.execute_command("CLUSTER MYID")
    if before is not None:
        with before.client() as client, after.client() as other:
            origin = client.execute_command("CLUSTER MYID")
            other.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", origin)
            client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", name)
            keys: Any = client.keys(f"ph:{{{_digest(org)}}}:*")
            client.execute_command("MIGRATE", "127.0.0.1", after.port, "", 0, 5000, "KEYS", *keys)
    for one in servers:
        if one is not before:
            with one.client() as client:
                client.execute_command("CLUSTER SETSLOT", slot, "NODE", name)
    if before is not None:
        with before.client() as client:
            client.execute_command("CLUSTER SETSLOT", slot, "NODE", name)


@pytest.mark.parametrize("kind", SERVERS)
async def test_one_server_of_three_dies(make: Make, org: str, kind: str) -> None:
    servers = start_cluster(kind)
    try:
        store = make(cluster_url(servers), patience_ms=PATIENT)
        orgs = [f"{org}-{i}" for i in range(30)]
        await asyncio.gather(*(store.take(one, [charge(100)], "", MINUTE) for one in orgs))
        dead = home(servers, orgs[0])
        lost = {one for one in orgs if home(servers, one) is dead}
        assert 0 < len(lost) < 30
        dead.kill()
        for one in orgs:  # the others feel nothing of it
            if one in lost:
                with pytest.raises(KvDown):
                    await store.take(one, [charge(100)], "", MINUTE)
            else:
                assert (await store.take(one, [charge(100)], "", MINUTE)).rooms[0].remaining == 98
        assert store.counters()["up"] == 0
        living = [one for one in servers if one is not dead]
        for one in lost:
            move(living, None, living[0], one)
        for one in lost:
            assert (await healed(lambda one=one: store.take(one, [charge(100)], "", MINUTE))).allowed  # type: ignore[misc]
        assert store.counters()["up"] == 1
    finally:
        for server in servers:
            server.stop()
