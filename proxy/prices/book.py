"""Prices a call. The rate of each (provider, model, day) is looked up once."""

import datetime
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import genai_prices
import msgspec
from genai_prices import data_snapshot
from genai_prices.types import ModelInfo, TimeOfDateConstraint

from proxy.core.usage import Usage
from proxy.prices.counts import context, count
from proxy.prices.own import OwnPrice, read_folder
from proxy.prices.rate import Rate

__all__ = ["Price", "PriceBook"]

_DAY_US: Final = 86_400_000_000
_MINUTE_US: Final = 60_000_000
_MOST_KEPT: Final = 20_000
"""Looked-up rates that are kept; beyond it the book starts over (callers choose model names, so it must end)."""


class Price(msgspec.Struct, frozen=True):
    """`cost_nanousd` is None, and `known` False, where no price is known or nothing was reported: never a 0 for it."""

    cost_nanousd: int | None
    known: bool
    version: str
    """Of the data the price was, or was not, found in."""


class PriceBook:
    """Not for several threads at once."""

    def __init__(self, folder: Path | None = None, price_ids: Mapping[str, str] | None = None) -> None:
        """`price_ids` maps a catalog name to the provider's id in `genai-prices`, where they differ; an empty id
        says that the provider has no list prices (self-hosted). Raises `SettingError` for a bad price file."""
        self._own: list[OwnPrice] = read_folder(folder) if folder is not None else []
        self._ids = price_ids or {}
        self._snapshot = data_snapshot.get_snapshot()
        self._models: dict[tuple[str, str, str], tuple[ModelInfo | None, int]] = {}
        """Each with how long its price holds for certain, in microseconds."""
        self._rates: dict[tuple[str, str, str, int, tuple[tuple[str, str], ...]], tuple[Rate | None, str]] = {}
        self._compiled: dict[int, Rate] = {}
        self.version: str = _data_version()

    @property
    def own_count(self) -> int:
        """Prices that come from the operator's files."""
        return len(self._own)

    def price(
        self, provider: str, model: str, usage: Usage | None, at_us: int, *, url: str = "", service_tier: str = ""
    ) -> Price:
        """The cost of `usage` of `model` at that time (microseconds). `url` finds a provider that the catalog does
        not name; `service_tier` is what the answer says of itself."""
        if usage is None:
            return Price(None, False, self.version)
        if not usage.consumed:
            return Price(0, True, self.version)
        counts = count(usage)
        rate, version = self._rate(provider, model.lower(), url, at_us, context(usage, service_tier))
        cost = rate.cost(counts) if rate is not None and counts is not None else None
        return Price(cost, cost is not None, version)

    def _rate(self, provider: str, model: str, url: str, at_us: int, words: dict[str, str]) -> tuple[Rate | None, str]:
        found, holds_us = self._model(provider, model, url)
        key = (provider, model, url, at_us // holds_us, tuple(words.items()))
        known = self._rates.get(key)
        if known is None:
            if len(self._rates) >= _MOST_KEPT:
                self._rates.clear()
            known = self._rates[key] = self._look_up(provider, model, found, at_us, words)
        return known

    def _look_up(
        self, provider: str, model: str, found: ModelInfo | None, at_us: int, words: dict[str, str]
    ) -> tuple[Rate | None, str]:
        at = datetime.datetime.fromtimestamp(at_us / 1e6, datetime.UTC)
        for own in self._own:
            if own.holds(provider, model, at.date()):
                return own.rate, own.version
        if found is None:
            return None, self.version
        rate = Rate(found.get_prices(at, words))
        return (None if rate.empty else rate), self.version

    def _model(self, provider: str, model: str, url: str) -> tuple[ModelInfo | None, int]:
        key = (provider, model, url)
        known = self._models.get(key)
        if known is None:
            if len(self._models) >= _MOST_KEPT:
                self._models.clear()
            found = self._find(provider, model, url)
            holds_us = _MINUTE_US if found is not None and _by_the_clock(found) else _DAY_US
            known = self._models[key] = found, holds_us
        return known

    def _find(self, provider: str, model: str, url: str) -> ModelInfo | None:
        price_id = self._ids.get(provider, provider)
        if not model or (not price_id and not url):
            return None
        for by_id, by_url in ((price_id or None, None), (None, url or None)):
            if by_id or by_url:
                try:
                    return self._snapshot.find_provider_model(model, None, by_id, by_url)[1]
                except LookupError:
                    continue
        return None


def _by_the_clock(model: ModelInfo) -> bool:
    constraints = [price.constraint for price in model.prices] if isinstance(model.prices, list) else []
    constraints += [variant.constraint for variant in model.price_variants or ()]
    return any(isinstance(constraint, TimeOfDateConstraint) for constraint in constraints)


def _data_version() -> str:
    from genai_prices import data

    digest = hashlib.sha256(Path(data.__file__).read_bytes()).hexdigest()[:8]
    return f"genai-prices {genai_prices.__version__}+{digest}"
