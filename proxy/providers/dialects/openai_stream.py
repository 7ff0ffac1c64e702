"""OpenAI-style request bodies on the hot path: reads their top level, and requests usage for a stream.

`msgspec` reads the named members and skips the rest in C without building it, so that a key inside a message or a
string never counts. No body is written anew: bytes are put in, or none are.
"""

from typing import Any

import msgspec

__all__ = ["add_stream_usage", "peek"]

_ASKED = b'"stream_options":{"include_usage":true}'
_PEEK_BYTES = 8 << 20
"""A body above this (pictures, files) is not looked into: 8 MiB take some 10 ms."""


class _Peek(msgspec.Struct):
    model: Any = None
    stream: Any = None
    user: Any = None


class _Options(msgspec.Struct):
    stream: Any = None
    stream_options: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_peek = msgspec.json.Decoder(_Peek).decode
_options = msgspec.json.Decoder(_Options).decode


def peek(body: bytes) -> tuple[str, bool, str]:
    """Top-level `model`, whether `stream` is true, and `user`; empty where the body does not say."""
    if len(body) > _PEEK_BYTES:
        return "", False, ""
    try:
        found = _peek(body)
    except (msgspec.DecodeError, RecursionError):
        return "", False, ""
    model = found.model if isinstance(found.model, str) else ""
    return model, found.stream is True, found.user if isinstance(found.user, str) else ""


def add_stream_usage(body: bytes) -> bytes | None:
    """`body` with `stream_options.include_usage` set, or None where there is nothing to do.

    Only where the top level says `"stream": true` and does not say `include_usage` itself, true or false.
    """
    if b'"stream"' not in body or len(body) > _PEEK_BYTES:
        return None
    try:
        found = _options(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if found.stream is not True:
        return None
    if found.stream_options is msgspec.UNSET:
        begin = body.index(b"{") + 1
        return b"".join((body[:begin], _ASKED, b",", body[begin:]))
    return _merged(body)


def _merged(body: bytes) -> bytes | None:
    """The rare case: there are options already, so where they stand has to be found."""
    begin, end = _last_member(body, b"stream_options")
    value = body[begin:end]
    if value == b"null":
        return body[:begin] + b'{"include_usage":true}' + body[end:]
    if value[:1] != b"{":
        return None
    named = msgspec.json.decode(value)
    if "include_usage" in named:
        return None
    comma = b"," if named else b""
    return body[: begin + 1] + b'"include_usage":true' + comma + body[begin + 1 :]


def _last_member(body: bytes, name: bytes) -> tuple[int, int]:
    """Begin and end of the value of the top level's last member `name`, in JSON known to be good.

    Walks strings by their quotes and brackets by their depth; (0, 0) where there is no such member under that
    spelling (a name written with escapes).
    """
    depth, at, size = 0, 0, len(body)
    key, wants_key = b"", False
    begin, found = -1, (0, 0)
    while at < size:
        char = body[at]
        if char == 0x22:
            stop = body.index(b'"', at + 1)
            while _escaped(body, stop):
                stop = body.index(b'"', stop + 1)
            if depth == 1 and wants_key:
                key, wants_key = body[at + 1 : stop], False
            at = stop
        elif char in b"{[":
            depth += 1
            wants_key = depth == 1
        elif char in b"}],":
            if depth == 1 and begin >= 0:
                found, begin = (begin, begin + len(body[begin:at].rstrip())), -1
            depth -= char != 0x2C
            wants_key = wants_key or (depth == 1 and char == 0x2C)
        elif char == 0x3A and depth == 1 and key == name:
            begin, key = at + 1 + len(body[at + 1 :]) - len(body[at + 1 :].lstrip()), b""
        at += 1
    return found


def _escaped(body: bytes, quote: int) -> bool:
    first = quote
    while body[first - 1] == 0x5C:
        first -= 1
    return (quote - first) % 2 == 1
