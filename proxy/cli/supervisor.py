"""Keeps child processes running: restarts one that died, and stops them in order.

Children live and die alone: what happens to one, and what it says, ends none of the others. Only a `vital` child that
says at its first start that it cannot start like this ends all, so that a wrong setting is seen at once.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from proxy.core.process import PARENT, StopSignals

__all__ = ["Child", "Supervisor"]

_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 8.0
_REFUSED_WAIT_S: Final = 30.0
"""The longest wait after a child that said that it cannot start."""
_STEADY_S: Final = 30.0
"""A child that ran this long starts with the first wait again."""
_TICK_S: Final = 0.1
CANNOT_START: Final = 2
"""A child's exit code for "not like this": starting it again at once would not help."""


class Child:
    """One child process, in a group of its own so that the terminal's Ctrl-C reaches only the supervisor."""

    def __init__(
        self, name: str, command: Sequence[str], environ: dict[str, str], patience_s: float, *, vital: bool = True
    ) -> None:
        self.name = name
        self.patience_s = patience_s
        """How long it has to end after SIGTERM."""
        self.vital = vital
        self.gave_up = False
        """It is vital, and said at its first start that it cannot start."""
        self.starts = 0
        self.wait_s = 0.0
        """How long the next start waits."""
        self._command = command
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None
        self._next_wait_s = _FIRST_WAIT_S
        self._started = 0.0
        self._due = 0.0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def start(self) -> str:
        """Start it. Returns why that failed; it is tried again then."""
        self.starts += 1
        self._started = time.monotonic()
        environ = {**self._environ, PARENT: str(os.getpid())}
        try:
            self._process = subprocess.Popen(self._command, env=environ, process_group=0)
        except OSError as error:
            self._put_off(_LONGEST_WAIT_S)
            return error.strerror or str(error)
        return ""

    def tend(self) -> str:
        """Start it again where it has ended and its time has come; how it ended when it has just ended."""
        if self._process is None:
            failure = self.start() if time.monotonic() >= self._due else ""
            return failure and f"could not start: {failure}"
        code = self._process.poll()
        if code is None:
            return ""
        if time.monotonic() - self._started > _STEADY_S:
            self._next_wait_s = _FIRST_WAIT_S
        self._process = None
        self._put_off(_REFUSED_WAIT_S if code == CANNOT_START else _LONGEST_WAIT_S)
        self.gave_up = self.vital and code == CANNOT_START and self.starts == 1
        return f"ended ({_how(code)})"

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

    def _put_off(self, longest_s: float) -> None:
        self.wait_s = min(self._next_wait_s, longest_s)
        self._due = time.monotonic() + self.wait_s
        self._next_wait_s = min(self._next_wait_s * 2, longest_s)


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
            self._tend(child)
        while not code and not signals.wait(_TICK_S):
            for child in self._children:
                code = code or self._tend(child)
            _reap(self._children)
            idle()
        for child in self._children:
            child.stop(signals)
        return code

    def _tend(self, child: Child) -> int:
        """CANNOT_START where all shall end, else 0."""
        happened = child.tend()
        if not happened:
            return 0
        if child.gave_up:
            self._say(f"the {child.name} cannot start like this; the reason is above")
            return CANNOT_START
        when = f" in {child.wait_s:g} s" if child.wait_s > _FIRST_WAIT_S else ""
        self._say(f"the {child.name} {happened}; starting it again{when}")
        return 0


def _reap(children: Sequence[Child]) -> None:
    """Takes note of ended processes that were adopted: in a container this one may be the first, to which orphans
    fall."""
    while os.getpid() == 1:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None or any(child.pid == found.si_pid for child in children):
            return
        os.waitpid(found.si_pid, 0)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:  # one without a name
        return f"signal {-code}"


def python(*words: str) -> list[str]:
    """The command line that runs this project's own command in this Python."""
    return [sys.executable, "-m", "proxy", *words]
