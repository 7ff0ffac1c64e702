"""The simulator's sockets: requests in, planned bytes out."""

import asyncio
import socket
import ssl
import struct
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import httptools
import msgspec

from simulator.framing import Plan, plan
from simulator.replay import Recordings
from simulator.script import BadScript, Script, parse
from simulator.shapes import Request, answer
from simulator.shapes.base import json_reply

__all__ = ["Simulator"]

_SEEN = 1000
_KEPT_BODY = 1 << 20
_MEMO = 512
_RESET = struct.pack("ii", 1, 0)


class Simulator:
    """One server in the running loop. `origin` once it is started; `seen` are the newest requests."""

    def __init__(self, defaults: Script | None = None, replay: Sequence[Path] = ()) -> None:
        self.defaults = defaults or Script()
        self.recordings = Recordings(replay) if replay else None
        self.seen: deque[tuple[str, str, list[tuple[str, str]], bytes]] = deque(maxlen=_SEEN)
        self.count = 0
        self.fails: Counter[str] = Counter()
        self.memo: dict[tuple[bytes, bytes, bytes], bytes] = {}
        self._server: asyncio.Server | None = None
        self.origin = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self, loop), host, port, ssl=tls, backlog=8192)
        port = self._server.sockets[0].getsockname()[1]
        self.origin = f"{'https' if tls else 'http'}://{host}:{port}"

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def told(self) -> list[dict[str, Any]]:
        """`seen` as JSON: method, target, headers as sent, body as text."""
        return [
            {"method": method, "target": target, "headers": headers, "body": body.decode("utf-8", "replace")}
            for method, target, headers, body in self.seen
        ]


class _Connection(asyncio.Protocol):
    """One caller's connection; answers in the order of its requests."""

    def __init__(self, simulator: Simulator, loop: asyncio.AbstractEventLoop) -> None:
        self._simulator = simulator
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._timer: asyncio.Handle | None = None
        self._gone = False
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._scripted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = True
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._headers = []
        self._body = []
        self._scripted = False

    def on_url(self, url: bytes) -> None:
        self._url = url if not self._body else self._url + url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))
        if name[:6].lower() == b"x-sim-":
            self._scripted = True
        elif name.lower() == b"expect":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, piece: bytes) -> None:
        self._body.append(piece)

    def on_message_complete(self) -> None:
        simulator = self._simulator
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        method = self._parser.get_method()
        if self._url.startswith(b"/_simulator/"):
            self._manage(method)
            return
        simulator.count += 1
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers]
        kept = body if len(body) <= _KEPT_BODY else b"%d bytes" % len(body)
        simulator.seen.append((method.decode(), self._url.decode("latin-1"), headers, kept))
        key = (method, self._url, body)
        if not self._scripted and self._parser.should_keep_alive():
            ready = simulator.memo.get(key)
            if ready is not None:
                self._transport.write(ready)
                return
        script, made = self._make(method.decode(), headers, body)
        if not self._scripted and script.plain and made.end == "keep" and len(made.writes) == 1:
            if len(simulator.memo) >= _MEMO:
                simulator.memo.clear()
            simulator.memo[key] = made.writes[0]
        self._play(made, script)

    def _make(self, method: str, pairs: list[tuple[str, str]], body: bytes) -> tuple[Script, Plan]:
        headers = {name.lower(): value for name, value in pairs}
        simulator = self._simulator
        script = simulator.defaults
        try:
            script = parse(headers, simulator.defaults) if self._scripted else script
            if script.fail_times >= 0:
                simulator.fails[script.fail_key] += 1
                if simulator.fails[script.fail_key] > script.fail_times:
                    script = msgspec.structs.replace(script, status=200, reset="", stall="")
            request = Request(method, self._url.decode("latin-1"), headers, body, script)
            reply = None
            if script.replay and simulator.recordings is not None:
                reply = simulator.recordings.reply(script.replay, script.replay_encode == "1")
            if script.replay and reply is None:
                raise BadScript(f"Header x-sim-replay: no exchange {script.replay!r} is recorded here.")
            reply = reply or answer(request)
        except BadScript as error:
            script = Script()
            reply = json_reply(400, [], {"error": {"message": str(error), "type": "simulator"}})
        keep = self._parser.should_keep_alive()
        return script, plan(reply, script, headers.get("accept-encoding", ""), method == "HEAD", keep)

    def _play(self, made: Plan, script: Script) -> None:
        if script.delay_ms:
            self._timer = self._loop.call_later(script.delay_ms / 1000, self._next, made, script, 0)
        else:
            self._next(made, script, 0)

    def _next(self, made: Plan, script: Script, at: int) -> None:
        if self._gone:
            return
        if at < len(made.writes):
            self._transport.write(made.writes[at])
            at += 1
        if at < len(made.writes):
            if script.chunk_ms:
                self._timer = self._loop.call_later(script.chunk_ms / 1000, self._next, made, script, at)
            else:
                self._timer = self._loop.call_soon(self._next, made, script, at)
        elif made.end == "reset":
            self._timer = self._loop.call_later(0.01, self._reset)  # what was written shall arrive first
        elif made.end == "close":
            self._transport.close()

    def _reset(self) -> None:
        sock: socket.socket | None = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def _manage(self, method: bytes) -> None:
        simulator = self._simulator
        if method == b"DELETE":
            simulator.seen.clear()
            simulator.count = 0
        value = simulator.told() if self._url.endswith(b"/requests") and method == b"GET" else simulator.count
        body = msgspec.json.encode(value)
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        )
