"""The spool of a process that is no gateway worker: reported calls are written to a segment of its own."""

import threading
from collections.abc import Sequence
from typing import Final

from proxy.core.errors import PerihelionError
from proxy.core.record import Record, encode
from proxy.core.settings import Settings
from proxy.spool.segment import SUFFIX
from proxy.spool.writer import Writer

__all__ = ["IMPORTS", "REPORTS", "IngestSpool", "SpoolUnwritable", "may_be_known"]

IMPORTS: Final = "import"
"""The worker of the segments that imported calls are written to."""
REPORTS: Final = "control"
"""The worker of the segments that the control plane writes reported calls to."""
_SENT_AGAIN: Final = (f"-{IMPORTS}{SUFFIX}", f"-{REPORTS}{SUFFIX}")


def may_be_known(segment: str) -> bool:
    """Whether the log may have calls of this segment already: a file is imported again, spans are sent again."""
    return segment.endswith(_SENT_AGAIN)


class SpoolUnwritable(PerihelionError):
    """The records were not written: the disk is full or broken."""


class IngestSpool:
    """Writes records for the shipper; may be called from several threads."""

    def __init__(self, settings: Settings, worker: str) -> None:
        """`worker` is a part of the segments' names."""
        self.worker = worker
        self._lock = threading.Lock()
        self._writer = Writer(
            settings.layout.spool,
            segment_bytes=settings.get_int("spool.segment_bytes"),
            segment_s=settings.get_float("spool.segment_s"),
            fsync=settings.get_bool("log.fsync"),
            worker=worker,
        )

    def write(self, records: Sequence[Record]) -> None:
        """Writes the records; they survive `kill -9` once this returns. Raises `SpoolUnwritable` where some were not
        written."""
        frames = [encode(record) for record in records]
        with self._lock:
            dropped = self._writer.dropped
            self._writer.extend(frames)
            if self._writer.dropped > dropped:
                raise SpoolUnwritable(f"The spool cannot be written: {self._writer.error}.")

    def close(self) -> None:
        """Closes the open segment."""
        with self._lock:
            self._writer.close()
