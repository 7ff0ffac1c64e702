"""One more header or metric is one row, one more sink a file and its line: each is added in a copy of the tree."""

import shutil
from pathlib import Path

import pytest

from tests.arch.test_one_more import ROOT, Tree

METRIC = '        ("comets_total", "Comets seen."),\n'
USES_METRIC = """
from docs.generate import metrics_page
from proxy.core.prometheus import METRICS

(row,) = [row for row in METRICS if row.name == "perihelion_comets_total"]
assert (row.kind, row.help) == ("counter", "Comets seen.")
assert "| `perihelion_comets_total` | counter |" in metrics_page()
"""

HEADER = '    Header("Helicone-Comet", accepts=one_of("halley", "encke"), doc="A comet."),\n'
USES_HEADER = """
from _speedups import parse
from docs.generate import headers_table
from proxy.core.errors import BadDirective
from proxy.core.directives import check

head = parse([("Helicone-Comet", "halley")])
assert head.directives == {"comet": "halley"} and head.forward == b"" and not head.unknown
check(head)
try:
    check(parse([("Helicone-Comet", "vega")]))
except BadDirective as error:
    assert error.param == "Helicone-Comet" and "halley" in error.message
else:
    raise AssertionError("a value that is not accepted passed")
assert "| `Helicone-Comet` |" in headers_table()
"""

SINK = '''"""A sink that counts."""

from proxy.control.sinks.base import RowBatch
from proxy.core.settings import Settings

__all__ = ["CountingSink", "make_counting_sink"]


class CountingSink:
    name = "counting"
    durable = False
    rows = 0

    def deliver(self, batch: RowBatch) -> None:
        self.rows += len(batch.rows)


def make_counting_sink(settings: Settings) -> CountingSink:
    return CountingSink()
'''
USES_SINK = """
from proxy.control.sinks import make_sinks
from proxy.control.sinks.base import RowBatch
from proxy.control.sinks.feed import SinkFeed
from proxy.core.settings import load

(sink,) = make_sinks(load(environ={}))
feed = SinkFeed(sink)
assert feed.offer(RowBatch("segment", 0, 10, [None, None]))
assert feed.drain(10)
assert (sink.name, sink.rows, feed.delivered) == ("counting", 2, 2)
feed.close(1)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path)
    (tmp_path / "docs").mkdir()
    for name in ("__init__.py", "generate.py"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs")
    return made


def test_one_more_metric_is_one_row(tree: Tree) -> None:
    tree.register("proxy/core/prometheus.py", '        ("opened_total", "Calls that arrived."),\n', "", METRIC)
    tree.run(USES_METRIC)


def test_one_more_request_header_is_one_row(tree: Tree) -> None:
    (tree.folder / "_speedups").unlink()
    shutil.copytree(ROOT / "_speedups", tree.folder / "_speedups", ignore=shutil.ignore_patterns("__pycache__"))
    tree.register("_speedups/_names.py", '    Header("Helicone-Stream-Force-Format"', "", HEADER)
    tree.run(USES_HEADER)


def test_one_more_sink_is_one_file_and_one_line(tree: Tree) -> None:
    tree.add("proxy/control/sinks/counting.py", SINK)
    tree.register(
        "proxy/control/sinks/__init__.py",
        "make_jsonl_sink,",
        "from proxy.control.sinks.counting import make_counting_sink",
        "make_counting_sink, ",
    )
    tree.run(USES_SINK)
