"""Chat read typed says what the reader of any exchange says, or steps aside for it."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.providers.dialects import CapturedExchange, ExchangeReading, peek
from proxy.providers.dialects.openai import OPENAI, read_any
from proxy.providers.dialects.openai_chat_fast import read_common_chat
from tests.traffic import needs_traffic
from tests.unit.test_traffic_usage import body_of, exchanges

REQUEST = {
    "model": "gpt-4o",
    "user": "ada",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello ✓"}],
}
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "find", "arguments": '{"a":1}'}}
MESSAGE = {"role": "assistant", "content": "Hi", "refusal": None, "reasoning_content": "Hm", "tool_calls": [CALL]}
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11, "prompt_tokens_details": {"cached_tokens": 4}}
ANSWER = {
    "object": "chat.completion",
    "model": "gpt-4o-2024",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop", "logprobs": None}],
    "usage": USAGE,
}
CHUNKS: list[dict[str, Any]] = [
    {"model": "gpt-4o-2024", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
    {
        "model": "gpt-4o-2024",
        "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}],
        "usage": None,
    },
    {"model": "gpt-4o-2024", "choices": [{"index": 1, "delta": {"content": "other"}}]},
    {"model": "gpt-4o-2024", "choices": [{"index": 0, "delta": {"tool_calls": [CALL]}}]},
    {"model": "gpt-4o-2024", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"model": "gpt-4o-2024", "choices": [], "usage": USAGE},
]

VALUES = st.sampled_from(
    [None, True, 0, 1, -1, 2.0, 1.5, 10**30, "", "x", "error", "response", "user", "\ud800", float("nan"), float("inf")]
    + [[], {}, ["x"], [{}], {"x": 1}, [{"type": "text", "text": "part"}], {"message": "m"}, [CALL], {"content": "c"}]
)
NAMES = """
    model user messages role content parts choices index message delta text finish_reason refusal reasoning thinking
    reasoning_content tool_calls function_call function name arguments id usage x_groq object type error errors response
    result prompt_tokens total_tokens input_tokens prompt_tokens_details cached_tokens cost prompt input
"""
CHANGES = st.lists(st.tuples(st.sampled_from(NAMES.split()), st.integers(0, 9), VALUES), max_size=3)
LINE = st.sampled_from([b"\n\n", b"\r\n\r\n", b"\n\n: keep-alive\n\n", b"\n\nevent: error\n", b"\n", b"\n\n\n"])


def changed(value: Any, changes: list[tuple[str, int, Any]]) -> Any:
    """A copy in which, for each change, the object of that number (counted through) has that member."""
    copy = json.loads(json.dumps(value))
    objects: list[dict[str, Any]] = []
    waiting = [copy]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, dict):
            objects.append(one)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    for name, number, member in changes:
        objects[number % len(objects)][name] = member
    return copy


def exchange(request: bytes, answer: bytes, **fields: Any) -> CapturedExchange:
    made = {"operation": "chat", "path": "/v1/chat/completions", "response_type": "application/json"}
    return CapturedExchange(**made | fields, request_body=request, response_body=answer)


def check(asked: CapturedExchange) -> ExchangeReading | None:
    found = read_common_chat(asked, OPENAI.model_in)
    if found is not None:
        assert found.user == peek(asked.request_body)[2]
        assert msgspec.structs.replace(found, user=None) == read_any(asked)
    return found


def test_what_is_usual_is_read() -> None:
    request = json.dumps(REQUEST).encode()
    plain = check(exchange(request, json.dumps(ANSWER).encode()))
    assert plain is not None
    assert (plain.text, plain.prompt_text, plain.user, plain.stream) == ("Hi", "Hello ✓", "ada", False)
    stream = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in CHUNKS) + b"data: [DONE]\n\n"
    streamed = check(exchange(request, stream, response_type="text/event-stream; charset=utf-8"))
    assert streamed is not None
    assert (streamed.text, streamed.finish_reason, streamed.stream) == ("Hi", "stop", True)
    assert streamed.usage == plain.usage
    assert streamed.tool_calls == plain.tool_calls


@given(CHANGES, CHANGES)
def test_an_answer_with_odd_members(request: list[tuple[str, int, Any]], answer: list[tuple[str, int, Any]]) -> None:
    check(exchange(json.dumps(changed(REQUEST, request)).encode(), json.dumps(changed(ANSWER, answer)).encode()))


@given(CHANGES, LINE, st.sampled_from([None, True, False]), st.integers(0, 2000))
def test_a_stream_with_odd_members(
    changes: list[tuple[str, int, Any]], line: bytes, streamed: bool | None, cut: int
) -> None:
    texts = [json.dumps(chunk).encode() for chunk in changed(CHUNKS, changes)]
    body = b"".join(b"data: " + text + (line if at == 1 else b"\n\n") for at, text in enumerate(texts))
    for answer in (body, body + b"data: [DONE]\n\n", body[: -cut or None]):
        check(exchange(json.dumps(REQUEST).encode(), answer, response_type="text/event-stream", streamed=streamed))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"data: [DONE]\n\n",
        b'\xef\xbb\xbf{"choices":[]}',
        b'{"choices":[]} {}',
        b'{"choices":[],"model":"a","model":"b"}',
        b'{"choices":[{"message":{"content":"a"}}],"choices":[{"message":{"content":"b"}}]}',
        b'{"choices":[{"message":{"content":"a"}}],"x":"\xff"}',
        b'{"choices":[{"message":{"content":"\xff"}}]}',
        b'data: {"choices":[{"message":{"content":"a"}}],"x":"\xff"}\n\n',
        b'data: {"choices":[],\n"model":"a"}\n\n',
        b'data: {"choices":[],\r"model":"a"}\n\n',
        b'data: {"choices":[]}\ndata: \n\n',
        b'{"choices":[],"x":1e999,"y":' + b"9" * 400 + b"}",
        b'{"choices":[],"x":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"choices":[],"usage":{"prompt_tokens":' + b"9" * 40 + b"}}",
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "application/x-ndjson", "audio/mpeg", ""])
def test_odd_bytes(answer: bytes, kind: str) -> None:
    check(exchange(json.dumps(REQUEST).encode(), answer, response_type=kind))
    check(exchange(answer, json.dumps(ANSWER).encode(), response_type=kind))
    check(exchange(json.dumps(REQUEST).encode(), answer, response_type=kind, status=400))


def count_of_common_chats() -> int:
    """Checks every exchange; returns how many the fast reader took."""
    taken = 0
    for row in exchanges().values():
        answer = row["response"]
        kind = answer["headers"].get("content-type", "")
        asked = exchange(body_of(row["request"]), body_of(answer), response_type=kind, status=answer["status"])
        taken += check(asked) is not None
    return taken


def test_chats_of_providers_read_alike() -> None:
    assert count_of_common_chats() > 4


@needs_traffic
def test_recorded_chats_read_alike() -> None:
    assert count_of_common_chats() > 150


def test_any_other_operation_is_read_at_large() -> None:
    asked = exchange(json.dumps(REQUEST).encode(), json.dumps(ANSWER).encode(), operation="responses")
    assert read_common_chat(asked, OPENAI.model_in) is None
    assert OPENAI.read(asked) == read_any(asked)
