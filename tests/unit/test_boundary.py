"""Where a stream may be interrupted: whatever the cut, nothing is lost, and a piece of an event never becomes one."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.gateway.boundary import MAX_HELD, Boundary

_LINES = st.sampled_from(
    ["data: 1", "data:", "data: {", ": c", ":", "event: e", "id: 7", "retry: 1", "", "", "nonsense", "data"]
)
_ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n", "\n"])
_STREAMS = st.lists(st.tuples(_LINES, _ENDS), max_size=12).map(lambda rows: "".join(a + b for a, b in rows).encode())
_ERROR = b"event: error\ndata: ours\n\n"


def dispatched(stream: bytes) -> list[bytes]:
    """The events of a stream by the rules of the standard, each as its data lines."""
    lines = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    found: list[bytes] = []
    data: list[bytes] = []
    for line in lines[:-1]:
        if not line:
            found += [b"\n".join(data)] if data else []
            data = []
        elif line.startswith(b"data"):
            data.append(line)
    return found


@given(_STREAMS, st.lists(st.integers(1, 9), max_size=30))
def test_every_cut_of_every_stream(stream: bytes, sizes: list[int]) -> None:
    boundary = Boundary(is_lines=False)
    passed, at = b"", 0
    for size in [*sizes, len(stream) or 1]:
        chunk = stream[at : at + size]
        at += size
        skips = boundary.clear and chunk.endswith(boundary.ends)
        passed += chunk if skips else boundary.feed(chunk)
        complete = dispatched(stream)
        if boundary.is_open:
            assert dispatched(passed) == complete[: len(dispatched(passed))]
        else:
            *events, error = dispatched(passed + _ERROR)
            assert error == b"data: ours" and events == complete[: len(events)]
    assert passed + boundary.finish() == stream


@given(st.lists(st.sampled_from([b"{}", b"{1", b"\n", b"\n", b""]), max_size=30))
def test_every_cut_of_json_lines(chunks: list[bytes]) -> None:
    boundary = Boundary(is_lines=True)
    passed = b""
    for chunk in chunks:
        skips = boundary.clear and chunk.endswith(boundary.ends)
        passed += chunk if skips else boundary.feed(chunk)
        assert not boundary.is_open and (not passed or passed.endswith(b"\n"))
    assert passed + boundary.finish() == b"".join(chunks)


def test_what_is_held_is_bounded() -> None:
    for is_lines in (False, True):
        boundary = Boundary(is_lines)
        held = 0
        for _ in range(40):
            held += 10_000 - len(boundary.feed(b"data: xxxx" * 1000))
            assert held <= MAX_HELD
        assert boundary.is_open
        boundary.feed(b"\n")
        assert boundary.is_open != is_lines, "an event goes on after its line"
        boundary.feed(b"\n")
        assert not boundary.is_open and boundary.clear


def test_many_short_lines_take_no_time_of_their_own() -> None:
    boundary = Boundary(is_lines=False)
    for line in (b":\n", b"id: 1\n", b"\n", b"\r"):
        stream = line * 100_000 + b"da"
        assert boundary.feed(stream) + boundary.finish() == stream
