"""`python -m benchmarks.frames`: Python frames and C calls of one proxied call. Fails where they exceed `frames.json`.

The gateway is the real one, in a process of its own; the calls go over loopback, one at a time, on a connection that is
kept alive. The counts of a call do not depend on the machine or its load, only on the code and the version of Python.
"""

import argparse
import json
import platform
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.counted_gateway import C_CALLS, FRAMES, REQUEST, SIZE, by_function
from benchmarks.rig import CHAT, HEADERS
from simulator import process
from tests.stack import ROOT, Stack, wait_for

__all__ = ["CALLS", "above", "main", "measure"]

_SDK = ("content-type", "authorization", "user-agent", "accept")
CALLS = {"plain": {name: HEADERS[name] for name in _SDK}, "full": HEADERS}
"""The headers of each kind of call. `full`: tags, a limit, a cache lookup that misses, retries allowed."""
_COMMITTED = Path(__file__).resolve().parent / "frames.json"
_WARM_UP = 50
_MEASURED = 60
_FIRST = 10_000
"""The calls are numbered from here on, so that all have the same size."""
_QUIET_S = 0.02
"""A call is over when nothing was counted for this long."""


class _Caller:
    """One keep-alive connection to a gateway that counts."""

    def __init__(self, stack: Stack, counts: Path) -> None:
        self._socket = socket.create_connection(("127.0.0.1", urlsplit(stack.gateway).port or 0))
        self._gateway = stack.gateway
        self._counts = counts
        self._number = _FIRST

    def counts(self) -> tuple[int, int]:
        """(frames, C calls) so far, once the gateway is at rest."""
        seen, since = (-1, -1), time.monotonic()
        while time.monotonic() - since < _QUIET_S:
            slots = memoryview(self._counts.read_bytes()).cast("Q")
            now = slots[FRAMES], slots[C_CALLS]
            if now != seen:
                seen, since = now, time.monotonic()
            time.sleep(0.001)
        return seen

    def call(self, headers: dict[str, str]) -> tuple[int, int]:
        """(frames, C calls) of one call that no cache can answer."""
        self._number += 1
        content = f"{self._number} " + "hello " * 150
        body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": content}]}).encode()
        lines = [f"POST {CHAT} HTTP/1.1", "host: bench", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        before = self.counts()
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        self._read_answer()
        after = self.counts()
        return after[0] - before[0], after[1] - before[1]

    def _read_answer(self) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        status, *lines = head.decode().lower().split("\r\n")
        if status.split()[1] != "200":
            raise AssertionError(f"the gateway answered {received!r}")
        length = int(dict(line.split(": ", 1) for line in lines)["content-length"])
        while len(body) < length:
            body += self._receive()

    def _receive(self) -> bytes:
        chunk = self._socket.recv(65536)
        if not chunk:
            raise AssertionError("the gateway closed the connection in the middle of an answer")
        return chunk

    def check_records(self) -> None:
        """Raises `AssertionError` where a call was not logged: what it left out would look like a gain."""
        with urllib.request.urlopen(f"{self._gateway}/metrics") as page:
            rows = dict(line.rsplit(" ", 1) for line in page.read().decode().splitlines() if line[:1] != "#")
        written = float(rows["perihelion_spool_written_total"])
        assert written == self._number - _FIRST, f"{self._number - _FIRST} calls, {written:g} records in the spool"

    def functions(self, headers: dict[str, str]) -> list[tuple[str, str, int]]:
        """(function, kind, count) of one call, in the order in which each was first seen."""
        self._request(1)
        self.call(headers)
        self._request(2)
        rows: list[tuple[str, str, int]] = json.loads(by_function(self._counts).read_text())
        return rows

    def _request(self, number: int) -> None:
        """Asks the worker to clear or to write its table; it does so at its next event, within a second."""
        with self._counts.open("r+b") as file:
            file.seek(8 * REQUEST)
            file.write(number.to_bytes(8, sys.byteorder))
        wait_for("the worker", lambda: memoryview(self._counts.read_bytes()).cast("Q")[REQUEST] == 0)


@contextmanager
def _caller() -> Iterator[_Caller]:
    provider = process.start(answer_bytes=700)
    try:
        with tempfile.TemporaryDirectory() as folder:
            counts = Path(folder) / "counts"
            counts.write_bytes(bytes(SIZE))
            stack = Stack(Path(folder), {"openai": f'origin = "{provider.origin}"'})
            stack.quiet = True
            try:
                stack.start("gateway", "benchmarks.counted_gateway", str(counts))
                yield _Caller(stack, counts)
            finally:
                stack.stop()
    finally:
        provider.stop()


def measure() -> dict[str, dict[str, int]]:
    """`frames` and `c_calls` by kind of call: the lowest of several, since a timer of the gateway can only add."""
    found: dict[str, dict[str, int]] = {}
    with _caller() as caller:
        for name, headers in CALLS.items():
            for _ in range(_WARM_UP):
                caller.call(headers)
            counts = [caller.call(headers) for _ in range(_MEASURED)]
            found[name] = {
                "frames": min(frames for frames, _ in counts),
                "c_calls": min(c_calls for _, c_calls in counts),
            }
        caller.check_records()
    return found


def above(found: dict[str, dict[str, int]], committed: dict[str, dict[str, int]]) -> list[str]:
    """What exceeds the committed figures, a sentence each."""
    return [
        f"{name} call: {found[name][figure]} {figure}, committed are {bound}"
        for name, figures in committed.items()
        for figure, bound in figures.items()
        if found[name][figure] > bound
    ]


def _print_functions() -> None:
    with _caller() as caller:
        for name, headers in CALLS.items():
            for _ in range(_WARM_UP):
                caller.call(headers)
            print(f"\n{name} call:")
            for function, kind, count in caller.functions(headers):
                print(f"{count:4} {kind:7} {function.replace(f'{ROOT}/', '')}")


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.frames", description=__doc__)
    options.add_argument(
        "--functions", action="store_true", help="print what was entered and called, and check nothing"
    )
    options.add_argument("--update", action="store_true", help="write the counts into frames.json")
    arguments = options.parse_args()
    if arguments.functions:
        _print_functions()
        return 0
    committed: dict[str, Any] = json.loads(_COMMITTED.read_text())
    python = ".".join(platform.python_version_tuple()[:2])
    found = measure()
    for name, figures in found.items():
        print(f"{name} call: {figures['frames']} Python frames, {figures['c_calls']} C calls")
    if arguments.update:
        _COMMITTED.write_text(json.dumps(committed | {python: found}, indent=1) + "\n")
        return 0
    if python not in committed:
        print(f"frames.json has no figures for Python {python}: nothing to compare with.")
        return 0
    problems = above(found, committed[python])
    for problem in problems:
        print(f"FRAMES: {problem}", file=sys.stderr)
    if not problems:
        print("Not above the committed figures.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
