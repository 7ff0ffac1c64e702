"""Callers who take what they can: connections, requests ahead of their answers, heads and bodies without end."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.attacks.on_callers import ATTACKS
from tests.attacks.watch import Watch
from tests.stack import Stack, children, wait_for

HONEST = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}'
CHAT = "/openai/v1/chat/completions"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    settings = {"gateway__max_connections": "800", "gateway__write_timeout_s": "2", "gateway__drain_s": "3"}
    openai = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path_factory.mktemp("callers"), openai, **settings) as running:
        yield running


@pytest.mark.parametrize("name", ATTACKS)
def test_others_do_not_feel_it(stack: Stack, name: str) -> None:
    with Watch(stack, CHAT, HONEST) as watch:
        ATTACKS[name](stack)
    watch.check()


def send(stack: Stack, request: bytes) -> bytes:
    """The answer's bytes, until the gateway closes."""
    with socket.create_connection(("127.0.0.1", stack.gateway_port), 10) as line:
        line.sendall(request)
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := line.recv(65536):
                found += piece
        return found


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n", 405),
        (b"TRACE /v1/models HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        (b"PROPFIND /v1/models HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        (b"GET /v1/models HTTP/1.1\r\nHost: h\r\nHost: h\r\nConnection: close\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\nHost: h\r\nhost: other\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\nHost: h\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\nAccept: */*\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", 400),
        (b"POST /v1/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 400),
        (b"POST /v1/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"GET /v1/models HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"GET /v1/models\r\n\r\n", 505),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET /v1/models HTTP/1.1\r\nHost: h\r\n" + b"a: b\r\n" * 1100 + b"\r\n", 431),
    ],
)
def test_what_http_has_a_server_refuse(stack: Stack, request_: bytes, status: int) -> None:
    answer = send(stack, request_)
    assert answer.startswith(b"HTTP/1.1 %d " % status) and b"connection: close" in answer
    assert (b"\r\nallow: " in answer) == (status == 405)


def test_a_reader_that_stops_is_disconnected_and_its_call_is_logged(stack: Stack) -> None:
    body = b'{"model": "m", "stream": true, "messages": [{"role": "user", "content": "x"}]}'
    head = b"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: h\r\nx-sim-chunks: 2000\r\nx-sim-chunk-bytes: 16000\r\n"
    with socket.create_connection(("127.0.0.1", stack.gateway_port), 10) as line:
        line.sendall(head + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        found = line.recv(4096).lower()
        id = found.partition(b"helicone-id: ")[2].partition(b"\r\n")[0].decode()
        assert stack.record(id)["cut"] == "client"


def test_new_calls_do_not_wait_for_a_worker_that_drains(tmp_path: Path, simulator_origin: str) -> None:
    with Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}).start_gateway() as stack:
        assert stack.process is not None
        (worker,) = children(stack.process.pid)
        with slow_stream(stack):
            os.kill(worker, signal.SIGTERM)
            wait_for("the refusal", lambda: httpx.get(stack.gateway + "/healthz", timeout=5).status_code == 503)
        wait_for("the next worker", lambda: stack.answers(stack.gateway + "/healthz"))
        with slow_stream(stack):
            stack.process.send_signal(signal.SIGTERM)
            wait_for("a closed port", lambda: is_refused(stack))


@contextlib.contextmanager
def slow_stream(stack: Stack) -> Iterator[None]:
    """A stream under way."""
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "x"}]}
    slow = {"x-sim-chunks": "30", "x-sim-chunk-ms": "100"}
    with httpx.stream("POST", stack.gateway + CHAT, json=body, headers=slow, timeout=30) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        yield
        assert b"".join(pieces).endswith(b"data: [DONE]\n\n")


def is_refused(stack: Stack) -> bool:
    try:
        socket.create_connection(("127.0.0.1", stack.gateway_port), 5).close()
    except ConnectionRefusedError:
        return True
    return False
