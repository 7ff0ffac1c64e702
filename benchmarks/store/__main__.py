"""`python -m benchmarks.store`: fills a log, asks it, and compares with the bounds (`make bench-store`)."""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from benchmarks import draw, machine
from benchmarks.store.client import Client
from benchmarks.store.fill import Filled, fill, open_log, sizes
from benchmarks.store.ingest import insert_rate, ship_rate
from benchmarks.store.questions import QUESTIONS, Question
from tests.e2e.control_process import ControlProcess

_FULL: Final = 10_000_000
_TURNS: Final = 11
_MIN_ROWS_S: Final = 20_000
_RESULTS: Final = Path(__file__).resolve().parent.parent / "results" / "store.json"


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.store", description=__doc__)
    options.add_argument("--rows", type=int, default=_FULL, help="calls in the log; bounds hold for 10,000,000")
    options.add_argument("--folder", type=Path, help="where the log is made, and found again; default: a temporary one")
    options.add_argument("--ingest", type=int, default=200_000, help="calls to take in while queries run")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        data = folder.absolute() / "data"
        whole = {"environment": machine.environment(), "rows": asked.rows}
        filled = fill(data, asked.rows)
        results = _measure(data, filled, asked.ingest)
    whole["results"] = {"store": results}
    print(draw.table("store", results))
    missed = [name for name, row in results.items() if not row.get("holds", True)]
    for name in missed:
        print(f"BOUND: {name}: {results[name]}", file=sys.stderr)
    if asked.rows < _FULL:
        print(f"The bounds are those of {_FULL:,} rows; nothing is written for {asked.rows:,}.")
        return 0
    _RESULTS.write_text(json.dumps(whole, indent=1) + "\n")
    draw.into_readme()
    return 1 if missed else 0


def _measure(data: Path, filled: Filled, ingest: int) -> dict[str, dict[str, Any]]:
    results: dict[str, dict[str, Any]] = {}
    store = open_log(data)
    results |= {f"{table}: bytes a row on disk": {"bytes": round(size, 1)} for table, size in sizes(store).items()}
    store.close()
    control = ControlProcess(data).start().ready()
    try:
        client = Client(control.url, control.token)
        page = {"limit": 500, "until": _middle(filled), "columns": ["id"]}
        client.ids = [row["id"] for row in client.post("/api/requests/query", page)["data"]]
        client.sessions = [f"session-{number}" for number in range(1, max(2, filled.rows // 50_000 - 1))]
        pids = machine.tree(control.pid)
        _wait_until_quiet(pids)
        results = {question.name: _time(question, client, filled, pids) for question in QUESTIONS} | results
        shipped = ship_rate(control, client, filled, ingest)
        results["shipping while queries run"] = shipped
        client.close()
        control.stop()
    finally:
        control.end()
    store = open_log(data)
    taken = insert_rate(store, ingest)
    store.close()
    holds = taken["rows_s"] >= _MIN_ROWS_S
    results["inserts while queries run"] = {**taken, "bound_rows_s": _MIN_ROWS_S, "holds": holds}
    return results


def _wait_until_quiet(pids: list[int], patience_s: float = 300.0) -> None:
    """Until the jobs of the control plane have seen the new calls: suggestions, stored hours."""
    deadline = time.monotonic() + patience_s
    busy = machine.cpu_seconds(pids)
    while time.monotonic() < deadline:
        time.sleep(3.0)
        now = machine.cpu_seconds(pids)
        if now - busy < 0.15:
            return
        busy = now


def _time(question: Question, client: Client, filled: Filled, pids: list[int]) -> dict[str, Any]:
    """The median of several turns after one that is not counted, the slowest, and the CPU of the control plane."""
    rows = question.ask(client, filled, 0)
    times: list[float] = []
    busy = machine.cpu_seconds(pids)
    for turn in range(1, _TURNS + 1):
        began = time.perf_counter()
        rows = question.ask(client, filled, turn)
        times.append((time.perf_counter() - began) * 1000)
    cpu_ms = (machine.cpu_seconds(pids) - busy) / _TURNS * 1000
    median = statistics.median(times)
    print(
        f"{question.name}: {median:.1f} ms, at most {max(times):.1f} ms, CPU {cpu_ms:.0f} ms, {rows} rows", flush=True
    )
    return {
        "ms": round(median, 1),
        "slowest_ms": round(max(times), 1),
        "cpu_ms": round(cpu_ms, 1),
        "bound_ms": question.bound_ms,
        "rows": rows,
        "holds": median <= question.bound_ms,
    }


def _middle(filled: Filled) -> str:
    return str(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime((filled.begin_us + filled.end_us) / 2e6)))


if __name__ == "__main__":
    sys.exit(main())
