"""A stream that breaks off inside an event: no caller sees a piece of an event as an event, whatever its SDK."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.attacks.scripted import Peer, ScriptedProvider, chunked, head
from tests.stack import Stack

EVENTS = "text/event-stream; charset=utf-8"
LINES = "application/x-ndjson"
STEP = int(os.environ.get("EVERY", "13"))
"""Bytes from one break to the next."""
ASK: Any = [{"role": "user", "content": "Say hello."}]
CHAT = "/openai/v1/chat/completions"
MESSAGES = "/anthropic/v1/messages"


def openai_event(text: str) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def anthropic_event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


OPENAI = openai_event("Hel") + b": keep-alive\n\n" + openai_event("lo ☃")
USAGE = {"input_tokens": 3, "output_tokens": 1}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "claude", "content": [], "usage": USAGE}
ANTHROPIC = (
    anthropic_event("message_start", message={**MESSAGE, "stop_reason": None, "stop_sequence": None})
    + anthropic_event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    + anthropic_event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hel"})
    + anthropic_event("content_block_delta", index=0, delta={"type": "text_delta", "text": "lo ☃"})
)
GEMINI = b"".join(
    b'data: {"candidates": [{"content": {"role": "model", "parts": [{"text": "%b"}]}}]}\r\n\r\n' % text
    for text in (b"Hel", b"lo")
)
COHERE = b"".join(
    b'event: content-delta\ndata: {"type":"content-delta","delta":{"message":{"content":{"text":"%b"}}}}\n\n' % text
    for text in (b"Hel", b"lo")
)
OLLAMA = b"".join(b'{"message":{"role":"assistant","content":"%b"},"done":false}\n' % text for text in (b"Hel", b"lo"))

STREAMS = {
    "openai": (CHAT, EVENTS, OPENAI),
    "openai-cr": (CHAT, EVENTS, OPENAI.replace(b"\n", b"\r")),
    "anthropic": (MESSAGES, EVENTS, ANTHROPIC),
    "gemini": ("/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", EVENTS, GEMINI),
    "cohere": ("/cohere/v2/chat", EVENTS, COHERE),
    "ollama": ("/ollama/api/chat", LINES, OLLAMA),
}


@pytest.fixture(scope="module")
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as running:
        yield running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, provider: ScriptedProvider) -> Iterator[Stack]:
    here = dict.fromkeys(("openai", "anthropic", "gemini", "cohere", "ollama"), f'origin = "{provider.origin}"')
    with Stack(tmp_path_factory.mktemp("stack"), here).start_gateway() as running:
        yield running


def breaks(
    media_type: str, body: bytes, at: int, *, piece: int = 1 << 20, framing: str = "", resets: bool = False
) -> Any:
    """A script that sends `body` up to byte `at`, in pieces, and then closes the connection, or resets it."""

    def script(peer: Peer) -> None:
        sent = body[:at]
        pieces = [sent[start : start + piece] for start in range(0, len(sent), piece)]
        if framing:
            peer.send(head(media_type, framing=framing) + b"".join(pieces))
        else:
            peer.send(head(media_type) + b"".join(map(chunked, pieces)))
        if resets:
            peer.reset()

    return script


def call(stack: Stack, path: str) -> tuple[bytes, bool]:
    """The body of a streamed answer as it came, and whether its last chunk did."""
    body = json.dumps({"model": "m", "stream": True, "max_tokens": 9, "messages": ASK}).encode()
    lines = [f"POST {path} HTTP/1.1", "host: h", f"content-length: {len(body)}", "connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", stack.gateway_port), 10) as line:
        line.sendall("\r\n".join(lines).encode() + body)
        raw = b""
        while piece := line.recv(65536):
            raw += piece
    answer_head, _, rest = raw.partition(b"\r\n\r\n")
    if b"content-length: " in answer_head:
        return rest, len(rest) == int(answer_head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    found = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        if int(size, 16) == 0:
            return found, True
        found += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return found, False


def events(body: bytes) -> list[str]:
    """The data of the events of `body` by the rules of the standard: one without a blank line is none."""
    lines = body.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: list[str] = []
    data: list[str] = []
    for line in lines[:-1]:
        if not line:
            found += ["\n".join(data)] if data else []
            data = []
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
    return found


def records(kind: str, body: bytes) -> list[str]:
    return body.decode("utf-8", "replace").splitlines() if kind == LINES else events(body)


def complete(kind: str, body: bytes) -> list[str]:
    """The events or lines that are complete in a part of a stream; a CR at its very end may be half a line's end."""
    if kind == LINES:
        return records(kind, body[: body.rfind(b"\n") + 1])
    return events(body[:-1] if body.endswith(b"\r") and not body.endswith(b"\r\r") else body)


