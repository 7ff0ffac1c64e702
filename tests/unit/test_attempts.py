"""Retries, fallbacks and breakers as pure decisions: the table, and what holds for any schedule of outcomes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.gateway.attempts import (
    AttemptResult,
    Breakers,
    Policy,
    RetrySchedule,
    RetryTarget,
    is_failure,
)

WALL = 1_700_000_000.0
CLOSED = Breakers()


def schedule(targets: int = 1, **policy: float) -> RetrySchedule:
    made = RetrySchedule([RetryTarget() for _ in range(targets)], Policy(**policy), 0.0)  # type: ignore[arg-type]
    made.first(CLOSED, 0.0)
    return made


@pytest.mark.parametrize("status", [0, 408, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert schedule(retries=1).next(AttemptResult(status), 0, 0.5, CLOSED).kind == "try"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422, 501])
def test_what_will_not_pass_is_not(status: int) -> None:
    assert schedule(retries=1).next(AttemptResult(status), 0, 0.5, CLOSED).kind == "give_up"


@pytest.mark.parametrize(
    "status, word, again",
    [(409, True, True), (409, None, False), (500, False, False), (501, True, True), (400, True, False)],
)
def test_the_provider_s_own_word_counts(status: int, word: bool | None, again: bool) -> None:
    decision = schedule(retries=1).next(AttemptResult(status, should_retry=word), 0, 0.5, CLOSED)
    assert (decision.kind == "try") is again


def test_backoff_grows_by_the_factor_with_full_jitter_up_to_its_cap() -> None:
    made = schedule(retries=6, min_timeout_s=1, factor=2, max_timeout_s=10, patience_s=1000)
    waits = [made.next(AttemptResult(500), 0, 1.0, CLOSED).wait_s for _ in range(6)]
    assert waits == [1, 2, 4, 8, 10, 10]
    assert made.next(AttemptResult(500), 0, 1.0, CLOSED).kind == "give_up" and made.tries == 7 and made.retries == 6
    assert schedule(retries=1).next(AttemptResult(500), 0, 0.25, CLOSED).wait_s == 0.25
    assert schedule(retries=1).next(AttemptResult(429, retry_after_s=7), 0, 0.25, CLOSED).wait_s == 7


def test_a_wait_beyond_patience_goes_to_the_next_target_or_ends() -> None:
    long = AttemptResult(429, retry_after_s=61)
    assert schedule(retries=3).next(long, 0, 0, CLOSED).kind == "give_up"
    decision = schedule(2, retries=3).next(long, 0, 0, CLOSED)
    assert (decision.kind, decision.target, decision.wait_s) == ("try", 1, 0)
    assert schedule(2, retries=3).next(AttemptResult(500), 60, 0, CLOSED).kind == "give_up"


def test_a_fallback_s_codes() -> None:
    def leads_on(outcome: AttemptResult, *codes: tuple[int, int]) -> bool:
        made = RetrySchedule([RetryTarget(codes or None), RetryTarget()], Policy(), 0)
        made.first(CLOSED, 0)
        return made.next(outcome, 0, 0, CLOSED).kind == "try"

    assert all(leads_on(AttemptResult(status)) for status in (401, 402, 403, 404, 408, 429, 500, 501, 503, 529, 599))
    assert not any(leads_on(AttemptResult(status)) for status in (400, 405, 409, 413, 422))
    assert leads_on(AttemptResult(400), (400, 400)) and not leads_on(AttemptResult(500), (400, 499))
    assert leads_on(AttemptResult(0, "upstream_timeout"), (504, 504)) and not leads_on(
        AttemptResult(0, "upstream_reset"), (504, 504)
    )
    assert leads_on(AttemptResult(0, "upstream_reset"), (502, 502))


def test_open_breakers_are_skipped_unless_all_are_open() -> None:
    breakers = Breakers(failures=2, open_s=10)
    for key in ("a", "a", "b", "b"):
        breakers.report(key, True, 0)
    made = RetrySchedule([RetryTarget(None, "a"), RetryTarget(None, "b"), RetryTarget(None, "c")], Policy(), 0)
    assert made.first(breakers, 1).target == 2
    made = RetrySchedule([RetryTarget(None, "a"), RetryTarget(None, "b")], Policy(), 0)
    assert made.first(breakers, 1).target == 0
    assert made.next(AttemptResult(500), 1, 0, breakers).target == 1


def test_a_breaker_opens_on_a_run_probes_once_and_closes() -> None:
    breakers = Breakers(failures=3, open_s=10)
    for _ in range(2):
        breakers.report("k", True, 0)
    breakers.report("k", False, 0)
    for _ in range(2):
        breakers.report("k", True, 0)
    assert not breakers.open("k", 0)
    breakers.report("k", True, 0)
    assert breakers.open("k", 9.9) and not breakers.open("k", 10) and breakers.open("k", 10.1)
    breakers.report("k", True, 11)  # the probe failed: twice as long
    assert breakers.open("k", 30.9) and not breakers.open("k", 31)
    breakers.report("k", False, 31)
    assert not breakers.open("k", 31)


def test_a_probe_that_never_reports_does_not_keep_it_open_for_ever() -> None:
    breakers = Breakers(failures=1, open_s=10)
    breakers.report("k", True, 0)
    assert not breakers.open("k", 10) and breakers.open("k", 19) and not breakers.open("k", 20)


OUTCOMES = st.sampled_from(
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
POLICIES = st.builds(Policy, st.integers(0, 4), st.floats(1, 10), TIMES, TIMES, st.sampled_from([0.1, 1.5, 10, 1000]))
TARGETS = st.lists(
    st.builds(RetryTarget, st.none() | st.just(((429, 599),)), st.sampled_from(["a", "b", "c"])), min_size=1, max_size=3
)
STEPS = st.lists(
    st.tuples(OUTCOMES, st.sampled_from([0.0, 0.0, 0.5, 5.0]), st.sampled_from([0.0, 0.5, 0.999])),
    min_size=20,
    max_size=20,
)
"""More than the tries of three targets with four retries each: most of them worth another, or no bound is ever met."""


@settings(max_examples=500)
@given(TARGETS, POLICIES, STEPS)
def test_no_schedule_of_outcomes_passes_its_bounds(targets: list[RetryTarget], policy: Policy, steps: list) -> None:  # type: ignore[type-arg]
    breakers = Breakers(2, 3)
    made = RetrySchedule(targets, policy, 0.0)
    now, decision = 0.0, made.first(breakers, 0.0)
    on_target = {decision.target: 1}
    for outcome, took_s, chance in steps:
        assert is_failure(outcome)
        now += took_s
        breakers.report(targets[decision.target].breaker, outcome.status == 0 or outcome.status >= 500, now)
        before, decision = decision, made.next(outcome, now, chance, breakers)
        if decision.kind == "give_up":
            break
        assert outcome.retriable, "never after the first byte"
        assert decision.target >= before.target
        assert 0 <= decision.wait_s <= max(policy.max_timeout_s, outcome.retry_after_s or 0)
        now += decision.wait_s
        assert now <= policy.patience_s
        on_target[decision.target] = on_target.get(decision.target, 0) + 1
    else:
        raise AssertionError("it never gave up")
    assert all(count <= policy.retries + 1 for count in on_target.values())
    assert made.tries == sum(on_target.values()) <= len(targets) * (policy.retries + 1)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 30)), max_size=60))
def test_one_probe_at_a_time(steps: list[tuple[bool, float]]) -> None:
    breakers, now, run = Breakers(3, 10), 0.0, 0
    let_through = -1e9
    for failed, gap in steps:
        now += gap
        if not breakers.open("k", now):
            if run >= 3:
                assert now - let_through >= 10
                let_through = now
            breakers.report("k", failed, now)
            run = run + 1 if failed else 0
            let_through = now if run >= 3 else let_through
