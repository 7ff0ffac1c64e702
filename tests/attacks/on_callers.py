"""What callers do to the gateway's connections. Each attack lasts a few seconds and needs no key."""

import contextlib
import json
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from typing import Final, cast

from tests.stack import Stack

__all__ = ["ATTACKS"]

_ATTACK_S: Final = 3.0
_ROUND_S: Final = 0.01
_CALL: Final = b"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"


def unread_answers(stack: Stack) -> None:
    """Thousands of small requests in one write, again and again, and no answer is read."""
    ahead = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n" * 2500
    _pour(stack, 8, ahead, ahead)


def unread_answers_one_by_one(stack: Stack) -> None:
    """The same without pipelining: the next request leaves when the answer to the one before must have come."""
    with _sockets(stack, 200) as lines:
        ended = time.monotonic() + _ATTACK_S
        while time.monotonic() < ended:
            for line in lines:
                with contextlib.suppress(OSError):
                    line.send(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")


def bodies_ahead(stack: Stack) -> None:
    """A body behind unread answers, which no call has asked for yet."""
    first = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n" * 500
    head = _CALL + b"Content-Length: 60000000\r\n\r\n"
    _pour(stack, 64, first + head, b"x" * 65536)


def bodies_without_end(stack: Stack) -> None:
    """Large bodies that never become complete."""
    _pour(stack, 64, _CALL + b"Content-Length: 60000000\r\n\r\n", b"x" * 65536)


def chunks_without_end(stack: Stack) -> None:
    """The same in chunks of a byte, each with a line of its own."""
    _pour(stack, 64, _CALL + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n\r\r\n1\r\n\n\r\n" * 5000)


def heads_without_end(stack: Stack) -> None:
    """Heads of very many very short lines."""
    _pour(stack, 400, b"GET / HTTP/1.1\r\n", b"a:b\r\n" * 10_000, times=4)


def silent_connections(stack: Stack) -> None:
    """More connections than the worker may have: half of them send nothing, half send part of a head."""
    with _sockets(stack, 1200) as lines:
        for line in lines[::2]:
            with contextlib.suppress(OSError):
                line.send(b"POST /openai/v1/chat/completions HTTP/1.1\r\nHost")
        time.sleep(_ATTACK_S)


def stopped_readers(stack: Stack) -> None:
    """Streams that nobody reads."""
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "x"}]}).encode()
    length = b"Content-Length: %d\r\nx-sim-chunks: 600\r\nx-sim-chunk-bytes: 16000\r\n\r\n" % len(body)
    with _sockets(stack, 8) as lines:
        for line in lines:
            line.sendall(_CALL + length + body)
        time.sleep(2 * _ATTACK_S)


ATTACKS: dict[str, Callable[[Stack], None]] = {
    attack.__name__: attack
    for attack in (
        unread_answers,
        unread_answers_one_by_one,
        bodies_ahead,
        bodies_without_end,
        chunks_without_end,
        heads_without_end,
        silent_connections,
        stopped_readers,
    )
}


@contextlib.contextmanager
def _sockets(stack: Stack, count: int) -> Iterator[list[socket.socket]]:
    """Connections to the gateway that do not block. One that is refused is left out."""
    with contextlib.ExitStack() as open_ones:
        lines: list[socket.socket] = []
        for _ in range(count):
            line = open_ones.enter_context(socket.socket())
            line.settimeout(5)
            try:
                line.connect(("127.0.0.1", stack.gateway_port))
            except OSError:
                continue
            line.setblocking(False)
            lines.append(line)
        yield lines


def _pour(stack: Stack, count: int, first: bytes, again: bytes, times: int = 1 << 30) -> None:
    """Sends `first` and then `again` so many `times` on `count` connections, as fast as they take it. Reads nothing."""
    with _sockets(stack, count) as lines, selectors.DefaultSelector() as watched:
        left = dict.fromkeys(lines, first)
        sent = dict.fromkeys(lines, 0)
        for line in lines:
            watched.register(line, selectors.EVENT_WRITE)
        ended = time.monotonic() + _ATTACK_S
        while watched.get_map() and time.monotonic() < ended:
            time.sleep(_ROUND_S)  # the honest caller is a thread of the same process
            for key, _ in watched.select(0.1):
                line = cast(socket.socket, key.fileobj)
                try:
                    left[line] = left[line][line.send(left[line]) :]
                except BlockingIOError:
                    continue
                except OSError:
                    watched.unregister(line)
                    continue
                if not left[line]:
                    sent[line] += 1
                    left[line] = again
                    if sent[line] > times:
                        watched.unregister(line)
        time.sleep(0.5)
