"""Into which pieces the shipper divides a batch, and what becomes of records that end the process.

The journal counts how often the records at an offset were begun without coming to an end, because the process died
over them. The same batch is tried once more under its own token: mostly the process was stopped for another reason.
After that it is taken in small pieces, and in the end record by record. A record that ends the process by itself is set
aside: its row says so and has no bodies, and its bytes stay in the spool's `torn` folder.
"""

import enum
from typing import Final, NamedTuple

from proxy.spool.reader import Batch

__all__ = ["MAX_PLAIN_BYTES", "Care", "Step", "first", "next_step", "rest", "tries_behind"]

MAX_PLAIN_BYTES: Final = 4 << 20
"""Decompressed bytes of bodies and texts whose rows are in memory at once; a single record may have more."""
_FEW: Final = 16
_SINGLY: Final = 3
"""The first of `_STEPS` with one record."""


class Care(enum.Enum):
    """How the records of a piece are read."""

    NORMAL = "normal"
    BARE = "bare"
    """Without their bodies."""
    UNREAD = "unread"
    """Not at all: what is known comes from the first fields."""
    SKIPPED = "skipped"
    """There is no row."""


class Step(NamedTuple):
    """What to try next with a batch: its first `rows` records. `tries` is what this is counted as."""

    rows: int
    care: Care
    tries: int


_ALL: Final = 1 << 30
_STEPS: Final = (
    Step(_ALL, Care.NORMAL, 0),
    Step(_ALL, Care.NORMAL, 1),
    Step(_FEW, Care.NORMAL, 2),
    Step(1, Care.NORMAL, 3),
    Step(1, Care.NORMAL, 4),
    Step(1, Care.BARE, 5),
    Step(1, Care.UNREAD, 6),
    Step(1, Care.SKIPPED, 7),
)


def next_step(tries: int, records: int) -> Step:
    """Return what to try after `tries` deaths over a batch of so many records."""
    step = _STEPS[min(tries, len(_STEPS) - 1)]
    if step.rows == _FEW and records <= _FEW:
        step = _STEPS[step.tries + 1]
    return step


def tries_behind(step: Step) -> int:
    """Return how often the records behind a piece count as tried: they are begun as carefully, and have their own
    tries."""
    return min(step.tries, _SINGLY)


def first(batch: Batch, records: int) -> Batch:
    """Return the first records of a batch as a batch of its own."""
    if records >= len(batch.payloads):
        return batch
    return Batch(batch.segment, batch.start, batch.offset_of(records), batch.payloads[:records])


def rest(batch: Batch, records: int) -> Batch:
    """Return what follows the first records."""
    return Batch(batch.segment, batch.offset_of(records), batch.end, batch.payloads[records:])
