"""Calls that come into the log late after their places in the order of arrival.

A shipper gives calls their places before it inserts them. Where several write to one log, the calls of one may become
visible after others with higher places: its machine was frozen, or the log's server was away from it. Readers of the
order wait `SETTLE_US` before they pass a place, which is enough for nearly all. A batch that took longer than `LATE_US`
is noted in the log itself, by its places, once it is there: readers send such places beside.

No call is passed over while the clocks of the machines differ by less than what lies between both.
"""

from collections.abc import Sequence
from typing import Final

from proxy.control.jobs.log_rows import LogRows
from proxy.logstore import LogStore
from proxy.logstore.rows import LateArrivalRow
from proxy.logstore.sql import query

__all__ = ["LATE_US", "SETTLE_US", "late_arrivals", "note_late_arrivals"]

LATE_US: Final = 2_000_000
"""From a batch's places to its last row in the log: what takes longer is noted."""
SETTLE_US: Final = 5_000_000
"""How old a place is before readers pass it."""


def note_late_arrivals(store: LogStore, rows: Sequence[LogRows], token: str, now_us: int) -> None:
    """Notes the places of a batch that is in the log. Raises `StoreError`."""
    places: dict[str, list[int]] = {}
    for each in rows:
        places.setdefault(each.request.org, []).append(each.request.ingested_at)
    noted = [
        LateArrivalRow(id=token, org=org, first_at=min(own), last_at=max(own), noted_at=now_us)
        for org, own in places.items()
    ]
    store.write("late_arrivals", noted, token)


def late_arrivals(store: LogStore, org: str, since_us: int) -> dict[str, tuple[int, int]]:
    """The batches noted since then: first and last place of each, by its id. Raises `StoreError`."""
    found = store.read(query("late_arrivals"), {"org": org, "since_us": since_us})
    return {row["id"]: (int(row["first_us"]), int(row["last_us"])) for row in found}
