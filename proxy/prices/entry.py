"""An organisation's own price as the API takes it and the database stores it."""

import datetime
import hashlib
from decimal import Decimal
from typing import Any

import msgspec

from proxy.prices.own import OwnPrice, PriceError, read_table

__all__ = ["PriceEntry", "PriceStep", "entry_version", "read_entry", "use_entry"]


class PriceStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For long prompts: these rates apply to all tokens of a call with more input tokens than `input_tokens`."""

    input_tokens: int
    rates: dict[str, float]


class PriceEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One price. The names of rates and their units are those of a price file (`own.py`)."""

    provider: str = "*"
    """Catalog name; `*` is any."""
    model: str
    """Name or shell pattern, case-insensitive."""
    since: datetime.date | None = msgspec.field(default=None, name="from")
    """First day it applies (UTC); null: always."""
    service_tier: str = ""
    """Only for responses served in this tier; empty: all."""
    rates: dict[str, float]
    """US dollars, e.g. `{"input": 2.5, "output": 10}` a million tokens."""
    above: tuple[PriceStep, ...] = ()


def read_entry(name: str, stored: bytes) -> OwnPrice:
    """Return the price of a stored entry. Raises `PriceError`."""
    try:
        return use_entry(name, msgspec.json.decode(stored, type=PriceEntry))
    except msgspec.MsgspecError as error:
        raise PriceError("", "", f"an entry of this version ({error})") from None


def use_entry(name: str, entry: PriceEntry) -> OwnPrice:
    """Return the price of an entry. Raises `PriceError` with the path to the fault."""
    steps = [{"input_tokens": step.input_tokens, **_exact(step.rates)} for step in entry.above]
    table: dict[str, Any] = {
        "provider": entry.provider,
        "model": entry.model,
        "service_tier": entry.service_tier.lower(),
    }
    if entry.since is not None:
        table["from"] = entry.since
    if steps:
        table["above"] = steps
    for rate in entry.rates:
        if rate in _FIELDS:
            raise PriceError(f"rates.{rate}", "", "the name of a rate")
    try:
        return read_table({**table, **_exact(entry.rates)}, entry_version(name, entry))
    except PriceError as error:
        raise PriceError(_path(error.key), error.found, error.accepted) from None


def entry_version(name: str, entry: PriceEntry) -> str:
    """Return what rows that it priced say in `price_version`."""
    return f"own:org/{name}@{hashlib.sha256(msgspec.json.encode(entry, order='sorted')).hexdigest()[:8]}"


def _exact(rates: dict[str, float]) -> dict[str, Decimal]:
    """The decimals that were written: a float's shortest form."""
    return {name: Decimal(str(usd)) for name, usd in rates.items()}


def _path(key: str) -> str:
    """The path in an entry of a key in a price file."""
    step, _, rate = key.rpartition(" ")
    if step:
        return f"above.{rate}" if rate == "input_tokens" else f"above.rates.{rate}"
    return key if not key or key in _FIELDS else f"rates.{key}"


_FIELDS = frozenset({"provider", "model", "from", "service_tier", "above"})
