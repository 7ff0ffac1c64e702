"""Each speedup, compiled against its plain twin: `benchmarks/micro.py` in a process of its own."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["measure"]


def measure(short: bool) -> dict[str, Any]:
    """Rows by name: nanoseconds a call of both twins, and the gain."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "micro.json"
        command = [sys.executable, "-m", "benchmarks.micro", "--out", str(out), "--seconds", "0.1" if short else "0.6"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows = json.loads(out.read_text())["rows"]
    return {
        row["name"]: {"compiled_ns": row["compiled"]["min_ns"], "pure_ns": row["pure"]["min_ns"], "gain": row["gain"]}
        for row in rows
    }
