"""`python -m benchmarks.attacks`: what honest callers feel under each attack of `tests/attacks`, against the bounds.

Each attack runs beside 50 honest calls a second through the one worker of an installation of its own. The table goes
into docs/security.md.
"""

import argparse
import importlib
import json
import pkgutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import tests.attacks
from benchmarks import machine
from simulator import process
from tests.attacks.watch import CONTROL_MIB, WORKER_MIB, Watch
from tests.stack import ROOT, Stack, wait_for

__all__ = ["main"]

P99_MS: Final = 250.0
LOGGED_S: Final = 30.0
QUIET_S: Final = 3.0
RESULTS: Final = ROOT / "benchmarks" / "results" / "attacks.json"
PAGE: Final = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- figures begin -->", "<!-- figures end -->"
CHAT: Final = "/openai/v1/chat/completions"
HONEST: Final = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}'

Attack = Callable[[Stack], None]
Row = dict[str, Any]


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.attacks", description=__doc__)
    options.add_argument("--only", default="", help="only attacks whose name holds this")
    asked = options.parse_args()
    rows: dict[str, Row] = {}
    for name, attack in [("none", lambda _: time.sleep(QUIET_S)), *attacks()]:
        if asked.only in name:
            rows[name] = measure(attack)
            print(name, rows[name], flush=True)
    missed = {name: faults for name, row in rows.items() if (faults := faults_of(row))}
    for name, faults in missed.items():
        print(f"BOUND: {name}: {', '.join(faults)}", file=sys.stderr)
    if not asked.only:
        RESULTS.write_text(json.dumps({"environment": machine.environment(), "results": rows}, indent=1) + "\n")
        into_page(rows)
    return 1 if missed else 0


def attacks() -> Iterator[tuple[str, Attack]]:
    """Every attack of the modules `tests/attacks/on_*.py`, by name."""
    for module in sorted(one.name for one in pkgutil.iter_modules(tests.attacks.__path__)):
        if module.startswith("on_"):
            found: dict[str, Attack] = getattr(importlib.import_module(f"tests.attacks.{module}"), "ATTACKS", {})
            yield from found.items()


def measure(attack: Attack) -> Row:
    """The figures of honest calls from before the attack until after it."""
    with installation() as stack:
        with Watch(stack, CHAT, HONEST) as watch:
            time.sleep(1)
            attack(stack)
            time.sleep(1)
        ended = time.monotonic()
        wait_for("every honest row", lambda: not watch.missing(), 120)
        return {
            "calls": len(watch.latencies_ms) + len(watch.failed),
            "lost": len(watch.failed),
            "p50_ms": round(statistics.median(watch.latencies_ms), 1),
            "p99_ms": round(watch.p99_ms, 1),
            "worker_mib": round(watch.worker_mib),
            "control_mib": round(watch.control_mib),
            "logged_s": round(time.monotonic() - ended, 1),
        }


@contextmanager
def installation() -> Iterator[Stack]:
    """A new installation with one worker, before a simulated provider."""
    provider = process.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            openai = {"openai": f'origin = "{provider.origin}"\n'}
            stack = Stack(Path(folder), openai, gateway__workers="1")
            stack.quiet = True
            with stack:
                yield stack
    finally:
        provider.stop()


def faults_of(row: Row) -> list[str]:
    """Which bounds a row does not keep, in words."""
    bounds = (
        ("lost", 0, "calls"),
        ("p99_ms", P99_MS, "ms"),
        ("worker_mib", WORKER_MIB, "MiB"),
        ("control_mib", CONTROL_MIB, "MiB"),
        ("logged_s", LOGGED_S, "s"),
    )
    return [f"{name} {row[name]} {unit}, the bound is {most:g}" for name, most, unit in bounds if row[name] > most]


def into_page(rows: dict[str, Row]) -> None:
    """Writes the table between its marks in docs/security.md."""
    columns = list(next(iter(rows.values())))
    lines = ["| attack | " + " | ".join(column.replace("_", " ") for column in columns) + " |"]
    lines.append("|---|" + "--:|" * len(columns))
    for name, row in rows.items():
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(f"{row[column]:,}" for column in columns) + " |")
    head, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(head + BEGIN + "\n\n" + "\n".join(lines) + "\n\n" + END + rest.partition(END)[2])


if __name__ == "__main__":
    sys.exit(main())
