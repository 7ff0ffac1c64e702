"""How far each sink is in each segment, and which batch the log is getting: one small file, replaced atomically.

    {"version": 2, "ingested_us": …, "sinks": {…}, "crc32": <of the file as it would be without this>}

A journal that cannot be used is set aside and taken for lost: the log is then asked what it lacks.
"""

from pathlib import Path
from typing import Any, Final
from zlib import crc32

import msgspec

from proxy.core.files import replace, set_aside

__all__ = ["LOG", "Journal", "SegmentOffset"]

LOG: Final = "log"
"""The name of the first sink. A journal of format 1 has no other."""
_VERSION: Final = 2
_CHECKSUM: Final = b',"crc32":'


class SegmentOffset(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a sink is in one segment."""

    done: int = 0
    """The sink has all bytes before this offset."""
    intent: int = 0
    """The end of the batch that the sink may have as well; 0 if none is in progress."""
    ingested_us: int = 0
    """The first record of that batch has this place in the order of arrival; the next one has one more."""
    tries: int = 0
    """How often the records at `done` were begun and did not come to an end."""


class _File(msgspec.Struct):
    version: int
    ingested_us: int = 0
    sinks: dict[str, dict[str, SegmentOffset]] = {}


class Journal:
    """The offsets of all sinks. For one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _File(_VERSION)
        self.lost = True
        """There was none that could be used: what the log has of the segments is not known."""
        try:
            self._file = _read(path.read_bytes())
            self.lost = False
        except FileNotFoundError:
            pass
        except OSError as error:
            set_aside(path, f"cannot be read ({error.strerror})")
        except (msgspec.MsgspecError, ValueError) as error:
            set_aside(path, f"is damaged ({error})" if isinstance(error, msgspec.MsgspecError) else str(error))

    def knows(self, sink: str) -> bool:
        """Whether the sink had offsets before."""
        return sink in self._file.sinks

    def add_sink(self, sink: str) -> None:
        """Lets a new sink begin where the log is now."""
        offsets = self._file.sinks.get(LOG, {})
        self._file.sinks[sink] = {segment: SegmentOffset(offset.done) for segment, offset in offsets.items()}

    def keep_only_sinks(self, sinks: set[str]) -> None:
        """Forgets sinks that are not configured any more."""
        for name in self._file.sinks.keys() - sinks - {LOG}:
            del self._file.sinks[name]

    def offset(self, sink: str, segment: str) -> SegmentOffset:
        """How far the sink is in the segment."""
        return self._file.sinks.get(sink, {}).get(segment) or SegmentOffset()

    def intend(self, segment: str, start: int, end: int, records: int, now_us: int, tries: int = 1) -> SegmentOffset:
        """Notes, on the disk, that the log is about to get the batch from `start` to `end`, and that it has all before.

        Gives its records their places in the order of arrival: at least `now_us`, and above all that were given. An
        older intent that reaches further stays: what lies behind damage in its batch may be in the log as well.
        """
        first_us = max(now_us, self._file.ingested_us + 1)
        self._file.ingested_us = first_us + records - 1
        offset = SegmentOffset(start, max(end, self.offset(LOG, segment).intent), first_us, tries)
        self._set(LOG, segment, offset)
        self.save()
        return offset

    def placed_us(self) -> int:
        """Up to this place in the order of arrival, the log has all calls."""
        begun = [offset.ingested_us for offset in self._file.sinks.get(LOG, {}).values() if offset.intent]
        return min([self._file.ingested_us, *(first_us - 1 for first_us in begun)])

    def repeat(self, segment: str, tries: int) -> SegmentOffset:
        """Notes, on the disk, that the log is about to get the batch that was in progress once more."""
        before = self.offset(LOG, segment)
        offset = SegmentOffset(before.done, before.intent, before.ingested_us, tries)
        self._set(LOG, segment, offset)
        self.save()
        return offset

    def finish(self, segment: str, end: int, *, remaining: int = 0, tries: int = 0) -> None:
        """Notes that the log has all before `end`. In memory until the next change: a crash before that repeats the
        last batch under its old token, which inserts nothing. The intent ends once it is passed; up to there are
        `remaining` records, which are begun with `tries`."""
        before = self.offset(LOG, segment)
        after = SegmentOffset(end)
        if before.intent > end:
            first_us = self._file.ingested_us + 1 if remaining else before.ingested_us
            self._file.ingested_us += remaining
            after = SegmentOffset(end, before.intent, first_us, tries)
        self._set(LOG, segment, after)

    def advance(self, sink: str, segment: str, end: int) -> None:
        """Notes that another sink has all before `end`. In memory until the next change."""
        self._set(sink, segment, SegmentOffset(end))

    def forget(self, segment: str) -> None:
        """Drops a deleted segment. Saved with the next change."""
        for offsets in self._file.sinks.values():
            offsets.pop(segment, None)

    def keep_only(self, segments: set[str]) -> None:
        """Forgets segments that do not exist any more (deleted just before a crash)."""
        for offsets in self._file.sinks.values():
            for name in offsets.keys() - segments:
                del offsets[name]

    def save(self) -> None:
        """Writes all to the disk."""
        content = msgspec.json.encode(self._file)
        replace(self._path, content[:-1] + _CHECKSUM + b"%d}" % crc32(content), fsync=True)

    def _set(self, sink: str, segment: str, offset: SegmentOffset) -> None:
        self._file.sinks.setdefault(sink, {})[segment] = offset


def _read(data: bytes) -> _File:
    """The journal of this version, or of the first one, which had the log's offsets alone. Raises `ValueError` or
    `msgspec.MsgspecError` for what is neither."""
    before, found, checksum = data.rpartition(_CHECKSUM)
    if found:  # earlier ones have none
        if checksum != b"%d}" % crc32(before + b"}"):
            raise ValueError("is damaged (its checksum is wrong)")
        data = before + b"}"
    content: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
    if "version" not in content:
        return _File(_VERSION, sinks={LOG: msgspec.convert(content, dict[str, SegmentOffset])})
    file = msgspec.convert(content, _File)
    if file.version != _VERSION:
        raise ValueError(f"is of version {file.version}, and this is version {_VERSION}")
    return file
