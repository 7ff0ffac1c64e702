"""Rules made of an organisation's budgets: limits in cents over a day or month of the calendar.

A budget has a bucket for each period and value. Its window is longer than any period, so that nothing leaves it before
the period ends, and the next period has a bucket of its own.
"""

from typing import Final

import msgspec

from proxy.core.budget_limit import BudgetLimit
from proxy.core.calendar import MAX_PERIOD_US
from proxy.policies.budget import Cents
from proxy.policies.rules import Rule, plain

__all__ = ["budget_parts", "budget_rules"]

_NANOUSD_PER_PART: Final = 10_000_000 // Cents.scale
_SCOPES: Final = frozenset({"organisation", "key", "user", "property"})
_decode: Final = msgspec.json.Decoder(tuple[BudgetLimit, ...]).decode


def budget_rules(text: str) -> tuple[Rule, ...]:
    """Return a rule for each budget in the JSON of a snapshot. Scopes and periods that are not known are left out."""
    return tuple(
        _rule(budget) for budget in _decode(text) if budget.scope in _SCOPES and budget.period in MAX_PERIOD_US
    )


def budget_parts(nanousd: int) -> int:
    """Nano-dollars in the parts that limits in cents are counted in; at least one, which no call fits into."""
    return max(1, nanousd // _NANOUSD_PER_PART)


def _rule(budget: BudgetLimit) -> Rule:
    parts = budget_parts(budget.nanousd)
    segment = budget.property if budget.scope == "property" else "user" if budget.scope == "user" else ""
    counted_by = segment or ("key" if budget.scope == "key" else "")
    text = f"{plain(parts, Cents.scale)};w={budget.period};u={Cents.unit}" + (f";s={counted_by}" if counted_by else "")
    return Rule(text, Cents.unit, parts, MAX_PERIOD_US[budget.period], segment, budget=budget)
