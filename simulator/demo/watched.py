"""The alert rules of the demo's company: some fire on its usual traffic, so that the pages of alerts show life."""

from typing import Any, Final

__all__ = ["ALERT", "RULES", "SILENCED"]

Json = dict[str, Any]

ALERT: Final = "Spend of a customer"
RULES: Final[tuple[Json, ...]] = (
    {
        "name": ALERT,
        "metric": "cost",
        "group_by": ["user"],
        "window": "1d",
        "condition": {"value": 0.1, "resolve": 0.08},
        "severity": "error",
        "notify_by": ["user"],
        "description": "Costs more than the plan earns in a day. Look at the newest sessions first.",
    },
    {
        "name": "Errors of the support assistant",
        "metric": "error_rate",
        "filter": "property.feature:support",
        "window": "1h",
        "condition": {"value": 0.02, "resolve": 0.01},
        "for": "2m",
        "min_samples": 10,
        "severity": "critical",
        "description": "Customers get no answer. The runbook is in the wiki, under “assistant down”.",
    },
    {
        "name": "Agents are slow",
        "metric": "p95_latency",
        "filter": "property.feature:agents",
        "window": "30m",
        "condition": {"value": 20_000, "resolve": 15_000},
        "for": "5m",
        "keep_firing_for": "10m",
        "min_samples": 20,
    },
    {
        "name": "Nightly import did not run",
        "metric": "calls",
        "filter": "property.job:nightly-import",
        "window": "1d",
        "condition": {"op": "below", "value": 1},
        "severity": "error",
        "description": "It runs at 02:00 UTC. See the scheduler's log.",
    },
    {
        "name": "Helpful answers",
        "metric": "score.helpful",
        "window": "1d",
        "condition": {"op": "below", "value": 0.7},
        "min_samples": 20,
        "severity": "info",
    },
    {
        "name": "Not the usual number of requests",
        "metric": "calls",
        "window": "1h",
        "condition": {"kind": "band", "op": "outside", "value": 3},
        "severity": "info",
        "enabled": False,
    },
)
"""Bodies of `POST /api/alerts`."""
SILENCED: Final = {
    "matchers": [{"label": "user", "value": "load-test.*", "op": "=~"}],
    "comment": "Load test of the new importer",
}
"""Body of `POST /api/silences`, without its end."""
