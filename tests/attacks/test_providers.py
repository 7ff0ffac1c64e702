"""Providers that misbehave, and callers that leave them: what each costs is bounded, and the log says who it was."""

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.attacks.scripted import Peer, ScriptedProvider, chunked, head
from tests.stack import Stack

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
