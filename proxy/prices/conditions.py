"""What a price depends on beside quantities: service tier, batch, speed, region, data residency, traffic type."""

from collections.abc import Mapping
from typing import Final

__all__ = ["CONDITIONS", "unmet"]

CONDITIONS: Final[dict[str, frozenset[str]]] = {
    "service_tier": frozenset({"default", "standard", "on_demand", "auto", "standard_only", "unspecified"}),
    "processing": frozenset(),
    "speed": frozenset({"standard"}),
    "inference_geo": frozenset({"global", "not_available"}),
    "traffic_type": frozenset({"on_demand", "traffic_type_unspecified"}),
    "region": frozenset({"global"}),
    "search_context_size": frozenset({"high"}),
    "billing": frozenset({"list"}),
}
"""Condition to the values under which the listed price holds. Any other value needs a price variant of its own:
without one the cost is unknown. Of `search_context_size` the listed price of a request is the highest."""


def unmet(context: Mapping[str, str], variants: frozenset[tuple[str, str]]) -> list[str]:
    """Conditions that the model has no price for, as `name=value`. `variants` are those that it has one for."""
    return [
        f"{name}={value}"
        for name, value in context.items()
        if (name, value) not in variants and value not in CONDITIONS.get(name, ())
    ]
