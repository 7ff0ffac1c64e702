"""Somebody sets the wall clock by years, in both directions, while everything runs."""

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from proxy.control.retention_guard import RetentionGuard
from proxy.control.rotation import open_database
from proxy.core.identity import DEFAULT_ORG
from proxy.core.internal_token import issue_token, org_of_token
from proxy.core.settings import load
from proxy.kv.base import Charge, Hold
from proxy.kv.memory import MemoryKv
from proxy.metadata import organisations, people
from tests.stack import ROOT, Stack, get_json

YEAR_S = 365 * 86_400
MINUTE_US = 60_000_000
CHAT = "/openai/v1/chat/completions"
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}


class Clock:
    """The wall clock of processes that were started with `environ`."""

    def __init__(self, folder: Path) -> None:
        library = folder / "clock.so"
        source = Path(__file__).with_name("clock.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], check=True)
        self._file = folder / "step"
        self.step(0)
        self.environ = {"LD_PRELOAD": str(library), "CLOCK_STEP": str(self._file)}

    def step(self, seconds: int) -> None:
        """Sets it to the real time and so many seconds."""
        with open(os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(struct.pack("<q", seconds))


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, clock: Clock, simulator_origin: str) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"), {"openai": f'origin = "{simulator_origin}"'})
    stack.environ |= clock.environ
    with stack:
        yield stack


@pytest.fixture
def at_its_time(clock: Clock) -> Iterator[None]:
    yield
    clock.step(0)


def call(stack: Stack, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(stack.gateway + CHAT, json=BODY, headers=named, timeout=30)


# --- limits -----------------------------------------------------------------------------------------------------------


class SetClock:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.us = 1_800_000_000_000_000

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    clock = SetClock()
    monkeypatch.setattr("proxy.kv.memory.clock_us", clock)
    return clock


@pytest.mark.parametrize("back_s", [3600, YEAR_S, 9 * YEAR_S])
async def test_a_limit_lets_calls_pass_within_a_window_of_a_clock_that_went_back(wall: SetClock, back_s: int) -> None:
    kv = MemoryKv()
    charge = [Charge("a", 5, MINUTE_US, 1)]
    while (await kv.take("org", charge, "", 1)).allowed:
        pass
    wall.us -= back_s * 1_000_000
    waits = []
    for _ in range(63):  # refused calls in between do not put it off
        grant = await kv.take("org", charge, "", 1)
        if grant.allowed:
            break
        waits.append(grant.rooms[0].retry_after_us)
        wall.us += 1_000_000
    assert grant.allowed
    assert 55 <= len(waits) <= 62, "what was spent counts as spent now, for a window and no longer"
    assert max(waits) <= MINUTE_US + MINUTE_US // 64 + 1


@pytest.mark.parametrize("by_s", [YEAR_S, -YEAR_S])
async def test_what_calls_in_progress_hold_does_not_depend_on_the_wall_clock(wall: SetClock, by_s: int) -> None:
    kv = MemoryKv()
    places = [Charge("places", 2, MINUTE_US, 1, concurrent=True)]
    first = await kv.take("org", places, "first", 30_000_000)
    assert (await kv.take("org", places, "second", 30_000_000)).allowed
    wall.us += by_s * 1_000_000
    refused = await kv.take("org", places, "third", 30_000_000)
    assert not refused.allowed
    assert 0 < refused.rooms[0].retry_after_us <= 1_000_000
    kv.settle(Hold("org", "first", places, first.at_us), [0])
    assert (await kv.take("org", places, "third", 30_000_000)).allowed


async def test_unused_buckets_go_although_the_clock_went_back(wall: SetClock) -> None:
    kv = MemoryKv()
    wall.us += 9 * YEAR_S * 1_000_000
    await kv.take("org", [Charge("of the future", 5, MINUTE_US, 1)], "", 1)
    wall.us -= 9 * YEAR_S * 1_000_000
    for _ in range(8):
        kv.tick()
        wall.us += MINUTE_US
    assert kv.counters()["buckets"] == 0


# --- sessions and tokens ----------------------------------------------------------------------------------------------


def test_what_was_made_under_a_wrong_clock_does_not_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(environ={}, overrides={"data": str(tmp_path)})
    database = open_database(settings)
    clock = SetClock()
    monkeypatch.setattr("proxy.metadata.people.now_us", clock)
    with database.write() as rows:
        user = people.create(rows, "a@example.com")
        organisations.add(rows, DEFAULT_ORG, user.id, "viewer")
        of_now, _ = people.open_session(rows, database.pepper, user.id, DEFAULT_ORG)
        clock.us += YEAR_S * 1_000_000
        assert people.session(rows, database.pepper, of_now) is None, "it has ended"
        of_the_future, _ = people.open_session(rows, database.pepper, user.id, DEFAULT_ORG)
        clock.us -= YEAR_S * 1_000_000
        assert people.session(rows, database.pepper, of_the_future) is None
        assert people.session(rows, database.pepper, of_now) is not None
    token = issue_token(database.secret, "org", clock.us + YEAR_S * 1_000_000)
    assert org_of_token(database.secret, token, clock.us) == ""
    assert org_of_token(database.secret, issue_token(database.secret, "org", clock.us), clock.us) == "org"
    database.close()


# --- retention --------------------------------------------------------------------------------------------------------


class Held:
    def __init__(self, wall: SetClock, newest_us: int, folder: Path) -> None:
        self.on = False
        self.mono_us = 0
        self.wall = wall
        self.guard = RetentionGuard(self.hold, newest_us, folder / "held", wall=wall, clock=lambda: self.mono_us)

    def hold(self, on: bool) -> None:
        self.on = on

    def after(self, seconds: int) -> bool:
        """Whether deletion is held so much later."""
        self.mono_us += seconds * 1_000_000
        self.wall.us += seconds * 1_000_000
        self.guard.look()
        return self.on


def test_a_step_forward_holds_deletion_until_the_clock_is_right_again_or_for_a_day(
    wall: SetClock, tmp_path: Path
) -> None:
    held = Held(wall, wall.us, tmp_path)
    assert not held.after(1)
    wall.us += YEAR_S * 1_000_000
    assert held.after(1)
    wall.us -= YEAR_S * 1_000_000
    assert not held.after(1)
    wall.us += YEAR_S * 1_000_000
    assert held.after(1) and held.after(43_000)
    held = Held(wall, wall.us, tmp_path)  # another process
    assert held.on and held.after(43_000)
    assert not held.after(500), "an operator had a day"
    assert not held.after(500)
    assert not Held(wall, wall.us, tmp_path).on


def test_a_start_long_after_the_newest_record_holds_deletion(wall: SetClock, tmp_path: Path) -> None:
    held = Held(wall, wall.us - YEAR_S * 1_000_000, tmp_path)
    assert held.on and held.after(86_000)
    wall.us -= YEAR_S * 1_000_000
    assert not held.after(1), "the clock was wrong, and is right now"
    assert not Held(wall, wall.us - 6 * 86_400 * 1_000_000, tmp_path).on
    assert not Held(wall, 0, tmp_path).on, "a first start"


def test_a_clock_that_goes_back_or_a_night_of_sleep_is_no_reason(wall: SetClock, tmp_path: Path) -> None:
    held = Held(wall, wall.us, tmp_path)
    wall.us += 9 * 3600 * 1_000_000
    assert not held.after(1)
    wall.us -= 2 * YEAR_S * 1_000_000
    assert not held.after(1)


def test_an_embedded_log_keeps_its_rows_while_deletion_is_held(tmp_path: Path) -> None:
    """In a process of its own: chDB has one folder a process."""
    code = """
import sys
from proxy.logstore.clickhouse import ClickHouseStore
store = ClickHouseStore.open("chdb://" + sys.argv[1])
with store._connections.write() as writer:
    writer.command("CREATE TABLE old (at DateTime) ENGINE = MergeTree ORDER BY at TTL at + toIntervalDay(30)")
store.hold_retention(True)
with store._connections.write() as writer:
    for _ in range(2):
        writer.command("INSERT INTO old SELECT now() - toIntervalDay(400) FROM numbers(5)")
    writer.command("OPTIMIZE TABLE old FINAL")
    print(writer.query("SELECT count() FROM old").result_rows[0][0])
store.hold_retention(False)
with store._connections.write() as writer:
    writer.command("OPTIMIZE TABLE old FINAL")
    print(writer.query("SELECT count() FROM old").result_rows[0][0])
store.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "log")], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (done.stdout.split(), done.stderr) == (["10", "0"], ""), done.stderr


@pytest.mark.usefixtures("at_its_time")
def test_calls_limits_and_the_log_of_a_running_installation(stack: Stack, clock: Clock) -> None:
    """One limit, one cached answer and the log, through steps of years."""
    cached = {"Helicone_Cache_Enabled": "true", "Cache_Control": "max-age=60"}
    ids = []
    for number, step in enumerate((0, YEAR_S, -YEAR_S, 0)):
        clock.step(step)
        limited = {"Helicone_RateLimit_Policy": "3;w=60;s=user", "Helicone_User_Id": f"somebody-{number}"}
        answers = [call(stack, **limited) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        answer = call(stack, **cached)
        assert answer.status_code == 200
        if number in (1, 2):
            assert answer.headers["helicone-cache"] == "MISS", "a stored answer is too old, or of the future"
        ids += [answer.headers["helicone-id"] for answer in (*answers[:3], answer)]
    for id in ids:
        assert stack.record(id)["id"] == id
    assert stack.answers(stack.control + "/readyz")
    assert get_json(stack.control + "/api/requests?limit=1", stack.token)["data"]
