"""Keeps the data folder to its owner: bodies, password hashes and keys are nobody else's on this machine."""

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from proxy.core.layout import Layout

__all__ = ["keep_private"]

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

_log = logging.getLogger(__name__)


def keep_private(layout: Layout) -> None:
    """Take the rights of group and others off the data folder and what this project keeps in it, with a warning, and
    have this process and its children make files without them. What else lies in the folder stays as it is."""
    os.umask(stat.S_IMODE(_OTHERS))
    changed: list[Path] = []
    for path in _open_to_others(layout):
        try:
            mode = path.stat().st_mode
            if stat.S_ISDIR(mode) and mode & stat.S_ISVTX:  # a folder of everybody, such as /tmp
                raise PermissionError(1, "it is a folder that everybody shares; choose another")
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
            changed.append(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            _log.warning("%s can be read by other users of this machine: %s", path, error.strerror)
    if changed:
        _log.warning(
            "%s could be read by other users of this machine, and is its owner's alone now%s",
            changed[0], f" (and {len(changed) - 1} more files)" if len(changed) > 1 else "",
        )  # fmt: skip


def _open_to_others(layout: Layout) -> Iterator[Path]:
    """What others have rights on. Below a folder that was closed before, only where a log store keeps no thousands of
    files."""
    yield from _if_open(layout.data)
    for path in layout.own:
        was_open = any(_if_open(path))
        yield from _if_open(path)
        if path.is_dir() and not path.is_symlink() and (was_open or path != layout.log):
            for folder, folders, files in os.walk(path):
                for name in (*folders, *files):
                    yield from _if_open(Path(folder, name))


def _if_open(path: Path) -> Iterator[Path]:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISLNK(mode) and stat.S_IMODE(mode) & _OTHERS:
        yield path
