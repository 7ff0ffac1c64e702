"""Bodies above `log.max_body`: their middle is left out of the log, and what the log says of them stays right."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.stack import Stack

CHAT = "/openai/v1/chat/completions"
MAX_BODY = 1000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path_factory.mktemp("stack"), providers, log__max_body=str(MAX_BODY)).start_gateway() as running:
        yield running


def call(stack: Stack, size: int, **headers: str) -> tuple[bytes, dict[str, Any]]:
    """A request body of `size` bytes that names model and user at its end, and the record of its call."""
    body: dict[str, Any] = {"messages": [{"role": "user", "content": ""}], "model": "gpt-4o", "user": "ada"}
    body["messages"][0]["content"] = "x" * (size - len(json.dumps(body)))
    sent = json.dumps(body).encode()
    assert len(sent) == size
    answer = httpx.post(stack.gateway + CHAT, content=sent, headers={"content-type": "application/json", **headers})
    assert answer.status_code == 200, answer.text
    return sent, stack.record(answer.headers["helicone-id"])


def test_a_request_body_at_the_limit_is_stored_completely(stack: Stack) -> None:
    sent, record = call(stack, MAX_BODY)
    assert record["bodies"]["request"].encode() == sent
    assert record["request_size"] == MAX_BODY and record["truncated"] is False


@pytest.mark.parametrize("size", [MAX_BODY + 1, 20_000])
def test_a_request_body_above_the_limit_is_stored_without_its_middle(stack: Stack, size: int) -> None:
    sent, record = call(stack, size)
    stored = record["bodies"]["request"].encode()
    assert len(stored) == MAX_BODY and stored == sent[: MAX_BODY // 2] + sent[-MAX_BODY // 2 :]
    assert record["request_size"] == size and record["truncated"] is True


def test_model_user_and_usage_of_a_cut_body_are_those_of_the_complete_one(stack: Stack) -> None:
    _, complete = call(stack, MAX_BODY)
    for headers in ({}, {"Helicone-Omit-Response": "true"}):
        _, record = call(stack, 20_000, **headers)
        assert record["truncated"] is True
        for field in ("model_asked", "user_id", "output_tokens"):
            assert record[field] == complete[field] and record[field], field
        assert [attempt["model"] for attempt in record["attempts"]] == ["gpt-4o"]


def test_an_omitted_request_body_is_not_truncated(stack: Stack) -> None:
    _, record = call(stack, 20_000, **{"Helicone-Omit-Request": "true"})
    assert record["bodies"]["request"] == "" and record["truncated"] is False
    assert record["request_size"] == 20_000 and record["model_asked"] == "gpt-4o"
