"""When to try again, and whom: pure decisions. No I/O, no clock and no chance but what is passed in."""

from collections import OrderedDict
from typing import Final, Literal, Protocol

import msgspec

__all__ = [
    "AttemptResult",
    "Breakers",
    "Decision",
    "Policy",
    "RetrySchedule",
    "RetryTarget",
    "is_failure",
]

RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504, 529})
FALLS_BACK: Final = frozenset({401, 402, 403, 404}) | RETRIED
"""A target that does not know the key or the model has failed for good, though another may not."""
_CONFLICT: Final = 409
_MOST_BREAKERS: Final = 4096
_LONGEST_OPEN_S: Final = 60.0


class Policy(msgspec.Struct, frozen=True):
    """How often and how long. Times are seconds."""

    retries: int = 0
    """Most retries of one target."""
    factor: float = 2.0
    min_timeout_s: float = 1.0
    max_timeout_s: float = 10.0
    patience_s: float = 60.0
    """No attempt begins later than so long after the start."""


class RetryTarget(msgspec.Struct, frozen=True):
    """What a schedule must know of a target."""

    on_codes: tuple[tuple[int, int], ...] | None = None
    """Statuses (inclusive spans) that lead on to the next target; None: the usual ones."""
    breaker: str = ""


class AttemptResult(msgspec.Struct, frozen=True):
    """How an attempt ended."""

    status: int
    """0: no answer."""
    error: str = ""
    retriable: bool = True
    """False where bytes of an answer had arrived: what the provider did is not known to be undone."""
    retry_after_s: float | None = None
    should_retry: bool | None = None
    """The provider's own word for it (`x-should-retry`)."""


class Decision(msgspec.Struct, frozen=True):
    kind: Literal["try", "give_up"]
    target: int = 0
    wait_s: float = 0.0


class BreakerView(Protocol):
    def open(self, key: str, now: float) -> bool: ...


def is_failure(outcome: AttemptResult) -> bool:
    """Whether there is anything to decide."""
    return outcome.status == 0 or outcome.status >= 400


class RetrySchedule:
    """The attempts of one call. `started` and every `now` are monotonic seconds."""

    __slots__ = ("_on_target", "_started", "_targets", "policy", "retries", "target", "tries")

    def __init__(self, targets: list[RetryTarget], policy: Policy, started: float) -> None:
        self._targets = targets
        self._started = started
        self._on_target = 0
        self.policy = policy
        self.target = 0
        self.tries = 0
        self.retries = 0

    def first(self, breakers: BreakerView, now: float) -> Decision:
        """Where to begin: the first target whose breaker is closed, or the first at all."""
        self.tries = 1
        self.target = self._next_closed(0, breakers, now)
        if self.target < 0:
            self.target = 0
        return Decision("try", self.target)

    def next(self, outcome: AttemptResult, now: float, chance: float, breakers: BreakerView) -> Decision:
        """What follows a failed attempt. `chance` is 0 to below 1."""
        if not outcome.retriable:
            return Decision("give_up", self.target)
        if self._on_target < self.policy.retries and _is_retried(outcome):
            wait_s = self._wait(outcome, chance)
            if now + wait_s < self._started + self.policy.patience_s:
                self._on_target += 1
                self.retries += 1
                self.tries += 1
                return Decision("try", self.target, wait_s)
        if self._leads_on(outcome) and now < self._started + self.policy.patience_s:
            follower = self._next_closed(self.target + 1, breakers, now)
            if follower < 0 and self.target + 1 < len(self._targets):
                follower = self.target + 1  # all that are left are broken: better one of them than none
            if follower >= 0:
                self.target, self._on_target = follower, 0
                self.tries += 1
                return Decision("try", follower)
        return Decision("give_up", self.target)

    def _wait(self, outcome: AttemptResult, chance: float) -> float:
        """Exponential with full jitter; what the provider asks for where that is longer."""
        policy = self.policy
        try:
            most = min(policy.max_timeout_s, policy.min_timeout_s * policy.factor**self._on_target)
        except OverflowError:
            most = policy.max_timeout_s
        return max(most * chance, outcome.retry_after_s or 0.0)

    def _leads_on(self, outcome: AttemptResult) -> bool:
        codes = self._targets[self.target].on_codes
        status = outcome.status or (504 if outcome.error == "upstream_timeout" else 502)
        if codes is None:
            return status in FALLS_BACK or status >= 500
        return any(low <= status <= high for low, high in codes)

    def _next_closed(self, begin: int, breakers: BreakerView, now: float) -> int:
        for at in range(begin, len(self._targets)):
            # The last one is asked too: its probe must be let through some day.
            if not breakers.open(self._targets[at].breaker, now):
                return at
        return -1


def _is_retried(outcome: AttemptResult) -> bool:
    if outcome.should_retry is not None:
        return outcome.should_retry and (outcome.status == _CONFLICT or outcome.status >= 429 or outcome.status == 408)
    return outcome.status == 0 or outcome.status in RETRIED


class _Breaker:
    __slots__ = ("failures", "open_s", "until")

    def __init__(self, open_s: float) -> None:
        self.failures = 0
        self.open_s = open_s
        self.until = 0.0


class Breakers:
    """Circuit breakers by key. A key is only known while it has failures."""

    def __init__(self, failures: int = 5, open_s: float = 10.0) -> None:
        self._most = failures
        self._open_s = open_s
        self._known: OrderedDict[str, _Breaker] = OrderedDict()

    def open(self, key: str, now: float) -> bool:
        """True: do not send. Once its time is over one caller gets False, the probe; the next one if that does not
        report for as long again."""
        breaker = self._known.get(key)
        if breaker is None or breaker.failures < self._most:
            return False
        if now < breaker.until:
            return True
        breaker.until = now + breaker.open_s
        return False

    def report(self, key: str, failed: bool, now: float) -> None:
        """How an attempt ended. Failed: no answer, or a status of 500 and above."""
        breaker = self._known.get(key)
        if not failed:
            if breaker is not None:
                del self._known[key]
            return
        if breaker is None:
            breaker = self._known[key] = _Breaker(self._open_s)
            if len(self._known) > _MOST_BREAKERS:
                self._known.popitem(last=False)
        breaker.failures += 1
        if breaker.failures == self._most:
            breaker.until = now + breaker.open_s
        elif breaker.failures > self._most:
            breaker.open_s = min(breaker.open_s * 2, max(_LONGEST_OPEN_S, self._open_s))
            breaker.until = now + breaker.open_s
