"""Keeps child processes running: restarts one that died, and stops them in order."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from proxy.core.process import StopSignals

__all__ = ["Child", "Supervisor"]

_BACKOFF_S: Final = (0.5, 30.0)
_STEADY_S: Final = 30.0
"""A child that ran this long starts with the first backoff again."""
_TICK_S: Final = 0.1
CANNOT_START: Final = 2
"""A child's exit code for "not like this": starting it again would not help."""


class Child:
    """One child process, in a group of its own so that the terminal's Ctrl-C reaches only the supervisor."""

    def __init__(self, name: str, command: Sequence[str], environ: dict[str, str], patience_s: float) -> None:
        self.name = name
        self.patience_s = patience_s
        """How long it has to end after SIGTERM."""
        self._command = command
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None
        self._wait_s = _BACKOFF_S[0]
        self._started = 0.0
        self._due = 0.0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, env=self._environ, process_group=0)
        self._started = time.monotonic()

    def tend(self) -> int | None:
        """Starts it again where it has ended and its time has come; its exit code when it has just ended."""
        if self._process is None:
            if time.monotonic() >= self._due:
                self.start()
            return None
        code = self._process.poll()
        if code is None:
            return None
        if time.monotonic() - self._started > _STEADY_S:
            self._wait_s = _BACKOFF_S[0]
        self._process = None
        self._due = time.monotonic() + self._wait_s
        self._wait_s = min(self._wait_s * 2, _BACKOFF_S[1])
        return code

    def stop(self, signals: StopSignals) -> None:
        """SIGTERM, then the patience, then SIGKILL; at once after a second signal."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        deadline = time.monotonic() + self.patience_s
        while self._process.poll() is None:
            if signals.wait(_TICK_S, 1) or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()


class Supervisor:
    """Runs its children until a signal. They are stopped in their order: writers before readers."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self._children = children
        self._say = say

    def run(self, idle: Callable[[], None]) -> int:
        """Until SIGTERM or SIGINT (a second one hurries). `idle` is called many times a second. The exit code."""
        signals = StopSignals()
        code = 0
        for child in self._children:
            child.start()
        while not signals.wait(_TICK_S) and not code:
            for child in self._children:
                ended = child.tend()
                if ended == CANNOT_START:
                    code = CANNOT_START
                elif ended is not None:
                    self._say(f"the {child.name} ended ({_how(ended)}); starting it again")
            idle()
        for child in self._children:
            child.stop(signals)
        return code


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def python(*words: str) -> list[str]:
    """The command line that runs this project's own command in this Python."""
    return [sys.executable, "-m", "proxy", *words]
