"""Tells what a wire sees, behind either server; started by test_wire.py as a process of its own."""

import asyncio
import json
import socket
import sys
from typing import Any, cast

import uvloop

from proxy.core.errors import ClientDisconnected, ProxyError
from proxy.gateway.wire.base import FinalChunk, Wire
from proxy.gateway.wire.server import Server

_seen: list[dict[str, Any]] = []


class App:
    async def answer(self, wire: Wire) -> None:
        if wire.path == "/seen":
            return self._answer(wire, json.dumps(_seen).encode())
        if wire.path == "/broken":
            wire.start(200, [("content-type", "text/plain")])
            wire.write(b"part")
            return wire.finish(FinalChunk(b"", complete=False))
        if wire.path == "/pieces-out":
            wire.start(200, [("content-type", "text/plain"), ("x-two", "a\r\nx-three: b")])
            for piece in (b"one", b"two"):
                wire.write(piece)
            return wire.finish(FinalChunk(b"three"))
        if wire.path == "/flood":
            wire.start(200, [])
            written = 0
            while not wire.congested:
                wire.write(b"x" * 65536)
                written += 65536
            _seen.append({"path": "/flood", "body": written})
            await wire.drain()
            return wire.finish(FinalChunk(b"end"))
        if wire.path == "/wait":
            left = asyncio.Event()
            wire.watch(left.set)
            _seen.append({"path": "/waiting", "body": 0})
            await left.wait()
            _seen.append({"path": "/wait", "body": 0})
            return wire.finish(FinalChunk(b"", 499))
        if wire.path == "/short":
            wire.start(200, [("content-length", "100")])
            wire.write(b"part")
            return wire.finish(FinalChunk(b""))
        if wire.path == "/lies":
            return wire.finish(FinalChunk(b"lies", 200, [("content-length", wire.query)]))
        note: dict[str, Any] = {
            "path": wire.path,
            "raw_path": wire.raw_path,
            "query": wire.query,
            "host": wire.host,
            "method": wire.method,
        }
        _seen.append(note)
        try:
            headers = wire.headers()
            length = next((int(value) for name, value in headers if name == "content-length"), -1)
            note["headers"] = headers
            note["body"] = len(await wire.body(length, 1000))
        except ClientDisconnected as error:
            note["error"] = type(error).__name__
        except ProxyError as error:
            note["error"] = type(error).__name__
            note["message"] = error.message
        return self._answer(wire, b"ok")

    def _answer(self, wire: Wire, body: bytes) -> None:
        wire.finish(FinalChunk(body, 200, [("content-length", str(len(body)))]))


class RsgiApp(App):
    """The same as granian calls it."""

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        from proxy.gateway.wire.rsgi import RsgiWire

        task = cast("asyncio.Task[None]", asyncio.current_task())
        await self.answer(RsgiWire(scope, proto, task))


def make() -> RsgiApp:
    return RsgiApp()


async def _serve(port: int) -> None:
    server = Server(App().answer, asyncio.get_running_loop(), max_body=1000)
    with socket.create_server(("127.0.0.1", port)) as listener:
        await server.run(listener, None, 5)


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
