"""What a call cost. Each (provider, model, day) is looked up once; after that a call costs a few multiplications.

`PriceBook.price` is the one place where a cost is computed: for rows, budgets, response headers and re-pricing.
"""

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import genai_prices
import msgspec
from genai_prices import data_snapshot
from genai_prices.types import ModelInfo, TimeOfDateConstraint

from proxy.core import log
from proxy.core.cost import Cost, CostLine
from proxy.core.snapshot import PriceRow
from proxy.core.usage import Usage
from proxy.prices.conditions import host_conditions, unmet
from proxy.prices.entry import read_entry
from proxy.prices.own import OwnPrice, PriceError, in_precedence, read_folder
from proxy.prices.rate import Rate, round_nanousd
from proxy.prices.usage_keys import read_quantities

__all__ = ["PriceBook"]

_DAY_US: Final = 86_400_000_000
_MINUTE_US: Final = 60_000_000
_MAX_CACHED: Final = 20_000
"""Maximum number of cached rates; above it the cache is cleared. Callers choose model names, so it needs a bound."""
_MAX_NANOUSD: Final = 1 << 62
_SAME_AUDIO: Final = frozenset({"google"})
"""Providers (ids of `genai-prices`) whose models bill audio like other input if they list no price for audio."""


class _Listed(msgspec.Struct, frozen=True):
    """A rate, the version of its data, and the conditions of the call that it has no price for."""

    rate: Rate | None
    version: str
    unmet: tuple[str, ...] = ()


