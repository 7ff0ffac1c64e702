"""Alert rules: each kind fires and is over, states follow each other, and nothing is told twice or forgotten."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from proxy.alerts.rule import Condition
from proxy.control.jobs.evaluate import Evaluator
from proxy.core.notification import Notification
from proxy.core.record import Record
from proxy.metadata import alert_rules, alert_states, outbox, silences
from proxy.metadata.db import Database
from tests.contract.alert_rig import BEGIN_US, MINUTE_US, SECRET, Rig, Team, notification_of
from tests.contract.log_stores import open_store
from tests.e2e.control_process import record

KINDS_OF_RIG = [
    ("embedded", "sqlite"),
    pytest.param(("server", "postgresql"), marks=pytest.mark.soak, id="server-postgresql"),
]


@pytest.fixture(scope="module", params=KINDS_OF_RIG)
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    log, metadata = request.param
    folder = tmp_path_factory.mktemp("alerts")
    postgres = request.getfixturevalue("postgres") if metadata == "postgresql" else None
    with open_store(log, folder) as store:
        rig = Rig(folder, store, "" if postgres is None else postgres.database("alerts"))
        yield rig
        rig.close()


@pytest.fixture
def team(rig: Rig) -> Team:
    return Team(rig)


def states(sent: list[Notification]) -> list[str]:
    return [one.state for one in sent]


class Kind(NamedTuple):
    """A metric with calls that are not as they should be, and calls that are."""

    metric: str
    condition: Condition
    bad: dict[str, Any]
    good: dict[str, Any] | None = None
    """None: no call is good."""
    value_text: str = ""


SLOW = {"ended_us": 5_000_000, "first_token_us": 3_000_000}
FAST = {"ended_us": 200_000, "first_token_us": 45_000}
FAILED = {"status": 500, "response_body": b"{}"}
KINDS = [
    Kind("calls", Condition(value=4), {}, value_text="5 calls"),
    Kind("cost", Condition(value=0.001), {}),
    Kind("tokens", Condition(value=5000), {}, value_text="5,050 tokens"),
    Kind("error_rate", Condition(value=0.5), FAILED, {}, "100 %"),
    Kind("p50_latency", Condition(value=1000), SLOW, FAST, "5 s"),
    Kind("p95_latency", Condition(value=1000), SLOW, FAST, "5 s"),
    Kind("p99_latency", Condition(value=1000), SLOW, FAST, "5 s"),
    Kind("p95_ttft", Condition(value=1000), SLOW, FAST, "3 s"),
    Kind("avg_tokens_per_second", Condition(op="below", value=20), SLOW, FAST, "5 tokens/s"),
    Kind(
        "cache_hit_rate",
        Condition(op="below", value=0.5),
        {"facts": {"cache.status": "miss"}},
        {"facts": {"cache.status": "hit"}},
        "0 %",
    ),
    Kind("wrong_semantic_hits", Condition(value=0), {"facts": {"cache.wrong": True}}, value_text="5 calls"),
    Kind("limit_refusals", Condition(value=2), {"status": 429, "facts": {"rate.refused": "1;w=60"}}),
]


def test_each_metric_fires_and_is_over(team: Team) -> None:
    rules = {}
    calls: list[Record] = []
    for kind in KINDS:
        rules[kind.metric] = team.rule(kind.metric, kind.condition, filter=f"user:{kind.metric}", severity="error")
        made = {"org": team.org, "user_id": kind.metric}
        calls += [record(team.now_us - MINUTE_US + at, **made, **kind.bad) for at in range(5)]
        if kind.good is not None:
            calls += [record(team.now_us + 2 * MINUTE_US + at, **made, **kind.good) for at in range(5)]
    team.rig.ship(*calls)
    alerts = {one.rule_id: one for one in team.passes(0.5)}
    for kind in KINDS:
        alert = alerts.pop(rules[kind.metric].id)
        assert (alert.state, alert.kind, alert.severity) == ("alerting", "alert", "error"), kind.metric
        (group,) = alert.alerts
        assert group.labels == {} and group.value is not None
        assert kind.value_text in ("", group.value_text)
    assert not alerts and team.passes(1) == []
    over = {one.rule_id: one.state for one in team.passes(5)}
    assert over == {rule.id: "resolved" for rule in rules.values()}
    for rule in rules.values():
        assert team.history(rule) == ["normal > alerting", "alerting > normal"]


def test_a_link_opens_the_calls_that_the_value_is_of(team: Team) -> None:
    team.rule("calls", Condition(value=1), filter='property.app:Tester OR user:"x y"', group_by=["user", "failed"])
    team.calls(2)
    (alert,) = team.passes(0.5)
    url = urlsplit(alert.alerts[0].url)
    query = parse_qs(url.query)
    assert url.path == "/requests" and alert.url.endswith(f"/alerts/{alert.rule_id}")
    assert query["q"] == ['(property.app:Tester OR user:"x y") user:ada failed:false']
    assert query["since"] == ["2026-09-21T09:55:00Z"] and query["until"] == ["2026-09-21T10:00:00Z"]
    assert alert.acknowledge_url == alert.url + "?acknowledge=1"


def test_scores(team: Team) -> None:
    team.rule("score.helpful", Condition(op="below", value=0.5), min_samples=3)
    bad: list[str] = []
    good: list[str] = []
    team.calls(5, ids=bad)
    team.score(bad[:2], "helpful", 0.1)
    assert team.passes(0.5) == []  # two are too few
    team.score(bad[2:], "helpful", 0.2)
    (alert,) = team.passes(1)
    assert alert.state == "alerting" and alert.alerts[0].value_text == "0.16 score"
    team.calls(3, -2 * MINUTE_US, ids=good)
    team.score(good, "helpful", 0.9)
    assert states(team.passes(5)) == ["resolved"]


def test_no_traffic_needs_traffic_before(team: Team) -> None:
    rule = team.rule("no_traffic", window="10m")
    assert team.passes(0.5) == []
    assert team.stored(rule).state == "no_data"  # a new installation has no traffic to miss
    team.calls(3)
    assert team.passes(1) == [] and team.stored(rule).state == "normal"
    (alert,) = team.passes(15)
    assert alert.summary == "No calls for 10m." and alert.state == "alerting"
    assert team.passes(60) == []
    assert states(team.passes(24 * 60)) == ["alerting"]  # still, a day later: repeated
    team.calls(1)
    assert states(team.passes(1)) == ["resolved"]


def test_no_traffic_of_one_model_among_others(team: Team) -> None:
    team.rule("no_traffic", window="10m", group_by=["model"])
    other = {"request_body": b'{"model":"gpt-4o-mini"}', "response_body": b'{"model":"gpt-4o-mini"}'}
    team.calls(3)
    team.calls(3, **other)
    assert team.passes(0.5) == []
    team.calls(3, -6 * MINUTE_US, **other)
    (alert,) = team.passes(14)
    assert [one.labels for one in alert.alerts] == [{"model": "gpt-4o-2024-08-06"}]


def test_the_ingest_lag_is_watched_also_while_the_log_is_behind(team: Team) -> None:
    lag = team.rule("ingest_lag", Condition(value=60))
    calls = team.rule("calls", Condition(value=4))
    team.calls(5)
    team.lag_us = 2 * MINUTE_US
    (alert,) = team.passes(0.5)
    assert alert.rule_id == lag.id and alert.alerts[0].value_text == "120 s"
    assert team.stored(calls).evaluated_us == 0  # it waits for the log
    team.lag_us = 0
    assert sorted(states(team.passes(0.1) + team.passes(1))) == ["alerting", "resolved"]
    assert team.stored(calls).state == "alerting"


def test_a_log_that_stays_behind_is_an_error_and_groups_keep_their_state(team: Team) -> None:
    rule = team.rule("calls", Condition(value=4), window="1h")
    team.calls(5)
    assert states(team.passes(0.5)) == ["alerting"]
    team.is_open = False
    assert team.passes(1) == []
    assert team.stored(rule).state == "alerting"
    for _ in range(30):
        team.passes(0.5)
    assert team.stored(rule).state == "error" and "not open" in team.stored(rule).problem
    assert team.groups(rule) == {"[]": "alerting", "null": "error"}
    team.is_open = True
    team.passes(1)
    assert team.stored(rule).state == "alerting"
    assert team.groups(rule) == {"[]": "alerting"}


def test_change_against_the_window_before(team: Team) -> None:
    team.rule("calls", Condition(kind="change", value=100, resolve=20))
    team.calls(4, 6 * MINUTE_US)
    team.calls(9)
    (alert,) = team.passes(0.5)
    assert alert.alerts[0].value_text == "9 calls" and alert.alerts[0].threshold_text == "above 8 calls"
    team.now_us += 4 * MINUTE_US
    team.calls(12)  # not twice as many as before, and more than a fifth above it
    assert team.passes(0.5) == []
    team.now_us += 4 * MINUTE_US
    team.calls(12)
    assert states(team.passes(1)) == ["resolved"]


def test_a_fall_against_the_same_hour_last_week(team: Team) -> None:
    team.rule("calls", Condition(kind="change", op="below", value=50, against="last_week"), window="1h")
    week = 7 * 1440 * MINUTE_US
    team.calls(10, week + MINUTE_US)
    team.calls(4)
    (alert,) = team.passes(0.5)
    assert alert.alerts[0].threshold_text == "below 5 calls"
    team.calls(3)
    assert states(team.passes(1)) == ["resolved"]


def test_a_seasonal_band(team: Team) -> None:
    team.rule("calls", Condition(kind="band", op="outside", value=3, weeks=4), window="1h")
    week = 7 * 1440 * MINUTE_US
    team.calls(20)
    assert team.passes(0.5) == []  # nothing to compare with
    for number, count in enumerate((9, 10, 11, 10), 1):
        team.calls(count, number * week + 2 * MINUTE_US)
    (alert,) = team.passes(1)
    assert alert.alerts[0].threshold_text == "below 7.88 calls or above 12.1 calls"
    team.now_us += 59 * MINUTE_US
    team.calls(10)
    assert states(team.passes(0)) == ["resolved"]  # that hour of the last weeks had no calls to compare with


def test_a_calendar_month_begins_on_its_first(team: Team) -> None:
    rule = team.rule("calls", Condition(value=4), window="month", zone="Europe/Berlin")
    first = round(datetime(2026, 8, 31, 22, tzinfo=UTC).timestamp()) * 1_000_000  # midnight in Berlin
    team.calls(3, team.now_us - first)
    team.calls(2, team.now_us - first + MINUTE_US)
    assert team.passes(0.5) == [] and team.stored(rule).value == 3
    team.calls(2)
    assert states(team.passes(1)) == ["alerting"]
    october = round(datetime(2026, 9, 30, 22, 1, tzinfo=UTC).timestamp()) * 1_000_000
    team.now_us = october + MINUTE_US // 2
    assert states(team.passes(0)) == ["alerting", "resolved"]  # told again, as nobody had acknowledged it
    assert team.stored(rule).value == 0


def test_pending_alerting_recovering(team: Team) -> None:
    rule = team.rule("calls", Condition(value=4, resolve=2), window="1m", wait="2m", keep_firing_for="2m")
    sent: list[str] = []
    for count in (5, 5, 0, 5, 5, 5, 3, 2, 3, 2, 1, 0, 0):
        team.calls(count, MINUTE_US // 2)
        sent += [f"{team.now_us // MINUTE_US - BEGIN_US // MINUTE_US}:{one.state}" for one in team.passes(1)]
    assert team.history(rule) == [
        "normal > pending",
        "pending > normal",
        "normal > pending",
        "pending > alerting",
        "alerting > recovering",
        "recovering > alerting",
        "alerting > recovering",
        "recovering > normal",
    ]
    assert sent == ["6:alerting", "12:resolved"]


def test_no_data_is_shown_sent_kept_or_fires(team: Team) -> None:
    shown = team.rule("p95_latency", Condition(value=1000))
    told = team.rule("p95_latency", Condition(value=1000), on_no_data="notify")
    kept = team.rule("p95_latency", Condition(value=1000), on_no_data="keep")
    fires = team.rule("p95_latency", Condition(value=1000), on_no_data="alerting")
    team.calls(2, **SLOW)
    assert states(team.passes(0.5)) == ["alerting"] * 4
    sent = {one.rule_id: one.state for one in team.passes(10)}
    assert sent == {shown.id: "resolved", told.id: "no_data"}
    assert [team.stored(one).state for one in (shown, told, kept, fires)] == ["no_data"] * 2 + ["alerting"] * 2
    team.calls(2, **FAST)
    sent = {one.rule_id: one.state for one in team.passes(1)}
    assert sent == {told.id: "resolved", kept.id: "resolved", fires.id: "resolved"}


def test_groups_are_told_together_later_ones_in_an_update_and_each_is_over_by_itself(team: Team) -> None:
    rule = team.rule("calls", Condition(value=2), group_by=["user"], window="10m", update_interval="5m")
    for user in ("ada", "bob"):
        team.calls(3, user_id=user)
    (alert,) = team.passes(0.5)
    assert sorted(one.labels["user"] for one in alert.alerts) == ["ada", "bob"]
    assert alert.summary.endswith("1 more group besides.")
    team.calls(3, user_id="cyd")
    assert team.passes(1) == []  # an update waits
    update = team.passes(4)
    assert [sorted(one.labels["user"] for one in each.alerts) for each in update] == [["ada", "bob", "cyd"]]
    assert team.stored(rule).firing == 3
    team.calls(3, user_id="cyd")
    assert team.passes(7) == []  # ada and bob are over, cyd is not
    assert team.stored(rule).firing == 1
    (over,) = team.passes(11)
    assert over.state == "resolved" and over.dedup_key == alert.dedup_key


def test_a_notification_for_each_model(team: Team) -> None:
    team.rule("calls", Condition(value=2), group_by=["user", "status"], notify_by=["user"], window="10m")
    for user in ("ada", "bob"):
        team.calls(3, user_id=user)
        team.calls(3, user_id=user, status=500)
    sent = team.passes(0.5)
    assert sorted(one.title for one in sent) == ["about calls (user ada) is firing", "about calls (user bob) is firing"]
    assert len({one.dedup_key for one in sent}) == 2 and all(len(one.alerts) == 2 for one in sent)


def test_alerts_are_repeated_until_they_are_acknowledged(team: Team) -> None:
    rule = team.rule("calls", Condition(value=2), window="1d", repeat_interval="1h")
    team.calls(3)
    assert states(team.passes(0.5)) == ["alerting"]
    assert team.passes(59) == []
    (again,) = team.passes(1)
    assert again.title == "about calls still is firing"
    with team.rig.database.write(publish=False) as rows:
        assert len(alert_states.acknowledge(rows, rule.id, "ada", team.now_us)) == 1
        assert alert_states.acknowledge(rows, rule.id, "bob", team.now_us) == []
    assert team.passes(300) == []
    assert states(team.passes(24 * 60)) == ["resolved"]
    team.calls(3)
    assert states(team.passes(1)) == ["alerting"]  # a new one: nobody has acknowledged it


def test_silences_hold_back_what_matches_and_nothing_else(team: Team) -> None:
    team.rule("calls", Condition(value=2), group_by=["user"], notify_by=["user"], window="1d")
    with team.rig.database.write(publish=False) as rows:
        matchers = '[{"label":"user","op":"=~","value":"b.*"},{"label":"metric","value":"calls"}]'
        quiet = silences.create(rows, team.org, matchers, "", team.now_us, team.now_us + 60 * MINUTE_US, "ada")
    for user in ("ada", "bob"):
        team.calls(3, user_id=user)
    assert [one.title for one in team.passes(0.5)] == ["about calls (user ada) is firing"]
    assert team.passes(30) == []
    assert [one.title for one in team.passes(30)] == ["about calls (user bob) is firing"]
    with team.rig.database.write(publish=False) as rows:
        silences.edit(rows, team.org, quiet.id, team.now_us + 9000 * MINUTE_US, "")
    over = team.passes(24 * 60)  # who was told that it fires is told that it is over
    assert sorted(one.title for one in over) == ["about calls (user ada) is over", "about calls (user bob) is over"]


def test_a_restart_neither_repeats_nor_forgets(team: Team) -> None:
    team.rule("calls", Condition(value=4), window="1m")
    rule = team.rule("calls", Condition(value=4), window="1m", wait="3m")
    team.calls(5, MINUTE_US // 2)
    assert states(team.passes(1)) == ["alerting"]
    team.evaluator = team.plane()
    assert team.evaluate() == []
    # It is down for some minutes, in one of which much happened: made up for.
    team.calls(9, -2 * MINUTE_US)
    team.evaluator = team.plane()
    sent = team.passes(5)
    assert states(sent) == ["resolved", "alerting", "resolved"]
    assert team.history(rule)[:2] == ["normal > pending", "pending > normal"]
    before = team.stored(rule).evaluated_us
    team.evaluator = team.plane()
    team.passes(60 * 24)
    assert team.evaluator.figures.skipped_moments > 0  # after long, the last ten moments
    assert team.stored(rule).evaluated_us - before == 24 * 60 * MINUTE_US


def test_history_says_where_there_was_no_channel_and_old_history_is_forgotten(rig: Rig) -> None:
    team = Team(rig, with_channel=False)
    rule = team.rule("calls", Condition(value=4), window="10m")
    team.calls(5)
    assert team.passes(0.5) == []
    with rig.database.read() as rows:
        newest = alert_states.history(rows, rule.id)[0]
    assert newest.text == "about calls is firing; there is no channel to send it to"
    team.passes(60 * 24 * 91)
    team.evaluator = team.plane()
    team.evaluate()
    assert team.history(rule) == ["alerting > normal"]


def test_clocks_that_jump(team: Team) -> None:
    rule = team.rule("calls", Condition(value=4), window="1d")
    team.calls(5)
    assert states(team.passes(0.5)) == ["alerting"]
    assert states(team.passes(60 * 24 * 300)) == ["resolved"]
    far = team.stored(rule).evaluated_us
    team.now_us = BEGIN_US + 5 * MINUTE_US + MINUTE_US // 2  # back by most of a year
    assert states(team.evaluate()) == ["alerting"]
    assert team.stored(rule).evaluated_us < far
    assert team.passes(1) == []
    there = team.stored(rule).evaluated_us
    assert team.passes(-4) == [] and team.stored(rule).evaluated_us == there  # back by a little: it is waited for
    assert team.passes(5) == [] and team.stored(rule).evaluated_us > there


def test_two_planes_that_evaluate_the_same_moment_send_once(team: Team) -> None:
    team.rule("calls", Condition(value=4), window="10m")
    other = team.plane()
    team.calls(5)
    team.now_us += MINUTE_US // 2
    for plane in (team.evaluator, other):  # both have read what there was before
        plane._round = plane._begin()
        assert plane._round is not None
    assert states(team.evaluate(other) + team.evaluate()) == ["alerting"]


@pytest.mark.soak
def test_planes_that_evaluate_at_once_for_an_hour_send_once(team: Team) -> None:
    rules = [team.rule("calls", Condition(value=4), window="2m", group_by=["user"], notify_by=["user"]) for _ in "ab"]
    databases = [Database.open(team.rig.url, SECRET) for _ in range(2)]
    planes = [team.plane(database) for database in databases]
    sent: list[Notification] = []
    for minute in range(60):
        if minute % 4 == 0:
            team.calls(5, user_id=f"user-{minute % 3}")
        before = {one.id for one in team.deliveries()}
        team.now_us += MINUTE_US
        threads = [threading.Thread(target=run_to_its_end, args=[plane]) for plane in planes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sent += [notification_of(one) for one in team.deliveries() if one.id not in before]
    by_state = Counter((one.rule_id, one.state) for one in sent)
    assert by_state == {(rule.id, state): 15 for rule in rules for state in ("alerting", "resolved")}
    for database in databases:
        database.close()


def run_to_its_end(plane: Evaluator) -> None:
    while plane.run() is not None:
        pass


def test_an_evaluation_that_breaks_off_is_made_again_and_sends_once(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of its writes."""
    rule = team.rule("calls", Condition(value=4), window="10m")
    team.calls(5)
    team.now_us += MINUTE_US // 2
    writes = (
        (alert_rules, "evaluated"), (alert_states, "put_groups"), (alert_states, "add_history"),
        (alert_states, "put_notice"), (outbox, "put"),
    )  # fmt: skip
    for module, name in writes:
        with monkeypatch.context() as patch:

            def die(*_: Any, **__: Any) -> None:
                raise KeyboardInterrupt

            patch.setattr(module, name, die)
            with pytest.raises(KeyboardInterrupt):
                team.evaluator.run()
        assert team.deliveries() == [] and team.groups(rule) == {} and team.stored(rule).evaluated_us == 0
        team.evaluator = team.plane()
    assert states(team.evaluate()) == ["alerting"] and team.evaluate() == []


