"""Adding a request header takes one row: tried in a copy of the tree."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.stack import ROOT

ROW = """    Header("Helicone-Tone", accepts=one_of("calm", "loud"), doc="How it sounds.", since="9.9"),
    # Ours: never forwarded.
"""
LOOK = """
from _speedups import parse
from docs.generate import headers_table
from proxy.core.errors import BadDirective
from proxy.core.directives import check

head = parse([("Helicone-Tone", "loud"), ("x-other", "1")])
assert head.directives == {"tone": "loud"} and head.forward == b"x-other: 1\\r\\n" and not head.unknown
check(head)
try:
    check(parse([("Helicone-Tone", "shrill")]))
except BadDirective as error:
    assert "Helicone-Tone" in str(error) and "calm or loud" in str(error)
else:
    raise AssertionError("a value that is not accepted was let through")
assert "| `Helicone-Tone` | `calm` or `loud` | – | How it sounds. | supported | 9.9 |" in headers_table()
"""


def test_one_more_request_header_is_one_row(tmp_path: Path) -> None:
    for folder in ("_speedups", "proxy", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.c"))
    table = tmp_path / "_speedups" / "_names.py"
    text = table.read_text("utf-8")
    mark = "    # Ours: never forwarded.\n"
    assert text.count(mark) == 1
    table.write_text(text.replace(mark, ROW), "utf-8")
    for pure in ("1", ""):  # the compiled parser reads the same table
        done = subprocess.run(
            [sys.executable, "-c", LOOK],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "SPEEDUPS_PURE": pure},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_a_foreign_speedups_is_named(tmp_path: Path) -> None:
    (tmp_path / "_speedups").mkdir()
    (tmp_path / "_speedups" / "__init__.py").write_text("")
    shutil.copytree(ROOT / "proxy", tmp_path / "proxy", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-c", "import proxy"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "ImportError" in done.stderr and str(tmp_path / "_speedups") in done.stderr
