"""Evaluates the alert rules of all organisations, each minute, on one control plane of a database at a time.

Moments lie on a grid. A rule is evaluated for a moment once that is `alerts.delay_s` ago and the log has what was in
the spool by then, so that calls that arrive a little later count too. Which moment a rule was evaluated for is in its
row, changed in one transaction with its states and the outbox: a restart goes on from there (the last ten moments are
made up for), and of two control planes that evaluate the same moment one writes nothing.

A round is all rules at one moment. It is done in slices, so that the lease is kept and pages find the log free.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from proxy.alerts.checks import check_rule
from proxy.alerts.conditions import Reading
from proxy.alerts.metrics import INGEST_LAG, AlertMetric
from proxy.alerts.reads import Answer, Read, Wanted, readings_of, reads_of, want
from proxy.alerts.rule import Rule
from proxy.alerts.states import Failure, GroupKey, GroupState, step
from proxy.control.alert_reader import AlertReader
from proxy.control.alert_results import Evaluated, store_results
from proxy.control.jobs.runner import SlicedJob
from proxy.core.clock import monotonic, now_us
from proxy.core.notification import dashboard_url
from proxy.core.settings import Settings
from proxy.logstore import LogStore, StoreError
from proxy.metadata import alert_rules, alert_states
from proxy.metadata.alert_rules import StoredRule
from proxy.metadata.alert_states import StoredGroup
from proxy.metadata.db import Database
from proxy.metadata.leases import CLOCKS_US
from proxy.query.errors import FilterError

__all__ = ["EvaluationFigures", "Evaluator", "LogState"]

_SLICE_S: Final = 0.5
_PAUSE_S: Final = 0.01
_MADE_UP: Final = 10
"""Moments that are made up for after a stop; older ones are left out."""
_PATIENCE_US: Final = 300_000_000
"""How long a moment waits for a log that is behind; then the rules have an error."""
_HISTORY_INTERVAL_S: Final = 3600.0

_log = logging.getLogger(__name__)


class LogState(Protocol):
    """What is known of the log."""

    def open_store(self) -> LogStore | None:
        """The open log, or None where it is not open."""

    def complete_until_us(self) -> int:
        """All that was in the spool at that time is in the log; 0: nothing is known."""


class EvaluationFigures(msgspec.Struct):
    """What this control plane evaluated; read from other threads."""

    evaluations: int = 0
    """Rules times moments."""
    errors: int = 0
    skipped_moments: int = 0
    reads: int = 0
    """Queries: rules that agree in filter, groups and window share them."""
    round_s: float = 0.0
    """How long the last round took."""
    behind_s: float = 0.0
    """How long after its moment the last round ended."""


class _Due(msgspec.Struct):
    """A rule of a round, with what it reads and the states that it had."""

    stored: StoredRule
    rule: Rule
    metric: AlertMetric
    reads: list[Read]
    before: dict[GroupKey, GroupState]


class _Round(msgspec.Struct):
    """All rules at one moment, as far as they are still to be evaluated."""

    at_us: int
    began: float
    rules: deque[_Due]
    wanted: dict[Read, Wanted]
    uses: Counter[Read]
    answers: dict[Read, Answer | Failure] = {}


class Evaluator:
    """Evaluates rules. `clock` gives microseconds since the epoch."""

    def __init__(
        self, settings: Settings, database: Database, log: LogState, clock: Callable[[], int] = now_us
    ) -> None:
        self.figures = EvaluationFigures()
        self._settings = settings
        self._database = database
        self._log = log
        self._clock = clock
        self._grid_us = round(settings.get_float("alerts.interval_s") * 1e6)
        self._delay_us = round(settings.get_float("alerts.delay_s") * 1e6)
        self._history_us = settings.get_int("alerts.history_days") * 86_400_000_000
        self._base_url = dashboard_url(settings)
        self._round: _Round | None = None
        self._done_us = 0
        self._lag_done_us = 0
        self._parsed: dict[tuple[str, int], tuple[Rule, AlertMetric] | None] = {}
        self._cleaned: float | None = None

    @property
    def job(self) -> SlicedJob:
        return SlicedJob(name="evaluate_alerts", wanted=self.wanted, run=self.run)

    def wanted(self) -> bool:
        """Return whether a moment is due."""
        return self._round is not None or self._is_new(self._done_us) or self._is_new(self._lag_done_us)

    def run(self) -> float | None:
        """Evaluate some rules. Returns the seconds until the next ones; None where all are evaluated."""
        if self._is_new(self._lag_done_us):
            self._evaluate_lag()
        if self._round is None:
            self._round = self._begin()
            if self._round is None:
                self._clean_up()
                return None
        current = self._round
        waited_us = self._clock() - current.at_us
        if waited_us < 0:  # the clock went back
            self._round = None
            return _PAUSE_S
        store = self._log.open_store()
        behind = ""
        if store is None:
            behind = "the log is not open"
        elif self._log.complete_until_us() < current.at_us + self._delay_us // 2:
            behind = "the log is behind: calls of that time may be missing"
        if behind and waited_us < _PATIENCE_US:
            return 1.0
        reader = AlertReader(store, self._settings) if store is not None and not behind else None
        done: list[Evaluated] = []
        until = monotonic() + _SLICE_S
        while current.rules:
            done.append(self._evaluate(current, current.rules.popleft(), reader, behind))
            if monotonic() > until:
                break
        self._store(done, current.at_us)
        if current.rules:
            return _PAUSE_S
        self._round = None
        self.figures.round_s = monotonic() - current.began
        self.figures.behind_s = max(0.0, (self._clock() - current.at_us) / 1e6)
        return _PAUSE_S

    def _moment(self) -> int:
        """The newest moment that is due."""
        return (self._clock() - self._delay_us) // self._grid_us * self._grid_us

    def _is_new(self, done_us: int) -> bool:
        """Whether a moment after that one is due. A clock that went back by more than clocks differ starts again from
        there; by less, it is waited for."""
        moment = self._moment()
        return moment > done_us or done_us - moment > CLOCKS_US

    def _begin(self) -> _Round | None:
        """Take up the earliest moment that rules are to be evaluated for; None where none is."""
        newest = self._moment()
        with self._database.read() as rows:
            stored = alert_rules.due(rows)
        slow = self.figures.round_s * 1e6 > self._grid_us
        pending: dict[int, list[StoredRule]] = {}
        for one in stored:
            at_us = self._next(one.evaluated_us, newest, slow)
            if at_us and (parsed := self._parse(one)) and parsed[0].metric != INGEST_LAG:
                pending.setdefault(at_us, []).append(one)
        if not pending:
            self._done_us = newest
            return None
        at_us = min(pending)
        chosen = pending[at_us]
        with self._database.read() as rows:
            groups = alert_states.groups_of(rows, [one.id for one in chosen])
        before = _by_rule(groups)
        wanted: dict[Read, Wanted] = {}
        uses: Counter[Read] = Counter()
        rules: list[_Due] = []
        for one in chosen:
            parsed = self._parse(one)
            if parsed is None:
                continue
            rule, metric = parsed
            states = before.get(one.id, {})
            reads = reads_of(rule, one.org_id, at_us)
            want(wanted, rule, metric, reads, list(states))
            uses.update(reads)
            rules.append(_Due(one, rule, metric, reads, states))
        rules.sort(key=lambda due: _order(due.reads[0]))
        return _Round(at_us, monotonic(), deque(rules), wanted, uses)

    def _next(self, evaluated_us: int, newest: int, slow: bool) -> int:
        """The moment that a rule is to be evaluated for next; 0: none."""
        if not evaluated_us or evaluated_us - newest > CLOCKS_US:
            return newest
        if evaluated_us >= newest:
            return 0
        following = (evaluated_us // self._grid_us + 1) * self._grid_us
        earliest = newest if slow else newest - (_MADE_UP - 1) * self._grid_us
        if following < earliest:
            self.figures.skipped_moments += (earliest - following) // self._grid_us
        return max(following, earliest)

    def _parse(self, stored: StoredRule) -> tuple[Rule, AlertMetric] | None:
        """What a stored rule says; None where this version cannot read it."""
        key = (stored.id, stored.revision)
        if key not in self._parsed:
            if len(self._parsed) > 20_000:
                self._parsed.clear()
            try:
                rule = msgspec.json.decode(stored.content, type=Rule)
                self._parsed[key] = (rule, check_rule(rule))
            except (msgspec.MsgspecError, FilterError) as error:
                self._parsed[key] = None
                self._note_problem(stored, f"the rule cannot be read: {error}")
        return self._parsed[key]

    def _note_problem(self, stored: StoredRule, problem: str) -> None:
        _log.warning("alert rule %s: %s", stored.id, problem)
        with self._database.write(publish=False) as rows:
            alert_rules.evaluated(rows, stored, self._moment(), "error", None, 0, problem)

    def _evaluate(self, current: _Round, due: _Due, reader: AlertReader | None, behind: str) -> Evaluated:
        answers: list[Answer] = []
        failure: Failure | None = Failure(behind) if reader is None else None
        for read in due.reads:
            if failure is None:
                answer = self._answer(current, read, reader)
                if isinstance(answer, Failure):
                    failure = answer
                else:
                    answers.append(answer)
            current.uses[read] -= 1
            if not current.uses[read]:
                current.answers.pop(read, None)
        problem = ""
        if failure is not None:
            problem = failure.reason
        elif not answers[0].complete:
            problem = f"more than {len(answers[0].groups):,} groups: those with most calls are looked at; add a filter"
        readings = failure or readings_of(due.rule, due.metric, answers, list(due.before))
        return self._result(due, readings, problem, current.at_us)

    def _result(
        self, due: _Due, readings: dict[tuple[str, ...], Reading] | Failure, problem: str, at_us: int
    ) -> Evaluated:
        outcome = step(due.rule, due.metric, due.before, readings, at_us)
        if outcome.left_out:
            problem = f"{outcome.left_out:,} more groups would fire or wait: too many to follow; add a filter"
        self.figures.evaluations += 1
        self.figures.errors += isinstance(readings, Failure)
        return Evaluated(due.stored, due.rule, due.metric, due.before, outcome, problem)

    def _answer(self, current: _Round, read: Read, reader: AlertReader | None) -> Answer | Failure:
        if read not in current.answers:
            assert reader is not None
            try:
                current.answers[read] = reader.answer(read, current.wanted[read])
            except (StoreError, FilterError) as error:
                current.answers[read] = Failure(str(error))
            self.figures.reads += 1
        return current.answers[read]

    def _evaluate_lag(self) -> None:
        """The rules that watch how far the log is behind do not wait for it."""
        at_us = self._moment()
        with self._database.read() as rows:
            stored = [
                one for one in alert_rules.due(rows)
                if (parsed := self._parse(one)) and parsed[0].metric == INGEST_LAG
                and self._next(one.evaluated_us, at_us, slow=True)
            ]  # fmt: skip
            before = _by_rule(alert_states.groups_of(rows, [one.id for one in stored]))
        complete_us = self._log.complete_until_us()
        lag_s = max(0.0, (self._clock() - complete_us) / 1e6)
        done: list[Evaluated] = []
        for one in stored:
            parsed = self._parse(one)
            if parsed is None:
                continue
            due = _Due(one, *parsed, [], before.get(one.id, {}))
            found: dict[tuple[str, ...], Reading] | Failure = {(): Reading(lag_s, 1)}
            if not complete_us:
                found = Failure("the log is not open")
            done.append(self._result(due, found, found.reason if isinstance(found, Failure) else "", at_us))
        self._store(done, at_us)
        self._lag_done_us = at_us

    def _store(self, done: list[Evaluated], at_us: int) -> None:
        if not done:
            return
        try:
            with self._database.write(publish=False) as rows:
                store_results(rows, done, at_us, self._clock(), self._base_url)
        except BaseException:
            self._round = None  # begin again from what the database has
            raise

    def _clean_up(self) -> None:
        """Forget old history, now and then."""
        if self._cleaned is not None and monotonic() - self._cleaned < _HISTORY_INTERVAL_S:
            return
        self._cleaned = monotonic()
        with self._database.write(publish=False) as rows:
            alert_states.forget_before(rows, self._clock() - self._history_us)


def _order(read: Read) -> tuple[str, str, int, tuple[str, ...]]:
    return read.org, read.filter, read.since_us, read.group_by


def _by_rule(groups: list[StoredGroup]) -> dict[str, dict[GroupKey, GroupState]]:
    found: dict[str, dict[GroupKey, GroupState]] = {}
    for one in groups:
        key = msgspec.json.decode(one.key, type=tuple[str, ...] | None)
        found.setdefault(one.rule_id, {})[key] = GroupState(
            state=one.state,  # type: ignore[arg-type]
            since_us=one.since_us,
            active_us=one.active_us,
            value=one.value,
            threshold=one.threshold,
        )
    return found
