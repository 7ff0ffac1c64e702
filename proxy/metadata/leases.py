"""Leases of periodic work: of several control planes on one database, one does a job once per interval.

Times are those of the machine that asks; clocks that differ shift a job by the difference.
"""

from typing import Final

from sqlalchemy import Connection, select, update

from proxy.metadata.db import insert_or_keep
from proxy.metadata.tables import jobs

__all__ = ["CLOCKS_US", "claim", "last_error", "release"]


CLOCKS_US: Final = 600_000_000
"""By so much the clocks of two machines may differ."""


def claim(
    connection: Connection, job: str, holder: str, now_us: int, lease_us: int, interval_us: int | None = None
) -> bool:
    """Take the lease of a job that is due and that nobody holds; returns whether `holder` has it now.

    A holder that was killed has it until `lease_us` have passed. A lease that ends later than any that is taken now,
    and a job that is due later than `interval_us` from now, are of a clock that was wrong: they do not count.
    """
    insert_or_keep(connection, jobs, name=job, holder="", held_until_us=0, due_us=0, error="")
    due = jobs.c.due_us <= now_us
    if interval_us is not None:
        due |= jobs.c.due_us > now_us + interval_us + CLOCKS_US
    unheld = (jobs.c.held_until_us <= now_us) | (jobs.c.held_until_us > now_us + lease_us + CLOCKS_US)
    free = (jobs.c.name == job, due, unheld)
    values = {"holder": holder, "held_until_us": now_us + lease_us}
    return bool(connection.execute(update(jobs).where(*free).values(**values)).rowcount)


def release(connection: Connection, job: str, holder: str, due_us: int, error: str) -> bool:
    """Give the lease back: the job is next due at `due_us`. Returns whether `holder` still had it."""
    place = (jobs.c.name == job, jobs.c.holder == holder)
    values = {"holder": "", "held_until_us": 0, "due_us": due_us, "error": error}
    return bool(connection.execute(update(jobs).where(*place).values(**values)).rowcount)


def last_error(connection: Connection, job: str) -> str:
    """Why the job's last run failed, on whatever control plane; empty where it did not."""
    return connection.execute(select(jobs.c.error).where(jobs.c.name == job)).scalar_one_or_none() or ""
