"""The rules that every installation starts with. They are not evaluated before there is a channel to send to."""

from typing import Final

from proxy.alerts.rule import Condition, Rule

__all__ = ["READY_MADE"]

READY_MADE: Final[tuple[Rule, ...]] = (
    Rule(
        name="Daily spend above $50",
        metric="cost",
        window="1d",
        condition=Condition(value=50.0, resolve=45.0),
        repeat_interval="1d",
        description="What all calls of the last 24 hours cost. Set the amount to what a usual day may cost.",
    ),
    Rule(
        name="Error spike",
        metric="error_rate",
        window="5m",
        condition=Condition(value=0.1, resolve=0.05),
        for_="2m",
        keep_firing_for="5m",
        min_samples=20,
        severity="error",
        description="More than one call in ten fails. The link opens the calls; group them by error to see why.",
    ),
    Rule(
        name="Slow P95 latency",
        metric="p95_latency",
        window="15m",
        group_by=["model"],
        condition=Condition(kind="change", value=100.0, resolve=50.0, against="last_week"),
        for_="5m",
        keep_firing_for="10m",
        min_samples=50,
        description="One call in twenty takes twice as long as at this hour a week ago.",
    ),
    Rule(
        name="No traffic",
        metric="no_traffic",
        window="30m",
        severity="error",
        description="There were calls in the day before, and none for 30 minutes. Do the gateways run?",
    ),
)
