"""Reading bodies: assembled streams, any cut, and junk of every kind."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.providers.dialects import DIALECTS, CapturedExchange, ExchangeReading, read_exchange
from proxy.providers.dialects.bodies import parse_documents
from proxy.providers.dialects.frames import read_frames, write_frame
from proxy.providers.dialects.json_repair import repair_json

OPERATIONS = ["chat", "completions", "responses", "embeddings", "messages", "count_tokens", "generate_content"]
OPERATIONS += ["interactions", "converse", "invoke", "images", "audio", "rerank", "files", "other"]

KEYS_TEXT = """
    usage choices delta message content text type index tool_calls function arguments name id model error
    response output item usageMetadata candidates parts promptTokenCount prompt_tokens completion_tokens
    total_tokens input_tokens output_tokens prompt_tokens_details cached_tokens message_start interaction steps
    billed_units meta finish_reason messages role user input contents bytes contentBlockDelta metadata results
    predictions x_groq result errors detail cost cost_in_usd_ticks prompt_eval_count start toolUse content_block
    completion object event_type
"""
KEYS = st.sampled_from(KEYS_TEXT.split())
WORDS_TEXT = """
    message_start message_delta content_block_delta content_block_start response.completed
    response.output_item.done response message-end stream-end tool-call-delta function_call message reasoning
    error user thinking
"""
WORDS = st.sampled_from(WORDS_TEXT.split())
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


def reading(name: str, operation: str, body: bytes, content_type: str = "", request: bytes = b"") -> ExchangeReading:
    exchange = CapturedExchange(
        operation=operation, path="/x", request_body=request, response_type=content_type, response_body=body
    )
    return read_exchange(name, exchange)


@pytest.mark.parametrize("name", DIALECTS)
@given(rows=st.lists(JUNK, min_size=1, max_size=4), operation=st.sampled_from(OPERATIONS), framing=st.integers(0, 3))
def test_junk_of_the_right_words_never_raises(name: str, rows: list[Any], operation: str, framing: int) -> None:
    texts = [json.dumps(row).encode() for row in rows]
    body = {
        0: texts[0],
        1: b"".join(b"event: error\ndata: " + text + b"\n\n" for text in texts),
        2: b"\n".join(texts),
        3: b"".join(write_frame({":event-type": "chunk"}, text) for text in texts),
    }[framing]
    kind = "application/vnd.amazon.eventstream" if framing == 3 else ""
    found = reading(name, operation, body, kind, texts[-1])
    assert found.text.encode() is not None
    assert isinstance(found.tool_calls, list)


@pytest.mark.parametrize("name", DIALECTS)
@given(
    body=st.binary(max_size=80), kind=st.sampled_from(["", "text/event-stream", "application/vnd.amazon.eventstream"])
)
def test_bytes_that_are_nothing_never_raise(name: str, body: bytes, kind: str) -> None:
    for operation in OPERATIONS:
        reading(name, operation, body, kind, body)


@given(JUNK.filter(lambda value: isinstance(value, dict | list)), st.integers(0, 400), st.sampled_from([None, 1]))
def test_a_cut_json_text_is_a_beginning_of_the_whole(value: Any, cut: int, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False).encode("utf-8", "replace")
    found = repair_json(text[:cut])
    if found is not None:
        assert begins(found, json.loads(text))


def begins(part: Any, whole: Any) -> bool:
    """Whether `part` says nothing that `whole` does not."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and begins(inner, whole[key]) for key, inner in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and all(begins(inner, whole[at]) for at, inner in enumerate(part))
    if isinstance(part, str):
        return isinstance(whole, str) and whole.startswith(part.replace("\ufffd", ""))
    return repr(part) == repr(whole)


def test_half_a_usage_is_no_usage() -> None:
    whole = b'{"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":12,"completion_tokens":34}}'
    for cut in range(whole.index(b'"usage"'), len(whole) - 1):
        found = reading("openai", "chat", whole[:cut])
        assert (found.text, found.usage) == ("Hi", None)
    found = reading("openai", "chat", whole[:-1])
    assert found.usage is not None
    assert found.usage.output_tokens == 34


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_events_are_read_by_the_standards_rules(newline: bytes) -> None:
    lines = [
        b": comment",
        b"event: a",
        b'data: {"n":',
        b"data:1}",
        b"",
        b"",
        b"id: 4",
        b'data: {"n":2}',
        b"",
        b"data: [DONE]",
    ]
    found = parse_documents(newline.join(lines), "text/event-stream")
    assert found.stream
    assert found.rows == [("a", {"n": 1}), ("", {"n": 2})]


