"""The limits that a call falls under: which rules, what they take, what is told, what is given back."""

from hashlib import blake2b
from typing import Final

import msgspec

from proxy.core import log
from proxy.core.errors import BadRequest, Limited, Overloaded
from proxy.core.settings import Settings
from proxy.gateway.exchange import Exchange
from proxy.gateway.meter import Measured, Meter, read_sent_params
from proxy.gateway.wire.base import Headers
from proxy.kv.base import Charge, Grant, Hold, KvDown, LimitStore, Room
from proxy.kv.memory import MemoryKv
from proxy.policies import POLICIES, Estimate
from proxy.policies.rules import Rule, parse_rules, plain
from proxy.providers.dialects import RequestParams

__all__ = ["Limits", "Rules"]

_KEPT_HEADERS: Final = 4096
_NONE: Final[tuple[Rule, ...]] = ()
_NO_ESTIMATE: Final = Estimate()
_LONGEST_VALUE: Final = 1024


class Rules:
    """Rules that stand together, and what is the same for every call under them."""

    __slots__ = ("headers", "held", "metered", "policies", "priced", "rules")

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.policies = [POLICIES[rule.unit] for rule in rules]
        self.held = any(policy.held for policy in self.policies)
        self.metered = any(policy.held and not policy.concurrent for policy in self.policies)
        self.priced = next((policy for policy in self.policies if policy.needs_price), None)
        self.headers = [
            (
                ("helicone-ratelimit-limit", rule.amount),
                ("helicone-ratelimit-policy", rule.text),
                ("ratelimit-policy", _policy(rule)),
            )
            for rule in rules
        ]

    def __bool__(self) -> bool:
        return bool(self.rules)


