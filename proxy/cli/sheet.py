"""Prints events (docs/events.md) for people: a table of many calls, a sheet of one."""

import contextlib
import json
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from proxy.cli.console import Terminal
from proxy.cli.terminal import cell

__all__ = ["cost", "print_call", "print_table"]

_WIDE: Final = 220
"""Columns where the output is not a terminal, so that nothing is cut off."""
_COLUMNS: Final[tuple[tuple[str, int, Literal["left", "right"]], ...]] = (
    ("time", 15, "left"),
    ("id", 36, "left"),
    ("provider", 10, "left"),
    ("model", 22, "left"),
    ("status", 6, "right"),
    ("in", 8, "right"),
    ("out", 7, "right"),
    ("cost", 11, "right"),
    ("ms", 8, "right"),
    ("ttft", 7, "right"),
    ("user", 12, "left"),
    ("tags", 28, "left"),
)


def print_table(rows: list[dict[str, Any]], *, header: bool) -> None:
    """Prints one line a call. Widths are fixed, so that lines printed later stand under the same heads."""
    console = Terminal(highlight=False)
    if not console.is_terminal:
        console = Terminal(highlight=False, width=_WIDE)
    table = Table(box=None, pad_edge=False, show_header=header, header_style="bold")
    for name, width, side in _COLUMNS:
        min_width = width if name == "id" else min(width, 6)
        table.add_column(
            name,
            width=width if console.width >= _WIDE else None,
            min_width=min_width,
            max_width=width,
            justify=side,
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)


def print_call(call: dict[str, Any]) -> None:
    """Prints all sections of one call; empty ones and empty fields are left out."""
    console = Terminal(highlight=False, soft_wrap=True)
    bodies = call.get("bodies") or {}
    _section(
        console,
        "Call",
        {
            "id": call["id"],
            "time": call["start"],
            "provider": f"{call['provider']} ({call['host']})" if call["host"] else call["provider"],
            "request": f"{call['method']} {call['path']}".strip(),
            "operation": call["operation"],
            "source": call["source"],
            "response id": call["response_id"],
            "model": call["model"],
            "requested model": call["model_asked"] if call["model_asked"] != call["model"] else "",
            "status": call["status"],
            "outcome": call["outcome"],
            "error": " ".join(filter(None, (call["error"], call["error_message"]))),
            "cut by": call["cut"],
            "finish reason": call["finish_reason"],
            "streamed": "yes" if call["streamed"] else "",
            "cached": "yes" if call["cached"] else "",
            "saved": _dollars(call["saved_nanousd"]) if call["saved_nanousd"] is not None else "",
            "not read": call["reading_error"],
        },
    )
    _section(
        console,
        "Time",
        {
            "latency": _ms(call["latency_ms"]),
            "first token": _ms(call["ttft_ms"]),
            "first byte": _ms(call["first_byte_ms"]),
            "request sent": _ms(call["sent_ms"]),
        },
    )
    _section(
        console,
        "Tokens and cost",
        {
            "input": call["input_tokens"],
            "from cache": call["cached_input_tokens"],
            "into cache": call["cache_write_tokens"],
            "output": call["output_tokens"],
            "reasoning": call["reasoning_tokens"],
            "source": call["usage_source"],
            "of": call["settled_id"],
            "cost": cost(call),
            "cost not known": "; ".join(call["cost_missing"]),
            "provider's cost": _dollars(call["reported_cost_nanousd"])
            if call["reported_cost_nanousd"] is not None
            else "",
            "prices": call["price_version"],
        },
    )
    _cost_lines(console, call)
    _section(
        console,
        "Tags",
        {
            "user": call["user_id"],
            "session": " ".join(filter(None, (call["session_id"], call["session_path"], call["session_name"]))),
            "name": call["request_name"],
            "prompt": " ".join(filter(None, (call["prompt_id"], call["prompt_version"]))),
            **{call["property_names"].get(name, name): value for name, value in call["properties"].items()},
        },
    )
    _section(console, "Feedback", _feedback(call.get("annotations") or {}))
    for number, attempt in enumerate(call["attempts"], 1):
        _section(
            console,
            f"Attempt {number}",
            {
                "at": f"{attempt['provider']} {attempt['host']} {attempt['model']}".strip(),
                "status": attempt["status"],
                "error": attempt["error"],
                "from, to": f"{attempt['started_us'] / 1000:.1f} ms, {attempt['ended_us'] / 1000:.1f} ms",
                "waited before": _ms(attempt["waited_us"] / 1000) if attempt["waited_us"] > 0 else "",
            },
        )
    _section(
        console,
        "Trace",
        {"trace": call["trace_id"], "span": call["span_id"], "parent span": call["parent_span_id"]},
    )
    _section(console, "Facts", call["facts"])
    _section(console, "Headers of the response", call["response_headers"])
    _section(console, "Unknown directives", call["unknown_directives"])
    _section(console, "From", {"ip": call["client_ip"], "agent": call["user_agent"], "key": call["key"]})
    _body(console, "Request", bodies, "request", call["request_size"], omitted=call["request_omitted"])
    if bodies.get("response_text"):
        console.print("\n[bold]Text of the response[/bold]")
        console.print(Text(bodies["response_text"]))
    if bodies.get("tool_calls"):
        console.print("\n[bold]Tool calls[/bold]")
        console.print(Text(json.dumps(bodies["tool_calls"], indent=2, ensure_ascii=False)))
    _body(console, "Response", bodies, "response", call["response_size"], omitted=call["response_omitted"])


