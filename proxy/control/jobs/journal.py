"""How far each segment is shipped, and what is being inserted just now: one small file, replaced atomically."""

import os
from pathlib import Path

import msgspec

__all__ = ["Journal", "SegmentOffset"]


class SegmentOffset(msgspec.Struct):
    """Of one segment: bytes below `done` are in the store; `intent` is the end of the slice that may be."""

    done: int = 0
    intent: int = 0
    """0: nothing is under way."""


class Journal:
    """Every change is on the disk when the method returns. Raises `OSError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets: dict[str, SegmentOffset] = {}
        if path.exists():
            self._offsets = msgspec.json.decode(path.read_bytes(), type=dict[str, SegmentOffset])

    def of(self, segment: str) -> SegmentOffset:
        return self._offsets.get(segment) or SegmentOffset()

    def intend(self, segment: str, start: int, end: int) -> None:
        """The slice from `start` to `end` is about to be inserted; all before `start` is. An older intent that reaches
        further stays: what lies behind damage in its slice may be in the store as well."""
        self._offsets[segment] = SegmentOffset(start, max(end, self.of(segment).intent))
        self._save()

    def finish(self, segment: str, end: int) -> None:
        """All before `end` is in the store. Kept in memory until the next change: a crash before that repeats the
        last slice under its old token, which inserts nothing. The intent ends once it is passed."""
        intent = self.of(segment).intent
        self._offsets[segment] = SegmentOffset(end, intent if intent > end else 0)

    def forget(self, segment: str) -> None:
        """The segment is gone. Saved with the next change."""
        self._offsets.pop(segment, None)

    def keep_only(self, segments: set[str]) -> None:
        """Forgets segments that are not there any more (deleted just before a crash)."""
        for name in self._offsets.keys() - segments:
            del self._offsets[name]

    def save(self) -> None:
        self._save()

    def _save(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        young = self._path.with_suffix(".new")
        fd = os.open(young, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(msgspec.json.encode(self._offsets))
            file.flush()
            os.fsync(fd)
        os.replace(young, self._path)
