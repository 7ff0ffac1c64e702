"""What a wire promises, over both servers: our own, and granian, where a new release that differs turns one red."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from proxy.gateway.wire.connection import HttpConnection
from proxy.gateway.wire.http import HttpWire
from proxy.gateway.wire.server import Server as WireServer
from tests.stack import ROOT, free_port, get_json, wait_for

_START = """
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
Granian("tests.wire.seen:make", factory=True, port={port}, interface=Interfaces.RSGI, loop=Loops.uvloop,
        http=HTTPModes.http1, websockets=False, log_enabled=False).serve()
"""


class Server:
    def __init__(self, port: int, own: bool) -> None:
        self.port = port
        self.own = own

    def send(self, *pieces: bytes, close: bool = False) -> bytes:
        """Writes `pieces`; the answer's bytes, until the server is silent or closes."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as line:
            for piece in pieces:
                line.sendall(piece)
            if close:
                return b""
            found = line.recv(65536)
            line.settimeout(0.2)
            try:
                while piece := line.recv(65536):
                    found += piece
            except TimeoutError:
                pass  # kept alive
            return found

    def seen(self, path: str) -> dict[str, Any]:
        def probe() -> dict[str, Any] | None:
            rows = [row for row in get_json(f"http://127.0.0.1:{self.port}/seen") if row["path"] == path]
            return rows[-1] if rows and ("body" in rows[-1] or "error" in rows[-1]) else None

        return wait_for(f"{path} to be seen", probe)


