"""Tables and the plot, drawn from the raw JSON into README.md between its markers (`python -m benchmarks.draw`)."""

import json
from pathlib import Path
from typing import Any

__all__ = ["into_readme", "table"]

_HERE = Path(__file__).resolve().parent
_SKIPPED = {"quantiles"}
_TEXT_INDEX = {True: "on", False: "off", None: "not there"}
_BEGIN, _END = "<!-- results begin -->", "<!-- results end -->"


def table(name: str, rows: dict[str, dict[str, Any]]) -> str:
    """A Markdown table of one scenario; its columns are all figures that any row has."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row if column not in _SKIPPED))
    lines = [f"### {name}", "", "| | " + " | ".join(column.replace("_", " ") for column in columns) + " |"]
    lines.append("|---|" + "--:|" * len(columns))
    for row, figures in rows.items():
        lines.append(f"| {row} | " + " | ".join(_shown(figures.get(column)) for column in columns) + " |")
    return "\n".join([*lines, ""])


def into_readme() -> None:
    """Everything in `results/` into `README.md`."""
    pages: list[str] = []
    for file in ("latest", "store", "alerts", "dashboard", "rivals"):
        path = _HERE / "results" / f"{file}.json"
        if not path.exists():
            continue
        report = json.loads(path.read_text())
        machine = report["environment"]
        packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
        load = ", ".join(f"{one:.2f}" for one in machine["load"])
        pages.append(
            f"Measured on {machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, "
            f"Python {machine['python']} ({machine.get('interpreter_ns', 'unknown')} ns a step of a plain loop), "
            f"load {load} at the start; {packages}; text index {_TEXT_INDEX[machine.get('text_index')]}.\n"
        )
        pages += [table(name, rows) for name, rows in report["results"].items()]
        if file == "store":
            (_HERE / "results" / "store.svg").write_text(_against_bounds(report["results"]["store"]))
            pages.append(f"{report['rows']:,} calls in the log.\n\n![times against bounds](results/store.svg)\n")
        if file == "dashboard":
            pages.append(f"{report['rows']:,} calls in the log.\n")
        if file == "rivals":
            (_HERE / "results" / "rivals.svg").write_text(_bars(report["results"]["rivals"]))
            pages.append("![CPU a call](results/rivals.svg)\n")
    readme = _HERE / "README.md"
    head, _, rest = readme.read_text().partition(_BEGIN)
    readme.write_text(head + _BEGIN + "\n\n" + "\n".join(pages) + "\n" + _END + rest.partition(_END)[2])


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _against_bounds(rows: dict[str, dict[str, Any]]) -> str:
    """The share of its bound that each time takes, as bars; the line is the bound."""
    measured = [(name, row["ms"], row["bound_ms"]) for name, row in rows.items() if row.get("bound_ms")]
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="820" height="{40 + 30 * len(measured)}" role="img">']
    lines.append("<style>text{font:13px sans-serif;fill:#444}rect{fill:#8aa}.over{fill:#c33}line{stroke:#444}</style>")
    lines.append('<text x="10" y="20">Median of each question, as a share of its bound (the line)</text>')
    for at, (name, ms, bound) in enumerate(measured):
        y, width = 34 + 30 * at, min(1.6, ms / bound) * 200
        style = ' class="over"' if ms > bound else ""
        lines.append(f'<text x="10" y="{y + 15}">{name}</text>')
        lines.append(f'<rect{style} x="360" y="{y}" width="{max(2.0, width):.0f}" height="20"/>')
        lines.append(f'<text x="{368 + max(2.0, width):.0f}" y="{y + 15}">{ms:,.0f} of {bound:,.0f} ms</text>')
    lines.append(f'<line x1="560" y1="28" x2="560" y2="{34 + 30 * len(measured)}"/>')
    return "\n".join([*lines, "</svg>", ""])


def _bars(rows: dict[str, dict[str, Any]]) -> str:
    """CPU µs a call as bars, shortest first."""
    measured = sorted(
        ((name, row["tree_cpu_us"]) for name, row in rows.items() if row.get("tree_cpu_us")), key=lambda pair: pair[1]
    )
    most = max((value for _, value in measured), default=1.0)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{40 + 34 * len(measured)}" role="img">']
    lines.append("<style>text{font:14px sans-serif;fill:#444}rect{fill:#8aa}.us{fill:#e07a1f}</style>")
    lines.append('<text x="10" y="22">CPU a call over the whole process tree, µs (less is better)</text>')
    for at, (name, value) in enumerate(measured):
        y = 40 + 34 * at
        style = ' class="us"' if name.startswith("perihelion") else ""
        lines.append(f'<text x="10" y="{y + 17}">{name}</text>')
        lines.append(f'<rect{style} x="200" y="{y}" width="{max(2, value / most * 420):.0f}" height="24"/>')
        lines.append(f'<text x="{208 + max(2, value / most * 420):.0f}" y="{y + 17}">{value:,.0f}</text>')
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    into_readme()
