"""Reads a complete HTTP/1.1 message that arrived in one read: the plain twin of `http1.pyx`.

Nearly all requests and most answers arrive so, with a Content-Length and nothing unusual. These functions read only
such messages and return None for any other, which then goes to a full parser; they never guess.
"""

import re

from .._names import HOP_BY_HOP, OURS, PROPERTY

__all__ = ["read_request", "read_response", "write_headers"]

LINES_MAX = 256
TARGET_MAX = 64 << 10
DIGITS_MAX = 15

_REQUEST = re.compile(rb"(GET|POST|PUT|PATCH|DELETE|OPTIONS) (/[!-~]*) HTTP/1\.1\r\n")
_RESPONSE = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9])(?: [\t -~]*)?\r\n")
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([!-~](?:[\t -~]*[!-~])?)\r\n")
_DIGITS = re.compile(rb"[0-9]{1,15}\Z")

_CR, _LF = "\r", "\n"
UNUSUAL = frozenset({"transfer-encoding", "upgrade", "expect", "trailer"})
"""Headers that need a full parser."""
DROPPED = HOP_BY_HOP - UNUSUAL - {"connection"}
"""Headers of an answer that concern its connection alone."""

Pairs = list[tuple[str, str]]


def read_request(data: bytes) -> tuple[str, str, str, Pairs, bytes] | None:
    """Returns (method, path, query, headers, body) where `data` is exactly one request, else None.

    Path and query are unchanged. Names are in lower case except `Helicone-Property-*`, which keep their spelling.
    None also for HEAD, for a target with `#` in it or above `TARGET_MAX` bytes, for two `Host`, and where the
    connection is not kept alive.
    """
    start = _REQUEST.match(data)
    if start is None:
        return None
    path, _, query = start[2].partition(b"?")
    if b"#" in start[2] or len(start[2]) > TARGET_MAX:
        return None
    rest = _headers(data, start.end(), False)
    if rest is None:
        return None
    pairs, at, length = rest
    if len(data) - at != max(length, 0):
        return None
    return start[1].decode(), path.decode(), query.decode(), pairs, data[at:]


def read_response(data: bytes) -> tuple[int, Pairs, bytes] | None:
    """Returns (status, headers, body) where `data` is exactly one answer, else None.

    Names are in lower case, hop-by-hop headers and those of this proxy are left out. None also for statuses that have
    no body or are not final, and where no length is announced or the connection is not kept alive.
    """
    start = _RESPONSE.match(data)
    if start is None or start[1] in (b"204", b"304"):
        return None
    rest = _headers(data, start.end(), True)
    if rest is None:
        return None
    pairs, at, length = rest
    if length < 0 or len(data) - at != length:
        return None
    return int(start[1]), pairs, data[at:]


def write_headers(headers: Pairs) -> tuple[bytes, str | None]:
    """Returns (the lines of `headers`, the value of the first `content-length`). CR and LF in a value become spaces,
    so that none can end its line. A line is latin-1 where it fits, so that foreign bytes stay unchanged; else UTF-8."""
    lines: list[bytes] = []
    length: str | None = None
    for name, value in headers:
        if length is None and name == "content-length":
            length = value
        line = f"{name}: {value.replace(_CR, ' ').replace(_LF, ' ')}\r\n"
        try:
            lines.append(line.encode("latin-1"))
        except UnicodeEncodeError:
            lines.append(line.encode("utf-8", "replace"))
    return b"".join(lines), length


def _headers(data: bytes, at: int, answer: bool) -> tuple[Pairs, int, int] | None:
    """Returns the headers from `at` on, where the body begins, and its announced length (-1: none)."""
    pairs: Pairs = []
    length = -1
    hosts = 0
    for _ in range(LINES_MAX):
        if data.startswith(b"\r\n", at):
            return pairs, at + 2, length
        line = _LINE.match(data, at)
        if line is None:
            return None
        at = line.end()
        name, value = line[1].decode(), line[2].decode()
        lower = name.lower()
        if lower in UNUSUAL:
            return None
        if lower == "content-length":
            if length >= 0 or _DIGITS.match(line[2]) is None:
                return None
            length = int(value)
        elif lower == "connection":
            if value.lower() != "keep-alive":
                return None
            if answer:
                continue
        elif answer and (lower in DROPPED or lower.startswith(OURS)):
            continue
        elif lower == "host":
            hosts += 1
            if hosts > 1:
                return None
        pairs.append((name if lower.startswith(PROPERTY) and not answer else lower, value))
    return None
