"""What shapes are made of."""

import json
from functools import cached_property
from typing import Any

import msgspec

from simulator.script import Script

__all__ = ["Reply", "Request", "chunks_of_text", "event", "json_reply", "not_found", "text_of", "tokens"]

_WORDS = "the comet comes round again and again while the sun keeps its distance and nobody hurries "


class Request:
    """One request as a shape sees it. `headers` has lower-case names."""

    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes, script: Script) -> None:
        self.method = method
        self.target = target
        self.path = target.partition("?")[0]
        self.headers = headers
        self.body = body
        self.script = script

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body's object; empty where there is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Reply(msgspec.Struct):
    """Status, headers, and the body as the pieces that a provider would flush one by one."""

    status: int
    headers: list[tuple[str, str]]
    pieces: list[bytes]
    streams: bool = False
    encoding: str = ""
    """A content encoding to apply whatever the caller accepts."""


def json_reply(status: int, headers: list[tuple[str, str]], value: object) -> Reply:
    return Reply(status, [("content-type", "application/json"), *headers], [msgspec.json.encode(value)])


def event(value: object, name: str = "") -> bytes:
    """One server-sent event."""
    data = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return (b"event: " + name.encode() + b"\n" if name else b"") + b"data: " + data + b"\n\n"


def text_of(script: Script) -> str:
    """What the script says, else characters that read like words; always the same."""
    return script.words or _filler(script.answer_bytes)


def _filler(size: int) -> str:
    return (_WORDS * (size // len(_WORDS) + 1))[:size]


def chunks_of_text(script: Script) -> list[str]:
    text = script.words or _filler(script.chunks * script.chunk_bytes)
    return [text[at : at + script.chunk_bytes] for at in range(0, len(text), script.chunk_bytes)]


def tokens(request: Request) -> tuple[int, int]:
    """(input, output) as asked for, else of a size that fits the bodies."""
    script = request.script
    asked = script.input_tokens if script.input_tokens >= 0 else max(1, len(request.body) // 4)
    size = script.chunks * script.chunk_bytes if request.json.get("stream") else script.answer_bytes
    return asked, script.output_tokens if script.output_tokens >= 0 else max(1, size // 4)


def not_found(request: Request) -> Reply:
    message = f"Invalid URL ({request.method} {request.path})"
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return json_reply(404, [("x-request-id", "req_sim")], {"error": error})
