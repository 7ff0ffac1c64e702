"""A filter of the log is one row: the API's parameter, the CLI's option and the SQL come from it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from proxy.logstore import FILTERS
from tests.stack import ROOT

ROW = '    LogFilter("worker", "Worker of the gateway.", "worker"),\n'

SHOW_ENDS = """
import json
from click import Context
from litestar import Litestar
from proxy.cli.calls import requests
from proxy.control.api.calls import list_calls
from proxy.logstore import Filter
from proxy.logstore.filters import conditions

schema = Litestar([list_calls]).openapi_schema.to_schema()
parameters = schema["paths"]["/api/requests"]["get"]["parameters"]
print(json.dumps({
    "api": {each["name"]: each["description"] for each in parameters},
    "cli": {each.name: each.help for each in requests.get_params(Context(requests))},
    "sql": conditions(Filter("o", {"worker": "w1"})) if "worker" in str(parameters) else "",
}))
"""


def ends(root: Path) -> dict[str, dict[str, str]]:
    done = subprocess.run([sys.executable, "-c", SHOW_ENDS], cwd=root, capture_output=True, text=True, check=True)
    shown: dict[str, dict[str, str]] = json.loads(done.stdout)
    return shown


def test_every_filter_is_a_parameter_of_the_api_and_an_option_of_the_command_line() -> None:
    shown = ends(ROOT)
    rows = {row.name: row.help for row in FILTERS}
    assert rows.items() <= shown["api"].items()
    assert rows.items() <= shown["cli"].items()
    assert shown["api"].keys() - rows.keys() == {"cursor", "after", "columns", "limit", "q", "sort"}


def test_one_more_filter_is_one_row(tmp_path: Path) -> None:
    for package in ("proxy", "perihelion", "_speedups"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "proxy" / "logstore" / "filters.py"
    text = table.read_text("utf-8")
    start = "FILTERS: Final[tuple[LogFilter, ...]] = (\n"
    assert start in text
    table.write_text(text.replace(start, start + ROW), "utf-8")
    shown = ends(tmp_path)
    assert shown["api"]["worker"] == shown["cli"]["worker"] == "Worker of the gateway."
    assert shown["sql"] == ["AND (worker = {f0:String})", {"org": "o", "f0": "w1"}]
