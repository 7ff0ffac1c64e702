"""A running Perihelion for tests: real processes on free ports, over a data folder of its own."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from proxy.control.shipping import price_book
from proxy.core import settings as settings_of
from tests.spooled import SpooledEvents

ROOT = Path(__file__).resolve().parent.parent
Found = TypeVar("Found")


def free_port() -> int:
    """A port that was free a moment ago; below those that the kernel gives to outgoing connections."""
    while True:
        port = random.randrange(12_000, 32_000)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_for(what: str, probe: Callable[[], Found | None], patience_s: float = 90.0) -> Found:
    """The first truthy answer of `probe`; fails by name after `patience_s`."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {patience_s} s in vain for {what}")


def get_json(url: str, token: str = "") -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class Stack:
    """`perihelion serve` over `folder`. `providers` maps a catalog name to what its own file shall say."""

    def __init__(self, folder: Path, providers: dict[str, str] | None = None, **settings: str) -> None:
        self.folder = folder
        catalog = folder / "providers"
        catalog.mkdir(parents=True, exist_ok=True)
        for name, text in (providers or {}).items():
            (catalog / f"{name}.toml").write_text(text)
        self.gateway_port, self.control_port = free_port(), free_port()
        self.gateway = f"http://127.0.0.1:{self.gateway_port}"
        self.control = f"http://127.0.0.1:{self.control_port}"
        wanted = {
            "data": str(folder / "data"),
            "gateway.port": str(self.gateway_port),
            "control.port": str(self.control_port),
            "providers.folder": str(catalog),
            "ship.interval_s": "0.1",
            **{name.replace("__", "."): value for name, value in settings.items()},
        }
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PERIHELION_")},
            **{"PERIHELION_" + name.upper().replace(".", "_"): value for name, value in wanted.items()},
            "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT)])),
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.quiet = False
        self.output: Path | None = None
        """A file for what it prints; the terminal where it is None."""
        self._spooled: SpooledEvents | None = None
        self._has_control = True

    def __enter__(self) -> "Stack":
        if self.process is None:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def token(self) -> str:
        """What this machine's own commands show the control plane."""
        return (self.folder / "data" / "control.token").read_text()

    def start_gateway(self) -> "Stack":
        """Starts the gateway alone, for `with`: many times faster than both planes."""
        self.start("gateway")
        return self

    def start(self, command: str = "serve", module: str = "proxy", *arguments: str) -> None:
        """Starts `command` and waits until it is ready. Another `module` than `proxy`, with `arguments` of its own,
        must run the same command.

        With `gateway` there is no control plane: `record` then reads the spool; there is no other view of the log."""
        self._spooled = None
        self._has_control = command == "serve"
        with open(self.output or os.devnull, "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *(arguments or (command,))],
                env=self.environ,
                cwd=self.folder,
                stdout=output if self.quiet or self.output else None,
            )
        wait_for("the gateway", lambda: self.answers(self.gateway + "/readyz"))
        if command == "serve":
            wait_for("the control plane", lambda: self.answers(self.control + "/readyz"))

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def answers(self, url: str) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"perihelion ended with {self.process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (OSError, urllib.error.URLError):
            return False
        return True

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One `perihelion` command against this stack."""
        return subprocess.run(
            [sys.executable, "-m", "proxy", *arguments],
            env=self.environ, cwd=self.folder, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def record(self, id: str) -> dict[str, Any]:
        """Everything the log has of one call, waiting until it is there."""

        def probe() -> Any:
            if not self._has_control:
                return self._spooled_events().get(id)
            try:
                row = get_json(f"{self.control}/api/requests/{id}", self.token)
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return None
                raise
            # The log gets the bodies of a batch a moment after its rows.
            omitted = row["request_omitted"] and row["response_omitted"]
            return row if row["bodies"] or omitted or row["reading_error"] else None

        found: dict[str, Any] = wait_for(f"record {id}", probe)
        return found

    def _spooled_events(self) -> dict[str, dict[str, Any]]:
        if self._spooled is None:
            settings = settings_of.load(environ=self.environ)
            self._spooled = SpooledEvents(settings.layout.spool, price_book(settings))
        return self._spooled.all()

    def records(self) -> Iterator[dict[str, Any]]:
        """Every record in the log, newest first."""
        cursor = ""
        while True:
            more = f"&cursor={cursor}" if cursor else ""
            page = get_json(f"{self.control}/api/requests?limit=500{more}", self.token)
            yield from page["data"]
            cursor = page["next"]
            if not cursor:
                return

    def processes(self, part: str) -> list[int]:
        """Process ids of one part (`gateway` or `control`): its main process and its workers."""
        assert self.process is not None
        return [
            pid
            for child in children(self.process.pid)
            if part in command_line(child)
            for pid in (child, *descendants(child))
        ]

    def kill(self, part: str) -> None:
        """`kill -9` of a whole part, as a machine out of memory would do it."""
        pids = self.processes(part)
        assert pids, f"no process of {part}"
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(text) for text in (task / "children").read_text().split()]
        except OSError:
            continue  # a thread that ended while we looked
    return found


def descendants(pid: int) -> list[int]:
    try:
        return [one for child in children(pid) for one in (child, *descendants(child))]
    except FileNotFoundError:
        return []


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return []
