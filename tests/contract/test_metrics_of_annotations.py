"""Scores, feedback, changed properties and tools in metrics: what is said of calls after them, and lists."""

from collections.abc import Iterator
from typing import Any

import pytest

from proxy.control.metrics_reader import MetricsReader
from proxy.core import settings as settings_of
from proxy.core.clock import uuid7
from proxy.logstore import RequestRow
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from proxy.logstore.rows import AnnotationRow
from proxy.query import FilterError
from proxy.query.metrics import MetricsQuestion, Top
from proxy.query.series import MetricsAnswer
from tests.contract.log_stores import STORES, open_store

HOUR_US = 3_600_000_000
BEGIN_US = 1_780_000_000_000_000 // HOUR_US * HOUR_US
NOW_US = BEGIN_US + 10 * HOUR_US
ORG = "annotated"
TOOLS = (["search"], ["search", "mail", "search"], [], ["mail"])


@pytest.fixture(scope="module", params=STORES)
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MetricsReader]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as store:
        fill(store)
        yield MetricsReader(store, settings_of.load(environ={}))


def fill(store: ClickHouseStore) -> None:
    """Four calls an hour apart; of the first two everything was said, some of it twice."""
    calls = [
        RequestRow(
            id=uuid7(BEGIN_US + number * HOUR_US),
            org=ORG,
            start=BEGIN_US + number * HOUR_US,
            status=200,
            outcome="success",
            model="ab"[number % 2],
            cost_nanousd=1_000_000_000,
            cost_known=True,
            properties={"team": "red"},
            tool_names=TOOLS[number],
        )
        for number in range(4)
    ]
    insert(store, calls, [], "calls")
    rows: list[AnnotationRow] = []

    def say(call: int, kind: Any, **values: Any) -> None:
        at = BEGIN_US + 5 * HOUR_US + len(rows)
        rows.append(AnnotationRow(id=uuid7(at), org=ORG, request_id=calls[call].id, at=at, kind=kind, **values))

    say(0, "score", name="helpful", type="number", number=0.2)
    say(0, "score", name="helpful", type="number", number=0.8)  # the last one counts
    say(1, "score", name="helpful", type="number", number=0.4)
    say(2, "score", name="helpful", type="number", number=0.9)
    say(2, "score", name="helpful", removed=True)
    say(0, "score", name="safe", type="boolean", number=1)
    say(1, "score", name="safe", type="boolean", number=0)
    say(3, "score", name="tone", type="category", text="dry")
    say(0, "feedback", number=1.0)
    say(1, "feedback", number=-1.0)
    say(2, "feedback", number=1.0)
    say(2, "property", name="team", text="blue")
    say(3, "property", name="team", removed=True)
    store.write("annotations", rows, "said")


def ask(reader: MetricsReader, *measures: str, **more: Any) -> MetricsAnswer:
    return reader.answer(ORG, MetricsQuestion(measures=list(measures), since="1d", **more), NOW_US)


def test_scores_are_measured_by_name(reader: MetricsReader) -> None:
    names = ("score.helpful", "score_count.helpful", "score_min.Helpful", "score_max.helpful", "score_rate.safe")
    totals = ask(reader, *names, "score.safe", "score_count.tone", "score.none", "score_count.none").total.totals
    assert list(totals.values()) == pytest.approx([0.6, 2, 0.4, 0.8, 0.5, 0.5, 0, None, 0])


def test_scores_by_bucket_and_model_and_compared(reader: MetricsReader) -> None:
    answer = ask(reader, "score.helpful", "calls", dimensions=["model"], bucket="1h", compare="previous")
    found = {group.key["model"]: group.totals["score.helpful"] for group in answer.groups}
    assert found == {"a": 0.8, "b": 0.4}
    assert answer.total.previous == {"score.helpful": None, "calls": 0}
    assert answer.total.values is not None
    assert [value for value in answer.total.values["score.helpful"] if value is not None] == [0.8, 0.4]


def test_feedback_is_measured(reader: MetricsReader) -> None:
    names = ("feedback", "good_feedback", "bad_feedback", "feedback_rate", "avg_rating")
    assert list(ask(reader, *names).total.totals.values()) == pytest.approx([3, 2, 1, 2 / 3, 1 / 3])


def test_groups_are_ranked_by_a_score(reader: MetricsReader) -> None:
    answer = ask(reader, "calls", dimensions=["model"], top=Top(1, "score.helpful", True, "asc"))
    assert [(group.key.get("model"), group.totals["calls"]) for group in answer.groups] == [("b", 2), (None, 2)]


def test_properties_that_were_changed_after_the_call_group_it(reader: MetricsReader) -> None:
    answer = ask(reader, "calls", "cost", dimensions=["property.Team"])
    assert {group.key["property.team"]: group.totals["calls"] for group in answer.groups} == {
        "red": 2,
        "blue": 1,
        None: 1,
    }
    assert ask(reader, "calls", filter="property.team:blue").total.totals == {"calls": 1}


@pytest.mark.parametrize("bucket", [None, "1h"])
def test_a_call_counts_in_the_group_of_each_of_its_tools(reader: MetricsReader, bucket: str | None) -> None:
    answer = ask(reader, "calls", "cost", dimensions=["tool"], bucket=bucket, compare="1d")
    assert {group.key["tool"]: group.totals["calls"] for group in answer.groups} == {"search": 2, "mail": 2, None: 1}
    assert answer.total.totals == {"calls": 4, "cost": 4.0}
    if bucket:
        assert answer.total.values is not None and sum(value or 0 for value in answer.total.values["calls"]) == 4
    with pytest.raises(FilterError, match=r"top\.other"):
        ask(reader, "calls", dimensions=["tool"], top=Top(1, other=True))
