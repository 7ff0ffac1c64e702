"""One contract, every limit store: what limits may rely on."""

import asyncio

import pytest

from proxy.kv.base import Hold, LimitStore
from tests.contract.kv_stores import MINUTE, SECOND, charge, left, reserve, settled


async def test_a_take_tells_how_the_bucket_stands(kv: LimitStore, org: str) -> None:
    first = await kv.take(org, [charge(3)], "", MINUTE)
    assert first.allowed and first.at_us > 1_700_000_000 * SECOND
    assert (first.rooms[0].allowed, first.rooms[0].remaining, first.rooms[0].retry_after_us) == (True, 2, 0)
    assert MINUTE < first.rooms[0].reset_us <= MINUTE + MINUTE // 64 + 1
    assert [(await kv.take(org, [charge(3)], "", MINUTE)).allowed for _ in range(3)] == [True, True, False]


async def test_a_cost_above_the_limit_never_passes(kv: LimitStore, org: str) -> None:
    room = (await kv.take(org, [charge(3, 4)], "", MINUTE)).rooms[0]
    assert (room.allowed, room.remaining, room.retry_after_us) == (False, 3, -1)


async def test_the_largest_limit(kv: LimitStore, org: str) -> None:
    most, year = 10**14, 365 * 86_400 * SECOND
    assert (await kv.take(org, [charge(most, most - 1, window_us=year)], "", MINUTE)).rooms[0].remaining == 1
    assert (await kv.take(org, [charge(most, 1, window_us=year)], "", MINUTE)).rooms[0].remaining == 0
    assert not (await kv.take(org, [charge(most, 1, window_us=year)], "", MINUTE)).allowed


async def test_all_or_none(kv: LimitStore, org: str) -> None:
    charges = [charge(5, 1, "wide"), charge(1, 1, "narrow"), charge(2, 1, "places", concurrent=True)]
    assert (await kv.take(org, charges, "one", MINUTE)).allowed
    refused = await kv.take(org, charges, "two", MINUTE)
    assert not refused.allowed
    assert [room.allowed for room in refused.rooms] == [True, False, True]
    assert await left(kv, org, 5, "wide") == 4
    assert await left(kv, org, 1, "narrow") == 0
    assert await left(kv, org, 2, "places", concurrent=True) == 1


async def test_a_question_takes_nothing(kv: LimitStore, org: str) -> None:
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


async def test_organisations_and_windows_are_apart(kv: LimitStore, org: str) -> None:
    assert (await kv.take(org, [charge(1)], "", MINUTE)).allowed
    assert (await kv.take(org + "x", [charge(1, bucket="other")], "", MINUTE)).allowed
    assert (await kv.take(org, [charge(1, window_us=2 * MINUTE)], "", MINUTE)).allowed


async def test_never_two_bursts_in_one_window(kv: LimitStore, org: str) -> None:
    times: list[int] = []
    for _ in range(90):
        grant = await kv.take(org, [charge(5, window_us=SECOND)], "", MINUTE)
        if grant.allowed:
            times.append(grant.at_us)
        await asyncio.sleep(0.025)
    assert len(times) > 5
    assert all(sum(start <= at < start + SECOND for at in times) <= 5 for start in times)


@pytest.mark.parametrize("cost", [2, 0], ids=["a cost", "a question"])
async def test_waiting_as_told_helps(kv: LimitStore, org: str, cost: int) -> None:
    for _ in range(3):
        assert (await kv.take(org, [charge(3, window_us=SECOND)], "", MINUTE)).allowed
        await asyncio.sleep(0.1)
    room = (await kv.take(org, [charge(3, cost, window_us=SECOND)], "", MINUTE)).rooms[0]
    assert not room.allowed and room.retry_after_us > 0
    await asyncio.sleep(room.retry_after_us / SECOND + 0.01)
    assert (await kv.take(org, [charge(3, cost, window_us=SECOND)], "", MINUTE)).allowed


