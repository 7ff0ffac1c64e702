"""A real control plane in a process of its own, over a folder that the test writes segments into."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from proxy.core.clock import uuid7
from proxy.core.record import Attempt, Record, encode
from proxy.spool.writer import Writer

__all__ = ["ControlProcess", "free_port", "record", "spool", "until"]

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(true: Callable[[], Any], what: str, patience_s: float = 90.0) -> Any:
    """What `true` returns once that is something; fails by name after the patience."""
    deadline = time.monotonic() + patience_s
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


def record(at_us: int, **fields: Any) -> Record:
    """A call like many; `fields` over it."""
    usual = {
        "id": uuid7(at_us),
        "org": "default",
        "key": "",
        "started_us": at_us,
        "sent_us": 150,
        "first_byte_us": 41_000,
        "first_token_us": 45_000,
        "ended_us": 200_000,
        "provider": "openai",
        "dialect": "openai",
        "operation": "chat",
        "scheme": "https",
        "host": "api.openai.com",
        "method": "POST",
        "path": "/v1/chat/completions",
        "status": 200,
        "user_id": "ada",
        "properties": {"app": "Tester"},
        "property_names": {"app": "App"},
        "request_type": "application/json",
        "request_body": b'{"model":"gpt-4o","messages":[{"role":"user","content":"Why is the sky blue?"}]}',
        "response_type": "application/json",
        "response_body": b'{"model":"gpt-4o-2024-08-06","choices":[{"index":0,"finish_reason":"stop","message":'
        b'{"role":"assistant","content":"Rayleigh scattering."}}],'
        b'"usage":{"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1010}}',
        "attempts": [Attempt("openai", "api.openai.com", "gpt-4o", 100, 200_000, 200, "", 0)],
    }
    return Record(**{**usual, **fields})


def spool(data: Path, *records: Record) -> None:
    """Writes a closed segment of them."""
    writer = Writer(data / "spool")
    for each in records:
        assert writer.append(encode(each))
    writer.close()


class ControlProcess:
    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = {
            "PERIHELION_DATA": str(data),
            "PERIHELION_CONTROL_PORT": str(self.port),
            "PERIHELION_SHIP_INTERVAL_S": "0.05",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), **self._settings}

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def worker(self) -> int:
        """The process that holds the store."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return next(
            int(pid) for pid in children if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        )

    def start(self) -> "ControlProcess":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "proxy", "control"], env=self.environ, cwd=self.data.parent
        )
        return self

    def ready(self) -> "ControlProcess":
        until(lambda: self.ask("/readyz")[0] == 200, "the control plane to be ready")
        return self

    def shipped(self) -> "ControlProcess":
        """Waits until all that is in the spool is in the log."""
        until(lambda: self.ask("/readyz")[0] == 200 and not self._left(), "the spool to be shipped")
        return self

    def watched(self) -> "ControlProcess":
        """As under a supervisor: started again where it has ended (its server gives up when its worker dies twice
        within seconds), and ready."""

        def lives() -> bool:
            assert self._process is not None
            if self._process.poll() is not None:
                self.start()
            return self.ask("/readyz")[0] == 200

        until(lives, "the control plane to be back")
        return self

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=20)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a 200."""
        status, body = self.ask(path, **query)
        assert status == 200, body
        return json.loads(body)

    def ask(self, path: str, **query: Any) -> tuple[int, bytes]:
        """Status (0: nobody answered) and body."""
        whole = self.url + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        try:
            request = urllib.request.Request(whole, headers={"Authorization": f"Bearer {self.token}"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError as error:
            return 0, str(error).encode()

    @property
    def token(self) -> str:
        """What this machine's own commands show; a new one with each start."""
        try:
            return (self.data / "control.token").read_text()
        except FileNotFoundError:
            return "none"

    def ids(self) -> list[str]:
        """Ids of all calls in the log, newest first, page by page."""
        found: list[str] = []
        cursor = ""
        while True:
            page = self.get("/api/requests", limit=500, **({"cursor": cursor} if cursor else {}))
            found += [row["id"] for row in page["data"]]
            cursor = page["next"]
            if not cursor:
                return found

    def _left(self) -> list[Path]:
        return list((self.data / "spool").glob("*.seg"))
