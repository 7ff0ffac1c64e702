"""Receivers of webhooks and notifications for tests: real HTTP and SMTP servers that keep what they get."""

import threading
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from aiosmtpd.controller import Controller

from tests.stack import free_port

__all__ = ["Answer", "HttpReceiver", "Received", "SmtpReceiver"]


class Received(msgspec.Struct, frozen=True):
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Answer(msgspec.Struct, frozen=True):
    """What a receiver answers."""

    status: int = 200
    headers: dict[str, str] = {}
    body: bytes = b"ok"
    wait_s: float = 0.0
    """Before the answer."""
    drip_s: float = 0.0
    """Between the bytes of the answer, its head included; 0: at once."""
    endless: bool = False
    """A body without an end."""
    drop: bool = False
    """The connection is closed instead of an answer."""


class HttpReceiver:
    """Takes POST requests on a free port of this machine. `answer` may be changed at any time; a list is used up first.

    What it got is in `received`, in order; a request counts once its body has been read."""

    def __init__(self, answer: Callable[[Received], Answer] | Answer | None = None, port: int = 0) -> None:
        self.answer: Callable[[Received], Answer] | Answer = answer or Answer()
        self.first: list[Answer] = []
        self.received: list[Received] = []
        self.open = 0
        self.most_open = 0
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                receiver._take(self)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # the client closed the connection

        self._server = Server(("127.0.0.1", port), Handler)
        self.port: int = self._server.server_port
        self.origin = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count: int, patience_s: float = 15.0) -> list[Received]:
        """What it got, once that is `count` requests or more."""
        deadline = time.monotonic() + patience_s
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"got {len(self.received)} of {count} requests"
            time.sleep(0.01)
        return list(self.received)

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        try:
            body = handler.rfile.read(int(handler.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in handler.headers.items()}
            got = Received(handler.path, headers, body, time.time())
            with self._lock:
                self.received.append(got)
                answer = self.first.pop(0) if self.first else self.answer
            self._answer(handler, answer if isinstance(answer, Answer) else answer(got))
        finally:
            with self._lock:
                self.open -= 1

    def _answer(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        time.sleep(answer.wait_s)
        if answer.drop:
            handler.close_connection = True
            return
        length = {} if answer.endless else {"Content-Length": str(len(answer.body))}
        lines = [f"HTTP/1.1 {answer.status} Said", *(f"{n}: {v}" for n, v in {**length, **answer.headers}.items())]
        whole = ("\r\n".join(lines) + "\r\n\r\n").encode() + answer.body
        try:
            if answer.drip_s:
                for byte in whole:
                    handler.wfile.write(bytes([byte]))
                    time.sleep(answer.drip_s)
            else:
                handler.wfile.write(whole)
            while answer.endless:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            pass
        if answer.endless:
            handler.close_connection = True


class SmtpReceiver:
    """An SMTP server on a free port of this machine."""

    def __init__(self, **options: Any) -> None:
        self.messages: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.refusals: list[str] = []
        """Answers to DATA, first to last; after them messages are taken."""
        self.refused: dict[str, str] = {}
        """Answers to RCPT, by address."""
        self.logins: list[tuple[bytes, bytes]] = []
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)
        self._controller.start()

    def close(self) -> None:
        self._controller.stop()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        return "250 Taken"
