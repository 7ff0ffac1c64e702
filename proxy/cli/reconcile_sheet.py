"""Prints a comparison with a bill, for people."""

from decimal import Decimal
from typing import Any, Literal

from rich.table import Table
from rich.text import Text

from proxy.cli.comparison import ComparedModel, Comparison, Side
from proxy.cli.console import Terminal

__all__ = ["print_comparison"]

_WIDE = 200


def print_comparison(comparison: Comparison, format: str) -> None:
    """Days, models, and the components of those models that differ."""
    console = Terminal(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(Text(f"{format}, {comparison.since} to {comparison.until}"))
    days = _table(("day", "l"), ("provider", "l"), ("model", "l"), *_NUMBERS)
    for day in comparison.days:
        days.add_row(
            str(day.day), day.provider, Text(day.model or "-"), f"{day.calls:,}", f"{day.unknown:,}",
            *_money(day.ours, day.theirs),
        )  # fmt: skip
    console.print(days)
    console.print()
    models = _table(("provider", "l"), ("model", "l"), *_NUMBERS, ("", "l"))
    for model in comparison.models:
        models.add_row(
            model.provider, Text(model.model or "-"), f"{model.calls:,}", f"{model.unknown:,}",
            *_money(model.ours, model.theirs), "" if model.within else "beyond the tolerance",
        )  # fmt: skip
    calls, unknown = (sum(getattr(model, name) for model in comparison.models) for name in ("calls", "unknown"))
    models.add_row("total", "", f"{calls:,}", f"{unknown:,}", *_money(comparison.ours, comparison.theirs), "")
    console.print(models)
    for model in comparison.models:
        if model.notes or not model.within:
            _print_model(console, model)


_NUMBERS: tuple[tuple[str, Literal["l", "r"]], ...] = (
    ("calls", "r"), ("no cost", "r"), ("ours $", "r"), ("theirs $", "r"), ("difference $", "r"), ("%", "r"),
)  # fmt: skip


def _print_model(console: Terminal, model: ComparedModel) -> None:
    console.print()
    console.print(Text(f"{model.provider} {model.model or '-'}"))
    for note in model.notes:
        console.print(Text(f"  {note}"))
    if model.within:
        return
    table = _table(
        ("  component", "l"), ("ours", "r"), ("theirs", "r"), ("ours $", "r"), ("theirs $", "r"), ("", "l")
    )  # fmt: skip
    for part in model.components:
        amounts = (f"{part.ours.usd:,.6f}", f"{part.theirs.usd:,.6f}" if model.theirs is not None else "")
        table.add_row(
            f"  {part.component or '(whole)'}", _count(part.ours), _count(part.theirs), *amounts, Text(part.note)
        )
    console.print(table)


def _count(side: Side) -> str:
    return "" if side.quantity is None else f"{side.quantity.normalize():,f}"


def _money(ours: Decimal, theirs: Decimal | None) -> tuple[str, str, str, str]:
    if theirs is None:
        return f"{ours:,.6f}", "", "", ""
    share = f"{(ours - theirs) / theirs * 100:+.2f}" if theirs else ""
    return f"{ours:,.6f}", f"{theirs:,.6f}", f"{ours - theirs:+,.6f}", share


def _table(*heads: tuple[str, str]) -> Table:
    table: Any = Table(box=None, pad_edge=False, header_style="bold")
    for head, side in heads:
        table.add_column(head, justify="right" if side == "r" else "left", no_wrap=True)
    found: Table = table
    return found
