"""The grammar of rate limits: `{limit};w={seconds};u={unit}[;s={segment}]`, several joined by commas.

Parts may come in any order; names are case-insensitive. Units are those of `POLICIES`. `u=user` is short for
`u=request;s=user`, `u=org` for `u=request`; without `u` the unit is `request`. `limit` may have decimals. `w` is 1
second to 365 days.
"""

from typing import Final

import msgspec

from _speedups import scaled
from proxy.core.budget_limit import BudgetLimit
from proxy.core.errors import BadDirective
from proxy.policies import POLICIES

__all__ = ["HEADER", "MAX_RULES", "Rule", "parse_rules", "plain"]

HEADER: Final = "Helicone-RateLimit-Policy"
MAX_RULES: Final = 8
_SHORT: Final = {"user": ("request", "user"), "org": ("request", "")}
_MAX_WINDOW_S: Final = 365 * 86_400
_MAX_SEGMENT: Final = 128
_FORM: Final = "{limit};w={seconds};u={unit} and ;s={segment}"


class Rule(msgspec.Struct, frozen=True):
    """One limit. `text` is its canonical form and its identity: two rules with the same text are one rule."""

    text: str
    unit: str
    limit: int
    """In parts of the unit: multiplied by the `scale` of its policy."""
    window_us: int
    segment: str = ""
    """`user`, or a property's name in lower case; empty: all calls together."""
    keyed: bool = False
    """Stored with one of our keys: every key has buckets of its own."""
    budget: BudgetLimit | None = None
    """It is made of a budget: its window is a period of the calendar."""

    @property
    def amount(self) -> str:
        """The limit as a person writes it."""
        return self.text.partition(";")[0]

    @property
    def seconds(self) -> int:
        return self.window_us // 1_000_000


def parse_rules(text: str, source: str = HEADER) -> tuple[Rule, ...]:
    """Return the rules in a header (or setting) called `source`.

    Raises `BadDirective` naming the policy, the position of the first wrong character, and what is accepted.
    """
    rules: dict[str, Rule] = {}
    at = 0
    for number, policy in enumerate(text.split(",")):
        rule = _rule(policy, source, number + 1, at)
        rules[rule.text] = rule
        at += len(policy) + 1
    if len(rules) > MAX_RULES:
        raise BadDirective(source, text, f"at most {MAX_RULES} policies", code="invalid_policy")
    return tuple(rules.values())


def _rule(policy: str, source: str, number: int, at: int) -> Rule:
    found: dict[str, str] = {}
    places: dict[str, int] = {}

    def wrong(place: int, part: str, accepted: str) -> BadDirective:
        return BadDirective(
            source, part, f"{accepted} (policy {number}, character {place + 1}; the form is {_FORM})",
            code="invalid_policy",
        )  # fmt: skip

    for part in policy.split(";"):
        bare = part.strip()
        place = at + len(part) - len(part.lstrip())
        at += len(part) + 1
        name, mark, value = bare.partition("=")
        key = name.strip().lower() if mark else "limit"
        if key not in ("limit", "w", "u", "s"):
            raise wrong(place, bare, "the parts limit, w=, u= and s=")
        if key in found:
            raise wrong(place, bare, f"{key} once")
        found[key], places[key] = (value.strip() if mark else bare), place
    if "limit" not in found:
        raise wrong(at - len(policy) - 1, policy, "a limit, as in 100;w=3600")
    if "w" not in found:
        raise wrong(places["limit"], policy.strip(), "a window, as in w=3600 (seconds)")
    unit = found.get("u", "request").lower()
    segment = found.get("s", "").lower()
    if unit in _SHORT:
        unit, implied = _SHORT[unit]
        if implied and segment not in ("", implied):
            raise wrong(places["s"], f"u={found['u']};s={found['s']}", f"u={found['u']} alone, or u=request with s=")
        segment = segment or implied
    if unit not in POLICIES:
        raise wrong(places["u"], f"u={found['u']}", f"u={_units()}")
    if "s" in found and (not segment or len(segment) > _MAX_SEGMENT):
        raise wrong(
            places["s"], f"s={found['s']}", f"s=user or s=<a property's name>, at most {_MAX_SEGMENT} characters"
        )
    seconds = found["w"]
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12 and 1 <= int(seconds) <= _MAX_WINDOW_S):
        raise wrong(places["w"], f"w={seconds}", f"w= a whole number of seconds, 1 to {_MAX_WINDOW_S}")
    scale = POLICIES[unit].scale
    try:
        limit = scaled(found["limit"], scale)
    except ValueError:
        max_limit = 10**14 // scale
        raise wrong(
            places["limit"], found["limit"],
            f"a limit above 0 and at most {max_limit}, with at most {len(str(scale)) - 1} decimals",
        ) from None  # fmt: skip
    text = f"{plain(limit, scale)};w={int(seconds)};u={unit}" + (f";s={segment}" if segment else "")
    return Rule(text, unit, limit, int(seconds) * 1_000_000, segment)


def _units() -> str:
    """List every unit and short form, as a message names them."""
    *names, last = [short for unit in POLICIES for short in (unit, *(_SHORT if unit == "request" else ()))]
    return f"{', '.join(names)} or {last}"


def plain(value: int, scale: int) -> str:
    """Write `value`/`scale` as a decimal number without trailing zeros."""
    whole, rest = divmod(value, scale)
    return f"{whole}.{str(rest).rjust(len(str(scale)) - 1, '0').rstrip('0')}" if rest else str(whole)
