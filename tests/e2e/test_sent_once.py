"""A call is never sent twice unseen: only where no provider can have read it, and then the row has both attempts."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.stack import Stack

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Provider:
    """Answers the first request of a connection; the second it takes whole, and hangs up after a while."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.taken: list[bytes] = []
        self.hangs_up_after_s = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            for number in range(2):
                taken = b""
                while b'"end"}' not in taken:
                    chunk = peer.recv(65536)
                    if not chunk:
                        return
                    taken += chunk
                self.taken.append(taken)
                if number == 0:
                    peer.sendall(ANSWER)
            time.sleep(self.hangs_up_after_s)


@pytest.fixture(scope="module")
def provider() -> Provider:
    return Provider()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("once")
    with Stack(folder, {"openai": f'origin = "{provider.origin}"'}).start_gateway() as running:
        yield running


def call(stack: Stack) -> httpx.Response:
    body = b'{"model": "gpt-4o-mini", "messages": [], "mark": "end"}'
    headers = {"content-type": "application/json"}
    return httpx.post(stack.gateway + "/openai/v1/chat/completions", content=body, headers=headers, timeout=30)


@pytest.mark.parametrize("seconds", [0, 0.05, 0.3, 1, 3])
def test_a_request_that_was_taken_is_sent_once(stack: Stack, provider: Provider, seconds: float) -> None:
    provider.hangs_up_after_s = seconds
    assert call(stack).status_code == 200
    before = len(provider.taken)
    answer = call(stack)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_reset")
    assert len(provider.taken) == before + 1
    row = stack.record(answer.headers["helicone-id"])
    assert [(attempt["status"], attempt["error"]) for attempt in row["attempts"]] == [(0, "upstream_reset")]
