"""What may have become of a file on the disk."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["DAMAGES"]

_chance = random.Random(15)


def empty(path: Path) -> None:
    _content(path, b"")


def cut(path: Path) -> None:
    """Ends within what was written last."""
    _content(path, _bytes(path).rstrip(b"\0")[:-5])


def noise(path: Path) -> None:
    _content(path, _chance.randbytes(max(64, min(len(_bytes(path)), 4096))))


def flipped(path: Path) -> None:
    """One byte within what was written."""
    raw = bytearray(_bytes(path) or b"\0")
    raw[len(raw.rstrip(b"\0")) // 2] ^= 0xFF
    _content(path, bytes(raw))


def zeros(path: Path) -> None:
    """Its length, and nothing else: as a power cut may leave it."""
    _content(path, bytes(len(_bytes(path))))


def folder(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.mkdir()
    (path / "in it").write_bytes(b"x")


DAMAGES: Final[dict[str, Callable[[Path], None]]] = {
    damage.__name__: damage for damage in (empty, cut, noise, flipped, zeros, folder)
}


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _content(path: Path, raw: bytes) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    path.write_bytes(raw)
    os.chmod(path, mode)
