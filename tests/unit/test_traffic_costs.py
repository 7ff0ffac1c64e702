"""The cost of every recorded exchange is exact, or null with what is missing by name: never silently partial."""

from fractions import Fraction
from functools import cache

import pytest

from proxy.core.cost import Cost
from proxy.core.usage import Usage
from proxy.prices import PriceBook
from tests.unit.test_traffic_usage import catalog, exchanges, ids, reading_of, route_of

AT_US = 1_795_000_000_000_000


@cache
def book() -> PriceBook:
    return PriceBook(None, {"custom": "", **{one.name: one.prices for one in catalog().providers.values()}})


def cost_of(id: str) -> tuple[Usage | None, Cost]:
    row = exchanges()[id]
    route, reading = route_of(row), reading_of(row)
    models = (reading.model_answered, reading.model_asked)
    url = f"{route.origin.scheme}://{route.origin.host}"
    return reading.billed, book().price(
        route.provider.name, models, reading.billed, AT_US, url=url, streamed=reading.stream
    )


@pytest.mark.parametrize("id", ids())
def test_a_cost_is_the_sum_of_its_lines_or_says_what_is_missing(id: str) -> None:
    usage, cost = cost_of(id)
    if cost.nanousd is None:
        assert cost.missing
        return
    assert usage is not None
    assert not cost.missing
    total = sum((Fraction(str(line.amount_nanousd)) for line in cost.lines), Fraction(0))
    assert cost.nanousd == round(total)
    for line in cost.lines:
        amount = Fraction(str(line.rate_usd)) * Fraction(str(line.quantity)) / line.per * 10**9
        assert float(amount) == pytest.approx(float(line.amount_nanousd), rel=1e-12)
    if cost.version != "provider" and usage.consumed:
        billed = {line.component: line.quantity for line in cost.lines}
        tokens_in = sum(
            number
            for name, number in billed.items()
            if name.startswith(("input_", "cache_")) and name.endswith("_tokens")
        )
        tokens_out = sum(number for name, number in billed.items() if name.startswith("output_"))
        assert (tokens_in, tokens_out) == (usage.total_input or 0, usage.total_output or 0)
