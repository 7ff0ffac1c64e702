"""Providers that misbehave, and callers that leave them: what each costs is bounded, and the log says who it was."""

import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.scripted import Peer, ScriptedProvider, chunked, head
from tests.stack import Stack, wait_for

CHAT = "/openai/v1/chat/completions"
EVENTS = "text/event-stream"
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n'
PLAIN = b'{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}'


@pytest.fixture(scope="module")
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as running:
        yield running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, provider: ScriptedProvider) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with Stack(folder, {"openai": f'origin = "{provider.origin}"'}, stream__drain_s="1").start_gateway() as running:
        yield running


def send(stack: Stack, *headers: str, stream: bool = True, path: str = CHAT) -> socket.socket:
    """A connection on which a call has been sent."""
    body = json.dumps({"model": "m", "stream": stream, "messages": []}).encode()
    line = socket.create_connection(("127.0.0.1", stack.gateway_port), 30)
    lines = [f"POST {path} HTTP/1.1", "host: h", f"content-length: {len(body)}", *headers, "", ""]
    line.sendall("\r\n".join(lines).encode() + body)
    return line


# --- callers that leave ---------------------------------------------------------------------------------------------


def silent_before_the_first_byte(peer: Peer) -> None:
    pass


def silent_in_its_head(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\ncontent-ty")


def silent_in_a_stream(peer: Peer) -> None:
    peer.send(head(EVENTS) + chunked(EVENT))


def silent_in_a_plain_body(peer: Peer) -> None:
    peer.send(head("application/json") + chunked(b'{"choices":'))


def silent_in_a_compressed_stream(peer: Peer) -> None:
    peer.send(head(EVENTS, "content-encoding: gzip") + chunked(b"\x1f\x8b"))


SILENT = [
    silent_before_the_first_byte,
    silent_in_its_head,
    silent_in_a_stream,
    silent_in_a_plain_body,
    silent_in_a_compressed_stream,
]


def test_silent_providers_are_left_drain_s_after_their_callers_left(stack: Stack, provider: ScriptedProvider) -> None:
    """Callers that leave before the watchdog's first look, and after it; all at the same time."""
    asked = {n: threading.Event() for n in range(2 * len(SILENT))}
    ended = {n: threading.Event() for n in asked}

    def silent(peer: Peer) -> None:
        n = int(peer.request.partition(b"x-case: ")[2].partition(b"\r\n")[0])
        SILENT[n % len(SILENT)](peer)
        asked[n].set()
        peer.wait_for_end()
        ended[n].set()

    provider.script = silent
    ids = {n: str(uuid.uuid4()) for n in asked}
    lines = {n: send(stack, f"x-case: {n}", f"Helicone-Request-Id: {id}") for n, id in ids.items()}
    assert all(event.wait(10) for event in asked.values())
    for n, line in lines.items():
        if n == len(SILENT):
            time.sleep(1.5)  # longer than the watchdog's patience
        line.close()
    unended = [SILENT[n % len(SILENT)].__name__ for n, event in ended.items() if not event.wait(20)]
    assert not unended, "waited for as long as the timeouts of providers allow"
    for n, id in ids.items():
        record = stack.record(id)
        assert record["cut"] == "client"
        if SILENT[n % len(SILENT)] in (silent_before_the_first_byte, silent_in_its_head):
            assert (record["status"], record["error"]) == (499, "client_left")
            assert [attempt["error"] for attempt in record["attempts"]] == ["client_left"]
        else:
            assert (record["status"], record["drained"]) == (200, False)


def test_a_stream_without_end_is_read_on_for_drain_s(stack: Stack, provider: ScriptedProvider) -> None:
    id = str(uuid.uuid4())
    ended = threading.Event()

    def endless(peer: Peer) -> None:
        peer.send(head(EVENTS))
        try:
            while not ended.wait(0.05):
                peer.send(chunked(EVENT))
        except OSError:
            ended.set()

    provider.script = endless
    with send(stack, f"Helicone-Request-Id: {id}") as line:
        assert line.recv(4096)
    assert ended.wait(20)
    record = stack.record(id)
    assert (record["cut"], record["drained"]) == ("client", False)


@pytest.mark.parametrize("begins", [b"", head("application/json"), head("application/json") + chunked(PLAIN[:20])])
def test_an_answer_that_ends_within_drain_s_is_logged_whole(
    stack: Stack, provider: ScriptedProvider, begins: bytes
) -> None:
    id = str(uuid.uuid4())
    left = threading.Event()

    def late(peer: Peer) -> None:
        whole = head("application/json") + chunked(PLAIN[:20]) + chunked(PLAIN[20:]) + b"0\r\n\r\n"
        peer.send(begins)
        assert left.wait(10)
        peer.send(whole[len(begins) :])

    provider.script = late
    with send(stack, f"Helicone-Request-Id: {id}", stream=False) as line:
        line.settimeout(0.5)
        with pytest.raises(TimeoutError):
            line.recv(4096)
    time.sleep(0.2)  # until the gateway has noticed
    left.set()
    record = stack.record(id)
    assert (record["status"], record["cut"], record["drained"]) == (200, "client", True)
    assert (record["input_tokens"], record["output_tokens"], record["usage_source"]) == (3, 4, "drained")


def test_a_provider_that_fails_after_its_caller_left_is_not_who_cut(stack: Stack, provider: ScriptedProvider) -> None:
    id = str(uuid.uuid4())
    left = threading.Event()

    def failing(peer: Peer) -> None:
        peer.send(head("application/json") + chunked(PLAIN[:20]))
        assert left.wait(10)

    provider.script = failing
    with send(stack, f"Helicone-Request-Id: {id}", stream=False) as line:
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.recv(4096)
    time.sleep(0.2)  # until the gateway has noticed
    left.set()
    record: dict[str, Any] = stack.record(id)
    assert (record["cut"], record["drained"]) == ("client", False)


# --- heads, headers and framing -------------------------------------------------------------------------------------


def answer_of(stack: Stack, *headers: str, stream: bool = False, path: str = CHAT) -> tuple[bytes, bytes]:
    """The head and what follows it of one answer, up to the end of the connection."""
    with send(stack, "connection: close", *headers, stream=stream, path=path) as line:
        raw = b""
        while piece := line.recv(65536):
            raw += piece
    answer_head, _, body = raw.partition(b"\r\n\r\n")
    return answer_head.lower(), body


def sends(data: bytes) -> Callable[[Peer], bool]:
    """Answers every request of a connection with `data`."""

    def script(peer: Peer) -> bool:
        peer.send(data)
        return True

    return script


def endless(*first: bytes, each: bytes) -> Callable[[Peer], None]:
    """Sends `first`, and then `each` again and again until the gateway closes the connection, or 64 MiB are sent."""

    def script(peer: Peer) -> None:
        for piece in first:
            peer.send(piece)
        piece = each * (65536 // len(each))
        for _ in range((64 << 20) // len(piece)):
            peer.send(piece)
        TAKEN.append(b"".join(first))

    return script


TAKEN: list[bytes] = []
"""Beginnings of the answers of which all 64 MiB were taken."""
START = b"HTTP/1.1 200 OK\r\n"
ENDLESS = {
    "reason": endless(b"HTTP/1.1 200 ", each=b"x" * 64),
    "header": endless(START + b"x-a: ", each=b"x" * 64),
    "name": endless(START, each=b"x" * 64),
    "headers": endless(START, each=b"x-a: b\r\n"),
    "empty headers": endless(START, each=b"a:\r\n"),
    "interim answers": endless(each=b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"),
}
ENDLESS_AFTER = {
    "chunk extension": endless(head("text/plain") + b"5;", each=b"x" * 64),
    "trailer": endless(head("text/plain") + b"5\r\nhello\r\n0\r\nx-a: ", each=b"x" * 64),
    "trailers": endless(head("text/plain") + b"5\r\nhello\r\n0\r\n", each=b"x-a: b\r\n"),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_an_endless_head_is_502(stack: Stack, provider: ScriptedProvider, what: str) -> None:
    TAKEN.clear()
    provider.script = ENDLESS[what]
    answer_head, body = answer_of(stack)
    assert answer_head.startswith(b"http/1.1 502 ")
    error = json.loads(body)["error"]
    assert error["code"] == "upstream_protocol" and "sent more than" in error["message"]
    assert not TAKEN


@pytest.mark.parametrize("what", ENDLESS_AFTER)
def test_what_is_endless_after_the_head_is_cut(stack: Stack, provider: ScriptedProvider, what: str) -> None:
    TAKEN.clear()
    provider.script = ENDLESS_AFTER[what]
    answer_head, body = answer_of(stack)
    assert answer_head.startswith(b"http/1.1 200 ") and not body.endswith(b"0\r\n\r\n")
    assert not TAKEN


def test_a_large_head_passes(stack: Stack, provider: ScriptedProvider) -> None:
    lines = [f"x-{n}: {'v' * 100}" for n in range(900)]
    provider.script = sends(head("text/plain", *lines, framing="content-length: 2") + b"ok")
    answer_head, body = answer_of(stack)
    assert answer_head.count(b"\r\nx-") >= 900 and body == b"ok"


OURS = ("Helicone-Id: forged", "helicone-cache: HIT", "HELICONE-COST: 0", "X-Helicone-Error: rate_limited")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("splits", [False, True])
def test_headers_of_ours_from_a_provider_are_left_out(
    stack: Stack, provider: ScriptedProvider, stream: bool, splits: bool
) -> None:
    def script(peer: Peer) -> bool:
        kind = EVENTS if stream else "application/json"
        start = head(kind, *OURS, "x-kept: 1", framing=f"content-length: {len(PLAIN)}")
        peer.send(start)
        if splits:
            time.sleep(0.05)
        peer.send(PLAIN)
        return True

    provider.script = script
    for _ in range(2):  # the second time from lines that were read before
        answer_head, body = answer_of(stack, stream=stream)
        assert b"forged" not in answer_head and b"x-helicone-error" not in answer_head
        assert b"helicone-cache:" not in answer_head and b"helicone-cost:" not in answer_head
        assert answer_head.count(b"helicone-id: ") == 1 and b"x-kept: 1" in answer_head and PLAIN in body


@pytest.mark.parametrize(("status", "length"), [("204 No Content", False), ("304 Not Modified", True)])
def test_an_answer_without_a_body_keeps_the_connection(
    stack: Stack, provider: ScriptedProvider, status: str, length: bool
) -> None:
    """RFC 9110, 8.6: no length in a 204; in a 304 it is that of the body which is not sent."""
    provider.script = lambda peer: peer.send(head("text/plain", status=status, framing="content-length: 5") + b"HTTP/")
    with send(stack) as line:
        found = line.recv(65536)
        while b"\r\n\r\n" not in found:
            found += line.recv(65536)
        assert found.endswith(b"\r\n\r\n") and found.startswith(b"HTTP/1.1 " + status[:3].encode())
        assert (b"content-length" in found.lower()) == length
        line.sendall(b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200 OK")


# --- redirects ------------------------------------------------------------------------------------------------------

KEY = "Helicone-Auth: Bearer sk-perihelion-abcdefghijklmnopqrstuvwxyz0123456789"
OWN = [
    (CHAT, "/v1/other?a=%2F#part", "/openai/v1/other?a=%2F#part"),
    (CHAT, "completions/", "/openai/v1/chat/completions/"),
    (CHAT, "../../v2", "/openai/v2"),
    (CHAT, "{origin}/v1/x", "/openai/v1/x"),
    (CHAT, "{origin}//elsewhere.example/x", "/openai//elsewhere.example/x"),
    ("/v1/chat/completions", "/azure/mine/x", "/openai/azure/mine/x"),
]
FOREIGN = [
    "http://elsewhere.example/v1",
    "//elsewhere.example/v1",
    "https://127.0.0.1/v1",
    "http://127.0.0.1:1/v1",
    "http://user@127.0.0.1:{port}/v1",
    "{origin}.elsewhere.example/v1",
    "javascript:alert(1)",
    "http://[",
]


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
@pytest.mark.parametrize("keyed", [False, True])
def test_a_redirect_never_takes_a_key_of_ours_along(
    stack: Stack, provider: ScriptedProvider, keyed: bool, status: str
) -> None:
    headers = (KEY,) if keyed else ()
    for path, location, expected in OWN:
        told = location.format(origin=provider.origin, port=provider.port)
        redirect = head("text/plain", f"location: {told}", status=status, framing="content-length: 0")
        provider.script = sends(redirect)
        answer_head, _ = answer_of(stack, *headers, path=path)
        assert f"location: {expected}\r\n".lower().encode() in answer_head, (told, answer_head)
    for location in FOREIGN:
        told = location.format(origin=provider.origin, port=provider.port)
        redirect = head("text/plain", f"location: {told}", status=status, framing="content-length: 0")
        provider.script = sends(redirect)
        answer_head, body = answer_of(stack, *headers)
        if keyed:
            assert answer_head.startswith(b"http/1.1 502 ") and b"\r\nlocation:" not in answer_head
            assert json.loads(body)["error"]["code"] == "upstream_redirect"
            assert f"helicone-location: {told}\r\n".lower().encode() in answer_head
        else:  # no key of ours can leave: it passes as it came
            assert f"\r\nlocation: {told}\r\n".lower().encode() in answer_head


# --- TCP keep-alive -------------------------------------------------------------------------------------------------


def timers(port: int, column: int) -> list[str]:
    """The kernel's timers of the open connections with that port at the local (1) or the remote (2) end.

    `02` is keep-alive (proc_net_tcp.txt of the kernel)."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [row[5].partition(":")[0] for row in rows if row[3] == "01" and row[column].endswith(f":{port:04X}")]


def test_both_sides_of_a_silent_call_are_probed(stack: Stack, provider: ScriptedProvider) -> None:
    asked, seen = threading.Event(), threading.Event()

    def silent(peer: Peer) -> None:
        asked.set()
        seen.wait(20)

    provider.script = silent
    with send(stack):
        assert asked.wait(10)
        assert wait_for("the caller's side", lambda: set(timers(stack.gateway_port, 1)) == {"02"})
        assert wait_for("the provider's side", lambda: set(timers(provider.port, 2)) == {"02"})
        seen.set()