@pytest.mark.parametrize(("piece", "step"), [(1 << 20, STEP), (7, STEP + 4)])
@pytest.mark.parametrize("name", STREAMS)
def test_wherever_it_breaks_no_piece_of_an_event_becomes_an_event(
    stack: Stack, provider: ScriptedProvider, name: str, piece: int, step: int
) -> None:
    path, kind, body = STREAMS[name]
    every = records(kind, body)
    whole_ends = 0
    for at in [*range(1, len(body) - 4, step), *range(len(body) - 4, len(body) + 1)]:
        provider.script = breaks(kind, body, at, piece=piece)
        got, is_complete = call(stack, path)
        found = records(kind, got)
        if is_complete:
            whole_ends += 1
            *found, error = found
            assert "closed the connection in the middle" in error, (at, got)
            json.loads(error)
            if kind == LINES:
                assert got.endswith(b"}\n") and b"\n\n" not in got, (at, got)
        assert found == every[: len(found)], (at, got)
        arrived = every.index(kept[-1]) + 1 if (kept := complete(kind, body[:at])) else 0
        assert len(found) == arrived, (at, got)
    assert whole_ends > 5, "most breaks end in an error event"


def test_an_event_longer_than_what_is_held_ends_without_the_last_chunk(
    stack: Stack, provider: ScriptedProvider
) -> None:
    body = openai_event("Hello") + openai_event("x" * 200_000)
    provider.script = breaks(EVENTS, body, 150_000, resets=True)
    got, is_complete = call(stack, CHAT)
    assert not is_complete and events(got) == events(openai_event("Hello"))
    assert len(got) > 64 << 10, "what is longer than the bound is passed on as it comes"


def test_a_complete_line_without_its_blank_line_is_passed_on_at_once(stack: Stack, provider: ScriptedProvider) -> None:
    """Some providers end events with one newline, and their callers read by lines."""
    line = openai_event("Hello")[:-1]
    seen = threading.Event()

    def script(peer: Peer) -> None:
        peer.send(head(EVENTS) + chunked(line))
        assert seen.wait(10)

    provider.script = script
    with httpx.stream("POST", stack.gateway + CHAT, json={"model": "m", "stream": True, "messages": []}) as answer:
        assert next(answer.iter_raw()) == line
        seen.set()


def test_nothing_is_added_to_an_answer_of_an_announced_length(stack: Stack, provider: ScriptedProvider) -> None:
    body = openai_event("Hel") + openai_event("lo")
    framing = f"content-length: {len(body) + 300}"
    provider.script = breaks(EVENTS, body, len(body), framing=framing)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(stack.gateway + CHAT, json={}, headers={"Helicone-Stream-Usage": "false"})


def test_a_stream_that_ends_in_order_passes_to_its_last_byte(stack: Stack, provider: ScriptedProvider) -> None:
    for body in (OPENAI[:-9], OPENAI[:-1], OPENAI + b"event: x\n", OPENAI + b"data: [DONE]"):

        def script(peer: Peer, body: bytes = body) -> None:
            peer.send(head(EVENTS) + chunked(body) + b"0\r\n\r\n")

        provider.script = script
        assert call(stack, CHAT) == (body, True)


# --- the SDKs -------------------------------------------------------------------------------------------------------


def openai_texts(base_url: str) -> tuple[str, Exception | None]:
    client = openai.OpenAI(base_url=base_url, api_key="k", max_retries=0)
    text = ""
    try:
        for chunk in client.chat.completions.create(model="m", messages=ASK, stream=True):
            text += chunk.choices[0].delta.content or ""
    except Exception as error:  # noqa: BLE001 - its class is what is looked at
        return text, error
    return text, None


def anthropic_texts(base_url: str) -> tuple[str, Exception | None]:
    client = anthropic.Anthropic(base_url=base_url, api_key="k", max_retries=0)
    text = ""
    try:
        with client.messages.stream(model="claude", max_tokens=9, messages=ASK) as stream:
            for piece in stream.text_stream:
                text += piece
    except Exception as error:  # noqa: BLE001
        return text, error
    return text, None


def transport_error(error: Exception) -> str:
    """The kind of error by which an SDK's HTTP library reports a connection that broke."""
    names = [kind.__name__ for kind in type(error).__mro__]
    return next(name for name in ("APIConnectionError", "TransportError") if name in names)


@pytest.mark.parametrize("back", [1, 2, 3, 9, 20, 40, 60, 70])
@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_sdks_raise_our_error_or_what_they_raise_without_the_proxy(
    stack: Stack, provider: ScriptedProvider, name: str, back: int
) -> None:
    _, kind, body = STREAMS[name]
    texts = openai_texts if name == "openai" else anthropic_texts
    suffix = "/v1" if name == "openai" else ""
    provider.script = breaks(kind, body, len(body) - back, resets=True)
    direct_text, direct_error = texts(provider.origin + suffix)
    text, error = texts(f"{stack.gateway}/{name}{suffix}")
    assert (text, direct_text) == ("Hel", "Hel")
    assert error is not None and direct_error is not None
    assert "reset the connection" in str(error) or transport_error(error) == transport_error(direct_error)
    if back > 3:  # inside a line, which is held back
        assert isinstance(error, openai.APIError | anthropic.APIError) and "reset the connection" in str(error)
