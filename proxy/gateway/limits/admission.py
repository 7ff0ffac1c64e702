"""Takes what a call may use from every limit it falls under, and settles what it really used."""

from hashlib import blake2b
from typing import Final

from proxy.core.budget_limit import BudgetLimit
from proxy.core.calendar import period_at
from proxy.core.errors import BadRequest, Overloaded
from proxy.core.settings import Settings
from proxy.gateway.exchange import Exchange, LimitHold
from proxy.gateway.limits.headers import add_limit_headers, build_refusal, end_with_periods
from proxy.gateway.limits.rules import RuleIndex, Rules
from proxy.gateway.meter import Meter, read_sent_params
from proxy.gateway.request import Request
from proxy.kv.base import Charge, Hold, KvDown, LimitStore
from proxy.kv.memory import MemoryKv
from proxy.policies import POLICIES, Estimate
from proxy.policies.budgets import budget_parts
from proxy.policies.rules import Rule
from proxy.providers.dialects import RequestParams

__all__ = ["Limits"]

_NO_ESTIMATE: Final = Estimate()
_MAX_SEGMENT_CHARS: Final = 1024


class Limits:
    """One worker's view of the limits."""

    def __init__(self, store: LimitStore, meter: Meter, settings: Settings) -> None:
        self._store = store
        self._meter = meter
        self._hold_us = round(settings.get_float("limits.hold_s") * 1e6)
        self._missing = settings.get_str("limits.missing_segment")
        self._without_kv = settings.get_str("limits.budget_without_kv")
        self._unpriced = settings.get_str("limits.unknown_price")
        self._local: MemoryKv | None = None
        """Stands in for the store while that is down."""
        self.rules = RuleIndex(settings.get_str("limits.policy"))
        self.open: dict[str, Hold] = {}
        self.refused = 0
        self.degraded = 0

    async def admit(self, ex: Exchange, request: Request, rules: Rules) -> None:
        """Take from every rule's bucket, or from none.

        Raises `Limited`, `BadRequest` for a segment that the call does not carry, and `Overloaded` where the store is
        down and the setting says to refuse.
        """
        org = request.identity.org
        estimate = self._estimate(ex, request, rules) if rules.metered else _NO_ESTIMATE
        charged: list[int] = []
        charges: list[Charge] = []
        for at, rule in enumerate(rules.rules):
            bucket = self._bucket(ex, request, rule)
            if bucket:
                policy = rules.policies[at]
                charged.append(at)
                limit = rule.limit if rule.budget is None else budget_parts(rule.budget.room_nanousd(ex.started_us))
                charges.append(
                    Charge(bucket, limit, rule.window_us, policy.admit(estimate), policy.held, policy.concurrent)
                )
        if not charges:
            return
        store: LimitStore = self._store
        try:
            grant = await store.take(org, charges, ex.id, self._hold_us)
        except KvDown:
            local = self._degrade(ex, rules, charged, charges)
            if not local:
                return
            charged, charges = local
            store = self._local = self._local or MemoryKv(0)
            grant = await store.take(org, charges, ex.id, self._hold_us)
        if rules.budgets:
            grant = end_with_periods(grant, [rules.rules[at] for at in charged], ex.started_us)
        add_limit_headers(ex.outcome, rules, charged, grant)
        if not grant.allowed:
            self.refused += 1
            raise build_refusal(ex.outcome, [rules.rules[at] for at in charged], grant)
        if rules.held:
            hold = Hold(org, ex.id, [charge for charge in charges if charge.held or charge.concurrent], grant.at_us)
            ex.held.limits = LimitHold(hold, [rules.rules[at] for at in charged if rules.policies[at].held], store)
            self.open[ex.id] = hold

    def settle(self, ex: Exchange, held: LimitHold) -> None:
        """Give back what was reserved, less what was used."""
        hold, rules = held.hold, held.rules
        self.open.pop(hold.id, None)
        ex.held.limits = None
        metered = any(not POLICIES[rule.unit].concurrent for rule in rules)
        try:
            measured = self._meter.measured(ex) if metered else None
        except Exception:
            held.store.settle(hold, [charge.cost for charge in hold.charges])  # what was reserved counts as used
            raise
        spent = measured.spent if measured is not None else None
        if measured is not None:
            if measured.nanousd is None and any(POLICIES[rule.unit].needs_price for rule in rules):
                ex.outcome.facts["rate.unpriced"] = True
            if measured.estimated:
                ex.outcome.facts["rate.estimated"] = True
        held.store.settle(hold, [POLICIES[rule.unit].settle(spent) if spent is not None else 0 for rule in rules])

    def renew(self) -> None:
        """Extend the reservations of the calls in flight."""
        if self.open:
            self._store.renew(list(self.open.values()), self._hold_us)
            if self._local is not None:
                self._local.renew(list(self.open.values()), self._hold_us)

    def tick(self) -> None:
        """Do the housekeeping of the local store. Called once a second."""
        if self._local is not None:
            self._local.tick()

    def _estimate(self, ex: Exchange, request: Request, rules: Rules) -> Estimate:
        params = self._params(ex, request)
        priced = rules.priced
        estimate = self._meter.estimate(request, request.route, params, ex.started_us if priced is not None else None)
        if priced is not None and not estimate.nanousd and self._unpriced == "refuse":
            model = params.model or request.route.model_in_path
            raise BadRequest(
                f"No price is known for model {model!r} of {request.route.provider.name}, "
                f"so a limit in {priced.noun} cannot hold; add one in prices.folder, or name a known model in "
                "Helicone-Model-Override.",
                code="unknown_price", param="Helicone-RateLimit-Policy",
            )  # fmt: skip
        return estimate

    def _params(self, ex: Exchange, request: Request) -> RequestParams:
        if ex.request_params is None:
            ex.request_params = read_sent_params(request, ex.retry_plan)
        return ex.request_params

    def _bucket(self, ex: Exchange, request: Request, rule: Rule) -> str:
        """The bucket's name; empty where the segment is missing and the setting lets such calls pass."""
        segment, identity = rule.segment, request.identity
        if rule.budget is not None:
            return self._budget_bucket(ex, request, rule, rule.budget)
        name = (
            f"{identity.org}\n{rule.text}" if not rule.keyed else f"{identity.org}\nkey {identity.key_id}\n{rule.text}"
        )
        if not segment:
            return name
        fields = request.head.fields
        value = fields.properties.get(segment, "") if segment != "user" else fields.user_id
        if not value:
            value = self._value_of_body(ex, request, segment)
            if not value and self._passes_without(rule):
                return ""
        if len(value) > _MAX_SEGMENT_CHARS:
            value = _shortened(value)
        return f"{name}\n{value}"

    def _budget_bucket(self, ex: Exchange, request: Request, rule: Rule, budget: BudgetLimit) -> str:
        """The bucket of a budget in the period of this call; empty where it is not for this call."""
        identity = request.identity
        period = period_at(budget.period, budget.zone, ex.started_us)
        name = f"{identity.org}\nbudget {budget.id} {budget.counted_since_us} {period.name}"
        if budget.scope == "organisation":
            return name
        by_key = budget.scope == "key"
        fields = request.head.fields
        if by_key:
            value = identity.key_id
        else:
            value = fields.properties.get(rule.segment, "") if rule.segment != "user" else fields.user_id
            value = value or self._value_of_body(ex, request, rule.segment)
        if budget.value:
            return name if value == budget.value else ""
        if not value and (by_key or self._passes_without(rule)):
            return ""
        return f"{name}\n{value if len(value) <= _MAX_SEGMENT_CHARS else _shortened(value)}"

    def _value_of_body(self, ex: Exchange, request: Request, segment: str) -> str:
        return self._params(ex, request).user if segment == "user" else ""

    def _passes_without(self, rule: Rule) -> bool:
        """Whether a call without the rule's segment is not counted; else all of them share a bucket. Raises
        `BadRequest` where the setting refuses them."""
        if self._missing == "refuse":
            segment = rule.segment
            header = "Helicone-User-Id" if segment == "user" else f"Helicone-Property-{segment.title()}"
            raise BadRequest(
                f"Policy {rule.text} counts by {segment!r}, which this call does not carry; send {header}.",
                code="missing_segment", param=header,
            )  # fmt: skip
        return self._missing == "pass"

    def _degrade(
        self, ex: Exchange, rules: Rules, charged: list[int], charges: list[Charge]
    ) -> tuple[list[int], list[Charge]] | None:
        """The store is down: let calls pass; treat limits of money and tokens as the setting says.

        Returns what is to be taken from a local store instead. Raises `Overloaded`.
        """
        self.degraded += 1
        budgets = [
            place for place, at in enumerate(charged) if rules.policies[at].held and not rules.policies[at].concurrent
        ]
        action = self._without_kv if budgets else "open"
        ex.outcome.facts["rate.degraded"] = action
        if action == "closed":
            raise Overloaded(
                "The store of limits is down, and limits.budget_without_kv = closed refuses calls under a budget.",
                code="limits_unavailable", headers={"retry-after": "1"},
            )  # fmt: skip
        if action == "local":
            return [charged[place] for place in budgets], [charges[place] for place in budgets]
        return None


def _shortened(value: str) -> str:
    """A user from a body may have any length."""
    return blake2b(value.encode("utf-8", "surrogatepass")).hexdigest()
