"""What is asked of the log, how it is asked, and how long it may take."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from benchmarks.store.client import Client
from benchmarks.store.fill import Filled

__all__ = ["COLUMNS", "QUESTIONS", "Question"]

_DAY_US: Final = 86_400_000_000
COLUMNS: Final = (
    *("id", "start", "provider", "model", "status", "error", "user", "session", "latency_ms", "ttft_ms"),
    *("input_tokens", "output_tokens", "cost", "properties", "request_preview", "response_preview"),
)
"""What a list of calls shows. All columns of a call lie in files of their own, so each one costs."""


class Question(NamedTuple):
    """One row of the table: `ask` sends it and returns how many rows came."""

    name: str
    bound_ms: float
    ask: Callable[[Client, Filled, int], int]
    """The last argument is the number of the turn: no two turns ask for the same call, so that no cache answers."""


def _window(filled: Filled, days: int) -> dict[str, str]:
    return {name: _iso(at_us) for name, at_us in (("since", filled.end_us - days * _DAY_US), ("until", filled.end_us))}


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat()


def _page(filter: str, days: int) -> Callable[[Client, Filled, int], int]:
    def ask(client: Client, filled: Filled, turn: int) -> int:
        question = {"filter": filter.format(turn=turn), "limit": 50, "columns": COLUMNS, **_window(filled, days)}
        return len(client.post("/api/requests/query", question)["data"])

    return ask


def _by_id(client: Client, filled: Filled, turn: int) -> int:
    return 1 if client.get(f"/api/requests/{client.ids[turn % len(client.ids)]}")["id"] else 0


def _metrics(question: dict[str, Any], days: int) -> Callable[[Client, Filled, int], int]:
    def ask(client: Client, filled: Filled, turn: int) -> int:
        answer = client.post("/api/metrics", {**question, **_window(filled, days)})
        return sum(len(value) for value in answer.values() if isinstance(value, list))

    return ask


def _session(path: str) -> Callable[[Client, Filled, int], int]:
    def ask(client: Client, filled: Filled, turn: int) -> int:
        session = client.sessions[turn % len(client.sessions)]
        answer = client.get(path.format(id=session))
        return len(answer.get("data", answer.get("children", [1])))

    return ask


def _sql(sql: str) -> Callable[[Client, Filled, int], int]:
    def ask(client: Client, filled: Filled, turn: int) -> int:
        window = _window(filled, 30)
        return int(client.post("/api/sql", {"sql": sql, "parameters": window})["row_count"])

    return ask


_PERCENTILES: Final = {"measures": ["p50_latency", "p95_latency", "p99_latency"], "bucket": "1h"}
_TOP: Final = {"measures": ["cost"], "dimensions": ["user"], "top": {"n": 20, "by": "cost", "other": False}}

QUESTIONS: Final = (
    Question("explorer page, two filters, 7 days", 150, _page("status>=400 property.feature:search", 7)),
    Question("one call by id", 30, _by_id),
    Question("hourly P50, P95, P99 over 7 days", 100, _metrics(_PERCENTILES, 7)),
    Question("top 20 users over 30 days", 300, _metrics(_TOP, 30)),
    Question(
        "calls of a property value (one in 5,000), 7 days", 150, _page("property.customer:customer-4{turn:02d}", 7)
    ),
    Question("text: a rare word, 30 days", 100, _page("zirconquartz", 30)),
    Question("text: a phrase (one call in 1,009), 30 days", 1000, _page('"refund policy exception"', 30)),
    Question("session of 1,000 calls: first page", 100, _session("/api/sessions/calls?id={id}&limit=100")),
    Question("session of 1,000 calls: tree", 100, _session("/api/sessions/tree?id={id}")),
    Question(
        "SQL: cost by feature over 30 days",
        1000,
        _sql(
            "SELECT properties['feature'] AS feature, sum(cost) AS usd FROM requests WHERE start >="
            " parseDateTime64BestEffort({since:String}, 6) AND start < parseDateTime64BestEffort({until:String}, 6)"
            " GROUP BY feature"
        ),
    ),
)