def test_rules_that_agree_share_a_query_and_thousands_of_groups_take_one(team: Team) -> None:
    for metric in ("calls", "cost", "tokens", "p95_latency", "error_rate"):
        value = 0.5 if metric == "error_rate" else 1
        for more in (0.0, 0.1):
            team.rule(metric, Condition(value=value + more), group_by=["user"], window="10m")
    team.rig.ship(*(call(team, at) for at in range(4000)))
    sent = team.passes(0.5)
    assert team.evaluator.figures.reads == 1 and team.evaluator.figures.evaluations == 10
    totals = {one.rule_name: one for one in sent}
    assert len(totals["about calls"].alerts) == 100 and "1,999 more groups" in totals["about calls"].summary
    team.passes(1)
    assert team.evaluator.figures.reads == 2


def call(team: Team, at: int) -> Any:
    return record(team.now_us - MINUTE_US + at, org=team.org, user_id=f"user-{at % 2000}")


def test_ready_made_rules_wait_for_a_channel(rig: Rig) -> None:
    team = Team(rig, with_channel=False)
    with rig.database.write(publish=False) as rows:
        content = b'{"name":"ready","metric":"calls","condition":{"value":1}}'.decode()
        rule = alert_rules.create(rows, team.org, content, True, "", needs_channel=True)
    team.calls(5)
    assert team.passes(0.5) == [] and team.stored(rule).evaluated_us == 0
    with rig.database.write(publish=False) as rows:
        team.add_channel(rows)
    assert states(team.passes(1)) == ["alerting"]
