"""Every metric that is exposed has its type and help in one table, and the table is on a page."""

import asyncio
import re
from pathlib import Path
from typing import Any, cast

import pytest

from docs.generate import metrics_page
from proxy.control import metrics as control_metrics
from proxy.control.jobs.row_builder import RowBuilder
from proxy.control.plane import ControlPlane
from proxy.control.shipping import make_shipper, price_book
from proxy.core import log
from proxy.core.prometheus import METRICS, render
from proxy.core.settings import Settings, load
from proxy.gateway.app import Application
from tests.e2e.control_process import record
from tests.stack import ROOT
from tests.unit.records import PRICES, START_US


class Scrape:
    """A request for the metrics, as far as the gateway's own addresses look at it."""

    path, method, page = "/metrics", "GET", ""

    def finish(self, last: Any) -> None:
        self.page = last.body.decode()


def gateway_page(settings: Settings) -> str:
    async def scrape() -> str:
        application = Application(settings)
        application.start(asyncio.get_running_loop())
        wire = Scrape()
        await application.answer(cast("Any", wire))
        await application.stop()
        return wire.page

    log.swallowed("test", ValueError("shown as a sample"))
    return asyncio.run(scrape())


def control_page(settings: Settings) -> str:
    plane = ControlPlane(settings)
    plane.log.shipper = make_shipper(settings, cast("Any", None), price_book(settings))
    assert plane.log.shipper.calls is not None
    plane.log.shipper.calls.add([RowBuilder(PRICES).build_one(record(START_US))])
    log.swallowed("test", ValueError("shown as a sample"))
    page = control_metrics.render(plane)
    plane.log.shipper = None
    plane.close()
    return page


def families(page: str) -> set[str]:
    names = {re.split(r"[{ ]", line)[0] for line in page.splitlines() if not line.startswith("#")}
    histograms = {metric.name for metric in METRICS if metric.kind == "histogram"}
    whole = {name: re.sub(r"_(bucket|sum|count)$", "", name) for name in names}
    return {family if family in histograms else name for name, family in whole.items()}


@pytest.mark.parametrize(
    ("plane", "given"),
    [
        ("gateway", {}),
        ("gateway", {"kv.url": "redis://127.0.0.1:1", "upstream.transport": "httpx"}),
        ("control", {"sink.jsonl.path": "calls.jsonl", "parquet.target": "files"}),
    ],
)
def test_every_exposed_metric_is_typed_and_documented(tmp_path: Path, plane: str, given: dict[str, str]) -> None:
    files = ("sink.jsonl.path", "parquet.target")
    given = {name: str(tmp_path / value) if name in files else value for name, value in given.items()}
    settings = load(environ={}, overrides={"data": str(tmp_path), **given})
    page = gateway_page(settings) if plane == "gateway" else control_page(settings)
    typed = {line.split()[2]: line.split()[3] for line in page.splitlines() if line.startswith("# TYPE")}
    helped = {line.split()[2] for line in page.splitlines() if line.startswith("# HELP")}
    known = {metric.name: metric.kind for metric in METRICS}
    assert families(page) == set(typed) == helped
    assert typed.items() <= known.items()


def test_every_metric_of_the_table_is_exposed_somewhere(tmp_path: Path) -> None:
    shown: set[str] = set()
    for number, (make, given) in enumerate(
        [
            (gateway_page, {}),
            (gateway_page, {"kv.url": "redis://127.0.0.1:1"}),
            (control_page, {"sink.jsonl.path": str(tmp_path / "calls.jsonl"), "parquet.target": str(tmp_path)}),
        ]
    ):
        shown |= families(make(load(environ={}, overrides={"data": str(tmp_path / str(number)), **given})))
    assert {metric.name for metric in METRICS} - shown == {"perihelion_calls_total"}  # which has a sample for each kind


def test_a_metric_that_is_not_in_the_table_has_no_invented_type() -> None:
    assert render({"made_up": 1}, "perihelion_") == "perihelion_made_up 1\n"


def test_metrics_are_documented() -> None:
    written = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert written == metrics_page(), "run `python docs/generate.py`"