def test_a_pair_of_surrogates_split_between_events_is_joined() -> None:
    rows = [{"choices": [{"delta": {"content": half}}]} for half in ("\ud83d", "\ude00", "\ud83d")]
    body = b"".join(b"data: " + json.dumps(row).encode() + b"\n\n" for row in rows)
    assert reading("openai", "chat", body).text == "\U0001f600\ufffd"


def test_tool_calls_come_together_from_their_pieces() -> None:
    pieces = [
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}},
        {"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"y":'}},
        {"index": 0, "function": {"arguments": '{"x":1}'}},
        {"index": 1, "function": {"arguments": "2}"}},
    ]
    body = b"".join(
        b"data: " + json.dumps({"choices": [{"delta": {"tool_calls": [piece]}}]}).encode() + b"\n\n" for piece in pieces
    )
    assert reading("openai", "chat", body).tool_calls == [
        {"id": "a", "name": "f", "arguments": '{"x":1}'},
        {"id": "b", "name": "g", "arguments": '{"y":2}'},
    ]


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, "a"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]}]}, "a"),
        ({"input": "a"}, "a"),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}]}, "a"),
        ({"contents": [{"role": "user", "parts": [{"text": "a"}]}]}, "a"),
        ({"contents": {"parts": [{"text": "a"}]}}, ""),
        ({"prompt": "a"}, "a"),
        ({"message": "a", "chat_history": []}, "a"),
        ({"inputText": "a"}, "a"),
        ({"input": ["a", "b"]}, "a"),
        ({"messages": [{"role": "user", "content": "x" * 20_000}]}, "x" * 16_384),
        ([], ""),
    ],
)
def test_the_prompt_text_is_what_the_user_said_last(request_body: Any, expected: str) -> None:
    found = reading("openai", "chat", b"", request=json.dumps(request_body).encode())
    assert found.prompt_text == expected


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        ({"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]}, "a"),
        ({"messages": [{"role": "developer", "content": [{"type": "text", "text": "a"}]}]}, "a"),
        ({"messages": [{"role": "user", "content": "b"}, {"role": "system", "content": "c"}]}, ""),
        ({"messages": [{"role": "user", "content": "b"}], "system": "a"}, "a"),
        ({"messages": [], "system": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab"),
        ({"system": [{"text": "a"}], "messages": []}, "a"),
        ({"input": "b", "instructions": "a"}, "a"),
        ({"contents": [], "systemInstruction": {"parts": [{"text": "a"}]}}, "a"),
        ({"contents": [], "system_instruction": {"parts": [{"text": "a"}]}}, "a"),
        ({"message": "b", "preamble": "a"}, "a"),
        ({"system": "x" * 20_000}, "x" * 16_384),
        ([], ""),
    ],
)
def test_the_system_text_is_found_in_any_dialect(request_body: Any, expected: str) -> None:
    found = reading("openai", "chat", b"", request=json.dumps(request_body).encode())
    assert found.system_text == expected


def test_a_form_names_its_model() -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--x--\r\n'
    assert reading("openai", "audio", b'{"text":"hi"}', request=form).model_asked == "whisper-1"


def test_usage_of_a_fetched_answer_is_not_counted_again() -> None:
    stored = b'{"object":"response","usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}'
    assert reading("openai", "other", stored).usage is None
    assert reading("openai", "other", stored, request=b"{}").usage is not None
    assert reading("openai", "batches", stored, request=b"{}").usage is None


def test_frames_are_read_as_they_are_written() -> None:
    body = write_frame({":event-type": "a", ":message-type": "event"}, b"{}") + write_frame(
        {":event-type": "b"}, b"[1]"
    )
    assert read_frames(body) == [
        ({":event-type": "a", ":message-type": "event"}, b"{}"),
        ({":event-type": "b"}, b"[1]"),
    ]
    assert read_frames(body[:-1]) == [({":event-type": "a", ":message-type": "event"}, b"{}")]


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_tells_a_tap_what_to_look_for(name: str) -> None:
    assert DIALECTS[name].token_keys
    assert DIALECTS[name].done_marks
    assert all(isinstance(mark, bytes) and len(mark) > 6 for mark in DIALECTS[name].done_marks)
