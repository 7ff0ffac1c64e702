"""How fast a caller takes what was written to it."""

import asyncio
import fcntl
import struct
import termios
from typing import Final

__all__ = ["Pace"]

_MIN_RATE: Final = 1024
"""Bytes per second that a caller must take; a phone at the edge of its cell takes ten times as many."""


class Pace:
    """The pace of one caller while nothing more is written to it. Our own buffer says little: a socket takes more only
    once much of its buffer is free. So the kernel is asked as well what the caller has not acknowledged."""

    __slots__ = ("_since", "_transport", "_unsent")

    def __init__(self, transport: asyncio.Transport, now: float) -> None:
        self._transport = transport
        self._since = now
        self._unsent = _unsent(transport)

    def is_too_slow(self, now: float, timeout_s: float) -> bool:
        """Whether the caller took less than `_MIN_RATE` over a whole period of `timeout_s`."""
        if now - self._since < timeout_s:
            return False
        unsent = _unsent(self._transport)
        if self._unsent - unsent < _MIN_RATE * timeout_s:
            return True
        self._since, self._unsent = now, unsent
        return False


def _unsent(transport: asyncio.Transport) -> int:
    """Bytes written that the caller's machine has not acknowledged."""
    waiting = transport.get_write_buffer_size()
    line = transport.get_extra_info("socket")
    if line is None:
        return waiting
    try:
        answer = fcntl.ioctl(line.fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return waiting
    queued: int = struct.unpack("i", answer)[0]
    return waiting + queued
