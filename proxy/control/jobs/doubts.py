"""What the log may have of the segments although the journal does not say so: the journal was lost, or an old copy of
it came back. Such records are compared with the log before they are inserted."""

import logging
from collections.abc import Callable

from proxy.control.jobs.row_builder import LogRows
from proxy.spool.reader import Reader

__all__ = ["Doubts"]

_log = logging.getLogger(__name__)


class Doubts:
    """The doubtful parts of the segments that an earlier run left."""

    def __init__(self, reader: Reader, journal_lost: bool) -> None:
        self._found = {name: reader.size(name) for name in reader.segments()}
        """The segments whose offsets were not compared with the log yet, and their sizes."""
        self._ends = dict(self._found) if journal_lost else {}

    def end(self, segment: str) -> int:
        """The end of what the log may have; 0: nothing that is not noted."""
        return self._ends.get(segment, 0)

    def is_cut(self, segment: str, done: int, size: int) -> bool:
        """Whether the segment ends before what is noted as done: a power failure cut it, or it is another file. Nothing
        unread is deleted then; all of it is doubtful."""
        if done <= size:
            return False
        _log.warning("%s ends at %d, before its offset %d; it is compared with the log", segment, size, done)
        self._ends[segment] = size
        return True

    def is_known(self, segment: str, rows: list[LogRows], has: Callable[[LogRows], bool]) -> bool:
        """Whether the log `has` the first rows that are shipped of a segment, and so may have all that was found there
        at the start."""
        size = self._found.pop(segment, 0)
        if size and not self.end(segment) and rows and has(rows[0]):
            _log.warning("the log has more of %s than the journal says; it is compared with the log", segment)
            self._ends[segment] = size
            return True
        return False

    def forget(self, segment: str) -> None:
        """The segment was deleted."""
        self._ends.pop(segment, None)
