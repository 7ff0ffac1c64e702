"""A budget that gateways hold: what the snapshot says of it."""

from typing import Final, Literal

import msgspec

from proxy.core.calendar import period_at

__all__ = ["MAX_HARD_NANOUSD", "BudgetLimit", "BudgetPeriod", "BudgetScope"]

BudgetScope = Literal["organisation", "key", "user", "property"]
BudgetPeriod = Literal["day", "month"]
MAX_HARD_NANOUSD: Final = 1_000_000_000_000_000
"""A million dollars: the largest limit that the store of limits can count in its parts of a cent."""


class BudgetLimit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Its fields are text where the API has words: an older gateway passes over a scope that it does not know."""

    id: str
    name: str
    scope: str
    property: str
    """The property's name in lower case, where `scope` is `property`."""
    value: str
    """Id of a key, a user, or a property's value; empty: each value has this budget."""
    period: str
    zone: str
    nanousd: int
    spent_nanousd: int = 0
    """What was spent in `spent_in` before the limit was set."""
    spent_in: str = ""
    """Name of that period."""
    counted_since_us: int = 0
    """When the limit was set: gateways count in buckets of that time, so that nothing is counted twice."""

    def room_nanousd(self, at_us: int) -> int:
        """What gateways may spend in the period that holds `at_us`; at least 0."""
        if self.spent_in != period_at(self.period, self.zone, at_us).name:
            return self.nanousd
        return max(0, self.nanousd - self.spent_nanousd)
