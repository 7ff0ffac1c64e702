"""Asking an OpenAI-shaped stream for its usage puts bytes in and changes nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.providers import load
from proxy.providers.dialects import add_stream_usage, peek, wants_stream_usage

NAMES = st.sampled_from(
    ["stream", "stream_options", "include_usage", "model", "user", "messages", 'a"b', "\\", "é", ""]
)
STRINGS = st.sampled_from(['"stream":true', '{"stream": true', "\\", '\\"', "}", "]", "", "ü", "stream"]) | st.text(
    max_size=8
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | STRINGS, inner, max_size=4),
    max_leaves=12,
)
OPTIONS = st.none() | st.dictionaries(
    st.sampled_from(["include_usage", "include_obfuscation", "x"]), VALUES, max_size=3
)
MEMBERS = st.lists(
    st.tuples(NAMES, VALUES)
    | st.tuples(st.just("stream"), st.booleans())
    | st.tuples(st.just("stream_options"), OPTIONS),
    max_size=8,
)
WHITE = st.sampled_from(["", " ", "\n", "\t ", "\r\n  "])


def written(members: list[tuple[str, Any]], white: str, ascii_only: bool) -> bytes:
    """JSON with its members in order, repeated ones too, and white space wherever it may be."""
    pairs = (
        f"{json.dumps(name, ensure_ascii=ascii_only)}{white}:{white}"
        + json.dumps(value, ensure_ascii=ascii_only, separators=(f"{white},", f":{white}"))
        for name, value in members
    )
    return f"{white}{{{white}{f'{white},{white}'.join(pairs)}{white}}}{white}".encode("utf-8", "surrogatepass")


@given(MEMBERS, WHITE, st.booleans())
def test_only_the_option_is_added(members: list[tuple[str, Any]], white: str, ascii_only: bool) -> None:
    body = written(members, white, ascii_only)
    found = add_stream_usage(body)
    said = dict(members)
    options = said.get("stream_options")
    asked = isinstance(options, dict) and "include_usage" in options
    wanted = said.get("stream") is True and (options is None or isinstance(options, dict)) and not asked
    if not wanted:
        assert found is None
        return
    assert found is not None
    after = json.loads(found)
    assert after.pop("stream_options") == {**(options or {}), "include_usage": True}
    said.pop("stream_options", None)
    assert after == said
    names = [name for name, _ in json.loads(found, object_pairs_hook=list)]
    assert names.count("stream_options") == max(1, [name for name, _ in members].count("stream_options"))


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_junk_is_left_alone(body: bytes) -> None:
    add_stream_usage(b'"stream"' + body)
    assert peek(b"\xff" + body) == ("", False, "")


@pytest.mark.parametrize(
    "body",
    [
        b'{"stream":false}',
        b'{"stream":1}',
        b'{"messages":[{"stream":true}]}',
        b'{"content":"\\"stream\\":true"}',
        b'[{"stream":true}]',
        b'{"stream":true,"stream_options":{"include_usage":false}}',
        b'{"stream":true,"stream_options":"x"}',
        b'{"stream":true',
        b"",
    ],
)
def test_there_is_often_nothing_to_do(body: bytes) -> None:
    assert add_stream_usage(body) is None


def test_the_bytes_around_stay_as_they_are() -> None:
    body = b' {"model" : "m",  "stream":true, "x":1.50 }\n'
    assert (
        add_stream_usage(body)
        == b' {"stream_options":{"include_usage":true},"model" : "m",  "stream":true, "x":1.50 }\n'
    )
    body = b'{"stream":true,"stream_options": { "x":1 } ,"y":"\\u00e9"}'
    assert add_stream_usage(body) == b'{"stream":true,"stream_options": {"include_usage":true, "x":1 } ,"y":"\\u00e9"}'


def test_a_peek_sees_the_top_level_only() -> None:
    body = b'{"messages":[{"model":"no","user":"no","stream":false}],"model":"m","user":"u","stream":true}'
    assert peek(body) == ("m", True, "u")
    assert peek(b'{"model":5,"user":null,"stream":"true"}') == ("", False, "")


def test_usage_is_asked_only_where_it_may_be() -> None:
    providers = load().providers
    assert wants_stream_usage(providers["openai"], "chat")
    assert wants_stream_usage(providers["openai"], "completions")
    assert not wants_stream_usage(providers["openai"], "responses")
    assert not wants_stream_usage(providers["mistral"], "chat")
    assert not wants_stream_usage(providers["ollama"], "chat", "ollama")
    assert wants_stream_usage(providers["ollama"], "chat", "openai")
    azure = providers["azure"]
    assert not wants_stream_usage(azure, "chat", "openai", "/x?api-version=2024-02-01")
    assert wants_stream_usage(azure, "chat", "openai", "/x?a=b&api-version=2024-12-01-preview")
    assert wants_stream_usage(azure, "chat", "openai", "/openai/v1/chat/completions")
