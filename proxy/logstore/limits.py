"""What one query may use, and the errors of a query that used more, was cancelled, or found no reader free."""

from typing import Final, Literal

import msgspec

from proxy.core.errors import PerihelionError

__all__ = [
    "EXPORT_LIMITS",
    "READ_LIMITS",
    "Cap",
    "QueryCancelled",
    "QueryLimitError",
    "QueryLimits",
    "QueryRefused",
    "StoreBusy",
    "StoreError",
]

Cap = Literal["seconds", "rows_read", "result_rows", "memory"]


class StoreError(PerihelionError):
    """The store cannot be reached, or refused a statement."""


class QueryLimits(msgspec.Struct, frozen=True):
    """The caps of one query; 0 switches a cap off. The engine enforces them. Behind a Distributed table, `rows_read`
    and `memory` are those of one shard."""

    seconds: float = 30.0
    rows_read: int = 1_000_000_000
    result_rows: int = 100_000
    memory: int = 1 << 30
    """Bytes."""
    threads: int = 0
    """Threads of the engine; 0: as many as it likes."""

    def settings(self) -> dict[str, str | int | float]:
        """The engine's settings for these caps."""
        threads = {"max_threads": self.threads} if self.threads else {}
        return {
            **threads,
            "max_execution_time": self.seconds,
            "timeout_overflow_mode": "throw",
            "max_rows_to_read": self.rows_read,
            "read_overflow_mode": "throw",
            "max_result_rows": self.result_rows,
            "result_overflow_mode": "throw",
            "max_memory_usage": self.memory,
        }


READ_LIMITS: Final = QueryLimits()
"""For answers that are held in memory."""
EXPORT_LIMITS: Final = QueryLimits(seconds=3600.0, rows_read=0, result_rows=0)
"""For results that are streamed: of any size, at the pace of whoever takes them."""


class QueryLimitError(StoreError):
    """A query reached a cap: `cap` is a field of `QueryLimits`, `value` what it was set to."""

    def __init__(self, cap: Cap, value: float) -> None:
        super().__init__(_WORDS[cap].format(value=value))
        self.cap: Cap = cap
        self.value = value


_WORDS: Final[dict[Cap, str]] = {
    "seconds": "the query took longer than its limit of {value:g} s; ask for a shorter time or fewer calls",
    "rows_read": "the query would read more than its limit of {value:,} rows; ask for a shorter time or fewer calls",
    "result_rows": "the result has more than its limit of {value:,} rows; ask for fewer, or for a page of them",
    "memory": "the query needs more than its limit of {value:,} bytes of memory; ask for a shorter time or fewer calls",
}


class QueryCancelled(StoreError):
    """The query was cancelled (`Cancellation.cancel`)."""

    def __init__(self) -> None:
        super().__init__("the query was cancelled")


class QueryRefused(StoreError):
    """SQL of a user (`LogStore.read_as`) that is wrong, or has what is not allowed."""


class StoreBusy(StoreError):
    """No reader became free in time."""

    def __init__(self, readers: int, seconds: float) -> None:
        super().__init__(f"all {readers} readers of the log were busy for {seconds:g} s; log.readers sets their number")
