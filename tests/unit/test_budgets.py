"""Days and months of zones, the forecast, and the rules that gateways make of budgets."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from proxy.control.budgets.forecast import forecast_nanousd
from proxy.control.budgets.messages import budget_notification, dollars
from proxy.control.budgets.reader import ValueSpending
from proxy.core.budget_limit import BudgetLimit
from proxy.core.calendar import MAX_PERIOD_US, is_zone, period_at
from proxy.core.snapshot import OrgRow
from proxy.gateway.limits.rules import RuleIndex
from proxy.metadata.budgets import BudgetContent, StoredBudget

HOUR = 3_600_000_000


def us(text: str, zone: str = "UTC") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("kind", "zone", "at", "name", "since", "until"),
    [
        ("month", "UTC", "2026-11-27T12:00", "2026-11-01", "2026-11-01T00:00", "2026-12-01T00:00"),
        ("month", "", "2026-12-31T23:59:59", "2026-12-01", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("month", "Europe/Berlin", "2026-10-31T23:30", "2026-11-01", "2026-10-31T23:00", "2026-11-30T23:00"),
        ("month", "America/New_York", "2026-11-01T03:59", "2026-10-01", "2026-10-01T04:00", "2026-11-01T04:00"),
        ("month", "America/New_York", "2026-11-01T04:00", "2026-11-01", "2026-11-01T04:00", "2026-12-01T05:00"),
        ("month", "UTC", "2028-02-29T12:00", "2028-02-01", "2028-02-01T00:00", "2028-03-01T00:00"),
        ("day", "Europe/Berlin", "2026-10-25T12:00", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),  # 25 h
        ("day", "Europe/Berlin", "2026-03-29T12:00", "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),  # 23 h
        ("day", "Asia/Kolkata", "2026-11-27T18:30", "2026-11-28", "2026-11-27T18:30", "2026-11-28T18:30"),
        ("day", "Asia/Beirut", "2026-03-28T22:00", "2026-03-29", "2026-03-28T22:00", "2026-03-29T21:00"),  # no midnight
        ("day", "Nowhere/At-All", "2026-11-27T12:00", "2026-11-27", "2026-11-27T00:00", "2026-11-28T00:00"),
    ],
)
def test_a_period_is_of_the_calendar_in_its_zone(
    kind: str, zone: str, at: str, name: str, since: str, until: str
) -> None:
    period = period_at(kind, zone, us(at))
    assert (period.name, period.since_us, period.until_us) == (name, us(since), us(until))
    assert period.until_us - period.since_us < MAX_PERIOD_US[kind]
    assert period_at(kind, zone, period.until_us - 1) == period
    assert period_at(kind, zone, period.until_us).since_us == period.until_us


def test_zones_have_names() -> None:
    assert is_zone("UTC") and is_zone("Europe/Berlin")
    assert not any(map(is_zone, ("", "Mars", "../etc/passwd", "+05:30", "\0", "a" * 5000)))


@pytest.mark.parametrize(
    ("spent", "trailing", "trailing_h", "left_h", "expected"),
    [
        (100, 70, 168, 24 * 7, 170),  # a week's pace for another week
        (100, 70, 168, 0, 100),
        (0, 0, 168, 500, 0),
        (24, 24, 24, 12, 36),
        (5, 5, 0, 10, 55),  # the first call just now: an hour counts
    ],
)
def test_the_forecast_goes_on_at_the_pace_of_the_last_days(
    spent: int, trailing: int, trailing_h: int, left_h: int, expected: int
) -> None:
    assert forecast_nanousd(spent, trailing, trailing_h * HOUR, left_h * HOUR) == expected


def test_money_is_written_as_people_write_it() -> None:
    assert list(map(dollars, (0, 12_400_000_000, 1_234_567_890_000_000, 1_500_000))) == [
        "$0.00", "$12.40", "$1,234,567.89", "$0.0015",
    ]  # fmt: skip


BUDGET = BudgetLimit("b1", "Team", "property", "team", "", "month", "UTC", 5_000_000_000)


def test_budgets_travel_with_the_policy_of_their_organisation() -> None:
    row = OrgRow("default", "100;w=60", (BUDGET, msgspec.structs.replace(BUDGET, id="b2", scope="moon")))
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(row), type=OrgRow)
    first, second = RuleIndex("").find("", "", again.limits).rules  # a scope of a newer version is passed over
    assert first.text == "100;w=60;u=request"
    assert (second.text, second.limit, second.segment) == ("500;w=month;u=cents;s=team", 500_000_000, "team")
    assert second.budget == BUDGET
    assert OrgRow("default", "").limits == "" and OrgRow("default", "1;w=1").limits == "1;w=1"
    assert msgspec.msgpack.decode(b"\x92\xa1a\xa3p;q", type=OrgRow).budgets == ()  # of an older control plane


def test_what_was_spent_before_counts_in_its_period_only() -> None:
    november = us("2026-11-27T12:00")
    budget = msgspec.structs.replace(BUDGET, spent_nanousd=4_000_000_000, spent_in="2026-11-01")
    assert budget.room_nanousd(november) == 1_000_000_000
    assert budget.room_nanousd(us("2026-12-01T00:00")) == 5_000_000_000
    assert msgspec.structs.replace(budget, spent_nanousd=6_000_000_000).room_nanousd(november) == 0


def test_a_notification_names_who_spent_what() -> None:
    content = BudgetContent(
        name="Users", scope="user", property="", value="", period="month", limit_nanousd=10_000_000_000, shares=(80,),
        channels=("c",), hard=True,
    )  # fmt: skip
    budget = StoredBudget(
        id="b", org_id="o", content=content, revision=1, created_us=0, created_by="", changed_us=0, changed_by=""
    )
    reached = [ValueSpending(value=name, spent_nanousd=9_000_000_000) for name in ("ada l", "bob")]
    period = period_at("month", "UTC", us("2026-11-27T12:00"))
    told = budget_notification(
        budget, 80, reached, period, id="i", org_name="Org", value_names={}, base_url="http://d", at_us=7
    )
    assert told.title == "Budget Users: 2 spent 80 % of $10.00 a month"
    assert told.summary == "$9.00 of $10.00 since 2026-11-01; the period ends at 2026-12-01T00:00:00Z."
    assert (told.kind, told.severity, told.dedup_key) == ("budget", "warning", "budget-b-2026-11-01")
    assert [(alert.labels, alert.value_text) for alert in told.alerts] == [
        ({"user": "ada l"}, "$9.00"), ({"user": "bob"}, "$9.00"),
    ]  # fmt: skip
    assert told.alerts[0].url == (
        "http://d/requests?q=user_id%3A%22ada+l%22&since=2026-11-01T00%3A00%3A00Z&until=2026-12-01T00%3A00%3A00Z"
        "&zone=utc"
    )
