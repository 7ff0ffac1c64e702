"""Own prices, which override the built-in data: the installation's TOML files of `[[price]]` tables, and the entries of
an organisation.

[[price]]
provider = "openai"         # catalog name; "*" is any
model = "gpt-4o*"           # shell pattern, case-insensitive
from = 2026-01-01           # first day it applies (UTC); left out: always
input = 2.5                 # US dollars a million tokens
output = 10
cached_input = 1.25         # also: cache_write, cache_write_1h, reasoning, and text, audio, image and video of input,
                            # output and cached_input, as in input_audio
service_tier = "priority"   # only for responses served in this tier; left out: all
per_request = 0.001         # US dollars a call; also: per_web_search, per_file_search, per_code_execution, per_page,
                            # per_annotated_page, per_rerank_search
per_audio_hour = 0.36       # US dollars an hour of audio
[[price.above]]             # long prompts: these rates for all tokens of the call
input_tokens = 200_000
input = 5
"""

import datetime
import hashlib
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import msgspec
from genai_prices.types import ModelPrice, Tier, TieredPrices

from proxy.core.errors import PerihelionError, SettingError
from proxy.prices.rate import Rate

__all__ = ["OwnPrice", "PriceError", "in_precedence", "read_folder", "read_table"]

_MAX_USD: Final = 10**9

_KEYS: Final = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "reasoning": "output_reasoning_mtok",
    **{
        f"{ours}_{kind}": theirs.format(kind)
        for ours, theirs in (
            ("input", "input_{}_mtok"),
            ("output", "output_{}_mtok"),
            ("cached_input", "cache_{}_read_mtok"),
        )
        for kind in ("text", "audio", "image", "video")
    },
}
"""Name in a file to price key of `genai-prices`: US dollars a million tokens."""
_EACH: Final = {
    "per_request": ("requests_kcount", 1000),
    "per_web_search": ("web_searches_kcount", 1000),
    "per_file_search": ("storage_searches_kcount", 1000),
    "per_code_execution": ("code_executions_kcount", 1000),
    "per_rerank_search": ("rerank_searches_kcount", 1000),
    "per_page": ("input_document_kpages", 1000),
    "per_annotated_page": ("input_annotated_document_kpages", 1000),
    "per_audio_hour": ("audio_hours", 1),
}
"""Name in a file to the price key of `genai-prices`, and the number of units that this key's price is for."""


class PriceError(PerihelionError):
    """A price that cannot be used: the key, what was found there (may be empty), and what is accepted."""

    def __init__(self, key: str, found: str, accepted: str) -> None:
        super().__init__(f"{key}: found {found!r}; accepted: {accepted}")
        self.key = key
        self.found = found
        self.accepted = accepted


class OwnPrice(msgspec.Struct, frozen=True):
    """One own price. Provider and model are in lower case."""

    provider: str
    model: str
    since: datetime.date
    service_tier: str
    """Empty: any."""
    rate: Rate
    version: str
    """`own:<file name>@<digest of the file>`, or `own:org/<name>@<digest of the entry>`."""

    def holds(self, provider: str, model: str, day: datetime.date, context: Mapping[str, str]) -> bool:
        """Return whether it applies to this model on this day and in this tier; names in lower case."""
        return (
            self.since <= day
            and self.provider in ("*", provider)
            and fnmatchcase(model, self.model)
            and (not self.service_tier or self.service_tier in (context.get("service_tier"), context.get("processing")))
        )


def in_precedence(prices: list[OwnPrice]) -> list[OwnPrice]:
    """Return `prices` in order of precedence: the latest `from` first, then those with a service tier, then the last
    one."""
    found = prices[::-1]
    found.sort(key=lambda price: (price.since, bool(price.service_tier)), reverse=True)
    return found


def read_folder(folder: Path) -> list[OwnPrice]:
    """Return all prices of the folder in order of precedence; of equal ones the last table of the last file is first.

    Raises `SettingError`, naming file and table, if one cannot be used.
    """
    if not folder.is_dir():
        raise SettingError("prices.folder", str(folder), "a folder with price files (*.toml)")
    found: list[OwnPrice] = []
    for path in sorted(folder.glob("*.toml")):
        found += _read_file(path)
    return in_precedence(found)


