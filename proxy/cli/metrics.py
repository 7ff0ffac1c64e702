"""The command `metrics`: figures of calls as a table, CSV or JSON."""

import csv
import re
from collections.abc import Iterator
from typing import Any, Final

import click

from proxy.cli.client import ask, control_url
from proxy.cli.options import refuse, with_settings
from proxy.cli.terminal import cell, csv_output, echo, echo_json
from proxy.core.settings import Settings

__all__ = ["metrics"]

_NAME: Final = re.compile(r"\w+(\.\S+)?")


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="MEASURE... [FILTER]")
@click.option("--by", "dimensions", multiple=True, metavar="DIMENSION", help="Group by this; repeat it for several.")
@click.option("--since", default="", help="A time, a day, or an age (90s, 15m, 1h, 7d, 2w).")
@click.option("--until", default="", help="The same; default: now.")
@click.option("--zone", default="UTC", show_default=True, help="Zone of days and buckets, such as Europe/Berlin.")
@click.option("--bucket", help="A row for each bucket of time: auto, 1m to 1y.")
@click.option("--compare", help="With the period before: previous, 7d, 1mo, …")
@click.option("--top", type=int, help="This many groups, and all others as one.")
@click.option("--rank", default="", metavar="MEASURE", help="What --top goes by; default: the first measure.")
@click.option("--sort", default="", metavar="NAME[:asc]", help="A measure or dimension; highest first, or :asc.")
@click.option("--json", "form", flag_value="json", help="The answer of POST /api/metrics.")
@click.option("--csv", "form", flag_value="csv", help="Comma-separated values.")
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def metrics(
    settings: Settings,
    words: tuple[str, ...],
    dimensions: tuple[str, ...],
    top: int | None,
    rank: str,
    sort: str,
    form: str | None,
    url: str,
    **given: str | None,
) -> None:
    """Figures of the calls that match FILTER: cost, calls, error_rate, p95_latency, … by time and dimension.

    \b
    perihelion metrics cost calls p95_latency --by model --since 7d
    perihelion metrics calls error_rate --bucket 1h --since 1d 'user:ada status>=400'
    """
    measures = [word for word in words if _NAME.fullmatch(word)]
    filters = [word for word in words if not _NAME.fullmatch(word)]
    if len(filters) > 1:
        refuse(f"found two filters, {filters[0]!r} and {filters[1]!r}; expected one, in quotes")
    question: dict[str, Any] = {name: value for name, value in given.items() if value}
    question |= {"measures": measures, "dimensions": list(dimensions), "filter": filters[0] if filters else None}
    if top is not None:
        question["top"] = {"n": top, "by": rank, "other": True}
    if sort:
        name, _, order = sort.partition(":")
        question["sort"] = {"by": name, "order": order or "desc"}
    answer = ask(settings, control_url(settings, url), "/api/metrics", method="POST", body=question)
    if form == "json":
        echo_json(answer, indent=2)
        return
    head, rows = _head(answer), _rows(answer)
    if form == "csv":
        writer = csv.writer(csv_output())
        writer.writerow(head)
        writer.writerows(rows)
        return
    _print_table(head, list(rows), answer)


def _head(answer: dict[str, Any]) -> list[str]:
    names = [one["name"] for one in answer["measures"]]
    head = [*(["bucket"] if answer["buckets"] else []), *answer["dimensions"], *names]
    if answer["compared_with"]:
        head += [f"{name} before" for name in names]
    return head


def _rows(answer: dict[str, Any]) -> Iterator[list[Any]]:
    """The groups, or all calls where there are none; with buckets a row for each."""
    names = [one["name"] for one in answer["measures"]]
    for series in answer["groups"] or ([] if answer["dimensions"] else [answer["total"]]):
        key = ["(other)" if series["other"] else _shown(series["key"][name]) for name in answer["dimensions"]]
        if answer["buckets"]:
            for place, start in enumerate(answer["buckets"]):
                before = (
                    [_at(series["previous_values"][name], place) for name in names] if answer["compared_with"] else []
                )
                yield [start, *key, *(series["values"][name][place] for name in names), *before]
            continue
        before = [series["previous"][name] for name in names] if answer["compared_with"] else []
        yield [*key, *(series["totals"][name] for name in names), *before]


def _at(values: list[float | None], place: int) -> float | None:
    """None where the period before has fewer buckets, such as a shorter month."""
    return values[place] if place < len(values) else None


def _shown(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _print_table(head: list[str], rows: list[list[Any]], answer: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from proxy.cli.console import Terminal

    table = Table(box=None, pad_edge=False, header_style="bold")
    texts = bool(answer["buckets"]) + len(answer["dimensions"])
    units = {one["name"]: one["unit"] for one in answer["measures"]}
    for place, name in enumerate(head):
        table.add_column(name, justify="left" if place < texts else "right", no_wrap=True)
    for row in rows:
        cells = [str(value) for value in row[:texts]]
        cells += [
            _figure(value, units[name.removesuffix(" before")])
            for name, value in zip(head[texts:], row[texts:], strict=True)
        ]
        table.add_row(*(Text(cell(one)) for one in cells))
    console = Terminal(highlight=False)
    if not console.is_terminal:
        console = Terminal(highlight=False, width=max(220, 24 * len(head)))
    console.print(table)
    if not rows:
        echo("No calls match.")
    left_out = answer["group_count"] - sum(not one["other"] for one in answer["groups"])
    if left_out > 0 and not any(one["other"] for one in answer["groups"]):
        echo(f"{left_out} more groups; --top N shows them as (other).", err=True)


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "USD":
        return f"${value:,.6f}" if abs(value) < 1 else f"${value:,.2f}"
    if unit == "ratio":
        return f"{value:.2%}"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
