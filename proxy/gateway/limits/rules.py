"""Which rules a call falls under: those of its header, its key, its organisation and the settings."""

from typing import Final

import msgspec

from proxy.core.snapshot import BUDGETS_MARK
from proxy.policies import POLICIES
from proxy.policies.budgets import budget_rules
from proxy.policies.rules import Rule, parse_rules

__all__ = ["RuleIndex", "Rules"]

_MAX_PARSED: Final = 4096
_NO_RULES: Final[tuple[Rule, ...]] = ()


class Rules:
    """Rules that apply together, and what is the same for every call under them."""

    __slots__ = ("budgets", "headers", "held", "metered", "policies", "priced", "rules")

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.policies = [POLICIES[rule.unit] for rule in rules]
        self.held = any(policy.held for policy in self.policies)
        """A reservation is made that must be settled."""
        self.metered = any(policy.held and not policy.concurrent for policy in self.policies)
        """What a call may use must be estimated."""
        self.priced = next((policy for policy in self.policies if policy.needs_price), None)
        """A policy that counts money; None: no price is needed."""
        self.budgets = any(rule.budget is not None for rule in rules)
        """Some of them end with a period of the calendar."""
        self.headers = [
            (
                ("helicone-ratelimit-limit", rule.amount),
                ("helicone-ratelimit-policy", rule.text),
                ("ratelimit-policy", f'"{rule.text}";q={max(rule.limit // policy.scale, 1)};w={rule.seconds}'),
            )
            for rule, policy in zip(rules, self.policies, strict=True)
        ]


class RuleIndex:
    """One worker's parsed rules. `standing` are those of the settings."""

    def __init__(self, standing: str) -> None:
        self._standing = Rules(parse_rules(standing, "limits.policy") if standing else _NO_RULES)
        self._parsed: dict[tuple[str, str, str], Rules] = {}

    def find(self, header: str, key_policy: str, org_policy: str) -> Rules:
        """Return the header's rules, the key's, the organisation's and the standing ones. Raises `BadDirective`."""
        if not header and not key_policy and not org_policy:
            return self._standing
        rules = self._parsed.get((header, key_policy, org_policy))
        if rules is None:
            merged = parse_rules(header) if header else _NO_RULES
            for others in (_of_key(key_policy), _of_org(org_policy), self._standing.rules):
                merged += tuple(rule for rule in others if rule not in merged)
            if len(self._parsed) >= _MAX_PARSED:
                self._parsed.clear()
            rules = self._parsed[header, key_policy, org_policy] = Rules(merged)
        return rules


def _of_key(text: str) -> tuple[Rule, ...]:
    """The rules of a key: they count for each key separately."""
    rules = parse_rules(text, "stored limits") if text else _NO_RULES
    return tuple(msgspec.structs.replace(rule, keyed=True) for rule in rules)


def _of_org(text: str) -> tuple[Rule, ...]:
    """The rules of an organisation's limits, which are written as `OrgRow.limits` says."""
    policy, _, budgets = text.partition(BUDGETS_MARK)
    rules = parse_rules(policy, "stored limits") if policy else _NO_RULES
    return rules + budget_rules(budgets) if budgets else rules
