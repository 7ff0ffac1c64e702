"""Phase: sends the call, with retries, fallbacks and hedging, until the head of an answer arrives."""

import asyncio
import random

from proxy.core.clock import monotonic, now_us
from proxy.core.errors import ClientDisconnected, UpstreamError
from proxy.core.record import Attempt
from proxy.gateway.attempts import AttemptResult, Decision, RetrySchedule, is_failure
from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway
from proxy.gateway.hedge import Race
from proxy.gateway.meter import read_sent_params
from proxy.gateway.targets import schedule, targets
from proxy.providers.dialects import peek
from proxy.providers.retry_after import retry_after_s
from proxy.upstream.base import Answer, UpstreamRequest

__all__ = ["send"]


async def send(ex: Exchange, gw: Gateway) -> Answer:
    """The provider's answer, at its head. Raises `UpstreamError` where no attempt had one, or `ClientDisconnected`
    where the caller left first and the setting says to cut."""
    if ex.schedule is not None:
        return await _persist(ex, gw, ex.schedule, ex.schedule.first(gw.breakers, monotonic()))
    if ex.head.fields.retry_enabled != 1:
        return await _attempt(ex, gw, ex.call, 0.0)
    answer: Answer | None = None
    error: UpstreamError | None = None
    try:
        answer = await _attempt(ex, gw, ex.call, 0.0)
        if answer.status < 400:  # as nearly always: until now retries have cost nothing
            return answer
        outcome = _outcome(answer)
    except UpstreamError as caught:
        error = caught
        outcome = AttemptResult(0, error.code, error.retriable)
    ex.targets = targets(ex, gw, ex.call)
    ex.schedule = again = schedule(ex, gw.patience_s)
    again.first(gw.breakers, monotonic())
    decision = again.next(outcome, monotonic(), random.random(), gw.breakers)
    if decision.kind == "give_up" or ex.client_left:
        return _last(answer, error)
    return await _persist(ex, gw, again, decision, answer)


async def _persist(
    ex: Exchange, gw: Gateway, plan: RetrySchedule, decision: Decision, answer: Answer | None = None
) -> Answer:
    """Attempts from `decision` on until one is good or the schedule gives up; then the last answer there was, or the
    last error."""
    try:
        while True:
            target = ex.targets[decision.target]
            _let_go(answer)
            if decision.wait_s > 0:
                await _pause(ex, gw, decision.wait_s)
                _let_go(answer)
            ex.route = target.route
            error: UpstreamError | None = None
            try:
                fresh = await _attempt(ex, gw, target.make(), decision.wait_s)
            except UpstreamError as caught:
                error = caught
                outcome = AttemptResult(0, error.code, error.retriable)
            else:
                if answer is not None:
                    answer.close()
                answer = fresh
                outcome = _outcome(answer)
            gw.breakers.report(target.breaker, outcome.status == 0 or outcome.status >= 500, monotonic())
            if answer is not None and error is None and not is_failure(outcome):
                return answer
            decision = plan.next(outcome, monotonic(), random.random(), gw.breakers)
            if decision.kind == "give_up" or ex.client_left:
                return _last(answer, error)
    except BaseException:
        if answer is not None:
            answer.close()
        raise
    finally:
        _tell(ex, plan)


def _let_go(answer: Answer | None) -> None:
    """A failed answer that is whole gives its connection back: the next attempt may have to wait for one."""
    if answer is not None and answer.ended:
        answer.close()


def _last(answer: Answer | None, error: UpstreamError | None) -> Answer:
    if answer is not None:
        return answer
    assert error is not None
    raise error


async def _attempt(ex: Exchange, gw: Gateway, call: UpstreamRequest, waited_s: float) -> Answer:
    began = monotonic()
    gw.watchdog.add(ex)
    race: Race | None = None
    try:
        if ex.head.fields.directives and ex.head.fields.directives.get("hedge-enabled", "").lower() == "true":
            race = Race()
            answer = await gw.hedge.send(gw.upstream, call, _kin(ex), race)
        else:
            answer = await gw.upstream.send(call)
    except UpstreamError as error:
        ex.attempts.append(_note(ex, began, 0, error.code, waited_s))
        raise
    except asyncio.CancelledError:
        ex.attempts.append(_note(ex, began, 0, "client_left" if ex.client_left else "stopping", waited_s))
        _left(ex)
        raise
    finally:
        gw.watchdog.discard(ex)
    if race is not None and race.second_at:
        _tell_race(ex, gw, race, began, answer.status, waited_s)
    else:
        ex.attempts.append(_note(ex, began, answer.status, "", waited_s))
    return answer


def _kin(ex: Exchange) -> tuple[str, ...]:
    """Calls that should take alike to begin their answer."""
    model, streams, _ = peek(ex.sent_body)
    return ex.route.provider.name, ex.route.operation, model or ex.route.model_in_path, "stream" if streams else ""


def _tell_race(ex: Exchange, gw: Gateway, race: Race, began: float, status: int, waited_s: float) -> None:
    """Both attempts, and what the one that was cut may have cost: its input, and whatever it had thought of."""
    for number, at in enumerate((began, race.second_at)):
        won = number == race.winner
        ex.attempts.append(_note(ex, at, status if won else 0, "" if won else "hedge_lost", waited_s))
    params = ex.request_params or read_sent_params(ex)
    ex.facts["hedge.winner"] = race.winner
    ex.facts["hedge.lost_nanousd"] = gw.meter.estimate(ex, params, True).nanousd
    ex.response_headers.append(("helicone-hedge", "second" if race.winner else "first"))


async def _pause(ex: Exchange, gw: Gateway, seconds: float) -> None:
    gw.watchdog.add(ex, cut=True)
    try:
        await asyncio.sleep(seconds + 0.001)  # the loop's timers end up to a millisecond early
    except asyncio.CancelledError:
        _left(ex)
        raise
    finally:
        gw.watchdog.discard(ex)


def _left(ex: Exchange) -> None:
    """Raises `ClientDisconnected` where it was the watchdog that cancelled us, and not a shutdown."""
    current = asyncio.current_task()
    if ex.client_left and current is not None:
        current.uncancel()
        raise ClientDisconnected("the client disconnected before the response began") from None


def _outcome(answer: Answer) -> AttemptResult:
    if answer.status < 400:
        return AttemptResult(answer.status)
    should = next((value for name, value in answer.headers if name == "x-should-retry"), "")
    return AttemptResult(
        answer.status,
        retry_after_s=retry_after_s(answer.headers, now_us() / 1e6),
        should_retry={"true": True, "false": False}.get(should),
    )


def _tell(ex: Exchange, schedule: RetrySchedule) -> None:
    if schedule.retries:
        ex.facts["retry.count"] = schedule.retries
        ex.response_headers.append(("helicone-retries", str(schedule.retries)))
    if schedule.target:
        ex.facts["fallback.index"] = schedule.target
        ex.response_headers.append(("helicone-fallback-index", str(schedule.target)))
        model = ex.targets[schedule.target].model
        if model:
            ex.facts["fallback.model"] = model
            ex.response_headers.append(("helicone-fallback-model", model))


def _note(ex: Exchange, began: float, status: int, error: str, waited_s: float) -> Attempt:
    start = ex.started
    return Attempt(
        ex.route.provider.name,
        ex.route.origin.host,
        ex.route.model_in_path,
        round((began - start) * 1e6),
        round((monotonic() - start) * 1e6),
        status,
        error,
        round(waited_s * 1e6),
    )
