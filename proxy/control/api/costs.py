"""`/api/costs`: what calls cost by day, provider, model and component, as bills list it."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter

from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us
from proxy.logstore.sql import query
from proxy.query import moment_us, zone_of

__all__ = ["COST_ROUTES"]


class CostComponent(msgspec.Struct, kw_only=True):
    component: str
    """As in the lines of a cost: `input_tokens`, `cache_read_tokens`, `web_searches`, …"""
    quantity: float
    amount_nanousd: float


class DayCost(msgspec.Struct, kw_only=True):
    day: str
    """In the zone that was asked for."""
    provider: str
    model: str
    calls: int
    """Without those served from the cache, and those that no provider bills."""
    unknown: int
    """Calls whose cost is unknown; they are not in the sums."""
    cost_nanousd: int
    reasons: list[str]
    """Why costs are unknown: the most frequent ones."""
    components: list[CostComponent]


class DayCosts(msgspec.Struct):
    data: list[DayCost]


@get("/api/costs", sync_to_thread=True, opt=needs("viewer"), summary="Costs as bills list them",
     operation_id="listCosts")  # fmt: skip
def list_costs(
    request: Request[Any, Any, Any],
    since: Annotated[str, QueryParameter(description="Start of the first call, as in filters.")],
    until: Annotated[str, QueryParameter(description="Calls before this time; empty: before now.")] = "",
    zone: Annotated[str, QueryParameter(description="Name of the time zone of the days.")] = "UTC",
    provider: Annotated[str, QueryParameter(description="Only these, joined by commas; empty: all.")] = "",
) -> DayCosts:
    """By day, provider and model, each with the components of its cost. For a comparison with a provider's bill."""
    plane: ControlPlane = request.app.state.plane
    at_us, days = now_us(), zone_of("zone", zone)
    bound = {
        "org": caller_of(request).org,
        "zone": zone,
        "since_us": moment_us("since", since, at_us, days),
        "until_us": moment_us("until", until, at_us, days) if until else at_us,
        "providers": [name.strip() for name in provider.split(",") if name.strip()],
    }
    store = plane.log.store
    components: dict[tuple[str, str, str], list[CostComponent]] = {}
    for row in store.read(query("costs_by_component"), bound):
        key = row.pop("day"), row.pop("provider"), row.pop("model")
        components.setdefault(key, []).append(CostComponent(**row))
    return DayCosts(
        [
            DayCost(**row, components=components.get((row["day"], row["provider"], row["model"]), []))
            for row in store.read(query("costs_by_day"), bound)
        ]
    )


COST_ROUTES: list[Any] = [list_costs]
