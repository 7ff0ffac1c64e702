"""Reads bills: CSV exports of costs and usage, by day, provider, model and component.

The column names are those of the exports of OpenAI's usage page (cost data grouped by line item, and usage of
completions and embeddings) and of Anthropic's console (cost and usage). `generic` is for all other bills. One more
format: one row of `FORMATS`.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

__all__ = ["FORMATS", "Bill", "BillError", "BillFormat", "BillLine", "UnreadLine", "find_format", "read_bill"]

_MAX_USD: Final = Decimal(10**12)
_MAX_COUNT: Final = Decimal(2**62)


class BillError(ValueError):
    """A file that is no bill, or a line of one that cannot be read."""


class BillLine(msgspec.Struct, frozen=True, kw_only=True):
    """One component of one model on one day. A file has many of the same."""

    day: date
    provider: str
    model: str
    """Empty where the bill names none."""
    component: str
    """`input`, `cached_input`, `cache_write`, `output`, `requests`, `web_search`, … Empty: the whole."""
    usd: Decimal | None = None
    """None: the file has no costs."""
    quantity: Decimal | None = None
    tier: str = ""
    """Where it is not the standard one: `batch`, `priority`, …"""


class UnreadLine(msgspec.Struct, frozen=True):
    """A line that could not be read."""

    line: int
    """Of the file; its first line is 1."""
    reason: str


class BillFormat(msgspec.Struct, frozen=True):
    """One kind of export."""

    name: str
    provider: str
    columns: frozenset[str]
    """All of them are in its head."""
    has_costs: bool
    read: Callable[[Mapping[str, str]], Iterator[BillLine]]
    """The lines of a row. Raises `BillError`."""


class Bill(msgspec.Struct, frozen=True):
    """What could be read of a file, and what not."""

    format: str
    has_costs: bool
    lines: list[BillLine]
    unread: list[UnreadLine]


def read_bill(text: str, provider: str = "") -> Bill:
    """Return the lines of a CSV file. `provider` chooses among formats: `openai`, `anthropic`, `generic`; empty: by the
    columns. Raises `BillError` where the columns are those of no format."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    lines: list[BillLine] = []
    unread: list[UnreadLine] = []
    try:
        head = [name.strip().lower().replace(" ", "_") for name in next(reader, [])]
    except csv.Error as error:
        raise BillError(f"the first line is not CSV: {error}") from None
    format = find_format(frozenset(head), provider)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            unread.append(UnreadLine(reader.line_num, f"not CSV: {error}"))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(head):
            unread.append(UnreadLine(reader.line_num, f"found {len(cells)} cells; expected {len(head)}"))
            continue
        try:
            lines += format.read(dict(zip(head, map(str.strip, cells), strict=True)))
        except BillError as error:
            unread.append(UnreadLine(reader.line_num, str(error)))
    return Bill(format.name, format.has_costs, lines, unread)


def find_format(columns: frozenset[str], provider: str = "") -> BillFormat:
    """Return the format that has these columns. Raises `BillError`."""
    asked = [format for format in FORMATS if provider in ("", format.provider)]
    for format in asked:
        if format.columns <= columns:
            return format
    known = "; ".join(f"{format.name}: {', '.join(sorted(format.columns))}" for format in asked)
    raise BillError(f"found the columns {', '.join(sorted(columns)) or 'none'}; expected those of {known}")


def _openai_costs(row: Mapping[str, str]) -> Iterator[BillLine]:
    """A line item is `gpt-4o-2024-08-06, cached input`, `priority | gpt-5, output, long context`, or the name of a
    tool. An empty amount is a day without costs."""
    if not row["amount_value"]:
        return
    currency = row.get("amount_currency", "usd") or "usd"
    if currency.lower() != "usd":
        raise BillError(f"amount_currency: found {currency!r}; expected usd")
    day, usd = _day(row, "start_time_iso", "start_time"), _usd(row, "amount_value")
    model, component, tier = _line_item(row.get("line_item", ""))
    quantity = _count(row, "quantity") if row.get("quantity") else None
    yield BillLine(day=day, provider="openai", model=model, component=component, usd=usd, quantity=quantity, tier=tier)


_PIECES: Final = {
    "input": "input",
    "input_tokens": "input",
    "cached input": "cached_input",
    "cached_input_tokens": "cached_input",
    "cache writes": "cache_write",
    "output": "output",
    "output_tokens": "output",
}
_KINDS: Final = ("audio", "image", "video", "text")


def _line_item(text: str) -> tuple[str, str, str]:
    """(model, component, tier) of one of OpenAI's line items."""
    tier, bar, rest = text.rpartition(" | ")
    tier = tier.strip().lower() if bar else ""
    head, *pieces = [piece.strip() for piece in (rest if bar else text).split(",")]
    component = _PIECES.get(pieces[0].lower(), pieces[0].lower()) if pieces else ""
    name, _, kind = head.rpartition(" ")
    if pieces and kind in _KINDS:
        head = name
        component = component if kind == "text" else f"{kind}_{component}"
    if not pieces:  # a tool, or nothing: the whole cost of a day
        return "", "web_search" if "web search" in head.lower() else head.lower().replace(" ", "_"), tier
    return head, component, tier


