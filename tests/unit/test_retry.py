"""Retries and fallbacks as pure decisions: the table, and what holds for any schedule of results."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.gateway.breaker import Breakers
from proxy.gateway.retry import AttemptResult, GiveUp, Retry, RetryPolicy, RetrySchedule, RetryTarget

CLOSED = Breakers()


def schedule(targets: int = 1, **policy: float) -> RetrySchedule:
    made = RetrySchedule([RetryTarget() for _ in range(targets)], RetryPolicy(**policy), 0.0)  # type: ignore[arg-type]
    made.first(CLOSED, 0.0)
    return made


def retried(schedule: RetrySchedule, result: AttemptResult, chance: float) -> Retry:
    decision = schedule.next(result, 0, chance, CLOSED)
    assert isinstance(decision, Retry)
    return decision


@pytest.mark.parametrize("status", [0, 408, 429, 500, 502, 503, 504, 529])
def test_statuses_that_may_pass_are_retried(status: int) -> None:
    assert isinstance(schedule(retries=1).next(AttemptResult(status), 0, 0.5, CLOSED), Retry)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422, 501])
def test_statuses_that_will_not_pass_are_not_retried(status: int) -> None:
    assert schedule(retries=1).next(AttemptResult(status), 0, 0.5, CLOSED) == GiveUp()


@pytest.mark.parametrize(
    "status, word, again",
    [(409, True, True), (409, None, False), (500, False, False), (501, True, True), (400, True, False)],
)
def test_x_should_retry_overrides_the_table(status: int, word: bool | None, again: bool) -> None:
    decision = schedule(retries=1).next(AttemptResult(status, should_retry=word), 0, 0.5, CLOSED)
    assert isinstance(decision, Retry) is again


def test_backoff_grows_by_the_factor_with_full_jitter_up_to_its_cap() -> None:
    made = schedule(retries=6, min_timeout_s=1, factor=2, max_timeout_s=10, patience_s=1000)
    waits = [retried(made, AttemptResult(500), 1.0).wait_s for _ in range(6)]
    assert waits == [1, 2, 4, 8, 10, 10]
    assert made.next(AttemptResult(500), 0, 1.0, CLOSED) == GiveUp() and made.tries == 7 and made.retries == 6
    assert retried(schedule(retries=1), AttemptResult(500), 0.25).wait_s == 0.25
    assert retried(schedule(retries=1), AttemptResult(429, retry_after_s=7), 0.25).wait_s == 7


def test_a_wait_beyond_patience_goes_to_the_next_target_or_ends() -> None:
    long = AttemptResult(429, retry_after_s=61)
    assert schedule(retries=3).next(long, 0, 0, CLOSED) == GiveUp()
    decision = schedule(2, retries=3).next(long, 0, 0, CLOSED)
    assert decision == Retry(1, 0)
    assert schedule(2, retries=3).next(AttemptResult(500), 60, 0, CLOSED) == GiveUp()


def test_the_codes_that_lead_to_a_fallback() -> None:
    def falls_back(result: AttemptResult, *codes: tuple[int, int]) -> bool:
        made = RetrySchedule([RetryTarget(codes or None), RetryTarget()], RetryPolicy(), 0)
        made.first(CLOSED, 0)
        return isinstance(made.next(result, 0, 0, CLOSED), Retry)

    assert all(falls_back(AttemptResult(status)) for status in (401, 402, 403, 404, 408, 429, 500, 501, 503, 529, 599))
    assert not any(falls_back(AttemptResult(status)) for status in (400, 405, 409, 413, 422))
    assert falls_back(AttemptResult(400), (400, 400)) and not falls_back(AttemptResult(500), (400, 499))
    assert falls_back(AttemptResult(0, "upstream_timeout"), (504, 504)) and not falls_back(
        AttemptResult(0, "upstream_reset"), (504, 504)
    )
    assert falls_back(AttemptResult(0, "upstream_reset"), (502, 502))


def test_open_breakers_are_skipped_unless_all_are_open() -> None:
    breakers = Breakers(failures=2, open_s=10)
    for key in ("a", "a", "b", "b"):
        breakers.report(key, True, 0)
    made = RetrySchedule([RetryTarget(None, "a"), RetryTarget(None, "b"), RetryTarget(None, "c")], RetryPolicy(), 0)
    assert made.first(breakers, 1).target == 2
    made = RetrySchedule([RetryTarget(None, "a"), RetryTarget(None, "b")], RetryPolicy(), 0)
    assert made.first(breakers, 1).target == 0
    assert made.next(AttemptResult(500), 1, 0, breakers) == Retry(1)


RESULTS = st.sampled_from(
    [AttemptResult(500), AttemptResult(0, "upstream_reset"), AttemptResult(429, retry_after_s=1.0)]
) | st.builds(
    AttemptResult,
    st.sampled_from([0, 400, 401, 408, 409, 429, 500, 503, 529]),
    st.sampled_from(["", "upstream_reset", "upstream_timeout"]),
    st.booleans() | st.just(True),
    st.none() | st.floats(0, 100),
    st.none() | st.booleans(),
)
TIMES = st.sampled_from([0.0, 0.1, 1.0, 5.0, 20.0]) | st.floats(0, 20)
POLICIES = st.builds(
    RetryPolicy, st.integers(0, 4), st.floats(1, 10), TIMES, TIMES, st.sampled_from([0.1, 1.5, 10, 1000])
)
TARGETS = st.lists(
    st.builds(RetryTarget, st.none() | st.just(((429, 599),)), st.sampled_from(["a", "b", "c"])), min_size=1, max_size=3
)
STEPS = st.lists(
    st.tuples(RESULTS, st.sampled_from([0.0, 0.0, 0.5, 5.0]), st.sampled_from([0.0, 0.5, 0.999])),
    min_size=20,
    max_size=20,
)
"""More than the tries of three targets with four retries each: most of them worth another, or no bound is ever met."""


@settings(max_examples=500)
@given(TARGETS, POLICIES, STEPS)
def test_no_schedule_of_results_passes_its_bounds(targets: list[RetryTarget], policy: RetryPolicy, steps: list) -> None:  # type: ignore[type-arg]
    breakers = Breakers(2, 3)
    made = RetrySchedule(targets, policy, 0.0)
    now, decision = 0.0, made.first(breakers, 0.0)
    on_target = {decision.target: 1}
    for result, took_s, chance in steps:
        assert result.failed
        now += took_s
        breakers.report(targets[decision.target].breaker, result.status == 0 or result.status >= 500, now)
        following = made.next(result, now, chance, breakers)
        if isinstance(following, GiveUp):
            break
        assert result.retriable, "never after the first byte"
        assert following.target >= decision.target
        decision = following
        assert 0 <= decision.wait_s <= max(policy.max_timeout_s, result.retry_after_s or 0)
        now += decision.wait_s
        assert now <= policy.patience_s
        on_target[decision.target] = on_target.get(decision.target, 0) + 1
    else:
        raise AssertionError("it never gave up")
    assert all(count <= policy.retries + 1 for count in on_target.values())
    assert made.tries == sum(on_target.values()) <= len(targets) * (policy.retries + 1)
