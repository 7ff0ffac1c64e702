"""Writes what the docs show of the code: whole pages (settings, metrics, layout, the event's JSON Schema) and the
tables between markers in others.

Run `python docs/generate.py`; a test checks that it was run. A table is between `<!-- name:begin -->` and
`<!-- name:end -->` in its page; `TABLES` says which page and what makes it.
"""

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec

from _speedups import HEADERS, Header
from proxy.core.event import EventWithBodies
from proxy.core.prometheus import METRICS
from proxy.core.settings import SETTINGS, Settings
from proxy.logstore.filters import FILTERS
from proxy.query.dimensions import DIMENSIONS
from proxy.query.measures import measure_help

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def settings_page() -> str:
    """The whole page."""
    lines = [
        "# Settings",
        "",
        "A setting `gateway.port` is `[gateway] port` in a TOML file (`-c FILE`), `PERIHELION_GATEWAY_PORT` in the",
        "environment and `--set gateway.port=…` on the command line; the later of these wins. `perihelion check`",
        "shows each value and where it came from. This page is made by `python docs/generate.py`.",
        "",
        "| setting | default | environment variable | what it does |",
        "|---|---|---|---|",
    ]
    variables = list(Settings({row.name: row.default for row in SETTINGS}).environ())  # as `load` reads them
    for row, variable in zip(SETTINGS, variables, strict=True):
        expected = f" Accepted: {row.expected}." if row.expected.startswith("one of") else ""
        lines.append(
            f"| `{row.name}` | `{row.default!r}` | `{variable}` | {row.help}{expected} |".replace("`''`", "empty")
        )
    return "\n".join([*lines, ""])


def metrics_page() -> str:
    """The page of all metrics."""
    lines = [
        "# Metrics",
        "",
        "`GET /metrics` of the gateway (summed over its workers) and of the control plane, in Prometheus text format.",
        "This page is made by `python docs/generate.py` from `proxy/core/prometheus.py`.",
        "",
        "| metric | type | labels | what it counts |",
        "|---|---|---|---|",
    ]
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |")
    return "\n".join([*lines, ""])


def event_schema() -> str:
    """The JSON Schema of the public event."""
    schema = msgspec.json.schema(EventWithBodies)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def layout_page() -> str:
    """Every module with the first sentence of its docstring, a section per folder."""
    lines = [
        "# Layout",
        "",
        "Every module and what it does. This page is made by `python docs/generate.py` from the modules' docstrings.",
        "",
    ]
    folders = sorted(
        {file.parent for root in ("_speedups", "proxy", "simulator") for file in (ROOT / root).rglob("*.py")}
    )
    for folder in folders:
        rows = []
        for file in sorted(folder.glob("*.py")):
            sentence = _first_sentence(file)
            if sentence:
                rows.append(f"| `{file.name}` | {sentence} |")
        if rows and "versions" not in folder.parts:
            lines += [
                f"## {folder.relative_to(ROOT).as_posix()}",
                "",
                "| module | what it does |",
                "|---|---|",
                *rows,
                "",
            ]
    return "\n".join(lines)


def _first_sentence(file: Path) -> str:
    text = " ".join((ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").split("\n\n")[0].split())
    sentence, stop, _ = text.partition(". ")
    return (sentence + "." if stop else sentence).replace("|", "\\|")


def filters_table() -> str:
    """Filters of the log: parameters of the API, options of `perihelion requests`."""
    lines = ["| parameter | option | selects |", "|---|---|---|"]
    for row in FILTERS:
        option = "--" + row.name.replace("_", "-")
        lines.append(f"| `{row.name}` | `{option}` | {row.help} |")
    return "\n".join(lines)


def headers_table() -> str:
    """Request headers of the contract, from the table that the parser and the checks read."""
    lines = ["| header | value | default | what it does | status | since |", "|---|---|---|---|---|---|"]
    for row in HEADERS:
        if row.is_listed:
            cells = (f"`{row.name}`", _value(row), row.default or "–", row.doc, _status(row), row.since)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _value(row: Header) -> str:
    words = row.accepts.words
    if row.shown or " or " not in words:
        return row.shown or words
    return " or ".join(f"`{word}`" for word in words.split(" or "))


def _status(row: Header) -> str:
    if row.unavailable:
        return "501" if row.unavailable == "true" else f"supported; `{row.unavailable}` is 501"
    return "supported" if row.has_effect else "ignored"


def measures_table() -> str:
    """The rows of all measures."""
    lines = ["| measure | kind | unit | what it is |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {kind} | {unit} | {help} |" for name, kind, unit, help in measure_help()]
    return "\n".join(lines)


def dimensions_table() -> str:
    """The rows of all dimensions."""
    lines = ["| dimension | value | what it is |", "|---|---|---|"]
    lines += [f"| `{row.name}` | {row.value} | {row.help} |" for row in DIMENSIONS.values()]
    lines.append("| `property.<name>` | text | a custom property (Helicone-Property-<Name>) |")
    return "\n".join(lines)


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "filters": ("api.md", filters_table),
    "headers": ("contract.md", headers_table),
    "measures": ("metrics-api.md", measures_table),
    "dimensions": ("metrics-api.md", dimensions_table),
}
"""By the name in the markers: the page, and what makes the table."""


def page_with_tables(page: str) -> str:
    """The text of a page with its generated tables as they should be. Raises `ValueError` if markers are missing."""
    text = (HERE / page).read_text("utf-8")
    for name, (place, table) in TABLES.items():
        if place == page:
            begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
            before, found, rest = text.partition(begin)
            _, closed, after = rest.partition(end)
            if not found or not closed:
                raise ValueError(f"{page} lacks the markers {begin} and {end}")
            text = f"{before}{begin}\n\n{table()}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    from docs.make_sync_client import SYNC, sync_text

    (HERE / "settings.md").write_text(settings_page(), "utf-8")
    (HERE / "metrics.md").write_text(metrics_page(), "utf-8")
    (HERE / "layout.md").write_text(layout_page(), "utf-8")
    (HERE / "event.schema.json").write_text(event_schema(), "utf-8")
    SYNC.write_text(sync_text(), "utf-8")
    for page in sorted({page for page, _ in TABLES.values()}):
        (HERE / page).write_text(page_with_tables(page), "utf-8")
