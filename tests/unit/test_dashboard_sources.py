"""The dashboard's sources: the types of the API are those of this API, and the tests of its pure parts pass."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import ROOT

DASHBOARD = ROOT / "dashboard"


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    """With Node on the PATH. Skips where there is none, or its packages are not installed."""
    sys.path.insert(0, str(DASHBOARD))
    import build

    try:
        path = build.node_path()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    if not (DASHBOARD / "node_modules" / ".bin" / "vitest").exists():
        pytest.skip("dashboard/node_modules is not installed; `make dashboard` or `npm ci` does it")
    return {**os.environ, "PATH": path, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}


def test_the_types_are_those_of_the_api(environ: dict[str, str], tmp_path: Path) -> None:
    made = tmp_path / "schema.d.ts"
    subprocess.run([sys.executable, str(DASHBOARD / "make_types.py"), str(made)], env=environ, check=True, timeout=120)
    kept = (DASHBOARD / "src" / "api" / "schema.d.ts").read_text("utf-8")
    assert kept == made.read_text("utf-8"), (
        "dashboard/src/api/schema.d.ts is of another API: run `make dashboard-types`"
    )


def test_the_pure_parts(environ: dict[str, str]) -> None:
    command = ["node", "node_modules/.bin/vitest", "run"]
    done = subprocess.run(command, cwd=DASHBOARD, env=environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
