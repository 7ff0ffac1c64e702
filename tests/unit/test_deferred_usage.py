"""A background response and a batch are billed once, in the row of the call that first shows their result."""

import json
from pathlib import Path
from typing import Any

import pytest

from proxy.control.jobs.journal import Journal
from proxy.control.jobs.row_builder import RowBuilder
from proxy.control.jobs.settle import settle_once
from proxy.control.jobs.ship import Shipper
from proxy.control.sinks.log import LogSink
from proxy.core.record import Record, encode
from proxy.logstore import RequestRow
from proxy.spool.reader import Reader
from proxy.spool.writer import Writer
from tests.unit.records import PRICES, record
from tests.unit.test_ship import Died, FakeStore

USAGE = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
NOVEMBER_US = 1_795_000_000_000_000
"""Batch prices are known from October 2026 on."""
GPT_5_MINI = 1000 * 250 + 100 * 2000
"""Nano-dollars of USAGE."""


def response(status: str, usage: Any = USAGE, **fields: Any) -> bytes:
    answer = {"id": "resp_1", "object": "response", "background": True, "model": "gpt-5-mini", "status": status}
    return json.dumps({**answer, "output": [], "usage": usage, **fields}).encode()


def look(
    number: int, body: bytes, *, path: str = "/v1/responses/resp_1", operation: str = "stored", **fields: Any
) -> Record:
    values: dict[str, Any] = {
        "provider": "openai", "dialect": "openai", "scheme": "https", "host": "api.openai.com", "method": "GET",
        "status": 200, "sent_us": 1, "started_us": NOVEMBER_US + number, "response_type": "application/json",
    }  # fmt: skip
    return record(number, path=path, operation=operation, response_body=body, **{**values, **fields})


def create(number: int, body: bytes, **fields: Any) -> Record:
    return look(number, body, path="/v1/responses", operation="responses", method="POST", **fields)


def rows_of(*records: Record, store: FakeStore | None = None) -> list[RequestRow]:
    """Rows as they are inserted; each of `records` in a batch of its own."""
    store = store or FakeStore()
    made: list[RequestRow] = []
    for each in records:
        rows = [RowBuilder(PRICES).build_one(each)]
        settle_once(store, rows)
        store.write("requests", [rows[0].request], each.id)
        made.append(rows[0].request)
    return made


def costs(rows: list[RequestRow]) -> list[int | None]:
    return [row.cost_nanousd for row in rows]


def test_the_first_look_at_a_completed_background_response_bills_and_later_ones_do_not() -> None:
    queued, running, first, second = rows_of(
        create(1, response("queued", None)),
        look(2, response("in_progress", None)),
        look(3, response("completed")),
        look(4, response("completed")),
    )
    assert (queued.usage_source, running.usage_source) == ("none", "none")
    assert (first.cost_nanousd, first.input_tokens, first.settled_id) == (GPT_5_MINI, 1000, "resp_1")
    assert first.model == "gpt-5-mini"
    assert (second.cost_nanousd, second.input_tokens, second.settled_id) == (0, None, "")
    assert (second.cost_known, second.usage_source, second.cost_lines, second.cost_missing) == (True, "none", "", [])


def test_two_looks_in_one_batch_bill_once_and_the_same_batch_again_is_the_same() -> None:
    store = FakeStore()
    for _ in range(2):
        rows = [RowBuilder(PRICES).build_one(look(number, response("completed"))) for number in (1, 2)]
        settle_once(store, rows)
        assert [each.request.cost_nanousd for each in rows] == [GPT_5_MINI, 0]
        store.write("requests", [each.request for each in rows], "token")


def test_a_response_that_runs_in_the_foreground_was_billed_by_its_own_call() -> None:
    answer = response("completed", background=False)
    created, looked = rows_of(create(1, answer), look(2, answer))
    assert (created.cost_nanousd, created.settled_id) == (GPT_5_MINI, "")
    assert (looked.input_tokens, looked.settled_id) == (None, "")


def test_a_background_response_that_was_streamed_to_its_end_was_billed_there() -> None:
    event = (
        b'event: response.completed\ndata: {"type":"response.completed","response":' + response("completed") + b"}\n\n"
    )
    streamed, looked = rows_of(
        create(1, event, response_type="text/event-stream", streamed=True), look(2, response("completed"))
    )
    assert costs([streamed, looked]) == [GPT_5_MINI, 0]
    looked, streamed = rows_of(
        look(1, response("completed")), create(2, event, response_type="text/event-stream", streamed=True)
    )
    assert costs([looked, streamed]) == [GPT_5_MINI, 0]


def test_cancelling_bills_nothing_even_with_usage_in_the_answer() -> None:
    cancelled, looked = rows_of(
        look(1, response("cancelled"), path="/v1/responses/resp_1/cancel", method="POST"),
        look(2, response("cancelled")),
    )
    assert (cancelled.input_tokens, cancelled.settled_id) == (None, "")
    assert looked.cost_nanousd == GPT_5_MINI


def test_an_organisation_settles_for_itself() -> None:
    first, other = look(1, response("completed")), look(2, response("completed"))
    other.org = "other"
    assert costs(rows_of(first, other)) == [GPT_5_MINI, GPT_5_MINI]


