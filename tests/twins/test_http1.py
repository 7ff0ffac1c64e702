"""A complete message: read in one step exactly as a full parser reads it, or not at all."""

from typing import Any

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from _speedups._pure import http1 as plain
from tests.twins.conftest import twin

REQUEST = (
    b"POST /openai/v1/chat/completions?a=b HTTP/1.1\r\nHost: x:1\r\nContent-Type: application/json\r\n"
    b"Helicone-Property-App: Demo\r\nconnection: Keep-Alive\r\nX-Tab:\t a\tb\r\ncontent-length: 4\r\n\r\n{1}\n"
)
RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: r\r\nContent-Length: 2\r\n"
    b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n{}"
)


def test_a_request(http1: Any) -> None:
    for _ in range(2):  # the second time from the lines that were read before
        method, path, query, headers, body = http1.read_request(REQUEST)
        assert (method, path, query, body) == ("POST", "/openai/v1/chat/completions", "a=b", b"{1}\n")
        assert headers == [
            ("host", "x:1"),
            ("content-type", "application/json"),
            ("Helicone-Property-App", "Demo"),
            ("connection", "Keep-Alive"),
            ("x-tab", "a\tb"),
            ("content-length", "4"),
        ]


def test_a_target_is_left_as_it_came(http1: Any) -> None:
    message = b"GET /a%3Ab//c%2F+%zz?d=%20+%2f//?%41 HTTP/1.1\r\n\r\n"
    assert http1.read_request(message) == ("GET", "/a%3Ab//c%2F+%zz", "d=%20+%2f//?%41", [], b"")


def test_an_answer(http1: Any) -> None:
    for _ in range(2):
        assert http1.read_response(RESPONSE) == (
            200,
            [("content-type", "application/json"), ("x-request-id", "r"), ("content-length", "2")],
            b"{}",
        )


def test_an_answer_cannot_bring_headers_of_this_proxy(http1: Any) -> None:
    extra = b"Content-Type: a\r\nHelicone-Id: x\r\nhELICONE-a: b\r\nX-Helicone-Error: c\r\nHelicone: kept\r\n"
    for _ in range(2):
        _, headers, _ = http1.read_response(b"HTTP/1.1 200 OK\r\n" + extra + b"content-length: 0\r\n\r\n")
        assert headers == [("content-type", "a"), ("helicone", "kept"), ("content-length", "0")]


def test_without_a_body(http1: Any) -> None:
    assert http1.read_request(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n") == (
        "GET", "/v1/models", "", [("host", "x")], b"",
    )  # fmt: skip
    assert http1.read_response(b"HTTP/1.1 500\r\ncontent-length: 0\r\n\r\n") == (500, [("content-length", "0")], b"")


@pytest.mark.parametrize(
    "change",
    [
        (b"POST", b"post"),
        (b"POST", b"HEAD"),
        (b"POST", b"BREW"),
        (b" /openai", b" openai"),
        (b" /openai", b"  /openai"),
        (b" /openai", b" http://x/openai"),
        (b"a=b", b"a#b"),
        (b"a=b", b"a\xe9b"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"Host: x:1", b"Host : x:1"),
        (b"Host: x:1", b" Host: x:1"),
        (b"Host: x:1", b"Host: x\x00:1"),
        (b"Host: x:1", b"Host: x\xe9:1"),
        (b"Host: x:1", b"Host: x:1\r"),
        (b"Host: x:1\r\n", b"Host: x:1\n"),
        (b"Host: x:1", b"Host: "),
        (b"Host: x:1", b": x"),
        (b"Host: x:1", b"Host: x:1\r\n folded"),
        (b"Host: x:1", b"Transfer-Encoding: chunked"),
        (b"Host: x:1", b"Expect: 100-continue"),
        (b"Host: x:1", b"Upgrade: websocket"),
        (b"Host: x:1", b"Trailer: x"),
        (b"Host: x:1", b"Content-Length: 4"),
        (b"Host: x:1", b"Host: x:1\r\nhost: y"),
        (b"length: 4", b"length: 5"),
        (b"length: 4", b"length: 3"),
        (b"length: 4", b"length: +4"),
        (b"length: 4", b"length: 0x4"),
        (b"length: 4", b"length: 4, 4"),
        (b"length: 4", b"length: 4 "),
        (b"length: 4", b"length: 0000000000000004"),
        (b"Keep-Alive", b"close"),
        (b"Keep-Alive", b"keep-alive, x-tab"),
    ],
)
def test_what_is_unusual_is_left_to_a_complete_parser(http1: Any, change: tuple[bytes, bytes]) -> None:
    http1.read_request(REQUEST)
    assert change[0] in REQUEST and http1.read_request(REQUEST.replace(*change, 1)) is None


