"""What a sink must do."""

from typing import Protocol, runtime_checkable

import msgspec

from proxy.control.jobs.row_builder import LogRows

__all__ = ["Described", "RowBatch", "Sink"]


class RowBatch(msgspec.Struct, frozen=True, gc=False):
    """The rows of one batch of a segment, which is at bytes `start` to `end` of it."""

    segment: str
    start: int
    end: int
    rows: list[LogRows]
    token: str = ""
    """The same for the same batch, whenever it is delivered to the log; empty for other sinks."""
    repeated: bool = False
    """Whether an earlier delivery may have succeeded, wholly or in part."""
    plain_bytes: int = 0
    """Bytes of the bodies and texts of the rows."""

    @property
    def size(self) -> int:
        """The bytes that a queue counts: those in the segment, or what they have become."""
        return max(self.end - self.start, self.plain_bytes)


class Sink(Protocol):
    """A consumer of finished calls. Only one thread uses it.

    A durable sink gets every record at least once: a segment stays until each durable sink has taken it. An optional
    one (`durable` false) gets what its bounded queue takes; what it misses is counted, and never delays the log.
    """

    @property
    def name(self) -> str:
        """The name in the journal, in metrics and in messages."""

    @property
    def durable(self) -> bool: ...

    def deliver(self, batch: RowBatch) -> None:
        """Takes all of the batch, or raises: the same batch is then delivered again later."""


@runtime_checkable
class Described(Protocol):
    """What a sink may have beside, for `/api/exports/status`."""

    target: str
    """Where it delivers to, without credentials."""
    rejected: int
    """What the receiver refused for good."""