def _feedback(given: dict[str, Any]) -> dict[str, Any]:
    """What was said of a call after it ended, as it is in force."""
    if not given:
        return {}
    fields: dict[str, Any] = {
        "rating": given["rating"],
        "comment": given["comment"],
        "correction": json.dumps(given["correction"], ensure_ascii=False) if given["correction"] is not None else "",
    }
    fields |= {f"score {name}": json.dumps(value, ensure_ascii=False) for name, value in given["scores"].items()}
    changed = given["properties"].items()
    fields |= {f"property {name}": "(removed)" if value is None else value for name, value in changed}
    return fields | {f"note {number}": note["text"] for number, note in enumerate(given["notes"], 1)}


def cost(row: dict[str, Any]) -> str:
    """The cost in dollars; `?` where no price is known."""
    return _dollars(row["cost_nanousd"]) if row["cost_nanousd"] is not None else "?"


def _cells(row: dict[str, Any]) -> list[str]:
    tags = " ".join(f"{row['property_names'].get(name, name)}={value}" for name, value in row["properties"].items())
    at = datetime.fromisoformat(row["start"]).astimezone()
    cells = [
        at.strftime("%m-%d %H:%M:%S"),
        row["id"],
        row["provider"],
        row["model"],
        str(row["status"]),
        _number(row["input_tokens"]),
        _number(row["output_tokens"]),
        cost(row),
        "" if row["latency_ms"] is None else f"{row['latency_ms']:.0f}",
        "" if row["ttft_ms"] is None else f"{row['ttft_ms']:.0f}",
        row["user_id"],
        tags,
    ]
    return [escape(cell(one)) for one in cells]


def _section(console: Terminal, title: str, fields: dict[str, Any]) -> None:
    shown = {name: value for name, value in fields.items() if value not in ("", None)}
    if not shown:
        return
    console.print(f"\n[bold]{title}[/bold]")
    width = max(len(cell(name)) for name in shown)
    for name, value in shown.items():
        console.print(Text(f"  {cell(name):<{width}}  {cell(value)}"))


def _cost_lines(console: Terminal, call: dict[str, Any]) -> None:
    """Quantity × rate = amount, one line a component; their sum is the cost."""
    lines = call["cost_lines"]
    if not lines:
        return
    console.print("\n[bold]Cost[/bold]")
    width = max(len(line["component"]) for line in lines)
    for line in lines:
        per = f" / {line['per']:,}" if line["per"] != 1 else ""
        console.print(
            Text(
                f"  {line['component']:<{width}}  {line['quantity']:>12,} × ${line['rate_usd']:.12g}{per}"
                f" = ${_exactly(line['amount_nanousd'])}  ({line['source']})"
            )
        )
    if call["cost_nanousd"] is not None:
        console.print(Text(f"  {'sum':<{width}}  {'':>12}   ${call['cost_nanousd'] / 1e9:.9f}"))


def _exactly(nano: float) -> str:
    """Nano-dollars as dollars, with a fraction of a nano-dollar where there is one, so that lines add up."""
    return f"{nano / 1e9:.9f}" if isinstance(nano, int) else f"{Decimal(str(nano)).scaleb(-9):f}"


def _body(console: Terminal, title: str, bodies: dict[str, Any], side: str, size: int, *, omitted: bool) -> None:
    text = bodies.get(side, "")
    if omitted:
        console.print(f"\n[bold]{title}[/bold] ({size} bytes, not stored, as the caller asked)")
        return
    if not text:
        return
    console.print(f"\n[bold]{title}[/bold] ({size} bytes, {escape(cell(bodies[f'{side}_type'] or 'no type'))})")
    if bodies[f"{side}_base64"]:
        console.print(f"  binary; `perihelion show --body {side} ID` writes it out")
        return
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    console.print(Text(text))


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} ms"


def _dollars(nano: int) -> str:
    dollars = nano / 1e9
    return f"${dollars:.2f}" if dollars >= 100 else f"${dollars:.6f}"