def batch_line(number: int, model: str, body: dict[str, Any]) -> str:
    answer = {"status_code": 200, "body": {"model": model, **body}}
    return json.dumps({"id": f"batch_req_{number}", "custom_id": f"c{number}", "response": answer, "error": None})


def test_batch_results_of_openai_are_priced_line_by_line_and_once() -> None:
    chat = {"object": "chat.completion", "choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 100}}
    lines = [
        batch_line(1, "gpt-4o-mini", chat),
        batch_line(2, "gpt-4o-mini", chat),
        batch_line(3, "gpt-4o", {"object": "response", "output": [], "usage": USAGE}),
        json.dumps({"id": "batch_req_4", "custom_id": "c4", "response": None, "error": {"code": "batch_expired"}}),
    ]
    body = "\n".join(lines).encode()
    path = "/v1/files/file-out/content"
    first, second = rows_of(*(look(n, body, path=path, operation="files") for n in (1, 2)))
    half_mini, half_4o = (1000 * 150 + 100 * 600) // 2, (1000 * 2500 + 100 * 10_000) // 2
    assert (first.cost_missing, first.cost_nanousd) == ([], 2 * half_mini + half_4o)
    assert (first.input_tokens, first.output_tokens, first.settled_id) == (None, None, "file-out")
    assert sum(line[1] for line in json.loads(first.cost_lines)) == 3300
    assert sum(line[4] for line in json.loads(first.cost_lines)) == first.cost_nanousd
    assert (first.outcome, first.error) == ("success", "")
    assert (second.cost_nanousd, second.input_tokens, second.settled_id) == (0, None, "")


def test_batch_results_of_anthropic_are_priced_once() -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100, "service_tier": "batch"}
    message = {"type": "message", "model": "claude-sonnet-4-5", "content": [], "usage": usage}
    lines = [
        {"custom_id": "a", "result": {"type": "succeeded", "message": message}},
        {"custom_id": "b", "result": {"type": "errored", "error": {"type": "error", "error": {"type": "api_error"}}}},
        {"custom_id": "c", "result": {"type": "succeeded", "message": message}},
    ]
    body = "\n".join(map(json.dumps, lines)).encode()
    path = "/v1/messages/batches/msgbatch_1/results"
    fields = {"provider": "anthropic", "dialect": "anthropic", "host": "api.anthropic.com"}
    first, second = rows_of(*(look(n, body, path=path, operation="batches", **fields) for n in (1, 2)))
    assert first.cost_missing == []
    assert first.cost_nanousd == 2 * (1000 * 3000 + 100 * 15_000) // 2
    assert (first.input_tokens, first.model, first.settled_id) == (None, "claude-sonnet-4-5", "msgbatch_1")
    assert (second.cost_nanousd, second.input_tokens) == (0, None)


def test_batch_results_of_gemini_are_priced_once_they_are_done() -> None:
    answer = {"modelVersion": "gemini-2.5-flash", "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5}}
    batch = {"name": "batches/1", "response": {"inlinedResponses": {"inlinedResponses": [{"response": answer}] * 2}}}
    fields: dict[str, Any] = {"provider": "gemini", "dialect": "gemini", "host": "generativelanguage.googleapis.com"}
    fields |= {"path": "/v1beta/batches/1", "operation": "batches"}
    running, first, second = rows_of(
        look(1, json.dumps({**batch, "done": False}).encode(), **fields),
        look(2, json.dumps({**batch, "done": True}).encode(), **fields),
        look(3, json.dumps({**batch, "done": True}).encode(), **fields),
    )
    assert [bool(row.cost_nanousd) for row in (running, first, second)] == [False, True, False]
    assert sum(line[1] for line in json.loads(first.cost_lines)) == 30
    assert first.settled_id == "batches/1"


def test_results_that_were_not_logged_to_their_end_have_no_known_cost() -> None:
    (row,) = rows_of(look(1, b'{"custom_id"', path="/v1/files/f/content", operation="files", truncated=True))
    assert (row.cost_nanousd, row.settled_id) == (None, "")
    assert any("log.max_body" in reason for reason in row.cost_missing)


def test_a_response_that_is_not_stored_is_settled_too() -> None:
    from proxy.gateway.build_record import _omit

    made = [look(n, response("completed"), response_omitted=True) for n in (1, 2)]
    for each in made:
        _omit(each)
        assert each.response_body == b""
    assert costs(rows_of(*made)) == [GPT_5_MINI, 0]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", range(4))
def test_a_crash_in_the_middle_neither_bills_twice_nor_never(tmp_path: Path, when: str, write: int) -> None:
    store = FakeStore()
    spool = Writer(tmp_path / "spool", segment_bytes=1 << 20, segment_s=3600)
    for number in range(4):
        spool.append(encode(look(number, response("completed"))))
    spool.close()
    store.failures = [*[None] * write, Died() if when == "before" else "after"]
    with pytest.raises(Died):
        shipper(tmp_path, store).step()
    shipper(tmp_path, store).step()
    assert [row.cost_nanousd for row in sorted(store.rows, key=lambda row: row.id)] == [GPT_5_MINI, 0, 0, 0]


def shipper(folder: Path, store: FakeStore) -> Shipper:
    reader = Reader(folder / "spool")
    log = LogSink(store, set_aside=reader.set_aside)
    return Shipper(reader, Journal(folder / "journal.json"), RowBuilder(PRICES), log, batch_rows=2)