class PriceBook:
    """The prices of all models. Not thread-safe."""

    def __init__(self, folder: Path | None = None, price_ids: Mapping[str, str] | None = None) -> None:
        """`price_ids` maps a catalog name to the provider's id in `genai-prices`, where they differ; an empty id
        says that the provider has no list prices (self-hosted). Raises `SettingError` for a bad price file."""
        self._own: list[OwnPrice] = read_folder(folder) if folder is not None else []
        self._org_rows: Mapping[str, Sequence[PriceRow]] = {}
        self._org_own: dict[str, list[OwnPrice]] = {}
        """What was read of `_org_rows`; an organisation's when its first call is priced."""
        self._ids = price_ids or {}
        self._snapshot = data_snapshot.get_snapshot()
        self._models: dict[tuple[str, str, str], tuple[ModelInfo | None, str, int]] = {}
        """(provider, model, url) to the model, its provider's id, and the minimum validity of its price in µs."""
        self._rates: dict[tuple[str, str, str, str, int, tuple[tuple[str, str], ...]], _Listed] = {}
        self.version: str = _data_version()

    @property
    def own_count(self) -> int:
        """Prices that come from the operator's files."""
        return len(self._own)

    @property
    def providers(self) -> frozenset[str]:
        """The names that the catalog has."""
        return frozenset(self._ids)

    def listed_model(self, provider: str, model: str, url: str = "") -> str:
        """Return the id under which the built-in prices list a model; empty: they do not."""
        found = self._model(provider, model.lower(), url)[0] if model else None
        return found.id if found is not None else ""

    def set_org_prices(self, rows: Mapping[str, Sequence[PriceRow]]) -> None:
        """Use these entries, by organisation, from now on. They win over the installation's own prices."""
        self._org_rows = rows
        self._org_own.clear()
        self._rates.clear()

    def price(
        self,
        provider: str,
        models: str | Sequence[str],
        usage: Usage | None,
        at_us: int,
        *,
        url: str = "",
        streamed: bool = False,
        org: str = "",
    ) -> Cost:
        """Return the cost of `usage` at the time `at_us`, by the first of `models` whose cost is known. `url` finds a
        provider that the catalog does not name; `org` is the organisation whose own prices apply. If no model's cost
        is known, the cost that the provider reported is used."""
        if usage is None:
            return Cost(None, missing=("no usage was reported",), version=self.version)
        if not usage.consumed:
            return Cost(0, version=self.version)
        found: Cost | None = None
        names = (models,) if isinstance(models, str) else dict.fromkeys(models)
        counts, conditions, unread = read_quantities(usage)
        if not counts and usage.total_input is None and usage.total_output is None:
            unread.append("no usage was reported")
        if streamed and usage.total_output is None and not usage.quantities:
            unread.append("the stream ended before its output was counted")
        for model in names:
            if model:
                cost = self._price(provider, model.lower(), counts, conditions, unread, at_us, url, org)
                if cost.nanousd is not None:
                    return cost
                found = found or cost
        if usage.reported_cost is not None and 0 <= usage.reported_cost < 1e9:
            return _reported(usage.reported_cost)
        return found or Cost(None, missing=(*unread, "no model is named"), version=self.version)

    def _price(
        self,
        provider: str,
        model: str,
        counts: Mapping[str, int],
        conditions: Mapping[str, str],
        unread: list[str],
        at_us: int,
        url: str,
        org: str,
    ) -> Cost:
        listed = self._rate(provider, model, url, at_us, conditions, org if org in self._org_rows else "")
        if listed.rate is None:
            return Cost(None, missing=(f"no price is known for model {model}",), version=listed.version)
        total, lines, missing = listed.rate.cost(counts)
        if unread:
            missing += unread
        missing += listed.unmet
        if missing:
            return Cost(None, tuple(lines), tuple(missing), listed.version)
        nanousd = round_nanousd(total)
        if nanousd >= _MAX_NANOUSD:
            return Cost(None, (), ("a cost above 2^62 nano-dollars",), listed.version)
        return Cost(nanousd, tuple(lines), (), listed.version)

    def _rate(
        self, provider: str, model: str, url: str, at_us: int, conditions: Mapping[str, str], org: str
    ) -> _Listed:
        found, price_id, holds_us = self._model(provider, model, url)
        key = (org, provider, model, url, at_us // holds_us, tuple(conditions.items()))
        known = self._rates.get(key)
        if known is None:
            if len(self._rates) >= _MAX_CACHED:
                self._rates.clear()
            known = self._rates[key] = self._look_up(provider, model, found, price_id, at_us, conditions, url, org)
        return known

    def _look_up(
        self,
        provider: str,
        model: str,
        found: ModelInfo | None,
        price_id: str,
        at_us: int,
        conditions: Mapping[str, str],
        url: str,
        org: str,
    ) -> _Listed:
        at = datetime.datetime.fromtimestamp(at_us / 1e6, datetime.UTC)
        for own in (*self._own_of(org), *self._own):
            if own.holds(provider, model, at.date(), conditions):
                return _Listed(own.rate, own.version)
        if found is None:
            return _Listed(None, self.version)
        rate = Rate(found.get_prices(at, dict(conditions)), self.version, same_audio=price_id in _SAME_AUDIO)
        if rate.empty:
            return _Listed(None, self.version)
        asked = {**conditions, **host_conditions(price_id, urlsplit(url).hostname or "", model)}
        variants = frozenset(
            condition
            for variant in found.price_variants or ()
            if variant.constraint is None or variant.constraint.active(at)
            for condition in variant.when.items()
        )
        return _Listed(rate, self.version, tuple(unmet(asked, variants)))

    def _own_of(self, org: str) -> list[OwnPrice]:
        if not org:
            return []
        known = self._org_own.get(org)
        if known is None:
            known = []
            for row in self._org_rows[org]:
                try:
                    known.append(read_entry(row.name, row.entry))
                except PriceError as error:  # of a newer control plane; the other entries hold
                    log.swallowed("prices", error)
            known = self._org_own[org] = in_precedence(known)
        return known

    def _model(self, provider: str, model: str, url: str) -> tuple[ModelInfo | None, str, int]:
        key = (provider, model, url)
        known = self._models.get(key)
        if known is None:
            if len(self._models) >= _MAX_CACHED:
                self._models.clear()
            found, price_id = self._find(provider, model, url)
            holds_us = _MINUTE_US if found is not None and _by_the_clock(found) else _DAY_US
            known = self._models[key] = found, price_id, holds_us
        return known

    def _find(self, provider: str, model: str, url: str) -> tuple[ModelInfo | None, str]:
        price_id = self._ids.get(provider, provider)
        if not model or (not price_id and not url):
            return None, ""
        for by_id, by_url in ((price_id or None, None), (None, url or None)):
            if by_id or by_url:
                try:
                    listed, found = self._snapshot.find_provider_model(model, None, by_id, by_url)
                except LookupError:
                    continue
                return found, listed.id
        return None, ""


def _reported(usd: float) -> Cost:
    """The cost of the whole call as the provider reported it, as one line."""
    exact = Decimal(str(usd))
    line = CostLine("reported_by_provider", 1, usd, 1, float(exact.scaleb(9)), "provider")
    return Cost(round(exact.scaleb(9)), (line,), (), "provider")


def _by_the_clock(model: ModelInfo) -> bool:
    constraints = [price.constraint for price in model.prices] if isinstance(model.prices, list) else []
    constraints += [variant.constraint for variant in model.price_variants or ()]
    return any(isinstance(constraint, TimeOfDateConstraint) for constraint in constraints)


def _data_version() -> str:
    from genai_prices import data

    digest = hashlib.sha256(Path(data.__file__).read_bytes()).hexdigest()[:8]
    return f"genai-prices {genai_prices.__version__}+{digest}"
