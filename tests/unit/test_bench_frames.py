"""The gate on Python frames and C calls."""

from benchmarks.frames import above

COMMITTED = {"plain": {"frames": 88, "c_calls": 81}, "full": {"frames": 123, "c_calls": 139}}


def test_equal_or_lower_counts_pass() -> None:
    found = {"plain": {"frames": 88, "c_calls": 80}, "full": {"frames": 100, "c_calls": 139}}
    assert above(found, COMMITTED) == []


def test_each_higher_count_is_named() -> None:
    found = {"plain": {"frames": 89, "c_calls": 81}, "full": {"frames": 123, "c_calls": 140}}
    assert above(found, COMMITTED) == [
        "plain call: 89 frames, committed are 88",
        "full call: 140 c_calls, committed are 139",
    ]
