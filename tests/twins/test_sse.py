"""What the scanner finds in a stream, and what of it goes on, however the bytes are cut."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _speedups._pure import sse as plain
from tests.traffic import exchanges
from tests.twins.conftest import twin

KEYS = (b"content", b"text", b"arguments")
MARKS = (b"data: [DONE]", b"message_stop")
ROLE = (
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}\n\n'
)
WORD = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}],"usage":null}\n\n'
STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n'
USAGE = b'{"prompt_tokens":1,"details":{"note":"a } \\" b"},"total_tokens":2}'
COUNT = b'data: {"id":"c","choices": [ ],"usage" : %b}\n\n' % USAGE
DONE = b"data: [DONE]\n\n"
CHAT = ROLE + WORD + WORD + STOP + COUNT + DONE


class Run:
    """A stream fed piece by piece: what came out, and what was known at the end."""

    def __init__(self, module: Any, pieces: Iterable[bytes], hide: bool = False) -> None:
        scanner = module.Scanner(KEYS, MARKS, hide)
        self.passed = [scanner.feed(piece) for piece in pieces]
        self.rest = scanner.finish()
        self.scanner = scanner
        self.out = b"".join(self.passed) + self.rest
        self.facts = (
            scanner.first_token,
            scanner.done,
            scanner.usage,
            scanner.finish_reason,
            scanner.events,
            scanner.hidden,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and (self.out, self.facts) == (other.out, other.facts)


def bytewise(stream: bytes) -> list[bytes]:
    return [stream[i : i + 1] for i in range(len(stream))]


def test_a_chat_stream_gives_its_facts(sse: Any) -> None:
    run = Run(sse, [CHAT])
    assert run.facts == (True, True, USAGE, b"stop", 6, 0)
    assert run.out == CHAT


def test_without_hiding_every_piece_passes_as_the_very_same_object(sse: Any) -> None:
    pieces = [CHAT[i : i + 7] for i in range(0, len(CHAT), 7)]
    assert all(a is b for a, b in zip(pieces, Run(sse, pieces).passed, strict=True))


def test_the_usage_event_is_taken_out_whole(sse: Any) -> None:
    run = Run(sse, [CHAT], hide=True)
    assert run.out == CHAT.replace(COUNT, b"") and run.facts == (True, True, USAGE, b"stop", 6, 1)


def test_a_piece_that_loses_nothing_passes_as_the_very_same_object(sse: Any) -> None:
    piece = WORD + WORD
    assert Run(sse, [piece], hide=True).passed[0] is piece


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r", b"\r\n\r", b"\r\n\n", b"\n\r\n"])
@pytest.mark.parametrize("hide", [False, True])
def test_events_end_in_every_way_a_line_can(sse: Any, end: bytes, hide: bool) -> None:
    stream = CHAT.replace(b"\n\n", end)
    whole = Run(sse, [stream], hide)
    assert whole.facts == (True, True, USAGE, b"stop", 6, int(hide))
    assert whole.out == (stream.replace(COUNT.replace(b"\n\n", end), b"") if hide else stream)
    assert whole == Run(sse, bytewise(stream), hide)


def test_an_event_is_held_only_until_it_cannot_be_the_usage_chunk(sse: Any) -> None:
    scanner = sse.Scanner(KEYS, MARKS, True)
    start = b'data: {"id":"c","choices": '
    assert scanner.feed(start) == b""
    assert scanner.feed(b"[{") == start + b"[{"
    tail = b'"delta":{"content":"a"}}]}'
    assert scanner.feed(tail) is tail


def test_what_is_held_when_the_stream_ends_comes_out_in_the_end(sse: Any) -> None:
    scanner = sse.Scanner(KEYS, MARKS, True)
    assert scanner.feed(COUNT[:-1]) == b"" and scanner.finish() == COUNT[:-1] and scanner.finish() == b""


@pytest.mark.parametrize("size, hidden", [(16384, 1), (16385, 0)])
def test_at_most_16_kib_are_held(sse: Any, size: int, hidden: int) -> None:
    event = COUNT.replace(b'"c"', b'"%b"' % (b"c" * (size - len(COUNT) + 1)))
    assert len(event) == size
    for pieces in ([event], [event[:5000], event[5000:]], [event[:-1], event[-1:]], bytewise(event)):
        run = Run(sse, pieces, hide=True)
        assert run.scanner.hidden == hidden and run.out == (b"" if hidden else event)


def test_a_long_event_flows_once_it_is_too_long(sse: Any) -> None:
    scanner = sse.Scanner(KEYS, MARKS, True)
    assert scanner.feed(b"data: " + b"x" * 16378) == b""
    assert len(scanner.feed(b"x")) == 16385
    more = b"x" * 100
    assert scanner.feed(more) is more


@pytest.mark.parametrize("kept", [b'"choices":[],"usage":null', b'"choices":[{}],"usage":{"a":1}', b'"usage":{"a":1}'])
def test_only_an_empty_choice_list_with_a_usage_object_is_hidden(sse: Any, kept: bytes) -> None:
    event = b"data: {%b}\n\n" % kept
    run = Run(sse, bytewise(event), hide=True)
    assert run.out == event and run.scanner.hidden == 0


@pytest.mark.parametrize("data", [b'"content":""', b'"content": null', b'"other":"a"', b'\\"content\\":\\"a\\"'])
def test_what_is_no_token(sse: Any, data: bytes) -> None:
    assert not Run(sse, [b"data: {%b}\n\n" % data]).scanner.first_token


@pytest.mark.parametrize("data", [b'"content":"a"', b'"text" \t:  "\\n"', b'"content":"","arguments":"{"'])
def test_what_is_a_token(sse: Any, data: bytes) -> None:
    for pieces in ([data], bytewise(data)):
        assert Run(sse, pieces).scanner.first_token


def test_text_that_speaks_of_usage_is_not_usage(sse: Any) -> None:
    run = Run(sse, [b'data: {"content":"{\\"usage\\":{\\"a\\":1},\\"finish_reason\\":\\"x\\"}"}\n\n'])
    assert run.scanner.usage is None and run.scanner.finish_reason is None


def test_the_last_usage_and_the_last_reason_count(sse: Any) -> None:
    stream = (
        b'data: {"usage":{"input":1},"stop_reason":null}\n\ndata: {"finishReason":"STOP","usageMetadata":{"a":{}}}\n\n'
        b'data: {"finish_reason":""}\n\n'
    )
    run = Run(sse, [stream])
    assert (run.scanner.usage, run.scanner.finish_reason) == (b'{"a":{}}', b"STOP")


@pytest.mark.parametrize("size, found", [(16384, True), (16385, False)])
def test_usage_above_16_kib_is_ignored(sse: Any, size: int, found: bool) -> None:
    usage = b'{"a":"%b"}' % (b"x" * (size - 8))
    stream = b'data: {"usage":%b}\n\n' % usage
    for pieces in ([stream], bytewise(stream)):
        assert Run(sse, pieces).scanner.usage == (usage if found else None)


def test_an_object_that_its_line_ends_is_no_usage(sse: Any) -> None:
    assert Run(sse, [b'data: {"usage":{"a":1\ndata: }}\n\n']).scanner.usage is None


def test_done_is_seen_before_its_event_ends(sse: Any) -> None:
    for pieces in ([b"data: [DONE]"], bytewise(b"data: [DONE]"), [b"event: mess", b"age_stop"]):
        assert Run(sse, pieces).scanner.done
    assert not Run(sse, [b"data: [DO", b"\nNE]"]).scanner.done


def test_blank_lines_between_events_are_no_events(sse: Any) -> None:
    assert Run(sse, [b"\n\n\r\n: ping\n\n\n\n\ndata: x\n\n"]).scanner.events == 2


def test_no_bytes_are_no_trouble(sse: Any) -> None:
    assert Run(sse, [b"", b""], hide=True).facts == (False, False, None, None, 0, 0)


@pytest.mark.parametrize(
    "keys, marks",
    [((b"",), ()), ((b'a"',), ()), ((b"usage",), ()), ((), (b"a\n",)), ((b"a" * 65,), ()), ((b"a",) * 17, ())],
)
def test_keys_and_marks_that_cannot_be_found_are_refused(sse: Any, keys: Any, marks: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        sse.Scanner(keys, marks)


def test_streams_of_providers_give_the_same_by_byte_and_whole(sse: Any) -> None:
    streams = [e["response"]["body"] for e in exchanges() if e["stream"] and e["response"].get("body_encoding") is None]
    streams = [body.encode() for body in streams if isinstance(body, str) and "data:" in body][:120]
    assert streams
    for stream in streams:
        stream = stream[:30_000]
        assert (
            Run(sse, [stream], True) == Run(sse, bytewise(stream), True) == Run(sse, [stream[:99], stream[99:]], True)
        )


PIECES = [
    b'"content"',
    b'"text":"a',
    b'"usage"',
    b'"usageMetadata"',
    b'"finish_reason"',
    b'"choices"',
    b":",
    b" ",
    b'"',
]
PIECES += [b"{", b"}", b"[", b"]", b"\n", b"\r", b"\r\n", b"\n\n", b"\\", b"null", b"data: ", b"[DONE]", b"x" * 40]
PIECES += [b'"usage":{"a":1}', b'"choices":[]', COUNT, COUNT.replace(b"\n", b"\r\n"), WORD, b"y" * 9000]
STREAMS = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)), max_size=30).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 3000), max_size=8), st.booleans())
def test_the_twins_are_equal_and_no_cut_changes_anything(stream: bytes, cuts: list[int], hide: bool) -> None:
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(bounds)]
    compiled, slow = Run(twin("sse", "cython"), pieces, hide), Run(plain, pieces, hide)
    assert compiled == slow and compiled.passed == slow.passed
    assert slow == Run(plain, [stream], hide)
    if len(stream) < 2000:
        assert slow == Run(plain, bytewise(stream), hide)
