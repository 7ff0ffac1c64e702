"""Files of the data folder: replaced in one step, and set aside where they cannot be used as they are."""

import contextlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["make_folder", "open_lock", "replace", "set_aside", "sync_folder", "write_draft"]

_log = logging.getLogger(__name__)


def replace(
    path: Path, data: bytes | Iterable[bytes], *, fsync: bool = False, mode: int = 0o600, shared: bool = False
) -> None:
    """Write `data`, in one chunk or several, to `path` in one step: a reader sees the old content or the new, never a
    part of either. The folder is made where it is missing; a folder in the place of the file is set aside.

    A file that several processes may replace at the same time is `shared`: each has a draft of its own then, else a
    draft that a killed process left is written over by the next. With `fsync` the content is on the disk before it has
    its name, so that a power cut leaves one of both whole. Raises `OSError`; `path` is unchanged then.
    """
    draft = write_draft(path, data, fsync=fsync, mode=mode, shared=shared)
    try:
        draft.replace(path)
    except IsADirectoryError:
        set_aside(path, "is a folder and not a file")
        draft.replace(path)
    if fsync:
        sync_folder(path.parent)


def write_draft(
    path: Path, data: bytes | Iterable[bytes], *, fsync: bool = False, mode: int = 0o600, shared: bool = False
) -> Path:
    """Write `data` to a file beside `path`, and return that file. Nothing is left where that fails."""
    make_folder(path.parent)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft" if shared else f"{path.name}.draft")
    if draft.is_dir():
        set_aside(draft, "is a folder and not a file")
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


def make_folder(path: Path) -> None:
    """Make a folder (mode 0700), and its parents, where it is missing. A file in its place is set aside. Raises
    `OSError`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        set_aside(path, "is not a folder")
        path.mkdir(mode=0o700, exist_ok=True)


def open_lock(path: Path) -> int:
    """Open a file to lock it, made where it is missing, and return its descriptor. What it holds does not matter; a
    folder in its place is set aside. Raises `OSError`."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    make_folder(path.parent)
    try:
        return os.open(path, flags, 0o600)
    except IsADirectoryError:
        set_aside(path, "is a folder and not a lock")
        return os.open(path, flags, 0o600)


def set_aside(path: Path, why: str) -> Path | None:
    """Rename what cannot be used as it is to `<name>.damaged`, or `<name>.damaged-2` and so on, and log it with `why`.

    Nothing is deleted. Returns the new path; None where it cannot be renamed, which is logged too."""
    kept = path.with_name(f"{path.name}.damaged")
    number = 1
    while kept.exists() or kept.is_symlink():
        number += 1
        kept = path.with_name(f"{path.name}.damaged-{number}")
    try:
        path.rename(kept)
    except OSError as error:
        _log.warning("%s %s, and it cannot be set aside: %s", path, why, error.strerror)
        return None
    _log.warning("%s %s; it is kept as %s, and work goes on without it", path, why, kept.name)
    return kept


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, as far as its file system can."""
    with contextlib.suppress(OSError):
        file = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)
