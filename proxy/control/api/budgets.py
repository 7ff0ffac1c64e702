"""`/api/budgets`: money for a day or a month, what is spent of it, and what happens then."""

import math
import re
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from proxy.control.api.checks import check_name
from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import caller_of, needs
from proxy.control.budgets.reader import BudgetReader
from proxy.control.idempotency import database_of, mutate
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.core.budget_limit import MAX_HARD_NANOUSD, BudgetPeriod, BudgetScope
from proxy.core.calendar import period_at
from proxy.core.clock import now_us
from proxy.metadata import budgets, channels, keys, organisations
from proxy.metadata.budgets import BudgetContent, StoredBudget
from proxy.metadata.db import Connection
from proxy.metadata.documents import names_of
from proxy.metadata.errors import InvalidValue, RowNotFound

__all__ = ["BUDGET_ROUTES"]

_MAX_SHARES: Final = 10
_MAX_USD: Final = 1e9
_PROPERTY: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,128}")
_SCOPES_WITH_VALUE: Final = ("key", "user", "property")


class NewBudget(msgspec.Struct, forbid_unknown_fields=True):
    """A budget to create."""

    name: str
    limit_usd: float
    period: BudgetPeriod = "month"
    """Of the calendar in the organisation's zone."""
    scope: BudgetScope = "organisation"
    """Whose calls count: all of the organisation, or those of a key, a user or a property's value."""
    property: str = ""
    """The property's name, where `scope` is `property`."""
    value: str = ""
    """Id of the key, the user, or the property's value; empty: each of them has a budget of its own."""
    shares: list[int] = msgspec.field(default_factory=lambda: [50, 80, 100])
    """Percent of the limit at which the channels are told, once in each period."""
    channels: list[str] = []
    """Ids of channels."""
    hard: bool = False
    """Whether gateways refuse calls above the limit."""


class BudgetChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    revision: int
    """The one that was read: the change is refused where somebody else has made one since."""
    name: str | None = None
    limit_usd: float | None = None
    period: BudgetPeriod | None = None
    scope: BudgetScope | None = None
    property: str | None = None
    value: str | None = None
    shares: list[int] | None = None
    channels: list[str] | None = None
    hard: bool | None = None


class SpendingOfValue(msgspec.Struct, kw_only=True):
    value: str
    name: str
    """What people call it: of a key its name."""
    spent_usd: float
    share: float


class BudgetSpending(msgspec.Struct, kw_only=True):
    """The running period. Of a budget for each value: of the one that spent most."""

    since_us: int
    until_us: int
    zone: str
    spent_usd: float
    share: float
    """Of the limit; 1 is all of it."""
    forecast_usd: float
    """At the period's end: what is spent, and the pace of the last 7 days (of a daily budget 24 hours) for the rest."""
    forecast_share: float
    unpriced_calls: int
    """Calls whose cost is not known and not in it."""
    values: list[SpendingOfValue]
    """Of a budget for each value: those that spent most, at most 20."""
    value_count: int
    """How many values there are."""


class Budget(msgspec.Struct, kw_only=True):
    id: str
    name: str
    limit_usd: float
    period: BudgetPeriod
    scope: BudgetScope
    property: str
    value: str
    value_name: str
    """What people call it: of a key its name."""
    shares: list[int]
    channels: list[str]
    hard: bool
    revision: int
    created_us: int
    created_by: str
    changed_us: int
    changed_by: str
    spending: BudgetSpending | None = None
    """null where it was not asked for."""


class BudgetPage(msgspec.Struct):
    data: list[Budget]
    next: str | None


@get("/api/budgets", opt=needs("viewer"), summary="Budgets, with what is spent", operation_id="listBudgets")
async def list_budgets(
    request: Request[Any, Any, Any],
    spending: Annotated[bool, QueryParameter(description="With what is spent, which is read from the log.")] = True,
    after: After = "",
    limit: Limit = 50,
) -> BudgetPage:
    """Oldest first."""
    check_limit(limit)

    def read() -> BudgetPage:
        org = caller_of(request).org
        with database_of(request).read() as rows:
            found = budgets.listed(rows, org, after, limit + 1)
        data = _answers(request, found[:limit], spending)
        return BudgetPage(data, found[limit - 1].id if len(found) > limit else None)

    return await run_query(request, read)


