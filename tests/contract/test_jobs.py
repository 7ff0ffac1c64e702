"""Jobs on one database: once per interval over all control planes, and again after the death of a holder."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from proxy.control.jobs import runner as runner_module
from proxy.control.jobs.clean_up import CLEAN_UP
from proxy.control.jobs.runner import Job, JobRunner
from proxy.core.clock import now_us
from proxy.core.secret import Secret
from proxy.metadata import idempotency, leases, people
from proxy.metadata.db import Connection, Database
from proxy.metadata.idempotency import StoredResponse
from proxy.metadata.tables import sessions
from tests.postgres_server import PostgresServer

SECRET = Secret(b"s" * 32)
_names = itertools.count()
HOUR_US = 3_600_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'metadata.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.database(f"jobs{next(_names)}")


@pytest.fixture
def planes(url: str) -> Iterator[list[Database]]:
    """Two control planes' connections to one database."""
    opened = [Database.open(url, SECRET) for _ in range(2)]
    yield opened
    for database in opened:
        database.close()


class Clock:
    """The time that runners and leases see, moved by hand."""

    def __init__(self) -> None:
        self.us = now_us()

    def passes(self, seconds: float) -> None:
        self.us += round(seconds * 1e6)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(runner_module, "now_us", lambda: clock.us)
    monkeypatch.setattr(runner_module, "monotonic", lambda: clock.us / 1e6)
    return clock


def make_job(run: Callable[[Connection], None], jitter: float = 0.0) -> Job:
    return Job(name="count", run=run, interval_s=10.0, jitter=jitter, lease_s=60.0)


def test_two_runners_on_one_database_run_a_job_once_per_interval(planes: list[Database], clock: Clock) -> None:
    runs: list[int] = []
    job = make_job(lambda rows: runs.append(clock.us))
    runners = [JobRunner(database, [job]) for database in planes]
    began = clock.us
    for _ in range(100):  # 50 seconds
        for runner in runners:
            runner.step()
        clock.passes(0.5)
    assert [round((at - began) / 1e6) for at in runs] == [0, 10, 20, 30, 40]
    assert sum(runner.figures["count"].runs for runner in runners) == 5


def test_of_runners_that_act_at_the_same_time_one_has_the_lease(planes: list[Database], clock: Clock) -> None:
    runs: list[int] = []
    job = make_job(lambda rows: runs.append(1))
    runners = [JobRunner(planes[number % 2], [job]) for number in range(6)]
    together = threading.Barrier(len(runners))

    def step(runner: JobRunner) -> None:
        together.wait()
        runner.step()

    threads = [threading.Thread(target=step, args=[runner]) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs == [1]


def test_the_lease_of_a_killed_holder_passes_on_when_it_ends(planes: list[Database], clock: Clock) -> None:
    runs: list[int] = []
    other = JobRunner(planes[1], [make_job(lambda rows: runs.append(clock.us))])
    with planes[0].write(publish=False) as rows:  # a holder that is killed before it can give the lease back
        assert leases.claim(rows, "count", "killed", clock.us, 60_000_000)
    for _ in range(59):
        other.step()
        clock.passes(1)
    assert runs == []
    for _ in range(10):
        clock.passes(1)
        other.step()
    assert len(runs) == 1


def test_a_holder_that_lost_its_lease_cannot_give_it_back(planes: list[Database]) -> None:
    with planes[0].write(publish=False) as rows:
        assert leases.claim(rows, "count", "slow", 1_000, 100)
    with planes[1].write(publish=False) as rows:
        assert not leases.claim(rows, "count", "next", 1_099, 100)
        assert leases.claim(rows, "count", "next", 1_100, 100)
    with planes[0].write(publish=False) as rows:
        assert not leases.release(rows, "count", "slow", 2_000, "")


def test_a_job_that_fails_is_counted_told_and_tried_again_at_its_interval(planes: list[Database], clock: Clock) -> None:
    broken = [True]

    def run(rows: Connection) -> None:
        people.create(rows, "ada@example.com", "Ada")
        if broken:
            raise ValueError("no luck")

    runner = JobRunner(planes[0], [make_job(run)])
    runner.step()
    runner.step()
    assert (runner.figures["count"].runs, runner.figures["count"].failures) == (0, 1)
    with planes[1].read() as rows:
        assert leases.last_error(rows, "count") == "ValueError: no luck"
        assert people.count(rows) == 0  # what a failed run did is undone
    broken.clear()
    clock.passes(10.1)
    runner.step()
    assert (runner.figures["count"].runs, runner.figures["count"].last_error) == (1, "")
    with planes[1].read() as rows:
        assert leases.last_error(rows, "count") == ""


def test_the_jitter_puts_a_run_off_by_at_most_its_share(planes: list[Database], clock: Clock) -> None:
    runs: list[int] = []
    runner = JobRunner(planes[0], [make_job(lambda rows: runs.append(clock.us), jitter=0.5)])
    for _ in range(2000):
        runner.step()
        clock.passes(0.1)
    gaps = [(after - before) / 1e6 for before, after in itertools.pairwise(runs)]
    assert len(gaps) > 8
    assert all(10 <= gap < 15 + 5.2 for gap in gaps)  # it is looked at every 5 seconds


def test_a_thread_runs_jobs_until_it_is_closed(planes: list[Database]) -> None:
    ran = threading.Event()
    runner = JobRunner(planes[0], [make_job(lambda rows: ran.set())])
    runner.start()
    assert ran.wait(10)
    runner.close()
    assert runner.figures["count"].runs == 1


def test_cleaning_up_deletes_what_is_over_and_nothing_else(
    planes: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, now = planes[0], now_us()
    response = StoredResponse(201, b"{}")
    with database.write(publish=False) as rows:
        ada = people.create(rows, "ada@example.com", "Ada")
        for at in (now - 40 * 24 * HOUR_US, now):
            monkeypatch.setattr(people, "now_us", lambda at=at: at)
            monkeypatch.setattr(idempotency, "now_us", lambda at=at: at)
            people.open_session(rows, database.pepper, ada.id, "default")
            idempotency.store(rows, SECRET, "default", f"key-{at}", b"r" * 16, response)
        old = f"key-{now - 40 * 24 * HOUR_US}"
        CLEAN_UP.run(rows)
        assert len(rows.execute(select(sessions)).all()) == 1
        assert idempotency.find(rows, SECRET, "default", old, b"r" * 16) is None
        assert idempotency.find(rows, SECRET, "default", f"key-{now}", b"r" * 16) == response
