"""The views, queries and the board that the demo's company has saved and shared."""

from typing import Any, Final

__all__ = ["BOARD", "SAVED"]

Json = dict[str, Any]


def _tile(id: str, type: str, place: tuple[int, int, int, int], *measures: str, **more: Any) -> Json:
    x, y, w, h = place
    return {"id": id, "type": type, "measures": [*measures], "x": x, "y": y, "w": w, "h": h, **more}


BOARD: Final = "Support assistant"
SAVED: Final[tuple[Json, ...]] = (
    {
        "kind": "board",
        "name": BOARD,
        "content": {
            "note": "What answering tickets costs, and how well it goes.",
            "q": "property.feature:support",
            "since": "14d",
            "tiles": [
                _tile("calls", "number", (0, 0, 3, 2), "calls"),
                _tile("cost", "number", (3, 0, 3, 2), "cost"),
                _tile("errors", "number", (6, 0, 3, 2), "error_rate"),
                _tile("p95", "number", (9, 0, 3, 2), "p95_latency"),
                _tile("spend", "bar", (0, 2, 8, 5), "cost", title="Cost by model", dimensions=["model"]),
                _tile("users", "list", (8, 2, 4, 5), "cost", title="Customers by cost", dimensions=["user"], top=8),
                _tile("speed", "line", (0, 7, 6, 5), "p50_latency", "p95_latency", title="Speed"),
                _tile("versions", "table", (6, 7, 6, 5), "calls", "cost", "p95_latency", title="Versions of the prompt",
                      dimensions=["prompt_version"]),
            ],
        },
    },
    {"kind": "view", "name": "Failures today", "content": {"q": "status>=400", "since": "24h"}},
    {"kind": "view", "name": "Expensive calls", "content": {"q": "cost>0.01", "since": "7d", "sort": "-cost"}},
    {
        "kind": "view",
        "name": "Slow reviews",
        "content": {"q": "property.feature:code-review latency>10000", "since": "7d"},
    },
    {
        "kind": "query",
        "name": "Cost by feature and day",
        "content": {
            "sql": "SELECT toDate(start) AS day, properties['feature'] AS feature, sum(cost) AS usd\n"
            "FROM requests\nGROUP BY day, feature\nORDER BY day, usd DESC",
            "chart": {"type": "bar", "x": "day", "y": ["usd"], "series": "feature"},
        },
    },
)  # fmt: skip
"""Bodies of `POST /api/documents`, but for `shared`."""
