"""`kill -9` of every process and parent, at moments of its first seconds of life and later, under calls: the service
comes back by itself, no call that its caller saw whole is missing from the log or in it twice, and nobody is left."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.attacks.on_processes import child, control_worker, gateway_worker, living
from tests.stack import Stack, descendants, wait_for

pytestmark = pytest.mark.long

KILLS: Final = 20
YOUNG_S: Final = 3.0
DRAIN_S: Final = 4
CHAT: Final = "/openai/v1/chat/completions"
BODY: Final[dict[str, Any]] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}
SLOW: Final = {"x-sim-chunk-ms": "50", "x-sim-chunks": "12"}


def serve(stack: Stack) -> int:
    assert stack.process is not None
    return stack.process.pid


WHO: Final[dict[str, Callable[[Stack], int]]] = {
    "serve": serve,
    "gateway": lambda stack: child(stack, "gateway"),
    "gateway worker": gateway_worker,
    "control plane": lambda stack: child(stack, "control"),
    "control worker": control_worker,
}


class Callers:
    """Some callers, one call after the other each, every second one a slow stream. They make calls while `open`."""

    def __init__(self, stack: Stack, count: int = 3) -> None:
        self.open = threading.Event()
        self.seen: list[str] = []
        """Ids of the calls whose whole answer was seen."""
        self._url = stack.gateway + CHAT
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        self.open.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        client = httpx.Client(timeout=20, verify=False)  # making a context of TLS costs more than a call
        streamed = False
        while not self._ended.wait(0.02):
            self.open.wait()
            streamed = not streamed
            headers = SLOW if streamed else {}
            try:
                answer = client.post(self._url, json={**BODY, "stream": streamed}, headers=headers)
            except httpx.TransportError:
                self._ended.wait(0.2)
                continue
            if answer.status_code == 200 and (not streamed or answer.text.endswith("data: [DONE]\n\n")):
                self.seen.append(answer.headers["helicone-id"])


@pytest.fixture
def stack(tmp_path: Path, simulator_origin: str) -> Iterator[Stack]:
    made = Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}, gateway__drain_s=str(DRAIN_S))
    yield made
    for pid in living(tmp_path):
        os.kill(pid, signal.SIGKILL)


def launch(stack: Stack) -> None:
    with (stack.folder / "said").open("ab") as output:
        stack.process = subprocess.Popen(
            [sys.executable, "-um", "proxy", "serve"], env=stack.environ, cwd=stack.folder, stdout=output, stderr=output
        )


def both_ready(stack: Stack) -> bool:
    return stack.answers(stack.gateway + "/readyz") and stack.answers(stack.control + "/readyz")


def find(stack: Stack, who: str, before: int) -> int:
    """The process, once it is another than `before`."""

    def probe() -> int | None:
        try:
            pid = WHO[who](stack)
        except (StopIteration, IndexError, FileNotFoundError):
            return None
        return pid if pid != before else None

    return wait_for(f"the next {who}", probe, 60)


def nobody_else(stack: Stack) -> bool:
    mine = {serve(stack), *descendants(serve(stack))}
    return set(living(stack.folder)) <= mine


@pytest.mark.parametrize("young", [True, False], ids=["young", "steady"])
@pytest.mark.parametrize("who", list(WHO))
def test_kills(stack: Stack, who: str, young: bool) -> None:
    chance = random.Random(f"{who} {young}")
    launch(stack)
    callers = Callers(stack)
    try:
        pid = 0
        for number in range(KILLS):
            pid = find(stack, who, pid)
            if number % 2:
                callers.open.set()
            else:
                callers.open.clear()
            if not young:
                wait_for("both planes", lambda: both_ready(stack), 120)
            time.sleep(chance.uniform(0, YOUNG_S if young else 1.0))
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # it ended with another
                continue
            if who == "serve":
                assert stack.process is not None and stack.process.wait() == -signal.SIGKILL
                launch(stack)
        callers.open.set()
        wait_for("both planes", lambda: both_ready(stack), 120)
        before = len(callers.seen)
        wait_for("a whole answer after all kills", lambda: len(callers.seen) > before)
    finally:
        callers.end()
    seen = Counter(callers.seen)
    assert set(seen.values()) == {1}
    logged: Counter[str] = Counter()

    def all_logged() -> bool:
        logged.clear()
        try:
            logged.update(row["id"] for row in stack.records())
        except OSError:  # what answered until now was left of those before, and goes
            return False
        return not seen.keys() - logged.keys()

    wait_for("every call in the log", all_logged, 60)
    assert set(logged.values()) == {1}
    wait_for("nobody left of those before", lambda: nobody_else(stack), DRAIN_S + 15)
    stack.stop()
    wait_for("the end of all processes", lambda: not living(stack.folder))
