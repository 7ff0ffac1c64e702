"""What a response says of limits: headers of the answer, and the refusal."""

from typing import Final

import msgspec

from proxy.core.budget_limit import BudgetLimit
from proxy.core.calendar import CalendarPeriod, period_at
from proxy.core.errors import Limited
from proxy.gateway.exchange import Outcome
from proxy.gateway.limits.rules import Rules
from proxy.kv.base import Grant, Room
from proxy.policies import POLICIES
from proxy.policies.rules import Rule, plain

__all__ = ["add_limit_headers", "build_refusal", "end_with_periods"]

_NEVER_US: Final = 1 << 62


def add_limit_headers(outcome: Outcome, rules: Rules, charged: list[int], grant: Grant) -> None:
    """Add headers and facts of what was taken: of the tightest rule, and of all of them in the IETF's form.

    `charged` are the places of the rules that `grant` is for.
    """
    at, room = charged[0], grant.rooms[0]
    several = len(charged) > 1
    if several:
        at, room = min(
            zip(charged, grant.rooms, strict=True),
            key=lambda pair: (pair[1].allowed, pair[1].remaining / rules.rules[pair[0]].limit),
        )
    rule = rules.rules[at]
    unit = rules.policies[at]
    left, reset = room.remaining // unit.scale, -(-room.reset_us // 1_000_000)
    outcome.facts["rate.policy"] = rule.text
    outcome.facts["rate.remaining"] = left
    limit, policy, standing = rules.headers[at]
    if several:
        standing = ("ratelimit-policy", ", ".join([rules.headers[one][2][1] for one in charged]))
        states = [_state(rules.rules[one], space) for one, space in zip(charged, grant.rooms, strict=True)]
    outcome.response_headers += (
        limit,
        policy,
        standing,
        ("helicone-ratelimit-remaining", plain(room.remaining, unit.scale) if unit.decimals else str(left)),
        ("helicone-ratelimit-reset", str(reset)),
        ("ratelimit", ", ".join(states) if several else f'"{rule.text}";r={left};t={reset}'),
    )


def end_with_periods(grant: Grant, rules: list[Rule], at_us: int) -> Grant:
    """Return the grant with the waits of budgets cut at the end of their period: the next one has a new bucket."""
    rooms = [
        room if rule.budget is None else _within(room, period_at(rule.budget.period, rule.budget.zone, at_us), at_us)
        for rule, room in zip(rules, grant.rooms, strict=True)
    ]
    return msgspec.structs.replace(grant, rooms=rooms)


def _within(room: Room, period: CalendarPeriod, at_us: int) -> Room:
    left_us = period.until_us - at_us
    # A call that is larger than what is left fits into the next period, perhaps.
    wait_us = left_us if room.retry_after_us < 0 else min(room.retry_after_us, left_us)
    return msgspec.structs.replace(room, retry_after_us=wait_us, reset_us=min(room.reset_us, left_us))


def build_refusal(outcome: Outcome, rules: list[Rule], grant: Grant) -> Limited:
    """Return the error for a call that a rule refuses, naming the rule that takes longest to let it pass."""
    waits = [
        (room.retry_after_us if room.retry_after_us >= 0 else _NEVER_US, rule)
        for rule, room in zip(rules, grant.rooms, strict=True)
        if not room.allowed
    ]
    wait_us, rule = max(waits, key=lambda row: row[0])
    outcome.facts["rate.refused"] = rule.text
    if rule.budget is not None:
        return _budget_refusal(outcome, rule.budget, max(_seconds(wait_us), 1))
    whose = f" for this {rule.segment}" if rule.segment else ""
    noun = POLICIES[rule.unit].noun
    what = f"Rate limit reached: {rule.amount} {noun} in {rule.seconds} s{whose} (policy {rule.text})."
    headers = {"x-helicone-error": "rate_limited"}
    if wait_us == _NEVER_US:
        return Limited(
            f"{what} This call alone needs more than the limit, so waiting does not help.",
            param="Helicone-RateLimit-Policy", headers=headers,
        )  # fmt: skip
    seconds = max(_seconds(wait_us), 1)
    headers["retry-after"] = str(seconds)
    return Limited(f"{what} Try again in {seconds} s.", param="Helicone-RateLimit-Policy", headers=headers)


def _budget_refusal(outcome: Outcome, budget: BudgetLimit, seconds: int) -> Limited:
    outcome.facts["rate.budget"] = budget.id
    whose = {"key": " for this key", "user": " for this user", "property": f" for this {budget.property}"}
    return Limited(
        f"The budget {budget.name!r} is used up: ${plain(budget.nanousd, 1_000_000_000)} a {budget.period}"
        f"{whose.get(budget.scope, '')}. The next {budget.period} begins in {seconds} s.",
        code="budget_reached", headers={"x-helicone-error": "budget_reached", "retry-after": str(seconds)},
    )  # fmt: skip


def _state(rule: Rule, room: Room) -> str:
    return f'"{rule.text}";r={room.remaining // POLICIES[rule.unit].scale};t={_seconds(room.reset_us)}'


def _seconds(us: int) -> int:
    return -(-us // 1_000_000)