# --- reservations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spent", "after"), [(10, 90), (40, 60), (0, 100), (70, 30), (130, 0)])
async def test_what_was_really_spent_counts(kv: LimitStore, org: str, spent: int, after: int) -> None:
    hold = await reserve(kv, org, 40)
    assert await left(kv, org, 100) == 60
    kv.settle(hold, [spent])
    await settled(kv, org)
    assert await left(kv, org, 100) == after


async def test_an_overspent_bucket_owes(kv: LimitStore, org: str) -> None:
    hold = await reserve(kv, org, 40)
    kv.settle(hold, [130])
    await settled(kv, org)
    assert await left(kv, org, 120) == 0
    assert await left(kv, org, 140) == 10


async def test_several_reservations_of_one_call(kv: LimitStore, org: str) -> None:
    charges = [charge(100, 30, "tokens", held=True), charge(9, 1, "calls"), charge(2, 1, "places", concurrent=True)]
    grant = await kv.take(org, charges, "call", MINUTE)
    assert [room.remaining for room in grant.rooms] == [70, 8, 1]
    kv.settle(Hold(org, "call", [charges[0], charges[2]], grant.at_us), [5, 0])
    await settled(kv, org)
    assert await left(kv, org, 100, "tokens") == 95
    assert await left(kv, org, 9, "calls") == 8
    assert await left(kv, org, 2, "places", concurrent=True) == 2


async def test_an_expired_reservation_is_given_back_once(kv: LimitStore, org: str) -> None:
    await reserve(kv, org, 30, name="stays")
    hold = await reserve(kv, org, 40, hold_us=SECOND)
    assert await left(kv, org, 100) == 30
    await asyncio.sleep(1.05)
    assert [await left(kv, org, 100) for _ in range(3)] == [70, 70, 70]
    kv.settle(hold, [25])
    await settled(kv, org)
    assert await left(kv, org, 100) == 45


async def test_a_late_settlement_that_nobody_preceded(kv: LimitStore, org: str) -> None:
    hold = await reserve(kv, org, 40, hold_us=100_000)
    await asyncio.sleep(0.15)
    kv.settle(hold, [25])
    await settled(kv, org)
    assert await left(kv, org, 100) == 75


async def test_a_renewed_reservation_stays(kv: LimitStore, org: str) -> None:
    hold = await reserve(kv, org, 40, hold_us=SECOND)
    kv.renew([hold], MINUTE)
    await settled(kv, org)
    await asyncio.sleep(1.1)
    assert await left(kv, org, 100) == 60
    kv.settle(hold, [10])
    await settled(kv, org)
    assert await left(kv, org, 100) == 90


async def test_a_renewal_wakes_nobody(kv: LimitStore, org: str) -> None:
    hold = await reserve(kv, org, 40)
    kv.settle(hold, [10])
    kv.renew([hold], 50_000)
    await settled(kv, org)
    await asyncio.sleep(0.1)
    assert await left(kv, org, 100) == 90


async def test_places_for_calls_under_way(kv: LimitStore, org: str) -> None:
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


async def test_places_of_several_units(kv: LimitStore, org: str) -> None:
    wide = charge(10, 7, concurrent=True)
    grant = await kv.take(org, [wide], "wide", MINUTE)
    assert grant.rooms[0].remaining == 3
    assert not (await kv.take(org, [charge(10, 4, concurrent=True)], "more", MINUTE)).allowed
    kv.settle(Hold(org, "wide", [wide], grant.at_us), [0])
    await settled(kv, org)
    assert await left(kv, org, 10, concurrent=True) == 10


async def test_a_place_that_nobody_gives_back_is_free_in_the_end(kv: LimitStore, org: str) -> None:
    place = charge(1, window_us=SECOND, concurrent=True)
    grant = await kv.take(org, [place], "one", SECOND // 2)
    kv.renew([Hold(org, "one", [place], grant.at_us)], MINUTE)  # but never beyond the window
    await settled(kv, org)
    assert not (await kv.take(org, [place], "two", MINUTE)).allowed
    await asyncio.sleep(1.05)
    assert (await kv.take(org, [place], "two", MINUTE)).allowed