def _read_file(path: Path) -> list[OwnPrice]:
    blob = path.read_bytes()
    try:
        tree = tomllib.loads(blob.decode("utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError("prices.folder", path.name, f"TOML ({error})") from None
    version = f"own:{path.name}@{hashlib.sha256(blob).hexdigest()[:8]}"
    tables = tree.pop("price", [])
    if tree or not isinstance(tables, list):
        raise SettingError("prices.folder", path.name, "only [[price]] tables")
    prices: list[OwnPrice] = []
    for number, table in enumerate(tables, 1):
        try:
            prices.append(read_table(table, version))
        except PriceError as error:
            place = ": ".join(filter(None, (f"{path.name}, price {number}", error.key)))
            found = f"{place} = {error.found}" if error.found else place
            raise SettingError("prices.folder", found, error.accepted) from None
    return prices


def read_table(table: dict[str, Any], version: str) -> OwnPrice:
    """Return the price of one table. Raises `PriceError`, naming the key, if it cannot be used."""
    if not isinstance(table, dict):
        raise PriceError("", str(table), "a table of keys and values")
    table = dict(table)
    provider = str(table.pop("provider", "*")).lower()
    model = str(table.pop("model", "")).lower()
    since = table.pop("from", datetime.date.min)
    tiers = table.pop("above", [])
    tier = table.pop("service_tier", "")
    each = {name: table.pop(name) for name in _EACH if name in table}
    if not model:
        raise PriceError("", "", "a model, as a name or a shell pattern")
    if isinstance(since, datetime.datetime) or not isinstance(since, datetime.date):
        raise PriceError("from", str(since), "a date like 2026-01-31")
    if not isinstance(tier, str):
        raise PriceError("service_tier", str(tier), "a name, as in the provider's answers")
    _check_tiers(tiers, table)
    prices: dict[str, Decimal | TieredPrices | None] = {}
    for name, value in table.items():
        key = _KEYS.get(name)
        if key is None:
            known = ", ".join(["provider", "model", "from", "service_tier", *_KEYS, *_EACH, "above"])
            raise PriceError(name, "", f"one of {known}")
        base = _dollars(value, name)
        steps = [
            Tier(start=tier["input_tokens"], price=_dollars(tier[name], f"above {name}"))
            for tier in tiers
            if name in tier
        ]
        prices[key] = TieredPrices(base=base, tiers=steps) if steps else base
    for name, value in each.items():
        key, units = _EACH[name]
        prices[key] = _dollars(value, name) * units
    if not prices:
        raise PriceError("", "", "at least one rate; 0 if it is free")
    return OwnPrice(provider, model, since, tier, Rate(ModelPrice(**prices), version), version)


def _check_tiers(tiers: object, base: dict[str, Any]) -> None:
    """Raises `PriceError` for a tier that is misspelled: it would apply to every call, or to none."""
    if not isinstance(tiers, list) or not all(isinstance(tier, dict) for tier in tiers):
        raise PriceError("above", str(tiers), "[[price.above]] tables")
    for tier in tiers:
        start = tier.get("input_tokens")
        if isinstance(start, bool) or not isinstance(start, int) or start < 1:
            raise PriceError("above input_tokens", str(start), "a whole number of tokens")
        for name in tier:
            if name != "input_tokens" and (name not in _KEYS or name not in base):
                known = ", ".join(["input_tokens", *(name for name in base if name in _KEYS)])
                raise PriceError(f"above {name}", "", f"a rate of this price too: {known}")


def _dollars(value: object, key: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise PriceError(key, str(value), "US dollars, 0 or more")
    usd = Decimal(value)
    if not usd.is_finite() or not 0 <= usd <= _MAX_USD:
        raise PriceError(key, str(value), "US dollars, 0 or more, at most 10^9")
    return usd
