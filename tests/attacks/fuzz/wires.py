"""What arrives at sockets: requests of callers, answers of providers, streams.

The first byte of an input says in which pieces the rest arrives: however it is cut, the same must be read."""

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Final

from _speedups import sse as compiled
from _speedups._pure import sse as plain
from proxy.core.errors import ProxyError
from proxy.core.origin import Origin
from proxy.gateway.wire.base import FinalChunk
from proxy.gateway.wire.connection import HttpConnection
from proxy.gateway.wire.http import HttpWire
from proxy.gateway.wire.server import Server
from proxy.upstream.base import TransportLimits, UpstreamRequest
from proxy.upstream.connection import Connection
from proxy.upstream.pool import Pool

__all__ = ["SEEDS", "caller_requests", "provider_answers", "streams"]

MAX_BODY: Final = 4096
KEYS: Final = (b"content", b"text", b"arguments")
MARKS: Final = (b"data: [DONE]", b"message_stop")

CHAT: Final = (
    b"POST /openai/v1/chat/completions?a=b HTTP/1.1\r\nHost: x:1\r\nContent-Type: application/json\r\n"
    b"Helicone-Property-App: Demo\r\nContent-Length: 4\r\n\r\n{1}\n"
)
CHUNKED: Final = (
    b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\n{1}\n\r\n0\r\nT: a\r\n\r\n"
)
GET: Final = b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Id: r\r\nContent-Length: 2\r\n\r\n{}"
PIECES: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"9\r\ndata: 1\n\n\r\n0\r\n\r\n"
)
STREAM: Final = (
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'
    b'data: {"id":"c","choices": [ ],"usage" : {"prompt_tokens":1,"note":"a } \\" b"}}\n\ndata: [DONE]\n\n'
)
SEEDS: Final = {
    "caller_requests": [b"\0" + CHAT, b"\3" + CHUNKED, b"\1" + CHAT + CHUNKED + GET, b"\0" + GET],
    "provider_answers": [
        b"\0" + ANSWER,
        b"\2" + PIECES,
        b"\1HTTP/1.1 100 Continue\r\n\r\n" + ANSWER,
        b"\5HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"\0HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
    ],
    "streams": [b"\0" + STREAM, b"\7" + STREAM, b"\1event: message_stop\r\ndata: {}\r\n\r\n"],
}


def caller_requests(data: bytes) -> None:
    """Finds a request that is read differently when it comes in pieces, or that breaks the connection's own code."""
    if not data:
        return
    whole = asyncio.run(_serve([data[1:]]))
    parts = asyncio.run(_serve(list(_pieces(data))))
    # After a fault what came before it in one read may be given up; what was read must be the same.
    shorter = min(len(whole), len(parts))
    assert whole[:shorter] == parts[:shorter]


def provider_answers(data: bytes) -> None:
    """Finds an answer that is read differently when it comes in pieces, or that hangs."""
    if not data:
        return
    whole = asyncio.run(_ask([data[1:]]))
    parts = asyncio.run(_ask(list(_pieces(data))))
    if not isinstance(whole, str) and not isinstance(parts, str):
        assert whole[:2] == parts[:2]
        assert whole[2] == parts[2]


def streams(data: bytes) -> None:
    """The scanner and its plain twin find the same, in one piece and in many, and lose no byte."""
    if not data:
        return
    pieces = list(_pieces(data))
    for hide in (False, True):
        found = [_scan(module, cut, hide) for module in (compiled, plain) for cut in ([data[1:]], pieces)]
        assert all(one == found[0] for one in found), found
        if not hide:
            assert found[0][0] == data[1:]


def _pieces(data: bytes) -> Iterator[bytes]:
    size = data[0] % 16 + 1
    rest = data[1:]
    return (rest[at : at + size] for at in range(0, len(rest), size))


class _Transport:
    """As much of a transport as a connection uses."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in ("close", "abort", "write_eof"):
            return self._close
        return lambda *_: None

    def _close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def writelines(self, parts: Any) -> None:
        self.sent.extend(parts)

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else None


async def _serve(pieces: list[bytes]) -> list[tuple[Any, ...]]:
    """What the pipeline is given of these bytes."""
    seen: list[tuple[Any, ...]] = []
    faults: list[Any] = []

    async def answer(wire: HttpWire) -> None:
        named = [(name.lower(), value) for name, value in wire.headers()]
        length = next((value for name, value in named if name == "content-length"), "-1")
        try:
            body = await wire.body(int(length) if length.isdigit() else -1, MAX_BODY)
        except ProxyError:
            body = b"refused"
        seen.append((wire.method, wire.raw_path, wire.query, named, body))
        wire.finish(FinalChunk(b"ok"))

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: faults.append(context))
    server = Server(answer, loop, max_body=MAX_BODY)
    connection = HttpConnection(server)
    transport = _Transport()
    connection.connection_made(transport)  # type: ignore[arg-type]
    for piece in pieces:
        if transport.closed:
            break
        connection.data_received(piece)
        await _settle()
    await _settle(20)
    connection.connection_lost(None)
    await _settle(3)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await _settle(3)
    assert not faults, faults
    return seen


async def _ask(pieces: list[bytes]) -> "str | tuple[int, list[tuple[str, str]], bytes]":
    """The answer that is read of these bytes, or what is said against it."""
    loop = asyncio.get_running_loop()
    pool = Pool(Origin("http", "127.0.0.1", 9), TransportLimits(), loop)
    connection = Connection(pool)
    transport = _Transport()
    connection.connection_made(transport)  # type: ignore[arg-type]
    pool.busy.add(connection)
    waiting = connection.start(_call(), b"POST / HTTP/1.1\r\n\r\n", 0.0)
    for piece in pieces:
        if transport.closed:
            break
        connection.data_received(piece)
    connection.connection_lost(None)
    try:
        answer = await asyncio.wait_for(waiting, 5)
        body = answer.take()
        while not answer.ended:
            await asyncio.wait_for(answer.wait(), 5)
            body += answer.take()
    except ProxyError as error:
        return str(error)
    return answer.status, answer.headers, body


def _call() -> UpstreamRequest:
    return SimpleNamespace(method="POST", body=b"{}")  # type: ignore[return-value]


async def _settle(turns: int = 4) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


def _scan(module: Any, pieces: list[bytes], hide: bool) -> tuple[Any, ...]:
    scanner = module.Scanner(KEYS, MARKS, hide)
    out = b"".join([scanner.feed(piece) for piece in pieces]) + scanner.finish()
    facts = (scanner.first_token, scanner.done, scanner.usage, scanner.finish_reason, scanner.events, scanner.hidden)
    return out, facts
