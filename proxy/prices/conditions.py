"""What a price depends on beside quantities: service tier, batch, speed, traffic type, data residency, region."""

from collections.abc import Mapping
from typing import Final

from proxy.core.usage import STANDARD_TIERS

__all__ = ["CONDITIONS", "host_conditions", "normal_conditions", "unmet"]

CONDITIONS: Final[dict[str, frozenset[str]]] = {
    "service_tier": STANDARD_TIERS,
    "processing": frozenset(),
    "speed": frozenset({"standard", "normal"}),
    "inference_geo": frozenset({"global", "not_available"}),
    "traffic_type": frozenset({"on_demand", "traffic_type_unspecified"}),
    "search_context_size": frozenset({"high"}),
    "is_byok": frozenset({"false"}),
    "region": frozenset({"global"}),
}
"""Condition to the values under which the listed price holds. Any other value needs a price variant of its own: without
one the cost is unknown. The listed price of a request with a search is that of the largest context."""
_VERTEX_TRAFFIC: Final = {"on_demand_priority": "priority", "on_demand_flex": "flex"}
_VERTEX_TRAFFIC_NUMBERS: Final = {"1": "on_demand", "2": "provisioned_throughput"}
_ONE_PRICE_CLAUDE: Final = ("claude-3", "claude-sonnet-4@", "claude-opus-4@", "claude-opus-4-1", "claude-instant")
"""Claude models that cost the same at regional and global endpoints of Vertex."""


def normal_conditions(found: Mapping[str, str]) -> dict[str, str]:
    """Return the conditions that differ from the normal ones, in lower case and in one form for all providers: Vertex'
    traffic types become service tiers, and the tier `batch` becomes batch processing."""
    conditions = {name: value.lower() for name, value in found.items()}
    traffic = conditions.get("traffic_type", "")
    traffic = _VERTEX_TRAFFIC_NUMBERS.get(traffic, traffic)
    if traffic:
        conditions["traffic_type"] = traffic
    if traffic in _VERTEX_TRAFFIC:
        del conditions["traffic_type"]
        conditions["service_tier"] = _VERTEX_TRAFFIC[traffic]
    if conditions.get("service_tier") == "batch":
        conditions["processing"] = conditions.pop("service_tier")
    return {name: value for name, value in conditions.items() if value not in CONDITIONS.get(name, ())}


def host_conditions(price_id: str, host: str, model: str) -> dict[str, str]:
    """Return the conditions that the host implies: OpenAI's regional hosts and Vertex' regional endpoints for Claude
    cost more than the list price."""
    if price_id == "openai" and host.endswith(".api.openai.com"):
        return {"region": host.partition(".")[0]}
    regional = host.endswith("-aiplatform.googleapis.com")
    if price_id == "google" and regional and "claude" in model and not any(old in model for old in _ONE_PRICE_CLAUDE):
        return {"region": host.removesuffix("-aiplatform.googleapis.com")}
    return {}


def unmet(conditions: Mapping[str, str], variants: frozenset[tuple[str, str]]) -> list[str]:
    """Return the conditions that the model has no price for, as `name=value`. `variants` are those with a price."""
    return [f"{name}={value}" for name, value in conditions.items() if (name, value) not in variants]