class Limits:
    """One worker's view of the limits."""

    def __init__(self, store: LimitStore, meter: Meter, settings: Settings) -> None:
        self._store = store
        self._meter = meter
        self._hold_us = round(settings.get_float("limits.hold_s") * 1e6)
        self._missing = settings.get_str("limits.missing_segment")
        self._without_kv = settings.get_str("limits.budget_without_kv")
        self._unpriced = settings.get_str("limits.unknown_price")
        text = settings.get_str("limits.policy")
        self._standing = Rules(parse_rules(text, "limits.policy") if text else _NONE)
        self._parsed: dict[tuple[str, str], Rules] = {}
        self._local: MemoryKv | None = None
        self.open: dict[str, Hold] = {}
        self.refused = 0
        self.degraded = 0

    def rules(self, header: str, stored: str = "") -> Rules:
        """The header's rules, those stored with key and organisation, and the standing ones. Raises `BadDirective`."""
        if not header and not stored:
            return self._standing
        known = self._parsed.get((header, stored))
        if known is None:
            found = parse_rules(header) if header else _NONE
            for others in (_stored(stored) if stored else _NONE, self._standing.rules):
                found += tuple(rule for rule in others if rule not in found)
            if len(self._parsed) >= _KEPT_HEADERS:
                self._parsed.clear()
            known = self._parsed[header, stored] = Rules(found)
        return known

    async def admit(self, ex: Exchange, rules: Rules) -> None:
        """Takes from every rule's bucket or from none. Raises `Limited`, `BadRequest` for a segment that the call
        does not carry, `Overloaded` where the store is down and the setting says so."""
        org = ex.identity.org
        estimate = self._estimate(ex, rules) if rules.metered else _NO_ESTIMATE
        named: list[int] = []
        charges: list[Charge] = []
        for at, rule in enumerate(rules.rules):
            bucket = self._bucket(ex, rule, org)
            if bucket:
                policy = rules.policies[at]
                named.append(at)
                charges.append(
                    Charge(bucket, rule.limit, rule.window_us, policy.admit(estimate), policy.held, policy.concurrent)
                )
        if not charges:
            return
        store = self._store
        try:
            grant = await store.take(org, charges, ex.id, self._hold_us)
        except KvDown:
            kept = self._degrade(ex, rules, named, charges)
            if not kept:
                return
            named, charges = kept
            store = self._local = self._local or MemoryKv(0)
            grant = await store.take(org, charges, ex.id, self._hold_us)
        tell(ex, rules, named, grant)
        if not grant.allowed:
            self.refused += 1
            raise _refusal(ex, [rules.rules[at] for at in named], grant)
        if rules.held:
            kept_charges = [charge for charge in charges if charge.held or charge.concurrent]
            ex.hold = Hold(org, ex.id, kept_charges, grant.at_us)
            ex.held_rules = [rules.rules[at] for at in named if rules.policies[at].held]
            ex.held_by = store
            self.open[ex.id] = ex.hold

    def settle(self, ex: Exchange) -> None:
        """Gives back what was reserved, less what was used."""
        hold = ex.hold
        if hold is None:
            return
        self.open.pop(hold.id, None)
        ex.hold = None
        rules = ex.held_rules
        metered = any(not POLICIES[rule.unit].concurrent for rule in rules)
        try:
            measured = self.measured(ex) if metered else None
        except Exception:
            ex.held_by.settle(hold, [charge.cost for charge in hold.charges])  # what was reserved counts as used
            raise
        spent = measured.spent if measured is not None else None
        if measured is not None:
            if measured.nanousd is None and any(POLICIES[rule.unit].needs_price for rule in rules):
                ex.facts["rate.unpriced"] = True
            if measured.estimated:
                ex.facts["rate.estimated"] = True
        ex.held_by.settle(hold, [POLICIES[rule.unit].settle(spent) if spent is not None else 0 for rule in rules])

    def tell_cost(self, ex: Exchange, headers: Headers) -> None:
        """What the call cost, where that is known before its head leaves."""
        try:
            measured = self.measured(ex)
        except Exception as error:  # noqa: BLE001 - the answer is good and paid for, whatever we fail to tell of it
            log.swallowed("cost", error)
            return
        headers.append(("helicone-tokens", str(measured.input_tokens + measured.output_tokens)))
        if measured.nanousd is not None:
            headers.append(("helicone-cost", f"{measured.nanousd / 1e9:.9f}".rstrip("0").rstrip(".")))

    def measured(self, ex: Exchange) -> Measured:
        """What the call used, read once."""
        if ex.measured is None:
            ex.measured = self._meter.measure(ex, ex.request_params)
        return ex.measured

    def renew(self) -> None:
        """The calls under way keep what they hold."""
        if self.open:
            self._store.renew(list(self.open.values()), self._hold_us)
            if self._local is not None:
                self._local.renew(list(self.open.values()), self._hold_us)

    def tick(self) -> None:
        """Once a second: housekeeping of the store that stands in for one that is down."""
        if self._local is not None:
            self._local.tick()

    def _estimate(self, ex: Exchange, rules: Rules) -> Estimate:
        params = self._request_params(ex)
        priced = rules.priced
        estimate = self._meter.estimate(ex, params, priced is not None)
        if priced is not None and not estimate.nanousd and self._unpriced == "refuse":
            raise BadRequest(
                f"No price is known for model {params.model or ex.route.model_in_path!r} of {ex.route.provider.name}, "
                f"so a limit in {priced.noun} cannot hold; add one in prices.folder, or name a known model in "
                "Helicone-Model-Override.",
                code="unknown_price", param="Helicone-RateLimit-Policy",
            )  # fmt: skip
        return estimate

    def _request_params(self, ex: Exchange) -> RequestParams:
        if ex.request_params is None:
            ex.request_params = read_sent_params(ex)
        return ex.request_params

    def _bucket(self, ex: Exchange, rule: Rule, org: str) -> str:
        """The bucket's name; empty where the segment is missing and the setting lets such calls pass."""
        segment = rule.segment
        name = f"{org}\n{rule.text}" if not rule.keyed else f"{org}\nkey {ex.identity.key_id}\n{rule.text}"
        if not segment:
            return name
        head = ex.head.fields
        value = head.properties.get(segment, "") if segment != "user" else head.user_id or self._request_params(ex).user
        if not value:
            if self._missing == "pass":
                return ""
            if self._missing == "refuse":
                header = "Helicone-User-Id" if segment == "user" else f"Helicone-Property-{segment.title()}"
                raise BadRequest(
                    f"Policy {rule.text} counts by {segment!r}, which this call does not carry; send {header}.",
                    code="missing_segment", param=header,
                )  # fmt: skip
        if len(value) > _LONGEST_VALUE:  # from a body, which no header's length bounds
            value = blake2b(value.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{name}\n{value}"

    def _degrade(
        self, ex: Exchange, rules: Rules, named: list[int], charges: list[Charge]
    ) -> tuple[list[int], list[Charge]] | None:
        """The store is down: calls are let pass, money and tokens as the setting says."""
        self.degraded += 1
        budgets = [
            place for place, at in enumerate(named) if rules.policies[at].held and not rules.policies[at].concurrent
        ]
        way = self._without_kv if budgets else "open"
        ex.facts["rate.degraded"] = way
        if way == "closed":
            raise Overloaded(
                "The store of limits is down, and limits.budget_without_kv = closed refuses calls under a budget.",
                code="limits_unavailable", headers={"retry-after": "1"},
            )  # fmt: skip
        if way == "local":
            return [named[place] for place in budgets], [charges[place] for place in budgets]
        return None


def tell(ex: Exchange, rules: Rules, named: list[int], grant: Grant) -> None:
    """Headers and facts of what was taken: the tightest rule, and all of them in the IETF's form."""
    at, room = named[0], grant.rooms[0]
    several = len(named) > 1
    if several:
        at, room = min(
            zip(named, grant.rooms, strict=True),
            key=lambda pair: (pair[1].allowed, pair[1].remaining / rules.rules[pair[0]].limit),
        )
    rule = rules.rules[at]
    counted = rules.policies[at]
    left, reset = room.remaining // counted.scale, -(-room.reset_us // 1_000_000)
    ex.facts["rate.policy"] = rule.text
    ex.facts["rate.remaining"] = left
    limit, policy, standing = rules.headers[at]
    if several:
        standing = ("ratelimit-policy", ", ".join([rules.headers[one][2][1] for one in named]))
        states = [_state(rules.rules[one], space) for one, space in zip(named, grant.rooms, strict=True)]
    ex.response_headers += (
        limit,
        policy,
        standing,
        ("helicone-ratelimit-remaining", plain(room.remaining, counted.scale) if counted.decimals else str(left)),
        ("helicone-ratelimit-reset", str(reset)),
        ("ratelimit", ", ".join(states) if several else f'"{rule.text}";r={left};t={reset}'),
    )


def _stored(text: str) -> tuple[Rule, ...]:
    """The rules of a key, each key's by themselves, and of its organisation, as `Identity.policy` has them."""
    own, _, shared = text.partition("\n")
    keyed = parse_rules(own, "stored limits") if own else _NONE
    found = tuple(msgspec.structs.replace(rule, keyed=True) for rule in keyed)
    return found + (parse_rules(shared, "stored limits") if shared else _NONE)


def _policy(rule: Rule) -> str:
    return f'"{rule.text}";q={max(rule.limit // POLICIES[rule.unit].scale, 1)};w={rule.seconds}'


def _state(rule: Rule, room: Room) -> str:
    return f'"{rule.text}";r={room.remaining // POLICIES[rule.unit].scale};t={_seconds(room.reset_us)}'


def _seconds(us: int) -> int:
    return -(-us // 1_000_000)


def _refusal(ex: Exchange, rules: list[Rule], grant: Grant) -> Limited:
    waits = [
        (room.retry_after_us if room.retry_after_us >= 0 else 1 << 62, rule)
        for rule, room in zip(rules, grant.rooms, strict=True)
        if not room.allowed
    ]
    wait_us, rule = max(waits, key=lambda row: row[0])
    ex.facts["rate.refused"] = rule.text
    whose = f" for this {rule.segment}" if rule.segment else ""
    what = (
        f"Rate limit reached: {rule.amount} {POLICIES[rule.unit].noun} in {rule.seconds} s{whose} (policy {rule.text})."
    )
    headers = {"x-helicone-error": "rate_limited"}
    if wait_us == 1 << 62:
        return Limited(
            f"{what} This call alone needs more than the limit, so waiting does not help.",
            param="Helicone-RateLimit-Policy", headers=headers,
        )  # fmt: skip
    seconds = max(_seconds(wait_us), 1)
    headers["retry-after"] = str(seconds)
    return Limited(f"{what} Try again in {seconds} s.", param="Helicone-RateLimit-Policy", headers=headers)
