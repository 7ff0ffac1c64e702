"""Prices the row of a call again, and adds up what that changes."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from proxy.control.priced_call import call_of_columns, is_of_before, price_call
from proxy.prices import PriceBook

__all__ = ["RepriceFigures", "RepriceGroup", "RowFigures", "price_again", "same_figures"]

_MAX_GROUPS: Final = 1000
_MAX_REASONS: Final = 50
_MAX_REASON: Final = 200
_OTHER: Final = "(other)"
_OF_BEFORE: Final = "logged by a version that did not keep all that the price depends on; the cost stays as it is"


class RowFigures(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The columns of a row that a re-pricing writes."""

    cost_nanousd: int | None
    cost_known: bool
    saved_nanousd: int | None
    cost_lines: str
    cost_missing: list[str]
    price_version: str


def _figures_of(columns: Mapping[str, Any]) -> RowFigures:
    """Return the figures that a row has."""
    return RowFigures(
        cost_nanousd=columns["cost_nanousd"],
        cost_known=bool(columns["cost_known"]),
        saved_nanousd=columns["saved_nanousd"],
        cost_lines=columns["cost_lines"],
        cost_missing=list(columns["cost_missing"]),
        price_version=columns["price_version"],
    )


def price_again(book: PriceBook, columns: Mapping[str, Any]) -> RowFigures | None:
    """Return the figures that shipping the row's call now would give; None where none of it depends on prices.

    Raises `msgspec.MsgspecError` for a damaged row."""
    call = call_of_columns(columns)
    if call is None:
        return None
    cost = price_call(book, call)
    cached = columns["cached"]
    return RowFigures(
        cost_nanousd=0 if cached else cost.nanousd,
        cost_known=True if cached else cost.known,
        saved_nanousd=cost.nanousd if cached else None,
        cost_lines=msgspec.json.encode(cost.lines).decode() if cost.lines else "",
        cost_missing=[name.encode("utf-8", "replace").decode() for name in cost.missing],
        price_version=cost.version,
    )


def same_figures(old: RowFigures, new: RowFigures) -> bool:
    """Whether both say the same, whatever version of the price data it came from."""
    return (
        old.cost_nanousd == new.cost_nanousd
        and old.cost_known == new.cost_known
        and old.saved_nanousd == new.saved_nanousd
        and old.cost_missing == new.cost_missing
        and (old.cost_lines == new.cost_lines or _unsourced(old.cost_lines) == _unsourced(new.cost_lines))
    )


def _unsourced(lines: str) -> list[list[Any]]:
    """Lines of a cost without the versions of their prices."""
    decoded: list[list[Any]] = msgspec.json.decode(lines or "[]", type=list[list[Any]])
    return [line[:-1] for line in decoded]


class RepriceGroup(msgspec.Struct, kw_only=True):
    """What a re-pricing comes to for one provider and model. Sums are over calls whose cost is known."""

    provider: str
    model: str
    calls: int = 0
    changed: int = 0
    old_nanousd: int = 0
    new_nanousd: int = 0
    newly_known: int = 0
    newly_unknown: int = 0
    unknown: int = 0
    """Calls without a cost after it; `reasons` says why."""
    kept: int = 0
    """Calls that could not be priced again; they keep their cost."""
    reasons: dict[str, int] = {}
    """Why a cost is unknown, or a call was kept, to the number of calls."""

    def add(self, old: RowFigures, new: RowFigures, changed: bool) -> None:
        self.calls += 1
        self.changed += changed
        self.old_nanousd += old.cost_nanousd or 0
        self.new_nanousd += new.cost_nanousd or 0
        self.newly_known += new.cost_known and not old.cost_known
        self.newly_unknown += old.cost_known and not new.cost_known
        if not new.cost_known:
            self.unknown += 1
            for reason in new.cost_missing:
                self._count(reason)

    def keep(self, old: RowFigures, reason: str) -> None:
        self.add(old, old, False)
        self.kept += 1
        self._count(reason)

    def _count(self, reason: str) -> None:
        reason = reason[:_MAX_REASON]
        if reason not in self.reasons and len(self.reasons) >= _MAX_REASONS:
            reason = _OTHER
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


class RepriceFigures:
    """All groups of a run, by provider and model; beyond a thousand they are counted together."""

    def __init__(self, groups: Iterable[RepriceGroup] = ()) -> None:
        self._groups = {(group.provider, group.model): group for group in groups}

    @property
    def groups(self) -> list[RepriceGroup]:
        """The groups, by provider and model."""
        return [self._groups[key] for key in sorted(self._groups)]

    def price(self, book: PriceBook, columns: Mapping[str, Any]) -> tuple[RowFigures, RowFigures] | None:
        """Price one row again and count it. Returns its old and new figures where they differ."""
        old, group = _figures_of(columns), self._group(columns["provider"], columns["model"])
        if is_of_before(columns):
            group.keep(old, _OF_BEFORE)
            return None
        try:
            new = price_again(book, columns)
            changed = new is not None and not same_figures(old, new)
        except msgspec.MsgspecError as error:
            group.keep(old, f"the row is damaged: {error}")
            return None
        group.add(old, new if new is not None else old, changed)
        return (old, new) if new is not None and changed else None

    def _group(self, provider: str, model: str) -> RepriceGroup:
        if (provider, model) not in self._groups and len(self._groups) >= _MAX_GROUPS:
            provider = model = _OTHER
        found = self._groups.get((provider, model))
        if found is None:
            found = self._groups[provider, model] = RepriceGroup(provider=provider, model=model)
        return found
