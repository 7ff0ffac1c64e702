"""The commands `top` and `session`: lists of groups of calls, and one session as a tree."""

from typing import Any, Final

import click

from proxy.cli.client import ask, control_url
from proxy.cli.options import with_settings
from proxy.cli.terminal import cell, echo, echo_json
from proxy.core.settings import Settings

__all__ = ["LISTS", "session", "top"]

LISTS: Final = {
    "sessions": ("session", "calls", "errors", "cost", "tokens", "duration_ms", "last_seen"),
    "users": ("user", "calls", "errors", "cost", "tokens", "sessions", "latency_p95", "last_seen"),
    "models": ("model", "provider", "calls", "errors", "cost", "tokens", "latency_p95", "tokens_per_second"),
    "providers": ("provider", "calls", "errors", "cost", "tokens", "latency_p95", "tokens_per_second"),
    "prompt-versions": ("prompt", "version", "calls", "errors", "cost", "tokens", "latency_p95"),
    "tools": ("tool", "calls", "errors", "errors_after", "cost", "latency_p95", "last_seen"),
    "properties": ("name", "calls", "errors", "cost", "users", "last_seen"),
    "errors": ("error", "provider", "shape", "calls", "users", "last_seen"),
}
"""Lists by the end of their path, with the columns that are printed."""
_TEXTS: Final = frozenset(
    {"session", "user", "model", "provider", "prompt", "version", "tool", "name", "error", "shape"}
)


@click.command()
@click.argument("what", type=click.Choice(list(LISTS)))
@click.argument("filter", default="")
@click.option("--by", "sort", default="", metavar="NAME[:asc]", help="What it is sorted by: highest first, or :asc.")
@click.option("--since", default="30d", show_default=True, help="A time, a day, or an age (90s, 15m, 1h, 7d, 2w).")
@click.option("--until", default="now", show_default=True, help="The same.")
@click.option("-n", "--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="Rows.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a row, with everything.")
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def top(
    settings: Settings, what: str, filter: str, sort: str, since: str, until: str, limit: int, as_json: bool, url: str
) -> None:
    """Users, models, sessions and the like of the calls that match FILTER, with their figures.

    \b
    perihelion top users --by cost --since 7d
    perihelion top errors 'provider:openai property.app:web'
    """
    name, _, order = sort.partition(":")
    body = {"filter": filter or None, "since": since, "until": until, "limit": limit, "sort": name}
    body |= {"order": order or "desc"}
    rows = ask(settings, control_url(settings, url), f"/api/{what}/query", method="POST", body=body)["data"]
    if as_json:
        for row in rows:
            echo_json(row)
        return
    _print(LISTS[what], [[row[name] for name in LISTS[what]] for row in rows])


@click.command()
@click.argument("id")
@click.option("--spans", is_flag=True, help="Calls below their parents (traceparent), in place of paths.")
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON.")
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def session(settings: Settings, id: str, spans: bool, as_json: bool, url: str) -> None:
    """One session as a tree, with calls, errors, cost, tokens and time of each branch."""
    path = "/api/sessions/spans" if spans else "/api/sessions/tree"
    tree = ask(settings, control_url(settings, url), path, [("id", id), ("limit", "2000")])
    if as_json:
        echo_json(tree, indent=2)
        return
    head = ("branch", "calls", "errors", "cost", "tokens", "start_ms", "end_ms")
    rows: list[list[Any]] = []
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        sums = node.get("total", node)
        tokens = sums["input_tokens"] + sums["output_tokens"]
        rows.append(
            ["  " * depth + _name(node), sums["calls"], sums["errors"], sums["cost"], tokens, sums["start_ms"],
             sums["end_ms"]]
        )  # fmt: skip
        if node["child_count"] > len(node["children"]):
            left_out = node["child_count"] - len(node["children"])
            rows.append(["  " * (depth + 1) + f"… {left_out} more", *[None] * (len(head) - 1)])
        waiting += [(child, depth + 1) for child in reversed(node["children"])]
    _print(head, rows)


def _name(node: dict[str, Any]) -> str:
    if "call" in node:
        call = node["call"]
        return " ".join(filter(None, (call["name"] or call["operation"], call["model"], call["id"])))
    return str(node.get("path", "all"))


def _print(head: tuple[str, ...], rows: list[list[Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from proxy.cli.console import Terminal

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        left = name in _TEXTS or name in ("branch", "last_seen")
        table.add_column(name, justify="left" if left else "right", overflow="fold" if name == "shape" else "ellipsis")
    for row in rows:
        table.add_row(*(Text(cell(_cell(name, value))) for name, value in zip(head, row, strict=True)))
    console = Terminal(highlight=False)
    if not console.is_terminal:
        console = Terminal(highlight=False, width=max(220, 24 * len(head)))
    console.print(table)
    if not rows:
        echo("No calls match.")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "cost":
        return f"${value:,.6f}" if abs(value) < 1 else f"${value:,.2f}"
    if name == "last_seen":
        return str(value)[:19].replace("T", " ")
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
