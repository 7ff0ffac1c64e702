"""Both transports keep the contract of `proxy.upstream.base`, against a server that does exactly what a test says."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from proxy.core.errors import Forbidden, UpstreamError, UpstreamTimeout
from proxy.core.origin import Origin
from proxy.upstream import TRANSPORTS, open_upstream
from proxy.upstream.base import Answer, TransportLimits, TransportOptions, Upstream, UpstreamRequest
from proxy.upstream.direct import DirectUpstream

Script = Callable[["Peer"], Awaitable[None]]
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\nX-Two: 2\r\nX-One: 3\r\n\r\nhello"


class Peer:
    """One connection at the scripted server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def request(self) -> bytes:
        """One request, head and body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                head += await self.reader.readexactly(int(line.partition(b":")[2]))
        return head

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Server:
    """Runs `script` on every connection; `accepted` counts them."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.accepted = 0
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        with contextlib.suppress(OSError, EOFError, asyncio.IncompleteReadError):
            await self.script(Peer(reader, writer))
        writer.close()

    def call(
        self, method: str = "POST", body: bytes | None = b"{}", host: str = "127.0.0.1", **origin: object
    ) -> UpstreamRequest:
        scheme = str(origin.get("scheme", "http"))
        guarded = bool(origin.get("guarded", False))
        return UpstreamRequest(Origin(scheme, host, self.port, guarded), method, "/v1/x?a=%2F", b"x-a: b\r\n", body)


@contextlib.asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(script)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


@contextlib.asynccontextmanager
async def opened(name: str, limits: TransportLimits | None = None, **options: str) -> AsyncIterator[Upstream]:
    upstream = open_upstream(name, limits or TransportLimits(), TransportOptions(**options))  # type: ignore[arg-type]
    try:
        yield upstream
    finally:
        await upstream.close()
        await upstream.close()  # closing twice is no error


