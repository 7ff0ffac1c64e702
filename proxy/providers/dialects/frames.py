"""AWS event stream frames (`application/vnd.amazon.eventstream`): reads those of a body, and writes one.

A frame is total length, headers length and a checksum of both (4 bytes each, big-endian), headers, payload, and a
checksum of all before it. Source: the Smithy specification of the Amazon Event Stream encoding.
"""

import struct
import zlib

__all__ = ["read_frames", "write_frame"]

_PRELUDE = struct.Struct(">III")
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_STRING = 7
_BYTES = 6


def read_frames(body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Return (string headers, payload) of every complete frame; a truncated frame ends the list. Checksums are TLS's
    business here, so they are not looked at."""
    found: list[tuple[dict[str, str], bytes]] = []
    at = 0
    while at + 16 <= len(body):
        total, head, _ = _PRELUDE.unpack_from(body, at)
        if total < 16 or head > total - 16 or at + total > len(body):
            break
        found.append((_headers(body[at + 12 : at + 12 + head]), body[at + 12 + head : at + total - 4]))
        at += total
    return found


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        if name_end >= len(data):
            break
        name, kind = data[at + 1 : name_end].decode("utf-8", "replace"), data[name_end]
        at = name_end + 1
        if kind in (_STRING, _BYTES):
            size = int.from_bytes(data[at : at + 2], "big")
            at += 2
            if kind == _STRING:
                found[name] = data[at : at + size].decode("utf-8", "replace")
            at += size
        elif kind in _SIZES:
            at += _SIZES[kind]
        else:
            break
    return found


def write_frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One frame with string headers."""
    head = b"".join(
        bytes([len(name)]) + name.encode() + bytes([_STRING]) + len(value.encode()).to_bytes(2, "big") + value.encode()
        for name, value in headers.items()
    )
    lengths = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    frame = lengths + zlib.crc32(lengths).to_bytes(4, "big") + head + payload
    return frame + zlib.crc32(frame).to_bytes(4, "big")
