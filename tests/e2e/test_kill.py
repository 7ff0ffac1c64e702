"""Nothing that a caller saw finished is ever missing from the log, or in it twice."""

import http.client
import json
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.stack import Stack, wait_for

pytestmark = pytest.mark.soak

CALLS = 10_000
CONNECTIONS = 64
_BODY = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello " * 40}]})


class Caller(threading.Thread):
    """One connection; notes the id of every call whose answer it has seen whole."""

    def __init__(self, stack: Stack, calls: "Countdown") -> None:
        super().__init__(daemon=True)
        self.stack, self.calls = stack, calls
        self.seen: list[str] = []
        self.broken = 0

    def run(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.stack.gateway_port, timeout=30)
        while self.calls.take():
            try:
                line.request("POST", "/openai/v1/chat/completions", _BODY, {"content-type": "application/json"})
                answer = line.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                self.broken += 1
                line.close()
                self.calls.pause()
                continue
            if answer.status == 200:
                self.seen.append(answer.headers["helicone-id"])


class Countdown:
    """So many calls for all callers together; `events` are run as the count passes them."""

    def __init__(self, calls: int) -> None:
        self.left = calls
        self.lock = threading.Lock()
        self.half = threading.Event()
        self.most = threading.Event()

    def take(self) -> bool:
        with self.lock:
            self.left -= 1
            if self.left < CALLS * 2 // 3:
                self.half.set()
            if self.left < CALLS // 3:
                self.most.set()
            return self.left >= 0

    def pause(self) -> None:
        threading.Event().wait(0.05)
        with self.lock:
            self.left += 1  # a call that broke is made again


def test_every_finished_call_is_logged_once_although_both_planes_are_killed(
    tmp_path: Path, simulator_origin: str
) -> None:
    with Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}) as stack:
        calls = Countdown(CALLS)
        callers = [Caller(stack, calls) for _ in range(CONNECTIONS)]
        for caller in callers:
            caller.start()
        assert calls.half.wait(120)
        stack.kill("gateway")
        assert calls.most.wait(120)
        stack.kill("control")
        for caller in callers:
            caller.join(120)
            assert not caller.is_alive()
        seen = [id for caller in callers for id in caller.seen]
        assert len(seen) == len(set(seen)) >= CALLS
        assert sum(caller.broken for caller in callers) > 0, "the kill was not felt: the test tests nothing"
        wait_for("the control plane", lambda: stack.answers(stack.control + "/readyz"), 60)

        def missing() -> bool:
            return not (set(seen) - {row["id"] for row in stack.records()})

        wait_for("the log to hold every call", missing, 60)
        counts = Counter(row["id"] for row in stack.records())
        assert [id for id, count in counts.items() if count > 1] == []
