"""`python -m benchmarks.long_session`: puts one session of very many calls into the log of a data folder.

Writes straight into the embedded store, so the control plane of that folder must not run. The calls are those of an
agent: it plans, lets up to four workers search, read and write side by side, and rests now and then.
"""

import argparse
import random
from pathlib import Path

from proxy.core.clock import now_us, uuid7
from proxy.logstore import RequestRow
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert

__all__ = ["long_session"]

_TOOLS = ("search_invoices", "open_page", "read_file", "send_mail")
_STEPS = (("search", ("search_invoices",)), ("read", ("open_page", "read_file")), ("write", ()))
_MODELS = (("openai", "gpt-5-mini", 900), ("anthropic", "claude-sonnet-4-5", 5400), ("openai", "gpt-4o", 3100))


def long_session(calls: int, session: str, org: str = "default", seed: int = 7) -> list[RequestRow]:
    """The rows of a session of `calls` calls that ended just now, in order of start."""
    chance = random.Random(seed)
    rows: list[RequestRow] = []
    clock = 0
    task = 0
    while len(rows) < calls:
        task += 1
        clock += _add(rows, chance, clock, f"/task-{task:03}/plan", "plan", _TOOLS[:1])
        ends = []
        for worker in range(chance.randrange(1, 5)):
            at = clock + chance.randrange(200_000)
            for _ in range(chance.randrange(3, 12)):
                step, tools = chance.choice(_STEPS)
                path = f"/task-{task:03}/worker-{worker + 1}/{step}"
                at += _add(rows, chance, at, path, step, tools) + chance.randrange(1_000, 60_000)
                if tools:
                    at += _add(rows, chance, at, path, chance.choice(tools), (), operation="tool")
            ends.append(at)
        clock = max(ends) + (chance.randrange(20, 90) * 1_000_000 if chance.random() < 0.05 else 50_000)
    rows = sorted(rows[:calls], key=lambda row: row.start)
    begin = now_us() - max(row.start + int((row.latency_ms or 0) * 1000) for row in rows)
    for row in rows:
        row.start += begin
        row.id, row.ingested_at, row.org, row.session_id = uuid7(row.start), row.start, org, session
    return rows


def _add(
    rows: list[RequestRow],
    chance: random.Random,
    start: int,
    path: str,
    name: str,
    tools: tuple[str, ...],
    operation: str = "chat",
) -> int:
    """Adds a call and returns how long it took, in microseconds."""
    provider, model, price = chance.choices(_MODELS, (6, 3, 1))[0]
    step = operation == "tool"
    latency = chance.lognormvariate(4.5, 0.8) if step else chance.lognormvariate(6.8, 0.6)
    failed = chance.random() < (0.01 if step else 0.02)
    tokens = 0 if step or failed else chance.randrange(300, 9_000)
    rows.append(
        RequestRow(
            id="", org="", start=start, ingested_at=0, session_path=path, session_name="Close the books",
            request_name=name, operation=operation, user_id="grace", latency_ms=latency,
            ttft_ms=None if step or failed else latency * chance.uniform(0.2, 0.7),
            provider="" if step else provider, model="" if step else model,
            status=200 if not failed else chance.choice((429, 500, 529)), outcome="success",
            error="" if not failed else "overloaded_error", error_message="" if not failed else "Overloaded.",
            cost_nanousd=0 if step else (None if failed else tokens * price // 3), cost_known=not failed,
            input_tokens=None if step or failed else tokens, output_tokens=None if step or failed else tokens // 9,
            tool_names=[name] if step else [chance.choice(tools)] if tools and not failed else [],
        )
    )  # fmt: skip
    return int(latency * 1000)


def main() -> None:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.long_session", description=(__doc__ or "").split("\n")[0]
    )
    options.add_argument("--data", default="./perihelion-demo")
    options.add_argument("--calls", type=int, default=30_000)
    options.add_argument("--session", default="close-the-books")
    asked = options.parse_args()
    store = ClickHouseStore.open(f"chdb://{Path(asked.data).absolute() / 'log'}")
    try:
        insert(store, long_session(asked.calls, asked.session), [], f"long session {asked.session} {now_us()}")
    finally:
        store.close()
    print(f"{asked.calls:,} calls are in the session {asked.session}")


if __name__ == "__main__":
    main()
