"""How fast the log takes new calls while it is asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from benchmarks.store.client import Client
from benchmarks.store.fill import Filled
from benchmarks.store.questions import QUESTIONS
from proxy.control.jobs.row_builder import RowBuilder
from proxy.core.clock import now_us, uuid7
from proxy.core.record import Attempt, Record, encode
from proxy.logstore import Filter
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from proxy.prices import PriceBook
from proxy.query import parse_text
from proxy.spool.writer import Writer
from tests.e2e.control_process import ControlProcess, until

__all__ = ["insert_rate", "ship_rate"]

_BATCH: Final = 10_000
_TEXT: Final = (
    "Please tell me what our refund policy says about orders that arrive late, and whether a customer in Norway pays "
    "for the way back. Answer in two sentences, name the paragraph, and do not promise anything that is not there. "
)


def insert_rate(store: ClickHouseStore, rows: int) -> dict[str, Any]:
    """Rows a second that the store takes in batches of 10,000, requests and bodies, while one reader asks for pages."""
    builder = RowBuilder(PriceBook(), text_chars=store.text_chars)
    batches = [[builder.build_one(_record(at + number)) for number in range(_BATCH)] for at in range(0, rows, _BATCH)]

    def ask() -> None:
        store.page(Filter("default", {}, parse_text("status>=400 property.feature:search")))

    with _asked(ask) as asked:
        began = time.monotonic()
        for number, batch in enumerate(batches):
            bodies = [each.body for each in batch if each.body is not None]
            insert(store, [each.request for each in batch], bodies, f"bench:{began}:{number}")
        took = time.monotonic() - began
    return {"rows_s": round(len(batches) * _BATCH / took), "queries": asked[0]}


def ship_rate(control: ControlProcess, client: Client, filled: Filled, records: int) -> dict[str, Any]:
    """Records a second that go from the spool into the log, read, priced and indexed, while the API answers."""
    payloads = [encode(_record(number)) for number in range(records)]
    pages = QUESTIONS[0]
    with _asked(lambda: pages.ask(client, filled, 0)) as asked:
        writer = Writer(control.data / "spool")
        began = time.monotonic()
        for payload in payloads:
            if not writer.append(payload):
                raise RuntimeError("the spool takes no record")
        writer.close()
        until(lambda: not list((control.data / "spool").glob("*.seg")), "the spool to be shipped", 600)
        took = time.monotonic() - began
    return {"rows_s": round(records / took), "queries": asked[0]}


@contextmanager
def _asked(ask: Callable[[], object]) -> Iterator[list[int]]:
    """Asks again and again in a thread; yields the count."""
    count = [0]
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            ask()
            count[0] += 1

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield count
    finally:
        stop.set()
        thread.join(60)


def _record(number: int) -> Record:
    started_us = now_us() - 60_000_000 + number
    text = _TEXT * 3 + str(number)
    request = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}).encode()
    answer = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": _TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 170 + number % 50, "completion_tokens": 60, "total_tokens": 230 + number % 50},
    }
    return Record(
        id=uuid7(started_us), org="default", key="", started_us=started_us, ended_us=200_000, first_byte_us=190_000,
        sent_us=300, provider="openai", dialect="openai", operation="chat", scheme="https", host="api.openai.com",
        method="POST", path="/v1/chat/completions", status=200, user_id=f"user-{number % 20_000}",
        properties={"feature": "search"}, request_type="application/json", request_body=request,
        request_size=len(request), response_type="application/json", response_body=json.dumps(answer).encode(),
        response_size=700, attempts=[Attempt("openai", "api.openai.com", "", 300, 190_000, 200, "", 0)], worker="1",
    )  # fmt: skip
