"""Rate limits: what is allowed when, what comes back when, and that every twin counts alike."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import _speedups
from _speedups._pure import bucket as plain
from tests.twins.conftest import twin
from tests.twins.doubles import CALLS

VECTORS = json.loads((Path(_speedups.__file__).parent / "vectors/bucket.json").read_text())["vectors"]
NOW = 1_770_000_000_000_000
SECOND = 1_000_000


def flat(result: Any) -> Any:
    """A result as the table of vectors writes it."""
    return json.loads(json.dumps(result))


def floats(value: Any) -> Any:
    return [floats(item) for item in value] if isinstance(value, list) else float(value)


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"{row['call']}: {row['why']}")
def test_the_table_of_vectors_holds(bucket: Any, row: dict[str, Any]) -> None:
    args = [tuple(arg) if isinstance(arg, list) else arg for arg in row["args"]]
    assert flat(getattr(bucket, row["call"])(*args)) == row["result"]


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"{row['call']}: {row['why']}")
def test_the_table_of_vectors_holds_in_doubles_below_2_to_the_53(row: dict[str, Any]) -> None:
    assert CALLS[row["call"]](*floats(row["args"])) == row["result"]


def test_a_window_never_lets_more_than_its_limit_pass(bucket: Any) -> None:
    state, passed, now = (), [], NOW
    for step in range(3000):
        now += (step * 7919 % 300) * 1000
        decision = bucket.window(state, now, 10, 10 * SECOND)
        state = decision.state
        if decision.allowed:
            passed.append(now)
    assert len(passed) > 100
    assert all(later - earlier >= 10 * SECOND for earlier, later in zip(passed, passed[10:], strict=False))


@pytest.mark.parametrize("call, empty", [("gcra", 0), ("window", ())])
def test_a_refused_call_is_let_pass_when_it_was_told_to_come_back_and_not_before(
    bucket: Any, call: str, empty: Any
) -> None:
    take = getattr(bucket, call)
    state, now, refused = empty, NOW, 0
    for step in range(400):
        cost = step * 31 % 7
        now += step * 7919 % 400_000
        decision = take(state, now, 9, 5 * SECOND, cost)
        if not decision.allowed:
            refused += 1
            assert decision.state == state or call == "window"
            assert not take(state, now + decision.retry_after_us - 1, 9, 5 * SECOND, cost).allowed
            now += decision.retry_after_us
            decision = take(state, now, 9, 5 * SECOND, cost)
            assert decision.allowed
        state = decision.state
    assert refused > 50


@pytest.mark.parametrize("call, empty", [("gcra", 0), ("window", ())])
@pytest.mark.parametrize("limit", [1, 3, 7, 11, 97, 997])
def test_exactly_the_limit_passes_at_once(bucket: Any, call: str, empty: Any, limit: int) -> None:
    state, passed = empty, 0
    for _ in range(limit + 5):
        decision = getattr(bucket, call)(state, NOW, limit, SECOND)
        state = decision.state
        passed += decision.allowed
        assert decision.remaining == limit - passed
    assert passed == limit


@pytest.mark.parametrize("call, empty", [("gcra", 0), ("window", ())])
def test_what_is_given_back_whole_leaves_the_bucket_as_it_was(bucket: Any, call: str, empty: Any) -> None:
    decision = getattr(bucket, call)(empty, NOW, 7, SECOND, 5)
    settled = (decision.state, NOW, 7, SECOND, -5) + ((NOW,) if call == "window" else ())
    state = getattr(bucket, call + "_settle")(*settled)
    assert getattr(bucket, call)(state, NOW, 7, SECOND, 0).remaining == 7


def test_times_and_money_out_of_bounds_are_refused_by_name(bucket: Any) -> None:
    for args, name in [
        ((0, NOW, 0, 1, 1), "limit"),
        ((0, NOW, plain.LIMIT_MAX + 1, 1, 1), "limit"),
        ((0, NOW, 2**64, 1, 1), "limit"),
        ((0, NOW, 1, 0, 1), "window_us"),
        ((0, NOW, 1, plain.WINDOW_MAX + 1, 1), "window_us"),
        ((0, NOW, 1, 1, -1), "cost"),
        ((0, -1, 1, 1, 1), "time"),
        ((0, plain.NOW_MAX + 1, 1, 1, 1), "time"),
        ((-1, NOW, 1, 1, 1), "tat_us"),
        ((2**63, NOW, 1, 1, 1), "tat_us"),
    ]:
        with pytest.raises(ValueError, match=name):
            bucket.gcra(*args)
    with pytest.raises(ValueError, match="cost"):
        bucket.gcra_settle(0, NOW, 1, 1, -plain.LIMIT_MAX - 1)


@pytest.mark.parametrize(
    "state", [(1,), (2, 1, 1, 1), (1, 1, 1, 1), (-1, 1), (1, -1), (1, 2**70), (2**60, 1), (1, 10**14 + 1), (1, 1) * 67]
)
def test_a_state_that_cannot_be_is_refused(bucket: Any, state: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="state"):
        bucket.window(state, NOW, 1, SECOND)
    with pytest.raises(ValueError, match="state"):
        bucket.window_settle(state, NOW, 1, SECOND, 1, NOW)


@pytest.mark.parametrize("text, scale, value", [("1", 1, 1), ("2.5", 1000, 2500), (".5", 10, 5), ("007.10", 10, 71)])
def test_decimals_become_whole_numbers(bucket: Any, text: str, scale: int, value: int) -> None:
    assert bucket.scaled(text, scale) == value


@pytest.mark.parametrize(
    "text", ["", ".", "1.", "0", "0.0", "-1", "+1", "1e3", "1.2345", "1_0", "٣", " 1", "1" * 13, "1.2.3", "nan"]
)
def test_what_is_no_limit_is_refused(bucket: Any, text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        bucket.scaled(text, 1000)


def sized(most: int) -> st.SearchStrategy[int]:
    """Whole numbers of every size up to `most`, its neighbours, and some far out of bounds."""
    usual = st.one_of(st.integers(0, 20), st.integers(0, most), st.sampled_from([most - 1, most]))
    return st.one_of(usual, usual, usual, st.sampled_from([-1, most + 1, 2**63, -(2**63) - 1, 2**80]))


TIMES, LIMITS, WINDOWS = sized(plain.NOW_MAX), sized(plain.LIMIT_MAX), sized(plain.WINDOW_MAX)


def both(call: str, *args: Any) -> Any:
    """The result of both twins, or the text of the error of both."""
    results = []
    for module in (plain, twin("bucket", "cython")):
        try:
            results.append(getattr(module, call)(*args))
        except ValueError as error:
            results.append(str(error))
    assert results[0] == results[1]
    return results[0]


@given(TIMES, TIMES, LIMITS, WINDOWS, LIMITS)
def test_the_twins_are_equal_and_so_are_doubles(tat: int, now: int, limit: int, window_us: int, cost: int) -> None:
    for call, price in [("gcra", cost), ("gcra_settle", cost), ("gcra_settle", -cost)]:
        result = both(call, tat, now, limit, window_us, price)
        if not isinstance(result, str):
            assert CALLS[call](*map(float, (tat, now, limit, window_us, price))) == flat(result)


STEPS = st.lists(st.tuples(st.integers(-2, 80), st.integers(0, 12), st.none() | st.integers(-12, 30)), max_size=40)


@given(LIMITS, WINDOWS, TIMES, STEPS)
def test_the_twins_are_equal_over_a_life_of_a_window(limit: int, window_us: int, now: int, steps: Any) -> None:
    state: tuple[int, ...] = ()
    for gap, part, delta in steps:
        now += gap * window_us // 64
        args = [state, now, limit, window_us, limit * part // 12]
        decision = both("window", *args)
        if isinstance(decision, str):
            return
        assert CALLS["window"](*floats(flat(args))) == flat(decision)
        packed = both("window_packed", plain.pack(state), *args[1:])
        assert (*packed[:4], plain.unpack(packed.state)) == tuple(decision)
        assert decision.remaining >= 0 and len(decision.state) <= 2 * 66
        state = decision.state
        if delta is not None:
            args = [state, now, limit, window_us, limit * delta // 30, max(now - gap * window_us // 64, 0)]
            state = both("window_settle", *args)
            if isinstance(state, str):
                return
            assert both("window_settle_packed", both("pack", decision.state), *args[1:]) == plain.pack(state)
            assert CALLS["window_settle"](*floats(flat(args))) == flat(state)


@given(st.binary(max_size=80))
@example(bytes(14) + b"\x80")
def test_the_twins_read_any_packed_state_alike(state: bytes) -> None:
    numbers = both("unpack", state)
    if not isinstance(numbers, str):
        assert both("pack", numbers) == state and len(numbers) == len(state) // 15 * 2
    both("window_packed", state, NOW, 10, SECOND)
    both("window_settle_packed", state, NOW, 10, SECOND, 1, NOW)


def test_a_state_that_cannot_be_packed_is_refused(bucket: Any) -> None:
    for state in [(2**56, 1), (-1, 1), (1, -1), (1, 2**64), (1,)]:
        with pytest.raises((ValueError, OverflowError)):
            bucket.pack(state)
