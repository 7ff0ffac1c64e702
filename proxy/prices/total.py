"""The cost of several answers together, as lines that add up."""

from collections.abc import Sequence
from fractions import Fraction

from proxy.core.cost import Cost, CostLine

__all__ = ["add_costs"]


def add_costs(costs: Sequence[Cost]) -> Cost:
    """Return one cost; lines of the same component, rate and source become one line. Unknown if any cost is unknown."""
    quantities: dict[tuple[str, float, int, str], Fraction] = {}
    for cost in costs:
        for line in cost.lines:
            key = line.component, line.rate_usd, line.per, line.source
            quantities[key] = quantities.get(key, Fraction(0)) + Fraction(str(line.quantity))
    total = Fraction(0)
    lines: list[CostLine] = []
    for (component, rate, per, source), quantity in quantities.items():
        amount = quantity * Fraction(str(rate)) * 10**9 / per
        total += amount
        lines.append(CostLine(component, _number(quantity), rate, per, _number(amount), source))
    missing = tuple(dict.fromkeys(name for cost in costs for name in cost.missing))
    version = next((cost.version for cost in costs if cost.version), "")
    if any(cost.nanousd is None for cost in costs):
        return Cost(None, tuple(lines), missing, version)
    return Cost(round(total), tuple(lines), (), version)


def _number(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)