@pytest.fixture(params=TRANSPORTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def whole(answer: Answer) -> bytes:
    body = answer.take()
    while not answer.ended:
        await answer.wait()
        body += answer.take()
    answer.close()
    return body + answer.take()


def always(*pieces: bytes) -> Script:
    """Answers every request with these pieces, each written by itself."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            for piece in pieces:
                await peer.send(piece)
                await asyncio.sleep(0)

    return script


def once(*pieces: bytes) -> Script:
    """Answers one request, then closes."""

    async def script(peer: Peer) -> None:
        await peer.request()
        for piece in pieces:
            await peer.send(piece)

    return script


async def test_request_and_answer_pass_whole(name: str) -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.send(PLAIN)

    async with serving(script) as server, opened(name) as upstream:
        answer = await upstream.send(server.call())
        assert (answer.status, await whole(answer)) == (200, b"hello")
        assert [pair for pair in answer.headers if pair[0].startswith("x-")] == [
            ("x-one", "1"),
            ("x-two", "2"),
            ("x-one", "3"),
        ]
    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"post /v1/x?a=%2f http/1.1"
    assert b"x-a: b" in lines and b"content-length: 2" in lines and body == b"{}"
    assert not [line for line in lines if line.startswith((b"user-agent", b"accept", b"cookie"))]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        PLAIN,
        CHUNKED,
        b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + CHUNKED,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
    ],
    ids=["length", "chunked", "continue", "hints", "close", "bare", "1.0"],
)
@pytest.mark.parametrize("split", [False, True], ids=["whole", "byte by byte"])
async def test_framing_does_not_matter(name: str, answer: bytes, split: bool) -> None:
    pieces = [answer[at : at + 1] for at in range(len(answer))] if split else [answer]
    async with serving(once(*pieces)) as server, opened(name) as upstream:
        assert await whole(await upstream.send(server.call())) == b"hello"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"),
    ],
)
async def test_answers_without_a_body_end_at_their_head(name: str, method: str, answer: bytes) -> None:
    async with serving(always(answer)) as server, opened(name) as upstream:
        for _ in range(2):
            assert await whole(await upstream.send(server.call(method, None))) == b""


async def test_large_bodies_both_ways(name: str) -> None:
    big = b"0123456789" * 500_000

    async def script(peer: Peer) -> None:
        request = await peer.request()
        sent = request.partition(b"\r\n\r\n")[2]
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(sent) + sent)

    async with serving(script) as server, opened(name) as upstream:
        assert await whole(await upstream.send(server.call(body=big))) == big


async def test_hop_by_hop_headers_stay_behind(name: str) -> None:
    answer = b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nX-Stays: 1\r\nContent-Length: 0\r\nTE: x\r\n\r\n"
    async with serving(always(answer)) as server, opened(name) as upstream:
        found = await upstream.send(server.call())
        assert [pair[0] for pair in found.headers] == ["x-stays", "content-length"]
        await whole(found)


async def test_compressed_bytes_are_not_touched(name: str) -> None:
    packed = b"\x1f\x8b\x08\x00not really gzip"
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with serving(always(head + packed)) as server, opened(name) as upstream:
        assert await whole(await upstream.send(server.call())) == packed


async def test_a_connection_is_used_again(name: str) -> None:
    async with serving(always(PLAIN)) as server, opened(name) as upstream:
        for _ in range(5):
            assert await whole(await upstream.send(server.call())) == b"hello"
        assert server.accepted == 1


async def test_a_cap_on_connections_makes_calls_wait_and_all_are_served(name: str) -> None:
    async with serving(always(PLAIN)) as server, opened(name, TransportLimits(connections=5)) as upstream:

        async def one() -> bytes:
            return await whole(await upstream.send(server.call()))

        assert await asyncio.gather(*(one() for _ in range(50))) == [b"hello"] * 50
        assert server.accepted <= 5


async def test_a_cancelled_call_frees_its_place() -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        if not asked.is_set():
            asked.set()
            await asyncio.Event().wait()
        await peer.send(PLAIN)

    async with serving(script) as server, opened("direct", TransportLimits(connections=1)) as upstream:
        stuck = asyncio.ensure_future(upstream.send(server.call()))
        await asked.wait()
        next_one = asyncio.ensure_future(upstream.send(server.call()))
        await asyncio.sleep(0)
        stuck.cancel()
        assert await whole(await next_one) == b"hello"
        with pytest.raises(asyncio.CancelledError):
            await stuck


async def test_a_kept_socket_that_the_provider_closed_as_the_request_left_was_not_read() -> None:
    async with serving(once(PLAIN)) as server, opened("direct") as upstream:
        assert await whole(await upstream.send(server.call())) == b"hello"
        with pytest.raises(UpstreamError) as caught:
            await upstream.send(server.call())  # in the same tick: the close is on its way
        assert (caught.value.code, caught.value.unread) == ("upstream_reset", True)
        assert await whole(await upstream.send(server.call(), fresh=True)) == b"hello"
        assert server.accepted == 2
        assert upstream.counters()["stale_retries_total"] == 1


@pytest.mark.parametrize("resets", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("after_s", [0, 0.05, 0.5])
async def test_a_request_that_was_taken_on_a_kept_socket_is_never_sent_again(resets: bool, after_s: float) -> None:
    calls = 0

    async def script(peer: Peer) -> None:
        nonlocal calls
        for _ in range(2):
            await peer.request()
            calls += 1
            if calls == 2:
                await asyncio.sleep(after_s)
                if resets:
                    peer.reset()
                return
            await peer.send(PLAIN)

    async with serving(script) as server, opened("direct") as upstream:
        assert await whole(await upstream.send(server.call())) == b"hello"
        with pytest.raises(UpstreamError) as caught:
            await upstream.send(server.call())
        assert (caught.value.code, caught.value.unread, calls) == ("upstream_reset", False, 2)


async def test_a_kept_socket_that_is_reset_late_may_have_been_read_and_is_not_asked_again() -> None:
    calls = 0

    async def script(peer: Peer) -> None:
        nonlocal calls
        for _ in range(2):
            await peer.request()
            calls += 1
            if calls == 2:
                await asyncio.sleep(1.2)
                peer.reset()
                return
            await peer.send(PLAIN)

    async with serving(script) as server, opened("direct") as upstream:
        assert await whole(await upstream.send(server.call())) == b"hello"
        with pytest.raises(UpstreamError) as caught:
            await upstream.send(server.call())
        assert (caught.value.code, caught.value.retriable, calls) == ("upstream_reset", True, 2)


async def test_bytes_behind_an_answer_are_never_taken_for_another_calls() -> None:
    junk = PLAIN + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    async with serving(always(junk)) as server, opened("direct") as upstream:
        for _ in range(3):
            assert await whole(await upstream.send(server.call())) == b"hello"
        assert server.accepted == 3


async def test_a_reset_before_the_answer(name: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.reset()

    async with serving(script) as server, opened(name) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await upstream.send(server.call())
    assert (caught.value.code, caught.value.phase) == ("upstream_reset", "first_byte")


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nhello",
    ],
    ids=["length", "chunked", "close and length", "close and chunked", "1.0 and length", "hints"],
)
async def test_a_break_in_the_body_gives_what_came_before_it(name: str, broken: bytes) -> None:
    async with serving(once(broken)) as server, opened(name) as upstream:
        answer = await upstream.send(server.call())
        body = b""
        with pytest.raises(UpstreamError) as caught:
            while True:
                body += answer.take()
                await answer.wait()
        answer.close()
    assert body == b"hello"
    assert (caught.value.phase, caught.value.retriable) == ("body", False)


async def test_trailers_are_no_headers() -> None:
    trailed = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Late: 1\r\n\r\n"
    async with serving(always(trailed)) as server, opened("direct") as upstream:
        for _ in range(2):
            answer = await upstream.send(server.call())
            assert await whole(answer) == b"hello"
            assert [pair[0] for pair in answer.headers] == []
        assert server.accepted == 1


async def test_an_origin_that_nothing_is_open_to_is_forgotten() -> None:
    async with serving(once(PLAIN)) as server, opened("direct") as upstream:
        assert isinstance(upstream, DirectUpstream)
        for number in range(20):
            with pytest.raises(UpstreamError):
                await upstream.send(UpstreamRequest(Origin("http", f"127.0.1.{number}", server.port), "GET", "/", b""))
        assert await whole(await upstream.send(server.call())) == b"hello"
        async with asyncio.timeout(10):
            while upstream._pools:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
        assert await whole(await upstream.send(server.call())) == b"hello"


async def test_a_turn_that_comes_after_its_origin_was_forgotten_is_taken() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")

    async with serving(script) as server, opened("direct", TransportLimits(connections=1)) as upstream:
        assert isinstance(upstream, DirectUpstream)

        async def one() -> bytes:
            return await whole(await upstream.send(server.call()))

        calls = [asyncio.ensure_future(one()) for _ in range(10)]
        while not all(call.done() for call in calls):
            upstream._sweep(asyncio.get_running_loop())
            await asyncio.sleep(0)
        assert [call.result() for call in calls] == [b"hello"] * 10


async def test_silence_is_a_timeout_with_its_phase(name: str) -> None:
    async def mute(peer: Peer) -> None:
        await peer.request()
        await peer.reader.read()

    async def half(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        await peer.reader.read()

    limits = TransportLimits(first_byte_timeout_s=0.2, between_bytes_timeout_s=0.2)
    async with serving(mute) as server, opened(name, limits) as upstream:
        with pytest.raises(UpstreamTimeout) as caught:
            await upstream.send(server.call())
        assert caught.value.phase == "first_byte"
    async with serving(half) as server, opened(name, limits) as upstream:
        answer = await upstream.send(server.call())
        with pytest.raises(UpstreamTimeout) as caught:
            await whole(answer)
        assert caught.value.phase == "body"
        answer.close()


async def test_a_closed_port_is_refused(name: str) -> None:
    async with serving(always(PLAIN)) as server:
        call = server.call()
    async with opened(name) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await upstream.send(call)
    assert caught.value.code == "upstream_refused"


async def test_what_is_no_http_is_said_so(name: str) -> None:
    async with serving(once(b"SSH-2.0-OpenSSH\r\n\r\n")) as server, opened(name) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await upstream.send(server.call())
    assert caught.value.code == "upstream_protocol"


async def test_certificates_are_verified(name: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    async with serving(always(PLAIN), context) as server:
        async with opened(name, ca_file=str(tmp_path / "ca.pem")) as upstream:
            assert await whole(await upstream.send(server.call(host="localhost", scheme="https"))) == b"hello"
            with pytest.raises(UpstreamError) as caught:
                await upstream.send(server.call(host="127.0.0.1", scheme="https"))
            assert caught.value.code == "upstream_tls"
        async with opened(name) as upstream:
            with pytest.raises(UpstreamError) as caught:
                await upstream.send(server.call(host="localhost", scheme="https"))
            assert caught.value.code == "upstream_tls"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::ffff:127.0.0.1"])
async def test_a_callers_own_target_never_reaches_this_machine(name: str, host: str) -> None:
    async with serving(always(PLAIN)) as server, opened(name) as upstream:
        with pytest.raises(Forbidden):
            await upstream.send(server.call(host=host, guarded=True))
        assert server.accepted == 0


async def test_httpx_goes_through_an_outbound_proxy() -> None:
    seen: list[bytes] = []

    async def outbound(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.send(PLAIN)

    async with serving(outbound) as proxy, opened("httpx", proxy=f"http://127.0.0.1:{proxy.port}") as upstream:
        call = UpstreamRequest(Origin("http", "provider.example", 80), "GET", "/v1/models", b"", None)
        assert await whole(await upstream.send(call)) == b"hello"
    assert seen[0].startswith(b"GET http://provider.example/v1/models HTTP/1.1")
