"""One model's prices as integers, computed once, with the tree of which quantity contains which."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

from genai_prices.decompose import is_descendant_or_self
from genai_prices.types import ModelPrice, TieredPrices
from genai_prices.units import UnitDef, _get_registry

from proxy.core.cost import CostLine

__all__ = ["Rate", "round_nanousd"]

_SCALE: Final = 10**18
"""Rates are in 1e-18 dollars a unit: whole numbers for any price with up to 12 decimals a million."""
_TO_NANO: Final = 10**9

Amount = int | Fraction

_SAME_AS_WHOLE: Final = frozenset(
    {
        # A model that lists no price for these bills them like the tokens they are part of.
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_image_read_tokens",
        "input_image_tokens",
        "input_video_tokens",
        "output_citation_tokens",
        "output_reasoning_tokens",
    }
)
_AUDIO: Final = frozenset({"input_audio_tokens", "cache_audio_read_tokens"})


class _Step(NamedTuple):
    start: int
    """The rate applies to all tokens of a call with more input tokens than this."""
    rate: Amount
    usd: float


class _Priced(NamedTuple):
    key: str
    inner: tuple[int, ...]
    """Indexes of the quantities that this one contains and that have a price of their own; they come before it."""
    rate: Amount
    usd: float
    per: int
    tiers: tuple[_Step, ...]
    """Highest first."""


class Rate:
    """`cost` is what `genai_prices` computes from the same prices, without its 80 µs a call, and line by line."""

    __slots__ = ("_bills", "_per_request", "_priced", "_same_audio", "_source", "_uncovered", "empty")

    def __init__(self, price: ModelPrice, source: str, *, same_audio: bool = False) -> None:
        """`source` goes into every line. `same_audio`: audio without a price of its own is billed as other input."""
        registry = _get_registry()
        units: list[tuple[UnitDef, Decimal | TieredPrices]] = []
        self._source = source
        self._same_audio = same_audio
        self._per_request: _Priced | None = None
        for key, value in price.__dict__.items():
            if value is None or key.startswith("_"):
                continue
            unit = registry.unit_for_price_key(key)
            if unit.usage_key == "requests":
                self._per_request = _priced(unit, value, ())
            else:
                units.append((unit, value))
        units.sort(key=lambda item: (-len(item[0].dimensions), item[0].usage_key))
        self._priced = tuple(
            _priced(
                unit,
                value,
                tuple(
                    index
                    for index, (other, _) in enumerate(units)
                    if other is not unit and is_descendant_or_self(unit, other)
                ),
            )
            for unit, value in units
        )
        keys = {row.key for row in self._priced}
        self._bills: dict[str, bool] = dict.fromkeys(keys, True)
        self._uncovered = tuple(
            (whole, tuple(unit.usage_key for unit, _ in units if unit.dimensions.get("direction") == direction))
            for whole, direction in (("input_tokens", "input"), ("output_tokens", "output"))
            if whole not in keys
        )
        self.empty = not units and self._per_request is None
        """No price at all is listed for the model: that is not the same as free."""

    def cost(self, counts: Mapping[str, Any]) -> tuple[Amount, list[CostLine], list[str]]:
        """Return the sum in 1e-18 dollars, its lines, and the problems: quantities that have no price here (audio of a
        model whose audio price is not known, text of one billed by the second) or contradict each other. If there is
        any problem, the sum must not be used."""
        bills = self._bills
        missing = [key for key in counts if not (bills[key] if key in bills else self._learn(key))]
        if self._uncovered:
            missing += self._not_covered(counts)
        lines: list[CostLine] = []
        total: Amount = 0
        if self._per_request is not None:
            row = self._per_request
            total = row.rate
            lines.append(CostLine("requests", 1, row.usd, row.per, _nano(row.rate), self._source))
        leaves: list[Any] = []
        for key, inner, rate, usd, per, tiers in self._priced:
            number = counts.get(key, 0)
            for index in inner:
                number -= leaves[index]
            if number < 0:
                missing.append(f"{key}: its parts are more than the whole")
                number = 0
            leaves.append(number)
            if number:
                if tiers:
                    all_input = counts.get("input_tokens", 0)
                    for start, above, above_usd in tiers:
                        if all_input > start:
                            rate, usd = above, above_usd
                            break
                amount = rate * (number if isinstance(number, int) else Fraction(str(number)))
                total += amount
                lines.append(CostLine(key, number, usd, per, _nano(amount), self._source))
        return total, lines, missing

    def _learn(self, key: str) -> bool:
        """Return whether a quantity without a price of its own is billed as part of another that has one. Cached."""
        same = key in _SAME_AS_WHOLE or (self._same_audio and key in _AUDIO)
        unit = _get_registry().units.get(key)
        billed = (
            same
            and unit is not None
            and any(is_descendant_or_self(_get_registry().units[row.key], unit) for row in self._priced)
        )
        if len(self._bills) < 256:
            self._bills[key] = billed
        return billed

    def _not_covered(self, counts: Mapping[str, Any]) -> list[str]:
        return [
            whole
            for whole, parts in self._uncovered
            if counts.get(whole, 0) > sum(counts.get(part, 0) for part in parts)
        ]


def _priced(unit: UnitDef, value: Decimal | TieredPrices, inner: tuple[int, ...]) -> _Priced:
    base = value.base if isinstance(value, TieredPrices) else value
    steps = reversed(value.tiers) if isinstance(value, TieredPrices) else ()
    tiers = tuple(_Step(step.start, _per_unit(step.price, unit.per), float(step.price)) for step in steps)
    return _Priced(unit.usage_key, inner, _per_unit(base, unit.per), float(base), unit.per, tiers)


def _per_unit(price: Decimal, per: int) -> Amount:
    exact = Fraction(price) * _SCALE / per
    return exact.numerator if exact.denominator == 1 else exact


def _nano(amount: Amount) -> int | float:
    """1e-18 dollars as nano-dollars."""
    if isinstance(amount, int):
        whole, rest = divmod(amount, _TO_NANO)
        return amount / _TO_NANO if rest else whole
    return float(amount / _TO_NANO)


def round_nanousd(total: Amount) -> int:
    """1e-18 dollars as whole nano-dollars, rounded half to even."""
    if not isinstance(total, int):
        return round(total / _TO_NANO)
    whole, rest = divmod(total, _TO_NANO)
    doubled = rest * 2
    return whole + (doubled > _TO_NANO or (doubled == _TO_NANO and whole & 1))
