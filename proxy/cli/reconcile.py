"""`reconcile`: compares the log with a provider's bill."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
import msgspec

from proxy.cli.bill import Bill, BillError, read_bill
from proxy.cli.client import ask, control_url
from proxy.cli.comparison import Comparison, compare
from proxy.cli.options import refuse, with_settings
from proxy.cli.terminal import csv_output, echo, echo_json
from proxy.core.settings import Settings

__all__ = ["reconcile"]


@click.command()
@click.argument("file", metavar="BILL.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--provider", default=None, type=click.Choice(["openai", "anthropic", "generic"]), help="Default: by the columns."
)
@click.option("--since", default="", metavar="DAY", help="Only from this day on; default: the bill's first.")
@click.option("--until", default="", metavar="DAY", help="Only up to this day; default: the bill's last.")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of the bill's days.")
@click.option("--tolerance", default="1%", show_default=True, help="Per model: percent of the bill, or dollars (0.50).")
@click.option("--json", "as_json", is_flag=True, help="The whole comparison as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="One line a day, provider and model as CSV.")
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def reconcile(
    settings: Settings,
    file: Path,
    provider: str | None,
    since: str,
    until: str,
    zone: str,
    tolerance: str,
    as_json: bool,
    as_csv: bool,
    url: str,
) -> None:
    """Compare the log's costs with a provider's bill, by provider, model and day.

    Exit code 0: every model is within the tolerance. 1: one is not. 2: nothing could be compared."""
    percent, dollars = _tolerance(tolerance)
    bill = _bill(file, provider or "", _day("--since", since), _day("--until", until))
    comparison = compare(
        bill, _costs(settings, control_url(settings, url), bill, zone), percent=percent, dollars=dollars
    )
    if as_json:
        found = msgspec.to_builtins(comparison, enc_hook=str)
        echo_json({**found, "format": bill.format, "unread": msgspec.to_builtins(bill.unread)}, indent=2)
    elif as_csv:
        _print_csv(comparison)
    else:
        from proxy.cli.reconcile_sheet import print_comparison

        print_comparison(comparison, bill.format)
    for line in bill.unread:
        echo(f"perihelion: {file.name}, line {line.line}: {line.reason}", err=True)
    raise SystemExit(0 if comparison.within else 1)


def _bill(file: Path, provider: str, since: date | None, until: date | None) -> Bill:
    """The lines of the bill on these days; ends the command where there are none."""
    try:
        bill = read_bill(file.read_text("utf-8"), provider)
    except UnicodeDecodeError:
        refuse(f"{file}: found bytes that are no text; expected a CSV file in UTF-8")
    except (BillError, OSError) as error:
        refuse(f"{file}: {error}")
    lines = [
        line for line in bill.lines if (since is None or line.day >= since) and (until is None or line.day <= until)
    ]
    if not lines:
        for line in bill.unread[:20]:
            echo(f"perihelion: {file.name}, line {line.line}: {line.reason}", err=True)
        refuse(f"{file}: found no line{' of these days' if bill.lines else ''} that can be compared")
    return msgspec.structs.replace(bill, lines=lines)


def _costs(settings: Settings, url: str, bill: Bill, zone: str) -> list[dict[str, Any]]:
    """The log's costs on the days of the bill, of its providers."""
    first, last = min(line.day for line in bill.lines), max(line.day for line in bill.lines)
    query = [
        ("since", first.isoformat()),
        ("until", (last + timedelta(days=1)).isoformat()),
        ("zone", zone),
        ("provider", ",".join(sorted({line.provider for line in bill.lines}))),
    ]
    try:
        found: list[dict[str, Any]] = ask(settings, url, "/api/costs", query)["data"]
    except SystemExit:
        raise SystemExit(2) from None  # 1 says that a model is beyond the tolerance
    return found


def _day(option: str, text: str) -> date | None:
    if not text:
        return None
    if text == "today":
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        refuse(f"{option} is {text!r}; expected a day such as 2026-01-31")


def _tolerance(text: str) -> tuple[Decimal, Decimal]:
    """(percent, dollars) of a tolerance; the other one is 0."""
    try:
        number = Decimal(text.removesuffix("%").removeprefix("$"))
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        refuse(f"--tolerance is {text!r}; expected a percentage such as 1%, or dollars such as 0.50")
    return (number, Decimal(0)) if text.endswith("%") else (Decimal(0), number)


def _print_csv(comparison: Comparison) -> None:
    writer = csv.writer(csv_output(), lineterminator="\n")
    writer.writerow(("day", "provider", "model", "calls", "without_cost", "ours_usd", "theirs_usd", "difference_usd"))
    for row in comparison.days:
        theirs, difference = ("", "") if row.theirs is None else (f"{row.theirs:f}", f"{row.ours - row.theirs:f}")
        cells = (row.day, row.provider, row.model, row.calls, row.unknown, f"{row.ours:f}", theirs, difference)
        writer.writerow(cells)
