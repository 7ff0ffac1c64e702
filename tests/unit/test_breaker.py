"""Circuit breakers: when a target is skipped, and when it is asked again."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.gateway.breaker import Breakers


def test_a_breaker_opens_on_a_run_probes_once_and_closes() -> None:
    breakers = Breakers(failures=3, open_s=10)
    for _ in range(2):
        breakers.report("k", True, 0)
    breakers.report("k", False, 0)
    for _ in range(2):
        breakers.report("k", True, 0)
    assert not breakers.is_open("k", 0)
    breakers.report("k", True, 0)
    assert breakers.is_open("k", 9.9) and not breakers.is_open("k", 10) and breakers.is_open("k", 10.1)
    breakers.report("k", True, 11)  # the probe failed: twice as long
    assert breakers.is_open("k", 30.9) and not breakers.is_open("k", 31)
    breakers.report("k", False, 31)
    assert not breakers.is_open("k", 31)


def test_a_probe_that_never_reports_does_not_keep_it_open_for_ever() -> None:
    breakers = Breakers(failures=1, open_s=10)
    breakers.report("k", True, 0)
    assert not breakers.is_open("k", 10) and breakers.is_open("k", 19) and not breakers.is_open("k", 20)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 30)), max_size=60))
def test_one_probe_at_a_time(steps: list[tuple[bool, float]]) -> None:
    breakers, now, run = Breakers(3, 10), 0.0, 0
    let_through = -1e9
    for failed, gap in steps:
        now += gap
        if not breakers.is_open("k", now):
            if run >= 3:
                assert now - let_through >= 10
                let_through = now
            breakers.report("k", failed, now)
            run = run + 1 if failed else 0
            let_through = now if run >= 3 else let_through
