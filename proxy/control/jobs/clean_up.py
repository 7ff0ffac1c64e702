"""Deletes rows of the metadata database whose time is over."""

from typing import Final

from proxy.control.jobs.runner import Job
from proxy.metadata import budgets, idempotency, outbox, people
from proxy.metadata.db import Connection
from proxy.metadata.links import remove_old_links

__all__ = ["CLEAN_UP"]


def _remove_expired(connection: Connection) -> None:
    people.remove_expired_sessions(connection)
    remove_old_links(connection)
    idempotency.remove_expired(connection)
    budgets.remove_old_notices(connection)
    outbox.remove_old(connection)


CLEAN_UP: Final = Job(name="clean_up", run=_remove_expired, interval_s=600.0)
