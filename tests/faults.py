"""A wire that misbehaves on demand: between the gateway and Redis, or the gateway and a provider."""

import asyncio
import socket
import struct
import threading
from typing import Final

__all__ = ["MODES", "FaultProxy"]

MODES: Final = ("drop", "refuse", "stall", "reset", "half_close", "slow")
_RESET: Final = struct.pack("ii", 1, 0)


class FaultProxy:
    """Forwards to a port of this machine, in a thread of its own. `mode` holds for open connections too.

    pass; drop: new connections are closed at once, open ones with the next reply; refuse: nobody listens; stall:
    nothing moves; reset: the connection is reset in the middle of a reply; half_close: of a reply a part, then FIN;
    slow: 64 bytes every 5 ms."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.mode = "pass"
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._do(self._listen())

    def set(self, mode: str) -> None:
        """From now on."""
        if mode == "refuse":
            self.mode = mode
            self._do(self._deafen())
        elif self.mode == "refuse":
            self._do(self._listen())
        self.mode = mode

    def close(self) -> None:
        self._do(self._deafen())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _do(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[arg-type]

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _deafen(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "drop":
            writer.transport.abort()
            return
        try:
            there, away = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, away}
        await asyncio.gather(self._pump(reader, away, False), self._pump(there, writer, True))
        self._writers -= {writer, away}
        for one in (writer, away):
            one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reply: bool) -> None:
        try:
            while data := await reader.read(65536):
                while self.mode == "stall":  # noqa: ASYNC110 - it is set from another thread
                    await asyncio.sleep(0.02)
                if reply and self.mode in ("drop", "reset", "half_close"):
                    writer.write(data[: len(data) // 2] if self.mode != "drop" else b"")
                    await writer.drain()
                    if self.mode == "reset":
                        sock = writer.get_extra_info("socket")
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                        writer.transport.abort()
                    elif self.mode == "half_close":
                        writer.write_eof()
                        await asyncio.sleep(3)
                    else:
                        writer.transport.abort()
                    return
                while reply and self.mode == "slow" and data:
                    writer.write(data[:64])
                    data = data[64:]
                    await asyncio.sleep(0.005)
                writer.write(data)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
        except (OSError, RuntimeError):
            writer.transport.abort()
