"""Every fuzzer over what it begins with and what it once found; a short run of each is a soak test."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks.fuzz.registry import SEEDS, TARGETS
from tests.soak import LONG
from tests.stack import ROOT

CORPUS = Path(__file__).parent / "corpus"
SECONDS = 600 if LONG else 10


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_corpus(name: str) -> None:
    inputs = SEEDS[name] + [path.read_bytes() for path in sorted(CORPUS.glob(f"{name}/*"))]
    assert inputs
    for data in inputs:
        for cut in (len(data), len(data) // 2, 1, 0):
            TARGETS[name](data[:cut])


@pytest.mark.soak
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no package for this platform")
@pytest.mark.parametrize("name", TARGETS)
def test_a_while(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.attacks.fuzz", name, "--seconds", str(SECONDS), "--keep", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS + 120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