@contextmanager
def started(own: bool) -> Iterator[Server]:
    port = free_port()
    command = ["-m", "tests.wire.seen", str(port)] if own else ["-c", _START.format(port=port)]
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT)

    def up() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    wait_for("the server", up)
    yield Server(port, own)
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="module", params=["direct", "granian"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with started(request.param == "direct") as running:
        yield running


def test_the_path_comes_decoded_and_the_query_as_it_was(server: Server) -> None:
    server.send(b"GET /a%20b%2Fc?x=%2F HTTP/1.1\r\nHost: h\r\n\r\n")
    seen = server.seen("/a b/c")
    assert (seen["query"], seen["host"]) == ("x=%2F", "h")
    # granian hands over the path decoded alone
    assert seen["raw_path"] == ("/a%20b%2Fc" if server.own else "/a%20b/c")


def test_repeated_headers_keep_their_order(server: Server) -> None:
    server.send(b"GET /twice HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-B: 2\r\nX-A: 3\r\n\r\n")
    values = [value for name, value in server.seen("/twice")["headers"] if name == "x-a"]
    assert values == ["1", "3"]


@pytest.mark.parametrize("extra", [b"", b"X-A: 1\r\nX-A: 2\r\n"])
def test_a_value_beyond_ascii_is_handed_over_as_bytes(server: Server, extra: bytes) -> None:
    server.send(b"GET /umlaut HTTP/1.1\r\nHost: h\r\n" + extra + b"X-U: gr\xc3\xbc\xc3\x9f\r\nX-V: \xfc\r\n\r\n")
    seen = server.seen("/umlaut")
    if server.own:
        values = dict(seen["headers"])
        assert values["x-u"].encode("latin-1") == b"gr\xc3\xbc\xc3\x9f" and values["x-v"] == "\xfc"
    else:  # granian leaves such a value out, so the call is refused by name
        assert seen["error"] == "BadRequest" and "x-" in seen["message"]


def test_a_body_is_taken_whole(server: Server) -> None:
    server.send(b"POST /whole HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab", b"cd")
    assert server.seen("/whole")["body"] == 4
    server.send(b"POST /pieces HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"0\r\n\r\n")
    assert server.seen("/pieces")["body"] == 3


@pytest.mark.parametrize("head", [b"Content-Length: 10", b"Transfer-Encoding: chunked"])
def test_a_body_that_breaks_off_is_a_caller_that_left(server: Server, head: bytes) -> None:
    path = b"/gone" + str(len(head)).encode()
    server.send(b"POST " + path + b" HTTP/1.1\r\nHost: h\r\n" + head + b"\r\n\r\n3\r\nabc\r\n", close=True)
    assert server.seen(path.decode())["error"] == "ClientDisconnected"


@pytest.mark.parametrize("head", [b"Content-Length: 5000", b"Transfer-Encoding: chunked"])
def test_a_body_over_the_cap_is_refused_before_it_is_whole(server: Server, head: bytes) -> None:
    path = b"/large" + str(len(head)).encode()
    chunk = b"5DC\r\n" + b"x" * 1500 + b"\r\n"
    server.send(b"POST " + path + b" HTTP/1.1\r\nHost: h\r\n" + head + b"\r\n\r\n" + chunk, close=False)
    assert server.seen(path.decode())["error"] == "TooLarge"


def test_an_answer_shorter_than_announced_ends_the_connection(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 5) as line:
        line.sendall(b"GET /short HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = b""
        while piece := line.recv(65536):  # until the server closes: what it does not do is a timeout here
            answer += piece
    # The server may give up before the head has left; it never makes a short body look whole.
    assert answer == b"" or (b"content-length: 100" in answer and answer.endswith(b"\r\n\r\npart"))


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 3\r\nContent-Length: 4",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding : chunked",
        b"Content-Length: +3",
        b"X-A: b\r\n folded",
    ],
)
def test_requests_of_two_minds_do_not_reach_us(server: Server, head: bytes) -> None:
    answer = server.send(b"POST /smuggled HTTP/1.1\r\nHost: h\r\n" + head + b"\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_length_beside_chunked_never_leaves_a_second_request(server: Server) -> None:
    hidden = b"0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
    answer = server.send(
        b"POST /both HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + hidden
    )
    if server.own:
        assert answer.startswith(b"HTTP/1.1 400 ")
    else:
        server.seen("/both")
    assert "/hidden" not in [row["path"] for row in get_json(f"http://127.0.0.1:{server.port}/seen")]


def test_a_caller_that_leaves_is_noticed(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 5) as line:
        line.sendall(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
        server.seen("/waiting")
    server.seen("/wait")


def test_each_write_is_sent_as_one_chunk(server: Server) -> None:
    head, _, body = server.send(b"GET /pieces-out HTTP/1.1\r\nHost: h\r\n\r\n").partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head and b"\nx-three" not in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"


# --- our own server alone ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    with started(True) as running:
        yield running


def test_an_answer_that_broke_off_never_looks_whole(own: Server) -> None:
    answer = own.send(b"GET /broken HTTP/1.1\r\nHost: h\r\n\r\n")
    assert b"transfer-encoding: chunked" in answer and answer.endswith(b"4\r\npart\r\n")


def test_properties_keep_their_spelling(own: Server) -> None:
    own.send(b"GET /spelled HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nHelicone-Property-TeamName: x\r\n\r\n")
    names = [name for name, _ in own.seen("/spelled")["headers"]]
    assert names == ["host", "x-a", "Helicone-Property-TeamName"]


def test_any_cut_of_the_bytes_gives_the_same(own: Server) -> None:
    for size in (1, 2, 3, 7):
        path = b"/cut" + str(size).encode()
        whole = (
            b"POST " + path + b"?q=%20 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        )
        answer = own.send(*(whole[at : at + size] for at in range(0, len(whole), size)))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\nok")
        seen = own.seen(path.decode())
        assert (seen["body"], seen["query"], seen["headers"][0]) == (3, "q=%20", ["host", "h"])


def test_calls_sent_ahead_are_answered_in_their_order(own: Server) -> None:
    ahead = b"".join(b"GET /ahead%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(40))
    assert own.send(ahead).count(b"HTTP/1.1 200 OK") == 40
    rows = [row["path"] for row in get_json(f"http://127.0.0.1:{own.port}/seen") if row["path"].startswith("/ahead")]
    assert rows == [f"/ahead{number}" for number in range(40)]


def test_a_body_behind_a_call_under_way_is_taken_when_its_turn_comes(own: Server) -> None:
    first = b"GET /before HTTP/1.1\r\nHost: h\r\n\r\n"
    second = b"POST /behind HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab"
    assert own.send(first + second, b"cd").count(b"HTTP/1.1 200 OK") == 2
    assert own.seen("/behind")["body"] == 4


def test_old_and_closing_callers(own: Server) -> None:
    answer = own.send(b"GET /old HTTP/1.0\r\n\r\n")
    assert b"connection: close" in answer and answer.endswith(b"ok")
    answer = own.send(b"GET /pieces-out HTTP/1.0\r\n\r\n")
    assert b"chunked" not in answer and answer.endswith(b"\r\n\r\nonetwothree")
    assert b"connection: keep-alive" in own.send(b"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert b"connection: close" in own.send(b"GET /new HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")


def test_a_head_request_has_no_body(own: Server) -> None:
    answer = own.send(b"HEAD /head HTTP/1.1\r\nHost: h\r\n\r\n")
    assert b"content-length: 2" in answer and answer.endswith(b"\r\n\r\n")


def test_a_caller_that_waits_for_100_is_told_to_go_on(own: Server) -> None:
    head = b"POST /expects HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", own.port), 5) as line:
        line.sendall(head)
        assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"abc")
        assert line.recv(100).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("bytes_", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
def test_what_is_not_http_is_answered_and_closed(own: Server, bytes_: bytes) -> None:
    answer = own.send(bytes_)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request") and b'"code":"invalid_http"' in answer


def test_a_head_without_end_is_refused(own: Server) -> None:
    answer = own.send(b"GET /long HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * 300_000)
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("cut", [0, 1], ids=["in one read", "in two"])
def test_trailers_are_no_headers(own: Server, cut: int) -> None:
    path = b"/trailed%d" % cut
    head = b"POST " + path + b" HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    trailer = b"0\r\nAuthorization: late\r\nHelicone-User-Id: eve\r\n\r\n"
    assert own.send(*((head, trailer) if cut else (head + trailer,))).startswith(b"HTTP/1.1 200")
    seen = own.seen(path.decode())
    assert seen["body"] == 3
    assert [name for name, _ in seen["headers"]] == ["host", "transfer-encoding"]


@pytest.mark.parametrize("cut", [0, 1], ids=["in one read", "in two"])
def test_an_offer_of_http_2_is_passed_over(own: Server, cut: int) -> None:
    """Java's HTTP client makes it wherever there is no TLS."""
    path = b"/offered%d" % cut
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\n"
    head = b"POST " + path + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 17\r\n" + offer + b"\r\n"
    body = b"\r\nUpgrade: h2c\r\n\r"  # what looks like one is the caller's own
    answer = own.send(*((head, body) if cut else (head + body,)))
    assert answer.startswith(b"HTTP/1.1 200 OK") and b"connection: close" not in answer
    seen = own.seen(path.decode())
    assert seen["body"] == 17 and "upgrade" not in dict(seen["headers"])


def test_a_chunk_that_is_none_ends_the_call_and_the_connection(own: Server) -> None:
    head = b"POST /bad-chunk HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    with socket.create_connection(("127.0.0.1", own.port), 5) as line:
        line.sendall(head)
        time.sleep(0.1)  # the call has begun: what is wrong comes in a read of its own
        line.sendall(b"zz\r\n")
        found = b""
        while piece := line.recv(65536):
            found += piece
    assert found.count(b"HTTP/1.1 ") == 1 and b"connection: close" in found
    seen = own.seen("/bad-chunk")
    assert seen["error"] == "BadRequest" and "not HTTP/1.1" in seen["message"]


def test_trailers_without_end_are_refused(own: Server) -> None:
    with socket.create_connection(("127.0.0.1", own.port), 5) as line:
        line.sendall(b"POST /endless HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        with pytest.raises(OSError):  # noqa: PT011 - closed, or reset: either way nothing more is taken
            while True:
                line.sendall(b"A: bbbbbbbb\r\n" * 500)
    seen = own.seen("/endless")
    assert seen["error"] == "BadRequest" and "262144" in seen["message"]


def test_an_answer_of_another_length_than_announced_ends_its_connection(own: Server) -> None:
    """Else the next answer would be read as its end."""
    for path in (b"/lies?100", b"/lies?1"):
        answer = own.send(b"GET " + path + b" HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n")
        assert answer.endswith(b"\r\n\r\nlies") and answer.count(b"HTTP/1.1 200") == 1


def test_a_request_that_stands_still_behind_an_answer_under_way_does_not_end_it() -> None:
    line = HttpConnection(WireServer(lambda _: None, asyncio.new_event_loop()))  # type: ignore[arg-type,return-value]
    line.transport = Transport()
    line._busy = HttpWire(line)
    line._reading = HttpWire(line)
    line.sweep(line.since + 1e6, 75, 60)
    assert not line.transport.aborted
    line._busy = None
    line.sweep(line.since + 1e6, 75, 60)
    assert line.transport.aborted


class Transport(asyncio.Transport):
    aborted = False

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.aborted = True


def test_a_reader_that_stops_holds_the_writer_up(own: Server) -> None:
    with socket.create_connection(("127.0.0.1", own.port), 5) as line:
        line.sendall(b"GET /flood HTTP/1.1\r\nHost: h\r\n\r\n")
        written = own.seen("/flood")["body"]
        found = b""
        while not found.endswith(b"end\r\n0\r\n\r\n"):
            piece = line.recv(1 << 20)
            assert piece
            found += piece
        assert len(found) > written > 0
