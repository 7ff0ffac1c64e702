"""`python -m benchmarks`: measures, keeps the raw JSON, draws the tables, and fails where the budget breaks."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import draw, machine
from benchmarks.budget import broken
from benchmarks.scenarios import SCENARIOS, latency

_HERE = Path(__file__).resolve().parent


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--short", action="store_true", help="as CI runs it: every latency row, fewer turns")
    options.add_argument("--only", action="append", choices=sorted(SCENARIOS), help="one scenario; may be repeated")
    options.add_argument("--out", type=Path, help="where the raw JSON goes")
    options.add_argument("--row", action="append", help="one latency row; may be repeated")
    asked = options.parse_args()
    for row in [row for row in latency.ROWS if asked.row and row not in asked.row]:
        del latency.ROWS[row]
    results: dict[str, Any] = {}
    whole = {"environment": machine.environment(), "short": asked.short, "results": results}
    for name, measure in SCENARIOS.items():
        if asked.only and name not in asked.only:
            continue
        began = time.monotonic()
        results[name] = measure(asked.short)
        print(draw.table(name, results[name]), flush=True)
        print(f"({time.monotonic() - began:.0f} s)\n", flush=True)
    out = asked.out or (None if asked.short or asked.only else _HERE / "results" / "latest.json")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(whole, indent=1) + "\n")
    if out == _HERE / "results" / "latest.json":
        draw.into_readme()
    problems = broken(results, asked.only or (), asked.row or ())
    for problem in problems:
        print(f"BUDGET: {problem}", file=sys.stderr)
    if not problems:
        print("The budget holds.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