@post("/api/budgets", sync_to_thread=True, opt=needs("admin"), summary="Create a budget", operation_id="createBudget",
      status_code=201)  # fmt: skip
def create_budget(request: Request[Any, Any, Any], data: JSONBody[NewBudget]) -> Response[Budget]:
    """With `hard` gateways know within two seconds."""
    caller = caller_of(request)
    content = _checked(msgspec.structs.asdict(data))
    with database_of(request).read() as rows:
        _check_places(rows, caller.org, content)
    content = _with_spent(request, content)

    def make(rows: Connection) -> Budget:
        return _answer(rows, budgets.create(rows, caller.org, content, caller.name))

    return mutate(request, data, make, 201, publish=content.hard)


@get("/api/budgets/{id:str}", opt=needs("viewer"), summary="One budget", operation_id="getBudget")
async def show_budget(request: Request[Any, Any, Any], id: FromPath[str]) -> Budget:
    """With what is spent."""

    def read() -> Budget:
        with database_of(request).read() as rows:
            found = budgets.shown(rows, caller_of(request).org, id)
        return _answers(request, [found], True)[0]

    return await run_query(request, read)


@patch("/api/budgets/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Change a budget",
       operation_id="editBudget")  # fmt: skip
def edit_budget(request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[BudgetChange]) -> Response[Budget]:
    """A new limit, period or scope begins afresh: shares that are reached again are told again."""
    caller = caller_of(request)
    if not 1 <= data.revision < 1 << 31:
        raise InvalidValue("revision", str(data.revision), "the revision of the budget that was read")
    with database_of(request).read() as rows:
        before = budgets.shown(rows, caller.org, id)
        changed = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not None}
        content = _checked(_fields(before.content) | changed)
        _check_places(rows, caller.org, content)
    afresh = _identity(content) != _identity(before.content)
    if afresh or not before.content.hard:
        content = _with_spent(request, content)
    else:
        kept = before.content
        content = msgspec.structs.replace(
            content, spent_nanousd=kept.spent_nanousd, spent_in=kept.spent_in, counted_since_us=kept.counted_since_us
        )
    is_new_limit = afresh or content.limit_nanousd != before.content.limit_nanousd

    def change(rows: Connection) -> Budget:
        after = budgets.edit(rows, caller.org, id, data.revision, content, caller.name)
        if is_new_limit:
            budgets.forget_notices(rows, id)
        return _answer(rows, after)

    return mutate(request, [id, data], change, publish=content.hard or before.content.hard)


@delete("/api/budgets/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Delete a budget", status_code=204,
        operation_id="deleteBudget")  # fmt: skip
def delete_budget(request: Request[Any, Any, Any], id: FromPath[str]) -> None:
    """Its hard limit ends within two seconds."""
    with database_of(request).write() as rows:
        budgets.remove(rows, caller_of(request).org, id)


def _identity(content: BudgetContent) -> tuple[str, ...]:
    """What spending is counted for."""
    return content.scope, content.property, content.value, content.period


def _fields(content: BudgetContent) -> dict[str, Any]:
    """A budget as the API takes it."""
    fields = {name: getattr(content, name) for name in NewBudget.__struct_fields__ if name != "limit_usd"}
    return fields | {"limit_usd": content.limit_nanousd / 1e9}


def _checked(fields: dict[str, Any]) -> BudgetContent:
    """The content that the fields of `NewBudget` say. Raises `InvalidValue`."""
    limit, hard, scope = fields["limit_usd"], fields["hard"], fields["scope"]
    most = MAX_HARD_NANOUSD / 1e9 if hard else _MAX_USD
    if not math.isfinite(limit) or not 0.000001 <= limit <= most:
        raise InvalidValue("limit_usd", f"{limit:g}", f"US dollars, 0.000001 to {most:,.0f}")
    name, value = fields["property"].strip().lower(), fields["value"]
    if scope == "property" and not _PROPERTY.fullmatch(name):
        raise InvalidValue("property", name[:60], "the name of a property, as after Helicone-Property-")
    if scope != "property" and name:
        raise InvalidValue("property", name[:60], "nothing where scope is not `property`")
    if scope not in _SCOPES_WITH_VALUE and value:
        raise InvalidValue("value", value[:60], "nothing where scope is `organisation`")
    if len(value) > 1024:
        raise InvalidValue("value", value[:60] + "…", "at most 1024 characters")
    shares = sorted(set(fields["shares"]))
    if len(shares) > _MAX_SHARES or any(not 1 <= share <= 1000 for share in shares):
        raise InvalidValue("shares", str(fields["shares"])[:60], f"up to {_MAX_SHARES} whole percents, 1 to 1000")
    return BudgetContent(
        name=check_name("name", fields["name"]),
        scope=scope,
        property=name,
        value=value,
        period=fields["period"],
        limit_nanousd=round(limit * 1e9),
        shares=tuple(shares),
        channels=tuple(dict.fromkeys(fields["channels"])),
        hard=hard,
    )


