"""The files of the embedded store: 8 bytes of magic, then records, each with a checksum.

    record      size of the body (4 bytes), CRC-32 of kind and body (4), kind (1), body

A log is mapped at its full length, and zeros follow its last record. Other files end with a record of the kind
`LAST`, which counts those before it. Files of the format before this one have neither magic nor checksums.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final
from zlib import crc32

from proxy.core.errors import PerihelionError

__all__ = ["HEAD_SIZE", "LAST", "MAGIC", "DamagedFile", "head", "is_signed", "pack_file", "read", "read_unsigned"]

MAGIC: Final = b"PERIKV02"
_FAMILY: Final = MAGIC[:6]
_HEAD: Final = struct.Struct("<IIB")
HEAD_SIZE: Final = _HEAD.size
LAST: Final = 255
_COUNT: Final = struct.Struct("<Q")
_UNSIGNED: Final = struct.Struct("<HB")


class DamagedFile(PerihelionError):
    """What follows in the file cannot be read."""


def head(kind: int, body: bytes) -> bytes:
    """What stands before the body of a record."""
    return _HEAD.pack(len(body), crc32(body, kind), kind)


def pack_file(records: Iterable[tuple[int, bytes]]) -> Iterator[bytes]:
    """A whole file of (kind, body), in chunks."""
    yield MAGIC
    count = 0
    for kind, body in records:
        count += 1
        yield head(kind, body) + body
    body = _COUNT.pack(count)
    yield head(LAST, body) + body


def is_signed(raw: bytes) -> bool:
    """Whether this is a file with checksums, or one without content."""
    return raw.startswith(_FAMILY) or not raw


def read(raw: bytes, *, whole: bool) -> Iterator[tuple[int, bytes]]:
    """(kind, body) of each record. `whole` files must have their last one. Raises `DamagedFile` behind the last good
    record, or where the file is of another format."""
    if raw[: len(MAGIC)] != MAGIC:
        raise DamagedFile("is of a newer version" if len(raw) >= len(MAGIC) else "is damaged" if raw else "is empty")
    at, count = len(MAGIC), 0
    while at + HEAD_SIZE <= len(raw):
        size, checksum, kind = _HEAD.unpack_from(raw, at)
        if not kind and not size and not whole:
            return
        body = raw[at + HEAD_SIZE : at + HEAD_SIZE + size]
        if len(body) != size or crc32(body, kind) != checksum:
            break
        if kind == LAST:
            if not whole or body != _COUNT.pack(count):
                break
            return
        yield kind, body
        count += 1
        at += HEAD_SIZE + size
    if not whole and not raw[at:].strip(b"\0"):
        return
    raise DamagedFile(f"is damaged behind {count} good records")


def read_unsigned(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """(kind, body) of each record of the format before this one. What they hold is to be checked."""
    at = 0
    while at + _UNSIGNED.size <= len(raw):
        size, kind = _UNSIGNED.unpack_from(raw, at)
        if not kind:
            if not at and raw.strip(b"\0"):
                break
            return
        body = raw[at + _UNSIGNED.size : at + _UNSIGNED.size + size]
        if len(body) != size:
            break
        yield kind, body
        at += _UNSIGNED.size + size
    else:
        return
    raise DamagedFile("is damaged")
