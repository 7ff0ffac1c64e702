"""Where the demo's company wants to be told: channels, a webhook for calls, and budgets that tell the channels."""

from typing import Any, Final

import httpx

__all__ = ["make_receivers"]

Json = dict[str, Any]

_ON_CALL: Final = "On call"
_CHANNELS: Final[tuple[tuple[str, str, Json], ...]] = (
    ("webhook", _ON_CALL, {"url": "{receiver}/hooks/on-call"}),
    ("webhook", "Finance", {"url": "{receiver}/hooks/busy"}),
    (
        "email",
        "Audit",
        {"host": "smtp.northwind.example", "sender": "models@northwind.example", "to": ["audit@kanzlei.example"]},
    ),
)
_WEBHOOKS: Final[tuple[Json, ...]] = (
    {
        "name": "Failed support calls",
        "url": "{receiver}/hooks/calls",
        "filter": "property.feature:support status>=400",
        "since": "7d",
    },
    {"name": "Evaluation", "url": "{receiver}/hooks/busy", "sample_share": 0.05, "with_bodies": True, "since": "1d"},
)
_BUDGETS: Final[tuple[Json, ...]] = (
    {"name": "All models", "limit_usd": 10, "shares": [50, 80, 100]},
    {"name": "Support", "limit_usd": 0.6, "scope": "property", "property": "feature", "value": "support"},
    {"name": "Customers", "limit_usd": 1, "scope": "user", "shares": [80, 100]},
    {"name": "A day of agents", "limit_usd": 0.5, "scope": "property", "property": "feature", "value": "agents",
     "period": "day", "shares": [100, 150], "hard": True},
)  # fmt: skip


def make_receivers(api: httpx.Client, receiver: str) -> None:
    """Makes them, with the simulator at `receiver` as the other end."""
    made: dict[str, str] = {}
    for kind, name, config in _CHANNELS:
        config = _filled(config, receiver)
        channel = _post(api, "/api/channels", {"kind": kind, "name": name, "config": config})["channel"]
        made[name] = channel["id"]
    for webhook in _WEBHOOKS:
        _post(api, "/api/webhooks", _filled(webhook, receiver))
    for budget in _BUDGETS:
        _post(api, "/api/budgets", {**budget, "channels": [made[_ON_CALL], made["Finance"]]})


def _filled(fields: Json, receiver: str) -> Json:
    return {
        name: value.replace("{receiver}", receiver) if isinstance(value, str) else value
        for name, value in fields.items()
    }


def _post(api: httpx.Client, path: str, body: Json) -> Any:
    answer = api.post(path, json=body)
    answer.raise_for_status()
    return answer.json()
