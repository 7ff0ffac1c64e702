"""Time buckets and periods at the edges of calendars and clocks."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.query import FilterError
from proxy.query.buckets import WIDTHS, buckets_of, find_width
from proxy.query.periods import Period, period_before


def period(zone: str, since: str, until: str) -> Period:
    where = UTC if zone == "UTC" else ZoneInfo(zone)
    empty = Period(0, 1, where)
    return Period(*(empty.instant(datetime.fromisoformat(text)) for text in (since, until)), where)


def walls(zone: str, since: str, until: str, width: str) -> list[str]:
    """What the clock shows at each beginning, and at the end of the last bucket."""
    whole = period(zone, since, until)
    buckets = buckets_of("bucket", whole, WIDTHS[width], 5000)
    return [whole.wall(bound).isoformat(timespec="minutes") for bound in (*buckets.starts, buckets.end_us)]


def hours(zone: str, day: str, width: str) -> list[str]:
    end = (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()
    return [wall[11:] for wall in walls(zone, day, end, width)]


def test_a_day_has_23_hours_where_the_clock_goes_forward() -> None:
    shown = hours("Europe/Berlin", "2026-03-29", "1h")
    assert (len(shown) - 1, shown[:4]) == (23, ["00:00", "01:00", "03:00", "04:00"])


def test_an_hour_comes_twice_where_the_clock_goes_back() -> None:
    shown = hours("Europe/Berlin", "2026-10-25", "1h")
    assert (len(shown) - 1, shown[1:5]) == (25, ["01:00", "02:00", "02:00", "03:00"])
    assert hours("Europe/Berlin", "2026-10-25", "30m")[4:9] == ["02:00", "02:30", "02:00", "02:30", "03:00"]


def test_wide_buckets_keep_to_the_clock() -> None:
    assert hours("Europe/Berlin", "2026-10-25", "6h") == ["00:00", "06:00", "12:00", "18:00", "00:00"]
    assert hours("Europe/Berlin", "2026-10-25", "2h")[:3] == ["00:00", "02:00", "04:00"]


def test_a_change_of_half_an_hour_cuts_an_hour() -> None:
    assert hours("Australia/Lord_Howe", "2026-10-04", "1h")[1:4] == ["01:00", "02:30", "03:00"]


def test_a_day_begins_at_one_where_midnight_is_skipped() -> None:
    assert walls("Africa/Cairo", "2026-04-23", "2026-04-25", "1d") == [
        "2026-04-23T00:00",
        "2026-04-24T01:00",
        "2026-04-25T00:00",
    ]


def test_weeks_begin_on_monday_and_quarters_in_january() -> None:
    assert walls("UTC", "2026-01-01", "2026-01-06", "1w") == [
        "2025-12-29T00:00",
        "2026-01-05T00:00",
        "2026-01-12T00:00",
    ]
    assert walls("UTC", "2026-02-10", "2026-04-01", "3mo") == ["2026-01-01T00:00", "2026-04-01T00:00"]
    assert walls("UTC", "2026-02-10", "2027-01-02", "1y") == [
        "2026-01-01T00:00",
        "2027-01-01T00:00",
        "2028-01-01T00:00",
    ]


def test_too_many_buckets_are_refused_with_a_width_that_fits() -> None:
    month = period("UTC", "2026-01-01", "2026-01-31")
    with pytest.raises(FilterError, match="accepted: 4h or wider") as refused:
        buckets_of("bucket", month, WIDTHS["1m"], 200)
    fits = refused.value.accepted.split()[0]
    assert len(buckets_of("bucket", month, WIDTHS[fits], 200).starts) <= 200


@pytest.mark.parametrize(
    ("since", "until", "width"),
    [("2026-01-01", "2026-01-02", "15m"), ("2026-01-01", "2026-01-08", "1h"), ("2025-01-01", "2026-01-01", "1w")],
)
def test_auto_makes_up_to_two_hundred(since: str, until: str, width: str) -> None:
    assert find_width("bucket", "auto", period("UTC", since, until)).name == width


@given(
    zone=st.sampled_from(("UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe")),
    since=st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)),
    length=st.timedeltas(timedelta(microseconds=1), timedelta(days=40)),
    width=st.sampled_from([name for name in WIDTHS if name not in ("1m", "5m")]),
)
def test_buckets_cover_the_period_without_gap_or_overlap(
    zone: str, since: datetime, length: timedelta, width: str
) -> None:
    start = Period(0, 1, ZoneInfo(zone)).instant(since)
    whole = Period(start, start + length // timedelta(microseconds=1), ZoneInfo(zone))
    buckets = buckets_of("bucket", whole, WIDTHS[width], 10_000)
    bounds = (*buckets.starts, buckets.end_us)
    assert bounds[0] <= whole.since_us and whole.until_us <= bounds[-1]
    assert all(earlier < later for earlier, later in pairwise(bounds))
    assert len(bounds) == 2 or (bounds[1] > whole.since_us and bounds[-2] < whole.until_us)


def before(zone: str, since: str, until: str, compare: str) -> tuple[str, str]:
    earlier = period_before("compare", period(zone, since, until), compare)
    return earlier.wall(earlier.since_us).isoformat(" ")[:16], earlier.wall(earlier.until_us).isoformat(" ")[:16]


@pytest.mark.parametrize(
    ("since", "until", "compare", "expected"),
    [
        ("2026-03-31", "2026-04-01", "1mo", ("2026-02-28 00:00", "2026-03-01 00:00")),
        ("2028-03-01", "2028-03-31", "1mo", ("2028-02-01 00:00", "2028-02-29 00:00")),
        ("2028-02-29", "2028-03-01", "1y", ("2027-02-28 00:00", "2027-03-01 00:00")),
        ("2026-01-10", "2026-01-20", "1mo", ("2025-12-10 00:00", "2025-12-20 00:00")),
        # Days are days of the calendar, also where one has 23 hours; hours are hours.
        ("2026-03-30", "2026-03-31", "1d", ("2026-03-29 00:00", "2026-03-30 00:00")),
        ("2026-03-30", "2026-03-31", "24h", ("2026-03-28 23:00", "2026-03-30 00:00")),
        ("2026-03-27", "2026-04-03", "previous", ("2026-03-20 00:00", "2026-03-27 00:00")),
        ("2026-04-03", "2026-04-10", "4w", ("2026-03-06 00:00", "2026-03-13 00:00")),
    ],
)
def test_the_period_before(since: str, until: str, compare: str, expected: tuple[str, str]) -> None:
    assert before("Europe/Berlin", since, until, compare) == expected


@pytest.mark.parametrize("compare", ["", "1", "0d", "-1d", "1m", "previous ", "99999d", "9999y", "9999d9"])
def test_an_offset_that_is_none_is_refused(compare: str) -> None:
    with pytest.raises(FilterError, match="compare"):
        before("UTC", "2026-01-01", "2026-01-02", compare)