def _openai_usage(row: Mapping[str, str]) -> Iterator[BillLine]:
    """Of the input, cached tokens are a part."""
    if not row["model"]:
        return
    day = _day(row, "start_time_iso", "start_time")
    tier = "batch" if row.get("batch", "").lower() == "true" else row.get("service_tier", "")
    cached = _count(row, "input_cached_tokens") if row.get("input_cached_tokens") else Decimal(0)
    counts = {"input": _count(row, "input_tokens") - cached, "cached_input": cached}
    if row.get("output_tokens"):
        counts["output"] = _count(row, "output_tokens")
    counts["requests"] = _count(row, "num_model_requests")
    for component, quantity in counts.items():
        yield BillLine(
            day=day, provider="openai", model=row["model"], component=component, quantity=quantity, tier=tier
        )


_ANTHROPIC: Final = {
    "usage_input_tokens_no_cache": "input",
    "usage_input_tokens_cache_write_5m": "cache_write",
    "usage_input_tokens_cache_write_1h": "cache_write_1h",
    "usage_input_tokens_cache_read": "cached_input",
    "usage_output_tokens": "output",
    "web_search_count": "web_search",
}
_TOKEN_TYPES: Final = {
    name.removeprefix("usage_").replace("tokens_", ""): component for name, component in _ANTHROPIC.items()
} | {"output": "output", "uncached_input_tokens": "input", "cache_read_input_tokens": "cached_input"}


def _anthropic_usage(row: Mapping[str, str]) -> Iterator[BillLine]:
    day, tier = _day(row, "usage_date_utc"), _anthropic_tier(row)
    for column, component in _ANTHROPIC.items():
        if row.get(column):
            yield BillLine(
                day=day,
                provider="anthropic",
                model=row["model_version"],
                component=component,
                quantity=_count(row, column),
                tier=tier,
            )


def _anthropic_costs(row: Mapping[str, str]) -> Iterator[BillLine]:
    kind = row.get("cost_type", "token")
    component = _TOKEN_TYPES.get(row["token_type"], row["token_type"])
    if kind and not kind.startswith("token"):
        component = kind
    yield BillLine(
        day=_day(row, "usage_date_utc"),
        provider="anthropic",
        model=row["model"],
        component=component,
        usd=_usd(row, "cost_usd"),
        tier=_anthropic_tier(row),
    )


def _anthropic_tier(row: Mapping[str, str]) -> str:
    tier = row.get("usage_type", "")
    return "" if tier in ("standard", "message") else tier


_GENERIC: Final = {
    "input_tokens": "input",
    "cached_input_tokens": "cached_input",
    "cache_write_tokens": "cache_write",
    "output_tokens": "output",
    "requests": "requests",
}


def _generic(row: Mapping[str, str]) -> Iterator[BillLine]:
    """The cost is of the whole; counts are each their own line, and cached tokens are no part of the input."""
    day, provider, model = _day(row, "date"), row["provider"].lower(), row["model"]
    if not provider:
        raise BillError("provider: found nothing; expected a name such as openai")
    usd = _usd(row, "cost")
    counts = {component: _count(row, column) for column, component in _GENERIC.items() if row.get(column)}
    yield BillLine(day=day, provider=provider, model=model, component="", usd=usd, tier=row.get("service_tier", ""))
    for component, quantity in counts.items():
        yield BillLine(day=day, provider=provider, model=model, component=component, quantity=quantity)


FORMATS: Final = (
    BillFormat("openai costs", "openai", frozenset({"start_time", "amount_value", "line_item"}), True, _openai_costs),
    BillFormat(
        "openai usage", "openai", frozenset({"start_time", "num_model_requests", "input_tokens", "model"}), False,
        _openai_usage,
    ),
    BillFormat(
        "anthropic usage", "anthropic",
        frozenset({"usage_date_utc", "model_version", "usage_input_tokens_no_cache", "usage_output_tokens"}), False,
        _anthropic_usage,
    ),
    BillFormat(
        "anthropic costs", "anthropic", frozenset({"usage_date_utc", "model", "token_type", "cost_usd"}), True,
        _anthropic_costs,
    ),
    BillFormat("generic", "generic", frozenset({"date", "provider", "model", "cost"}), True, _generic),
)  # fmt: skip
"""In the order in which they are tried."""


def _day(row: Mapping[str, str], *columns: str) -> date:
    """The day in the first of `columns` that is not empty; seconds since the epoch are UTC."""
    for column in columns:
        text = row.get(column, "")
        if not text:
            continue
        if re.fullmatch(r"\d{9,11}", text):
            return datetime.fromtimestamp(int(text), UTC).date()
        try:
            return datetime.fromisoformat(text).date()
        except ValueError:
            raise BillError(f"{column}: found {text[:40]!r}; expected a day such as 2026-01-31") from None
    raise BillError(f"{columns[0]}: found nothing; expected a day such as 2026-01-31")


def _usd(row: Mapping[str, str], column: str) -> Decimal:
    usd = _number(row, column, "an amount in US dollars")
    if abs(usd) > _MAX_USD:
        raise BillError(f"{column}: found {row[column][:40]!r}; expected less than 10^12 dollars")
    return usd


def _count(row: Mapping[str, str], column: str) -> Decimal:
    count = _number(row, column, "a count")
    if not 0 <= count <= _MAX_COUNT:
        raise BillError(f"{column}: found {row[column][:40]!r}; expected a count, 0 or more")
    return count


def _number(row: Mapping[str, str], column: str, expected: str) -> Decimal:
    text = row.get(column, "")
    try:
        number = Decimal(text.removeprefix("$").replace(",", ""))
    except InvalidOperation:
        raise BillError(f"{column}: found {text[:40]!r}; expected {expected}") from None
    if not number.is_finite():
        raise BillError(f"{column}: found {text[:40]!r}; expected {expected}")
    return number
