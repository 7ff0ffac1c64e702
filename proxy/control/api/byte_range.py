"""Parses the request header `Range` (RFC 9110, section 14): one range of bytes."""

import re
from typing import Final

import msgspec

__all__ = ["ByteRange", "parse_range"]

_ONE: Final = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*")


class ByteRange(msgspec.Struct, frozen=True):
    """The bytes from `start` to before `end`."""

    start: int
    end: int


def parse_range(text: str, size: int) -> ByteRange | None:
    """The bytes of a content of `size` bytes that a header asks for; None where it has none of them.

    The whole content for what the RFC says to ignore: other units, several ranges, and what is malformed.
    """
    whole = ByteRange(0, size)
    found = _ONE.fullmatch(text.strip())
    if found is None or found[1] == found[2] == "":
        return whole
    if not found[1]:
        last = int(found[2])
        return ByteRange(max(0, size - last), size) if last and size else None
    start = int(found[1])
    end = int(found[2]) + 1 if found[2] else size
    if found[2] and end <= start:
        return whole
    return ByteRange(start, min(end, size)) if start < size else None
