"""Sessions of a log, written straight into its store: `python -m tests.e2e.session_rows <folder of the log>`."""

import random
import sys

from proxy.core.clock import now_us, uuid7
from proxy.logstore import RequestRow
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert

START_US = now_us() - 10 * 86_400_000_000
TRACE = "0af7651916cd43dd8448eb211c80319c"


def call(
    session: str, number: int, path: str, parent: str = "", span: str | None = None, **fields: object
) -> RequestRow:
    start = START_US + number * 1_000_000
    values: dict[str, object] = {
        "id": uuid7(start), "org": "default", "start": start, "ingested_at": start, "session_id": session,
        "session_path": path,
        "status": 200, "outcome": "success", "latency_ms": 500.0, "cost_nanousd": 1_000_000, "cost_known": True,
        "input_tokens": 10, "output_tokens": 1, "request_name": f"{session} {number}", "session_name": session.title(),
        "user_id": "ada", "model": "gpt-4o", "provider": "openai",
        "trace_id": TRACE if span is not None else "", "span_id": span or "", "parent_span_id": parent,
    }  # fmt: skip
    return RequestRow(**{**values, **fields})  # type: ignore[arg-type]


def small() -> list[RequestRow]:
    """Paths that mean the same, a failure, an unknown cost, and two calls that start together."""
    return [
        call("small", 0, "/plan"),
        call("small", 1, "/plan/search", status=500, latency_ms=None, cost_nanousd=None, cost_known=False),
        call("small", 2, "plan//search/"),
        call("small", 2, "/plan/read"),
        call("small", 3, ""),
        call("small", 9, "/answer", latency_ms=3000.0),
        call("small of another", 4, "/plan"),
        call("small", 4, "/plan", org="another"),
    ]


def traced() -> list[RequestRow]:
    """Parents: of the session, missing, of another trace, itself, and in a loop."""
    return [
        call("traced", 0, "", span="a"),
        call("traced", 1, "", "a", "b"),
        call("traced", 2, "", "b", "c", status=500),
        call("traced", 3, "", "a", "d"),
        call("traced", 4, "", "gone", "e"),
        call("traced", 5, "", "h", "f"),
        call("traced", 6, "", "f", "g"),
        call("traced", 7, "", "g", "h"),
        call("traced", 8, "", "i", "i"),
        call("traced", 9, "", "a", "j", trace_id="f" * 32),
        call("traced", 10, ""),
        call("traced", 11, "", "f", "k"),
        call("traced", 12, "", "", "a"),  # the span of the first call once more
    ]


def big() -> list[RequestRow]:
    chance = random.Random(2)
    paths = [f"/agent-{number % 7}/step-{number % 41}/tool-{number % 13}" for number in range(2000)]
    return [call("big", number, chance.choice(paths)) for number in range(30_000)]


def wide() -> list[RequestRow]:
    return [call("wide", number, f"/item-{number}") for number in range(3000)]


def deep() -> list[RequestRow]:
    return [call("deep", number, "/x" * 60, f"s{number - 1}" if number else "", f"s{number}") for number in range(3000)]


def main() -> None:
    store = ClickHouseStore.open(f"chdb://{sys.argv[1]}")
    for make in (small, traced, big, wide, deep):
        insert(store, make(), [], make.__name__)
    store.close()


if __name__ == "__main__":
    main()
