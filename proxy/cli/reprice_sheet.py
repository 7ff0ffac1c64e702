"""Prints what a re-pricing found, for people."""

from decimal import Decimal
from typing import Any, Final, Literal

from rich.table import Table
from rich.text import Text

from proxy.cli.console import Terminal

__all__ = ["dollars", "print_reprice"]

_WIDE: Final = 200
_HEADS: Final[tuple[tuple[str, Literal["left", "right"]], ...]] = (
    ("provider", "left"),
    ("model", "left"),
    ("calls", "right"),
    ("changed", "right"),
    ("old $", "right"),
    ("new $", "right"),
    ("difference $", "right"),
    ("newly known", "right"),
    ("newly unknown", "right"),
    ("unknown", "right"),
)


def print_reprice(run: dict[str, Any]) -> None:
    """A table by provider and model, its sum, and why costs are unknown."""
    console = Terminal(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDE
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head, side in _HEADS:
        table.add_column(head, justify=side, no_wrap=True)
    for group in run["groups"]:
        table.add_row(Text(group["provider"] or "-"), Text(group["model"] or "-"), *_cells(group))
    if len(run["groups"]) != 1:
        counts = ("calls", "changed", "old_nanousd", "new_nanousd", "newly_known", "newly_unknown", "unknown")
        total = {name: sum(group[name] for group in run["groups"]) for name in counts}
        table.add_row("total", "", *_cells(total))
    console.print(table)
    for group in run["groups"]:
        for reason, calls in sorted(group["reasons"].items(), key=lambda item: (-item[1], item[0])):
            name = f"{group['provider'] or '-'} {group['model'] or '-'}"
            console.print(Text(f"{name}: {calls:,} calls: {reason}"))
    console.print(Text(_summary(run)))


def _summary(run: dict[str, Any]) -> str:
    if run["dry_run"]:
        return f"Dry run: {run['changed']:,} of {run['calls']:,} calls would change; nothing was written."
    return f"{run['written']:,} of {run['calls']:,} calls changed. Re-pricing {run['id']}: {run['state']}."


def _cells(group: dict[str, int]) -> list[str]:
    old, new = group["old_nanousd"], group["new_nanousd"]
    return [
        *(f"{group[name]:,}" for name in ("calls", "changed")),
        *(dollars(amount) for amount in (old, new, new - old)),
        *(f"{group[name]:,}" for name in ("newly_known", "newly_unknown", "unknown")),
    ]


def dollars(nanousd: int) -> str:
    """An amount in dollars, with six decimals."""
    return f"{Decimal(nanousd).scaleb(-9):,.6f}"