@pytest.mark.parametrize(
    "change",
    [
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"200", b"100"),
        (b"200", b"204"),
        (b"200", b"304"),
        (b"200", b"20"),
        (b"200 OK", b"200OK"),
        (b"200 OK", b"200 \x01"),
        (b"Content-Length: 2\r\n", b""),
        (b"Length: 2", b"Length: 3"),
        (b"Length: 2", b"Length: 1"),
        (b"X-Request-Id: r", b"Transfer-Encoding: chunked"),
        (b"X-Request-Id: r", b"X-Request-Id: \xe9"),
        (b"Connection: keep-alive", b"Connection: close"),
    ],
)
def test_an_unusual_answer_as_well(http1: Any, change: tuple[bytes, bytes]) -> None:
    http1.read_response(RESPONSE)
    assert change[0] in RESPONSE and http1.read_response(RESPONSE.replace(*change, 1)) is None


def test_every_beginning_of_a_message_is_left_alone(http1: Any) -> None:
    for size in range(len(REQUEST)):
        assert http1.read_request(REQUEST[:size]) is None
    for size in range(len(RESPONSE)):
        assert http1.read_response(RESPONSE[:size]) is None
    assert http1.read_request(REQUEST + b"GET") is None and http1.read_response(RESPONSE + b"H") is None


def test_as_many_lines_as_are_read(http1: Any) -> None:
    start, line = b"GET / HTTP/1.1\r\n", b"a: b\r\n"
    assert len(http1.read_request(start + line * 255 + b"\r\n")[3]) == 255
    assert http1.read_request(start + line * 256 + b"\r\n") is None


class Seen:
    """What llhttp finds."""

    def __init__(self) -> None:
        self.url = self.body = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.done = 0
        self.parser: Any = None
        self.keeps = False

    def on_headers_complete(self) -> None:
        self.keeps = self.parser.should_keep_alive() and not self.parser.should_upgrade()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.done += 1


