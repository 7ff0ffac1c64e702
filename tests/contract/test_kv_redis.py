"""What is true of Redis alone: shared by workers, down, slow, moved, and counting in Lua like the other twins."""

import asyncio
import json
import ssl
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
from redis.crc import key_slot

import _speedups
from proxy.kv.base import KvDown
from proxy.kv.redis import RedisKv, _digest
from proxy.kv.wire import lua
from tests.contract.kv_stores import MINUTE, PATIENT, Make, charge, cluster_url, healed, left, reserve, settled
from tests.redis_server import SERVERS, RedisServer, start_cluster
from tests.tls_front import tls_front

VECTORS = json.loads((Path(_speedups.__file__).parent / "vectors/bucket.json").read_text())["vectors"]

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
    monkeypatch.setattr("proxy.kv.wire._MAX_LATE", 3)
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
