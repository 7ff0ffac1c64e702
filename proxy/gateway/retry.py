"""Decides whether a failed call is sent again, when and to which target. Pure: time and chance are passed in."""

from typing import Final, Protocol

import msgspec

__all__ = ["AttemptResult", "BreakerView", "GiveUp", "Retry", "RetryPolicy", "RetrySchedule", "RetryTarget"]

RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504, 529})
FALLS_BACK: Final = frozenset({401, 402, 403, 404}) | RETRIED
"""A target that rejects the key or does not have the model will not change its mind, but another target may accept."""
_CONFLICT: Final = 409


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how long to try."""

    retries: int = 0
    """Maximum number of retries of one target."""
    factor: float = 2.0
    min_timeout_s: float = 1.0
    max_timeout_s: float = 10.0
    patience_s: float = 60.0
    """No attempt begins later than this after the call began."""


class RetryTarget(msgspec.Struct, frozen=True):
    """What the schedule must know of a target."""

    on_codes: tuple[tuple[int, int], ...] | None = None
    """Statuses (inclusive ranges) after which the next target is asked; None: `FALLS_BACK` and 5xx."""
    breaker: str = ""


class AttemptResult(msgspec.Struct, frozen=True):
    """How an attempt ended."""

    status: int
    """0: no answer."""
    error: str = ""
    retriable: bool = True
    """False where bytes of an answer had arrived: the provider may have carried out the call."""
    retry_after_s: float | None = None
    should_retry: bool | None = None
    """The provider's `x-should-retry`."""

    @property
    def failed(self) -> bool:
        return self.status == 0 or self.status >= 400


class Retry(msgspec.Struct, frozen=True):
    """Send to this target (an index) after waiting."""

    target: int = 0
    wait_s: float = 0.0


class GiveUp(msgspec.Struct, frozen=True):
    """Send no more."""


class BreakerView(Protocol):
    """What the schedule asks of the circuit breakers."""

    def is_open(self, key: str, now: float) -> bool: ...


_GIVE_UP: Final = GiveUp()


class RetrySchedule:
    """The attempts of one call. `started` and every `now` are monotonic seconds."""

    __slots__ = ("_on_target", "_started", "_targets", "policy", "retries", "target", "tries")

    def __init__(self, targets: list[RetryTarget], policy: RetryPolicy, started: float) -> None:
        self._targets = targets
        self._started = started
        self._on_target = 0
        self.policy = policy
        self.target = 0
        self.tries = 0
        self.retries = 0

    def first(self, breakers: BreakerView, now: float) -> Retry:
        """Return where to begin: the first target whose breaker is closed; where all are open, the first."""
        self.tries = 1
        self.target = self._next_closed(0, breakers, now)
        if self.target < 0:
            self.target = 0
        return Retry(self.target)

    def next(self, result: AttemptResult, now: float, chance: float, breakers: BreakerView) -> Retry | GiveUp:
        """Decide what follows a failed attempt. `chance` is in [0, 1)."""
        if not result.retriable:
            return _GIVE_UP
        if self._on_target < self.policy.retries and _is_retried(result):
            wait_s = self._wait(result, chance)
            if now + wait_s < self._started + self.policy.patience_s:
                self._on_target += 1
                self.retries += 1
                self.tries += 1
                return Retry(self.target, wait_s)
        if self._falls_back(result) and now < self._started + self.policy.patience_s:
            following = self._next_closed(self.target + 1, breakers, now)
            if following < 0 and self.target + 1 < len(self._targets):
                following = self.target + 1  # the breakers of all that are left are open: still better than giving up
            if following >= 0:
                self.target, self._on_target = following, 0
                self.tries += 1
                return Retry(following)
        return _GIVE_UP

    def _wait(self, result: AttemptResult, chance: float) -> float:
        """Exponential backoff with full jitter; at least what the provider asks for."""
        policy = self.policy
        try:
            max_wait_s = min(policy.max_timeout_s, policy.min_timeout_s * policy.factor**self._on_target)
        except OverflowError:
            max_wait_s = policy.max_timeout_s
        return max(max_wait_s * chance, result.retry_after_s or 0.0)

    def _falls_back(self, result: AttemptResult) -> bool:
        codes = self._targets[self.target].on_codes
        status = result.status or (504 if result.error == "upstream_timeout" else 502)
        if codes is None:
            return status in FALLS_BACK or status >= 500
        return any(low <= status <= high for low, high in codes)

    def _next_closed(self, begin: int, breakers: BreakerView, now: float) -> int:
        for at in range(begin, len(self._targets)):
            # The last target is asked too: only then can its breaker let a probe through.
            if not breakers.is_open(self._targets[at].breaker, now):
                return at
        return -1


def _is_retried(result: AttemptResult) -> bool:
    if result.should_retry is not None:
        return result.should_retry and (result.status == _CONFLICT or result.status >= 429 or result.status == 408)
    return result.status == 0 or result.status in RETRIED
