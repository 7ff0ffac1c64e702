"""A provider that sends exactly the bytes that a test says, and ends them as it says."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType

__all__ = ["Peer", "ScriptedProvider", "chunked", "head"]

_RESET = struct.pack("ii", 1, 0)


class Peer:
    """One connection of the gateway, after its request has been read."""

    def __init__(self, line: socket.socket, request: bytes) -> None:
        self.line = line
        self.request = request

    def send(self, data: bytes) -> None:
        self.line.sendall(data)

    def reset(self) -> None:
        """Ends the connection with RST: what was sent before it may be lost, so it is given time to arrive."""
        time.sleep(0.02)
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.line.close()

    def wait_for_end(self, patience_s: float = 30.0) -> float:
        """Waits until the gateway ends the connection; returns how long that took, in seconds."""
        begun = time.monotonic()
        self.line.settimeout(patience_s)
        with contextlib.suppress(ConnectionError):
            while self.line.recv(65536):
                pass
        return time.monotonic() - begun


class ScriptedProvider:
    """Listens in threads of its own; `script` gets every request. The connection ends where it returns nothing; with
    True it is kept for the next request."""

    def __init__(self, script: Callable[[Peer], bool | None] | None = None) -> None:
        self.script = script or (lambda peer: None)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "ScriptedProvider":
        threading.Thread(target=self._accept, daemon=True, name="scripted provider").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line:
            while request := _read_request(line):
                if not self.script(Peer(line, request)):
                    return


def _read_request(line: socket.socket) -> bytes:
    """One request, head and body; nothing where the connection ends before it does."""
    request = b""
    length = -1
    while length < 0 or len(request.partition(b"\r\n\r\n")[2]) < length:
        piece = line.recv(65536)
        if not piece:
            return b""
        request += piece
        if length < 0 and b"\r\n\r\n" in request:
            length = 0
            for row in request.partition(b"\r\n\r\n")[0].split(b"\r\n"):
                if row.lower().startswith(b"content-length:"):
                    length = int(row.partition(b":")[2])
    return request


def head(media_type: str, *more: str, status: str = "200 OK", framing: str = "transfer-encoding: chunked") -> bytes:
    """The head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", f"content-type: {media_type}", framing, *more, "", ""]).encode()


def chunked(data: bytes) -> bytes:
    """`data` as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