def _check_places(rows: Connection, org: str, content: BudgetContent) -> None:
    """Raises `InvalidValue` for a channel or a key that the organisation does not have."""
    own = {channel.id for channel in channels.listed(rows, org)}
    for at, id in enumerate(content.channels):
        if id not in own:
            raise InvalidValue(f"channels[{at}]", id[:60], "the id of a channel of this organisation")
    if content.scope == "key" and content.value:
        try:
            keys.shown(rows, org, content.value)
        except RowNotFound:
            raise InvalidValue("value", content.value[:60], "the id of a key of this organisation") from None


def _with_spent(request: Request[Any, Any, Any], content: BudgetContent) -> BudgetContent:
    """The content with what was spent before its hard limit is set: gateways count from then on. Of a budget for each
    value nothing is taken over."""
    if not content.hard:
        return content
    plane: ControlPlane = request.app.state.plane
    org, at_us = caller_of(request).org, now_us()
    content = msgspec.structs.replace(content, counted_since_us=at_us)
    if content.scope != "organisation" and not content.value:
        return content
    with plane.database.read() as rows:
        zone = organisations.shown(rows, org).zone
    (spent,) = BudgetReader(plane.log.store, plane.settings).spent_by_value(org, content, zone, at_us)
    name = period_at(content.period, zone, at_us).name
    return msgspec.structs.replace(content, spent_nanousd=spent.spent_nanousd, spent_in=name)


def _answers(request: Request[Any, Any, Any], found: list[StoredBudget], spending: bool) -> list[Budget]:
    plane: ControlPlane = request.app.state.plane
    org = caller_of(request).org
    with plane.database.read() as rows:
        zone = organisations.shown(rows, org).zone
        answers = [_answer(rows, one) for one in found]
    if not spending:
        return answers
    reader, at_us = BudgetReader(plane.log.store, plane.settings), now_us()
    for answer, budget in zip(answers, found, strict=True):
        content = budget.content
        spent = reader.spending(org, content, zone, at_us)
        names: dict[str, str] = {}
        if content.scope == "key":
            with plane.database.read() as rows:
                names = names_of(rows, org, {one.value for one in spent.values})
        answer.spending = BudgetSpending(
            since_us=spent.period.since_us,
            until_us=spent.period.until_us,
            zone=zone or "UTC",
            spent_usd=spent.spent_nanousd / 1e9,
            share=spent.spent_nanousd / content.limit_nanousd,
            forecast_usd=spent.forecast_nanousd / 1e9,
            forecast_share=spent.forecast_nanousd / content.limit_nanousd,
            unpriced_calls=spent.unpriced_calls,
            values=[
                SpendingOfValue(
                    value=one.value, name=names.get(one.value, "") or one.value, spent_usd=one.spent_nanousd / 1e9,
                    share=one.spent_nanousd / content.limit_nanousd,
                )
                for one in spent.values
            ],
            value_count=spent.value_count,
        )  # fmt: skip
    return answers


def _answer(rows: Connection, budget: StoredBudget) -> Budget:
    content = budget.content
    name = content.value
    if content.scope == "key" and content.value:
        name = names_of(rows, budget.org_id, {content.value})[content.value] or content.value
    return Budget(
        id=budget.id,
        name=content.name,
        limit_usd=content.limit_nanousd / 1e9,
        period=content.period,
        scope=content.scope,
        property=content.property,
        value=content.value,
        value_name=name,
        shares=list(content.shares),
        channels=list(content.channels),
        hard=content.hard,
        revision=budget.revision,
        created_us=budget.created_us,
        created_by=budget.created_by,
        changed_us=budget.changed_us,
        changed_by=budget.changed_by,
    )


BUDGET_ROUTES: list[Any] = [list_budgets, create_budget, show_budget, edit_budget, delete_budget]
