"""The segment format: 8 bytes of magic, then frames of length (u32 LE), CRC-32 of the payload (u32 LE), payload.

A payload is one `core.record.Record` as msgpack. These functions are pure: bytes in, bytes out.
"""

import enum
import struct
from typing import Final, NamedTuple
from zlib import crc32

__all__ = ["HEADER_SIZE", "MAGIC", "SUFFIX", "Scan", "State", "frame_size", "pack", "resync", "scan"]

MAGIC: Final = b"PERISEG1"
SUFFIX: Final = ".seg"
HEADER_SIZE: Final = 8

_HEADER: Final = struct.Struct("<II")
_RECORD_HEAD: Final = b"\xdc\x00"
"""The first bytes of every payload: a msgpack array of 16 to 255 items, as a Record is."""


class State(enum.Enum):
    """Why a scan stopped."""

    CLEAN = "clean"
    """At the end of the buffer, or at the limits it was given, after a complete frame."""
    TORN = "torn"
    """The buffer ends within a frame."""
    CORRUPT = "corrupt"
    """The checksum of the next frame is wrong."""


class Scan(NamedTuple):
    payloads: list[memoryview]
    next: int
    """Offset in the buffer after the last complete frame."""
    state: State


def pack(payload: bytes) -> bytes:
    """The 8 header bytes of the frame of `payload`."""
    return _HEADER.pack(len(payload), crc32(payload))


def frame_size(buffer: bytes | memoryview, offset: int = 0) -> int | None:
    """Bytes of the frame that begins at `offset`, header included; None where its header is not complete."""
    if len(buffer) - offset < HEADER_SIZE:
        return None
    length, _ = _HEADER.unpack_from(buffer, offset)
    return HEADER_SIZE + int(length)


def scan(buffer: bytes | memoryview, offset: int = 0, max_rows: int = 1 << 30) -> Scan:
    """The complete frames of `buffer` from `offset` on (after the magic), at most `max_rows` of them."""
    view = memoryview(buffer)
    end = len(view)
    payloads: list[memoryview] = []
    while len(payloads) < max_rows and offset < end:
        if end - offset < HEADER_SIZE:
            return Scan(payloads, offset, State.TORN)
        length, checksum = _HEADER.unpack_from(view, offset)
        stop = offset + HEADER_SIZE + length
        if stop > end:
            return Scan(payloads, offset, State.TORN)
        payload = view[offset + HEADER_SIZE : stop]
        # A length of 0 has a CRC of 0: a run of zeros, as a power cut leaves it, must not be read as frames.
        if not length or crc32(payload) != checksum:
            return Scan(payloads, offset, State.CORRUPT)
        payloads.append(payload)
        offset = stop
    return Scan(payloads, offset, State.CLEAN)


def resync(buffer: bytes, offset: int) -> int:
    """The offset of the next complete frame after `offset`, or the buffer's end: where to read on after damage."""
    view = memoryview(buffer)
    end = len(view)
    at = buffer.find(_RECORD_HEAD, offset + 1 + HEADER_SIZE)
    while at != -1:
        start = at - HEADER_SIZE
        length, checksum = _HEADER.unpack_from(view, start)
        if length and at + length <= end and crc32(view[at : at + length]) == checksum:
            return start
        at = buffer.find(_RECORD_HEAD, at + 1)
    return end
