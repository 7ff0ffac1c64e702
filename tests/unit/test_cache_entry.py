"""Which answers may be cached, and how they are stored."""

import gzip

import pytest

from proxy.gateway.cache.entry import CacheEntry, decode_entry, encode_entry, is_cacheable

CHAT = b'{"choices":[{"message":{"content":%s,"refusal":%s},"finish_reason":"%s"}]}'


@pytest.mark.parametrize(
    "dialect, body, whole",
    [
        ("openai", CHAT % (b'"Hello."', b"null", b"stop"), True),
        ("openai", CHAT % (b'"Cut by its own most."', b"null", b"length"), True),
        ("openai", CHAT % (b'"She said: \\"refusal\\": \\"no\\""', b"null", b"stop"), True),
        ("openai", CHAT % (b"null", b'"I cannot help with that."', b"stop"), False),
        ("openai", CHAT % (b'""', b"null", b"content_filter"), False),
        ("openai", b'{"output":[{"content":[{"type": "refusal","refusal": "No."}]}],"status":"completed"}', False),
        ("openai", b"", False),
        ("anthropic", b'{"content":[],"stop_reason":"refusal"}', False),
        ("anthropic", b'{"content":[{"type":"text","text":"Hi."}],"stop_reason":"end_turn"}', True),
        ("gemini", b'{"candidates":[{"finishReason": "RECITATION"}]}', False),
        ("gemini", b'{"candidates":[{"finishReason": "STOP","safetyRatings":[{"probability":"LOW"}]}]}', True),
        ("bedrock", b'{"stopReason":"guardrail_intervened"}', False),
    ],
)
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_refusals_and_nothing_are_not_cached(dialect: str, body: bytes, whole: bool, encoding: str) -> None:
    sent = gzip.compress(body) if encoding and body else body
    assert is_cacheable(sent, encoding, False, dialect) is whole


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_json_without_an_announced_length_must_be_whole(encoding: str) -> None:
    whole = CHAT % (b'"Hello."', b"null", b"stop")
    for body, good in ((whole, True), (whole[:-1], False), (whole[:20], False)):
        sent = gzip.compress(body) if encoding else body
        assert is_cacheable(sent, encoding, False, "openai", announced=False) is good


@pytest.mark.parametrize(
    "dialect, body, whole",
    [
        ("openai", b'data: {"choices":[{"delta":{"content":"Hi","refusal":null}}]}\n\ndata: [DONE]\n\n', True),
        ("openai", b'data: {"choices":[{"delta":{"refusal":"I"}}]}\n\ndata: [DONE]\n\n', False),
        ("openai", b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n', False),
        ("openai", b'data: {"error":{"message":"x"}}\n\ndata: [DONE]\n\n', False),
        ("anthropic", b'event: message_stop\ndata: {"type":"message_stop"}\n\n', True),
        ("anthropic", b'event: error\ndata: {"type":"error"}\n\ndata: {"type":"message_stop"}\n\n', False),
    ],
)
def test_streams_without_their_end_or_with_an_error_are_not_cached(dialect: str, body: bytes, whole: bool) -> None:
    assert is_cacheable(body, "", True, dialect) is whole


@pytest.mark.parametrize("size", [10, 5000])
def test_an_entry_comes_back_as_it_was(size: int) -> None:
    body = b"a" * size
    entry = CacheEntry(digest=b"d", status=200, headers=[("a", "b")], body=body, created_us=1, latency_ms=2, source="s")
    raw = encode_entry(entry, 1000)
    assert len(raw) < 1100
    found = decode_entry(raw)
    assert found is not None and (found.body, found.headers, found.source) == (body, [("a", "b")], "s")
    assert decode_entry(raw[:-1]) is None and decode_entry(b"") is None
