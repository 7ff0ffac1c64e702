"""Runs the periodic work of a control plane: each job at its interval, on one control plane of a database at a time.

A `Job` is one transaction. A `SlicedJob` is longer work that somebody asked for, done slice by slice, so that it holds
up no other job and no writer of the database.
"""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from proxy.core.clock import monotonic, now_us, uuid7
from proxy.metadata import leases
from proxy.metadata.db import Connection, Database, MetadataError
from proxy.metadata.errors import DatabaseError

__all__ = ["Job", "JobFigures", "JobRunner", "SlicedJob"]

_MAX_WAIT_S: Final = 5.0
"""A job that another control plane has is looked at again after this time, so that a dead holder is noticed."""

_log = logging.getLogger(__name__)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of periodic work. `run` gets a transaction; it must end well within `lease_s`."""

    name: str
    run: Callable[[Connection], None]
    interval_s: float
    jitter: float = 0.1
    """Share of the interval by which a run may come later, so that jobs of many installations do not coincide."""
    lease_s: float = 60.0


class SlicedJob(msgspec.Struct, frozen=True, kw_only=True):
    """Work in slices. `run` does one, in transactions of its own, and must end well within `lease_s`."""

    name: str
    wanted: Callable[[], bool]
    """Whether there is work; asked before the lease is."""
    run: Callable[[], float | None]
    """Returns the seconds until the next slice; None where all is done."""
    interval_s: float = 1.0
    """How often `wanted` is asked."""
    lease_s: float = 60.0


class JobFigures(msgspec.Struct):
    """What one job did on this control plane."""

    runs: int = 0
    failures: int = 0
    last_error: str = ""


class JobRunner:
    """A thread that runs jobs one after the other. Several on one database share each job's lease."""

    def __init__(self, database: Database, jobs: Sequence[Job | SlicedJob]) -> None:
        self.figures = {job.name: JobFigures() for job in jobs}
        self.holder = uuid7(now_us())
        self._database = database
        self._jobs = jobs
        self._looks = {job.name: 0.0 for job in jobs}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float | None = None) -> None:
        """Let the job under way end, and start no other. Waits for at most `timeout_s`."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def step(self) -> float:
        """Run every job that is due and free. Returns the seconds until the next one is to be looked at."""
        for job in self._jobs:
            if self._looks[job.name] <= monotonic():
                self._looks[job.name] = monotonic() + min(job.interval_s, _MAX_WAIT_S)
                self._attempt(job)
        return max(0.0, min(self._looks.values(), default=_MAX_WAIT_S) - monotonic())

    def _run(self) -> None:
        while not self._stop.wait(self.step()):
            pass

    def _attempt(self, job: Job | SlicedJob) -> None:
        try:
            if isinstance(job, SlicedJob) and not job.wanted():
                return
            with self._database.write(publish=False) as rows:
                longest_s = job.interval_s * (1 + job.jitter) if isinstance(job, Job) else 0.0
                lease_us, longest_us = round(job.lease_s * 1e6), round(longest_s * 1e6)
                if not leases.claim(rows, job.name, self.holder, now_us(), lease_us, longest_us):
                    return
        except (DatabaseError, MetadataError) as error:
            self._fail(job, error)
            return
        figures = self.figures[job.name]
        failure = ""
        pause_s: float | None = None
        try:
            if isinstance(job, SlicedJob):
                pause_s = job.run()
            else:
                with self._database.write(publish=False) as rows:
                    job.run(rows)
        except Exception as error:  # noqa: BLE001 - one job must not stop the others
            failure = self._fail(job, error)
        else:
            figures.runs += 1
            figures.last_error = ""
        if isinstance(job, SlicedJob):
            self._looks[job.name] = monotonic() + (job.interval_s if pause_s is None else pause_s)
            due_us = now_us()  # any control plane may do the next slice
        else:
            due_us = now_us() + round(job.interval_s * (1 + random.uniform(0, job.jitter)) * 1e6)
        try:
            with self._database.write(publish=False) as rows:
                leases.release(rows, job.name, self.holder, due_us, failure)
        except (DatabaseError, MetadataError) as error:  # the lease runs out by itself
            self._fail(job, error)

    def _fail(self, job: Job | SlicedJob, error: Exception) -> str:
        figures = self.figures[job.name]
        figures.failures += 1
        reason = f"{type(error).__name__}: {error}"[:500]
        if reason != figures.last_error:
            _log.warning("job %s failed: %s", job.name, reason, exc_info=error)
        figures.last_error = reason
        return reason
