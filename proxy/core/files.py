"""Atomic replacement of a file: a reader sees the old content or the new, never a part of either."""

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["replace", "write_draft"]


def replace(
    path: Path, data: bytes | Iterable[bytes], *, fsync: bool = False, mode: int = 0o600, shared: bool = False
) -> None:
    """Write `data`, in one chunk or several, to `path` in one step. The folder is made where it is missing.

    A file that several processes may replace at the same time is `shared`: each has a draft of its own then, else a
    draft that a killed process left is written over by the next. With `fsync` the content is on the disk before it has
    its name, so that a power cut leaves one of both whole. Raises `OSError`; `path` is unchanged then.
    """
    write_draft(path, data, fsync=fsync, mode=mode, shared=shared).replace(path)


def write_draft(
    path: Path, data: bytes | Iterable[bytes], *, fsync: bool = False, mode: int = 0o600, shared: bool = False
) -> Path:
    """Write `data` to a file beside `path`, and return that file. Nothing is left where that fails."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft" if shared else f"{path.name}.draft")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode), "wb") as file:
            for chunk in (data,) if isinstance(data, bytes) else data:
                file.write(chunk)
            if fsync:
                file.flush()
                os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft
