"""Compares what the log says that calls cost with what a bill says, and explains the differences by component."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec

from proxy.cli.bill import Bill, BillLine

__all__ = ["ComparedComponent", "ComparedDay", "ComparedModel", "Comparison", "Side", "compare", "model_key"]

_ZERO: Final = Decimal(0)
_COMPONENTS: Final = {
    "input_tokens": "input",
    "cache_read_tokens": "cached_input",
    "cache_write_tokens": "cache_write",
    "cache_write_1h_tokens": "cache_write_1h",
    "output_tokens": "output",
    "output_reasoning_tokens": "output",
    "input_audio_tokens": "audio_input",
    "output_audio_tokens": "audio_output",
    "input_image_tokens": "image_input",
    "output_image_tokens": "image_output",
    "web_searches": "web_search",
}
"""Component of a cost in the log to that of a bill, where they differ."""
_WHOLE: Final = "reported_by_provider"


class Side(msgspec.Struct):
    """What one side has of a model or component; quantities and dollars add up."""

    usd: Decimal = _ZERO
    quantity: Decimal | None = None
    """None where this side does not say."""

    def add(self, usd: Decimal | None, quantity: Decimal | None) -> None:
        self.usd += usd or _ZERO
        if quantity is not None:
            self.quantity = (self.quantity or _ZERO) + quantity


class ComparedComponent(msgspec.Struct, kw_only=True):
    component: str
    ours: Side
    theirs: Side
    note: str
    """What the difference comes from, as far as the two sides show it."""


class ComparedDay(msgspec.Struct, kw_only=True):
    day: date
    provider: str
    model: str
    calls: int
    unknown: int
    """Calls without a cost."""
    ours: Decimal
    theirs: Decimal | None
    """None where the bill has no costs."""


class ComparedModel(msgspec.Struct, kw_only=True):
    """One model over the whole time."""

    provider: str
    model: str
    calls: int
    unknown: int
    ours: Decimal
    theirs: Decimal | None
    within: bool
    """Whether the two are within the tolerance."""
    tiers: list[str]
    """Service tiers that the bill names."""
    notes: list[str]
    components: list[ComparedComponent]


class Comparison(msgspec.Struct, kw_only=True):
    since: date
    until: date
    """The last day."""
    ours: Decimal
    theirs: Decimal | None
    within: bool
    models: list[ComparedModel]
    days: list[ComparedDay]


def model_key(name: str) -> tuple[str, ...]:
    """Return what the names of one model have in common: `Claude Haiku 4.5` is `claude-haiku-4-5-20251001`, and
    `gpt-4o-2024-08-06` is `gpt-4o`."""
    text = re.sub(r"[-@](20\d{6}|20\d\d-\d\d-\d\d)(?=$|[-:])", "", name.strip().lower())
    return tuple(sorted(word for word in re.split(r"[^a-z0-9]+", text) if word))


def compare(bill: Bill, costs: list[dict[str, Any]], *, percent: Decimal, dollars: Decimal) -> Comparison:
    """Compare a bill that has lines with the log's costs (`GET /api/costs`) of the same days. A model is within the
    tolerance where the difference is at most `dollars`, or `percent` of the bill."""
    names = _Names(bill.lines, costs)
    models: dict[tuple[str, str], _Model] = {}
    for row in costs:
        key = row["provider"], names.of_log(row["provider"], row["model"])
        models.setdefault(key, _Model(*key)).add_log(row)
    for line in bill.lines:
        key = line.provider, names.of_bill(line.provider, line.model)
        models.setdefault(key, _Model(*key)).add_bill(line)
    compared = [models[key].compared(bill.has_costs, percent, dollars) for key in sorted(models)]
    days = [day for key in sorted(models) for day in models[key].compared_days(bill.has_costs)]
    days.sort(key=lambda row: (row.day, row.provider, row.model))
    return Comparison(
        since=min(line.day for line in bill.lines),
        until=max(line.day for line in bill.lines),
        ours=sum((model.ours for model in compared), _ZERO),
        theirs=sum((model.theirs or _ZERO for model in compared), _ZERO) if bill.has_costs else None,
        within=all(model.within for model in compared),
        models=compared,
        days=days,
    )


class _Names:
    """Gives a model one name where bill and log spell it differently: the same name, else the same `model_key`."""

    def __init__(self, lines: Iterable[BillLine], costs: Iterable[dict[str, Any]]) -> None:
        self._log = {(row["provider"], row["model"].lower()) for row in costs}
        self._by_key = {(row["provider"], model_key(row["model"])): row["model"].lower() for row in costs}
        billed = {(line.provider, line.model.lower()) for line in lines}
        self._merged: dict[tuple[str, str], str] = {}
        for provider, model in billed - self._log:
            known = self._by_key.get((provider, model_key(model)))
            if known is not None:
                self._merged[provider, model] = known

    def of_bill(self, provider: str, model: str) -> str:
        return self._merged.get((provider, model.lower()), model.lower())

    def of_log(self, provider: str, model: str) -> str:
        return model.lower()


class _Day(msgspec.Struct):
    calls: int = 0
    unknown: int = 0
    ours: Decimal = _ZERO
    theirs: Decimal = _ZERO


class _Model:
    """All that both sides say of one model."""

    def __init__(self, provider: str, model: str) -> None:
        self.provider = provider
        self.model = model
        self.days: dict[date, _Day] = {}
        self.components: dict[str, tuple[Side, Side]] = {}
        self.reasons: dict[str, None] = {}
        self.tiers: dict[str, None] = {}
        self.billed = False

    def add_log(self, row: dict[str, Any]) -> None:
        day = self.days.setdefault(date.fromisoformat(row["day"]), _Day())
        day.calls += row["calls"]
        day.unknown += row["unknown"]
        day.ours += _usd(row["cost_nanousd"])
        self.reasons |= dict.fromkeys(reason for reason in row["reasons"] if reason)
        self._component("requests")[0].add(None, Decimal(row["calls"]))
        for part in row["components"]:
            if part["component"] != "requests":
                name = "" if part["component"] == _WHOLE else part["component"]
                quantity = Decimal(str(part["quantity"])) if name else None
                self._component(_COMPONENTS.get(name, name))[0].add(_usd(part["amount_nanousd"]), quantity)

    def add_bill(self, line: BillLine) -> None:
        self.billed = True
        day = self.days.setdefault(line.day, _Day())
        day.theirs += line.usd or _ZERO
        if line.tier:
            self.tiers[line.tier] = None
        self._component(line.component)[1].add(line.usd, line.quantity)

    def _component(self, name: str) -> tuple[Side, Side]:
        return self.components.setdefault(name, (Side(), Side()))

    def compared_days(self, has_costs: bool) -> list[ComparedDay]:
        return [
            ComparedDay(
                day=at,
                provider=self.provider,
                model=self.model,
                calls=day.calls,
                unknown=day.unknown,
                ours=day.ours,
                theirs=day.theirs if has_costs else None,
            )
            for at, day in sorted(self.days.items())
        ]

    def compared(self, has_costs: bool, percent: Decimal, dollars: Decimal) -> ComparedModel:
        calls, unknown = (sum(getattr(day, name) for day in self.days.values()) for name in ("calls", "unknown"))
        ours = sum((day.ours for day in self.days.values()), _ZERO)
        theirs = sum((day.theirs for day in self.days.values()), _ZERO)
        components = [
            ComparedComponent(component=name, ours=sides[0], theirs=sides[1], note=_explain(*sides))
            for name, sides in sorted(self.components.items())
        ]
        if has_costs:
            within = abs(ours - theirs) <= max(dollars, abs(theirs) * percent / 100)
        else:
            within = all(_quantities_within(part, percent) for part in components)
        return ComparedModel(
            provider=self.provider,
            model=self.model,
            calls=calls,
            unknown=unknown,
            ours=ours,
            theirs=theirs if has_costs else None,
            within=within,
            tiers=list(self.tiers),
            notes=self._notes(calls, unknown),
            components=components,
        )

    def _notes(self, calls: int, unknown: int) -> list[str]:
        notes: list[str] = []
        if self.billed and not self.model and "" in self.components:
            notes.append("the bill names no model here; export it grouped by line item or model")
        elif not calls:
            notes.append("no such calls in the log: they did not pass here, or the bill names the model otherwise")
        if not self.billed:
            notes.append("not in the bill")
        if unknown:
            notes.append(
                f"{unknown:,} of {calls:,} calls have no cost: {'; '.join(self.reasons) or 'no reason is known'}"
            )
        if self.tiers:
            notes.append(f"the bill has the service tier {', '.join(self.tiers)}")
        return notes


def _explain(ours: Side, theirs: Side) -> str:
    """Say how much of a difference is another quantity, and how much another price."""
    if ours.quantity is None or theirs.quantity is None:
        return ""
    parts: list[str] = []
    more = theirs.quantity - ours.quantity
    if more:
        parts.append(f"the bill has {abs(more):,f} {'more' if more > 0 else 'fewer'}".replace(".000000", ""))
    if ours.quantity and theirs.quantity and theirs.usd:
        rate, billed = (side.usd / (side.quantity or 1) * 10**6 for side in (ours, theirs))
        if abs(rate - billed) > billed * Decimal("0.001"):
            parts.append(f"ours is ${_short(rate)} and theirs ${_short(billed)} a million")
    return "; ".join(parts)


def _short(number: Decimal) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def _quantities_within(part: ComparedComponent, percent: Decimal) -> bool:
    if part.theirs.quantity is None:
        return True
    return abs((part.ours.quantity or _ZERO) - part.theirs.quantity) <= part.theirs.quantity * percent / 100


def _usd(nanousd: float) -> Decimal:
    return Decimal(str(nanousd)).scaleb(-9)
