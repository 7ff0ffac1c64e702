"""Every number of a metrics answer equals a plain recomputation over the rows; hypothesis makes rows and questions."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from proxy.control.metrics_reader import MetricsReader
from proxy.core import settings as settings_of
from proxy.core.clock import uuid7
from proxy.logstore import RequestRow
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from proxy.logstore.hourly import StoredHours
from proxy.query.errors import FilterError
from proxy.query.heatmap import HeatmapQuestion
from proxy.query.hours import Span
from proxy.query.measures import MEASURES
from proxy.query.metrics import MetricsQuestion, Sort, Top
from proxy.query.series import MetricsAnswer, Series
from tests.contract.log_stores import STORES, open_store
from tests.plain_metrics import NUMBERS, bucket_start, count_by, dimension, dollars, equal, local, measure, tokens, zone

HOUR_US = 3_600_000_000
NOW_US = 1_800_000_000_000_000
ORGS = (f"org-{number}" for number in itertools.count())
ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/New_York")
WIDTHS = ("15m", "1h", "2h", "6h", "12h", "1d", "1w", "1mo", "3mo", "1y")
DIMENSIONS = ("model", "user", "failed", "status", "status_class", "property.app", "hour_of_day", "weekday", "cached")
FILTERS = (None, "model:a", 'status>=400 OR user:"ada"')
CENTRES = ("2026-03-29T01:00:00Z", "2026-10-25T00:30:00Z", "2026-02-28T23:00:00Z", "2026-10-03T15:20:00Z")
"""Changes of clocks in Europe and on Lord Howe, and the end of a short month."""


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        yield opened


@pytest.fixture(scope="module")
def reader(store: ClickHouseStore) -> MetricsReader:
    return MetricsReader(store, settings_of.load(environ={}, overrides={"metrics.max_points": "200000"}))


@pytest.fixture(scope="module")
def sketching(store: ClickHouseStore) -> MetricsReader:
    """One that sketches figures of more than one call, and reads stored hours."""
    given = {"metrics.max_points": "200000", "metrics.exact_rows": "1"}
    return MetricsReader(store, settings_of.load(environ={}, overrides=given))


@st.composite
def some_rows(draw: st.DrawFn, centre: int) -> list[RequestRow]:
    rows: list[RequestRow] = []
    count = draw(st.integers(0, 25))
    numbers = st.one_of(st.none(), st.floats(1e-6, 1e5), st.sampled_from((0.0, 1.0, 250.0)))
    counts = st.one_of(st.none(), st.integers(0, 10_000))
    for _ in range(count):
        start = centre + draw(st.integers(-40 * 24, 40 * 24)) * HOUR_US // draw(st.sampled_from((1, 12, 200)))
        start += draw(st.sampled_from((0, 1, 1_799_999_999, -1)))
        known = draw(st.booleans())
        hit = draw(st.sampled_from((None, "hit", "miss", "skipped")))
        facts: dict[str, Any] = {} if hit is None else {"cache.status": hit}
        facts |= draw(
            st.sampled_from(
                (
                    {},
                    {"cache.wrong": True},
                    {"retry.count": 2},
                    {"fallback.index": 1, "retry.count": 1},
                    {"rate.refused": "1;w=1"},
                )
            )
        )
        rows.append(
            RequestRow(
                id=uuid7(start),
                org="",
                start=start,
                model=draw(st.sampled_from(("", "a", "b", "c"))),
                user_id=draw(st.sampled_from(("", "ada", "bob", "cyd", "dan"))),
                session_id=draw(st.sampled_from(("", "s1", "s2"))),
                status=draw(st.sampled_from((0, 200, 429, 500))),
                outcome=draw(st.sampled_from(("success", "admit"))),
                latency_ms=draw(numbers),
                ttft_ms=draw(numbers),
                sent_ms=draw(numbers),
                input_tokens=draw(counts),
                output_tokens=draw(counts),
                cached_input_tokens=draw(counts),
                cache_write_tokens=draw(counts),
                reasoning_tokens=draw(counts),
                cost_nanousd=draw(st.integers(-(10**6), 10**12)) if known else None,
                cost_known=known,
                cost_lines=draw(
                    st.sampled_from(("", '[["input_tokens",2,1.5,1000,3.25,"x"],["output_tokens",1,1,1,7,"x"]]'))
                ),
                saved_nanousd=draw(counts) if hit == "hit" else None,
                saved_ms=draw(numbers) if hit == "hit" else None,
                cached=hit == "hit",
                request_size=draw(st.integers(0, 10**6)),
                response_size=draw(st.integers(0, 10**6)),
                properties=draw(st.sampled_from(({}, {"app": "web"}, {"app": "x y"}, {"app": ""}))),
                facts=msgspec.json.encode(facts).decode(),
            )
        )
    return rows


@st.composite
def a_question(
    draw: st.DrawFn, centre: int, names: Sequence[str] = DIMENSIONS, filters: Sequence[str | None] = FILTERS
) -> MetricsQuestion:
    where = draw(st.sampled_from(ZONES))
    hours = draw(st.sampled_from((1, 25, 24 * 8, 24 * 45)))
    since = centre - draw(st.integers(0, hours)) * HOUR_US + draw(st.sampled_from((0, -60_000_000, 1)))
    dimensions = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    measures = draw(st.lists(st.sampled_from((*MEASURES, "cost.input_tokens")), min_size=1, max_size=6, unique=True))
    widths = WIDTHS if hours < 100 else WIDTHS[1:]
    return MetricsQuestion(
        measures=measures,
        dimensions=dimensions,
        since=local(since, zone("UTC")).isoformat(),
        until=local(since + hours * HOUR_US, zone("UTC")).isoformat(),
        zone=where,
        bucket=draw(st.one_of(st.none(), st.sampled_from(widths))),
        compare=draw(st.sampled_from((None, None, "previous", "1d", "1w", "1mo", "36h", "1y"))),
        filter=draw(st.sampled_from(filters)),
        top=draw(
            st.sampled_from((None, Top(1, "calls", True), Top(2, "cost"), Top(3, "", True, "asc")))
        ) if dimensions else None,
        sort=draw(st.sampled_from((None, Sort(measures[0], "asc"), Sort(dimensions[0], "asc"))))
        if dimensions else None,
    )  # fmt: skip


def matches(row: RequestRow, filter: Any) -> bool:
    if filter is None:
        return True
    return row.model == "a" if filter == "model:a" else row.status >= 400 or row.user_id == "ada"


def check_series(
    series: Series, rows: list[RequestRow], question: MetricsQuestion, answer: MetricsAnswer, before: bool = False
) -> None:
    """All figures of a group over exactly these rows."""
    totals, values = (series.previous, series.previous_values) if before else (series.totals, series.values)
    starts = answer.buckets
    if before:
        assert answer.compared_with is not None
        starts = answer.compared_with.buckets
    where = zone(question.zone)
    assert totals is not None
    for info in answer.measures:
        name, sketched = info.name, not info.exact
        error = info.error if info.kind == "percentile" else 0.0  # so few distinct values are counted exactly
        expected = measure(name, rows, sketched)
        assert equal(totals[name], expected, error), (name, totals[name], expected)
        if question.bucket is None:
            assert values is None
            continue
        assert starts is not None and values is not None
        by_bucket: dict[int, list[RequestRow]] = {us(start): [] for start in starts}
        for row in rows:
            by_bucket[bucket_start(row, question.bucket, where)].append(row)
        numbers = [measure(name, part, sketched) for part in by_bucket.values()]
        assert all(equal(*pair, error) for pair in zip(values[name], numbers, strict=True)), (
            name,
            values[name],
            numbers,
        )


def check(answer: MetricsAnswer, question: MetricsQuestion, rows: list[RequestRow]) -> None:
    """The whole answer."""
    where = zone(question.zone)
    matching = [row for row in rows if matches(row, question.filter)]

    def within(since: str, until: str) -> list[RequestRow]:
        return [row for row in matching if exact_us(since) <= row.start < exact_us(until)]

    now = within(answer.since, answer.until)
    earlier = within(answer.compared_with.since, answer.compared_with.until) if answer.compared_with else []
    check_series(answer.total, now, question, answer)
    counts = count_by(now, question.dimensions, where) if question.dimensions else {}
    assert answer.group_count == len(counts)
    listed = [group for group in answer.groups if not group.other]
    n = question.top.n if question.top else question.limit
    assert len(listed) == min(n, len(counts))
    names = {tuple(group.key.values()) for group in listed}
    assert len(names) == len(listed) and names <= set(counts)
    if answer.measures[0].exact:
        check_rank(listed, counts, now, question)

    def of(group: Series, some: list[RequestRow]) -> list[RequestRow]:
        keyed = [(tuple(dimension(name, row, where) for name in question.dimensions), row) for row in some]
        if group.other:
            return [row for key, row in keyed if key not in names]
        return [row for key, row in keyed if key == tuple(group.key.values())]

    for group in answer.groups:
        check_series(group, of(group, now), question, answer)
        if question.compare:
            check_series(group, of(group, earlier), question, answer, before=True)
    if question.compare:
        check_series(answer.total, earlier, question, answer, before=True)
    if question.top and question.top.other and "calls" in question.measures:
        assert sum(group.totals["calls"] or 0 for group in answer.groups) == answer.total.totals["calls"]


def check_rank(listed: list[Series], counts: Any, rows: list[RequestRow], question: MetricsQuestion) -> None:
    """No group that is left out has more of what the groups are ranked by than one that is listed."""
    where = zone(question.zone)
    if not listed or (question.top is None and question.sort is not None):
        return
    by = (question.top.by if question.top else "") or question.measures[0]
    descending = question.top is None or question.top.order == "desc"

    def value(key: tuple[Any, ...]) -> float:
        part = [row for row in rows if tuple(dimension(name, row, where) for name in question.dimensions) == key]
        found = measure(by, part)
        return (float("-inf") if descending else float("inf")) if found is None else found

    names = {tuple(group.key.values()) for group in listed}
    others = [value(key) for key in counts if key not in names]
    inside = [value(key) for key in names]
    if others:
        assert min(inside) >= max(others) - 1e-9 if descending else max(inside) <= min(others) + 1e-9


def exact_us(text: str) -> int:
    at = datetime.fromisoformat(text)
    return round(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond


# Without shrinking: every example is an insert.
@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_every_number_equals_a_plain_recomputation(
    store: ClickHouseStore, reader: MetricsReader, data: st.DataObject
) -> None:
    org = next(ORGS)
    centre = us(data.draw(st.sampled_from(CENTRES)))
    rows = data.draw(some_rows(centre))
    for row in rows:
        row.org = org
    insert(store, rows, [], org)
    for _ in range(3):
        question = data.draw(a_question(centre))
        check(reader.answer(org, question, NOW_US), question, rows)


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_figures_from_stored_hours_equal_a_plain_recomputation(
    store: ClickHouseStore, sketching: MetricsReader, data: st.DataObject
) -> None:
    org = next(ORGS)
    centre = us(data.draw(st.sampled_from(CENTRES)))
    rows = data.draw(some_rows(centre))
    late = data.draw(st.integers(0, 3))
    for row in rows:
        row.org, row.provider = org, "p" if row.status else "q"
    hours = StoredHours(store)
    insert(store, rows[late:], [], org)
    for _ in range(2):
        first = centre // HOUR_US * HOUR_US + data.draw(st.integers(-900, 900)) * HOUR_US
        hours.fill(org, Span(first, first + data.draw(st.sampled_from((1, 30, 1500))) * HOUR_US), NOW_US)
    insert(store, rows[:late], [], f"{org}:late")
    for _ in range(3):
        question = data.draw(a_question(centre, ("model", "provider"), (None, "model:a")))
        check(sketching.answer(org, question, NOW_US), question, rows)


@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_every_cell_of_a_heatmap_equals_a_plain_recomputation(
    store: ClickHouseStore, reader: MetricsReader, data: st.DataObject
) -> None:
    org = next(ORGS)
    centre = us(data.draw(st.sampled_from(CENTRES)))
    rows = data.draw(some_rows(centre))
    for row in rows:
        row.org = org
    insert(store, rows, [], org)
    asked = data.draw(a_question(centre))
    question = HeatmapQuestion(
        measure=data.draw(st.sampled_from(("latency", "ttft", "tokens_per_second", "gateway_time", "cost", "tokens"))),
        filter=asked.filter,
        since=asked.since,
        until=asked.until,
        zone=asked.zone,
        bucket=asked.bucket or "auto",
        bins=data.draw(st.integers(1, 20)),
    )
    try:
        answer = reader.heatmap(org, question, NOW_US)
    except FilterError as error:
        assert error.parameter == "bucket"  # too narrow for the period
        return
    values = {**NUMBERS, "cost": lambda row: dollars(row.cost_nanousd), "tokens": tokens}
    expected: dict[tuple[int, int], int] = {}
    without = 0
    for row in rows:
        if not (matches(row, question.filter) and exact_us(answer.since) <= row.start < exact_us(answer.until)):
            continue
        value = values[question.measure](row)
        if value is None:
            without += 1
            continue
        place = next(
            at
            for at, each in enumerate(answer.bins)
            if (each.low is None or each.low <= value) and (each.high is None or value < each.high)
        )
        cell = (
            [us(start) for start in answer.buckets].index(bucket_start(row, answer.bucket, zone(asked.zone))),
            place,
        )
        expected[cell] = expected.get(cell, 0) + 1
    found = {
        (bucket, place): calls
        for bucket, cells in enumerate(answer.cells)
        for place, calls in enumerate(cells)
        if calls
    }
    assert found == expected
    assert (answer.calls, answer.without_value) == (sum(expected.values()), without)
    assert all(later.low == earlier.high for earlier, later in itertools.pairwise(answer.bins))