NAMES = st.sampled_from(
    ["host", "Content-Length", "content-length", "Connection", "Transfer-Encoding", "Helicone-Property-A",
     "helicone-property-b", "Keep-Alive", "TE", "X-Y", "Expect", "", "a b", "é", "a\tb", "Upgrade"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["1", "2", "02", "0", "keep-alive", "Keep-Alive", "close", "chunked", "", " a ", "a\tb", "é", "a\x00", "\x7f",
     "a:b", "100-continue", "a\r\n b", "a\rb", "a\nb"]
)  # fmt: skip
COLONS = st.sampled_from([":", ": ", ":\t", " :", ""])
ENDS = st.sampled_from(["\r\n"] * 6 + ["\n"])
LINES = st.lists(st.tuples(NAMES, COLONS, VALUES, ENDS), max_size=5)
STARTS = st.sampled_from(
    ["GET / HTTP/1.1\r\n", "POST /a?b HTTP/1.1\r\n", "POST /a?b?c%20 HTTP/1.1\r\n", "GET  / HTTP/1.1\r\n",
     "POST /a%20 HTTP/1.1\r\n", "HEAD / HTTP/1.1\r\n", "GET * HTTP/1.1\r\n", "GET /# HTTP/1.1\r\n", "PUT / HTTP/1.1\n",
     "HTTP/1.1 200 OK\r\n", "HTTP/1.1 404\r\n", "HTTP/1.1 599 \r\n", "HTTP/1.1 200 a\tb\r\n", "HTTP/1.1 204 No\r\n",
     "HTTP/1.1  200 OK\r\n", "HTTP/1.1 2000 OK\r\n"]
)  # fmt: skip


@given(STARTS, LINES, st.binary(max_size=3))
@example("POST /a?b HTTP/1.1\r\n", [("Content-Length", ": ", "2", "\r\n")], b"ab")
@example("HTTP/1.1 200 OK\r\n", [("Content-Length", ": ", "2", "\r\n")], b"ab")
def test_what_is_read_is_what_llhttp_reads(start: str, lines: list[tuple[str, ...]], body: bytes) -> None:
    data = start.encode() + "".join("".join(line) for line in lines).encode("latin-1") + b"\r\n" + body
    fast = twin("http1", "cython")
    request, response = fast.read_request(data), fast.read_response(data)
    assert request == plain.read_request(data) and response == plain.read_response(data)
    seen = Seen()
    if request is not None:
        method, path, query, headers, whole = request
        parser = seen.parser = httptools.HttpRequestParser(seen)
        parser.feed_data(data)
        assert parser.get_method() == method.encode() and seen.keeps
        assert seen.url == (path + ("?" + query if query or b"?" in seen.url else "")).encode()
        kept = [(name.decode().lower(), value.decode()) for name, value in seen.headers]
        assert [(name.lower(), value) for name, value in headers] == kept
        assert (seen.body, seen.done) == (whole, 1)
    if response is not None:
        status, headers, whole = response
        parser = seen.parser = httptools.HttpResponseParser(seen)
        parser.feed_data(data)
        assert parser.get_status_code() == status and seen.keeps
        dropped = plain.DROPPED | {"connection"}
        kept = [(name.decode().lower(), value.decode()) for name, value in seen.headers]
        assert headers == [pair for pair in kept if pair[0] not in dropped]
        assert (seen.body, seen.done) == (whole, 1)


@given(st.binary(max_size=60), st.integers(0, 200))
def test_no_bytes_are_too_much_for_it(junk: bytes, at: int) -> None:
    fast = twin("http1", "cython")
    for message in (REQUEST, RESPONSE):
        data = message[:at] + junk + message[at:]
        assert fast.read_request(data) == plain.read_request(data)
        assert fast.read_response(data) == plain.read_response(data)


def test_headers_are_written(http1: Any) -> None:
    headers = [("a", "b"), ("content-length", "2"), ("x", "a\r\nb: c"), ("é", "ü"), ("content-length", "3")]
    lines = "a: b\r\ncontent-length: 2\r\nx: a  b: c\r\né: ü\r\ncontent-length: 3\r\n"
    assert http1.write_headers(headers) == (lines.encode("latin-1"), "2")
    assert http1.write_headers([("a", "é"), ("b", "☂é")]) == (b"a: \xe9\r\n" + "b: ☂é\r\n".encode(), None)
    assert http1.write_headers([("a", "☂\n")]) == ("a: ☂ \r\n".encode(), None)
    assert http1.write_headers([("a", "\ud800")]) == (b"a: ?\r\n", None)
    assert http1.write_headers([]) == (b"", None)


@given(st.lists(st.tuples(st.text(max_size=4) | st.just("content-length"), st.text(max_size=6))))
def test_headers_are_written_alike(headers: list[tuple[str, str]]) -> None:
    written = twin("http1", "cython").write_headers(headers)
    assert written == plain.write_headers(headers)
    assert written[0].count(b"\r\n") >= len(headers)
