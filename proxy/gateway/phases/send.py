"""Phase: sends the call, with retries, fallbacks and hedging, until the head of an answer arrives."""

import asyncio
import random

from proxy.core.clock import monotonic, now_us
from proxy.core.errors import UpstreamError
from proxy.core.masking import mask
from proxy.core.record import Attempt
from proxy.gateway.dispatcher import Dispatcher
from proxy.gateway.exchange import Exchange, Outcome
from proxy.gateway.hedge import Race
from proxy.gateway.meter import read_sent_params
from proxy.gateway.request import Request
from proxy.gateway.retry import AttemptResult, GiveUp, Retry
from proxy.gateway.targets import RetryPlan
from proxy.gateway.watchdog import Watchdog, raise_if_client_left
from proxy.providers.address import Route
from proxy.providers.dialects import peek
from proxy.providers.retry_after import retry_after_s
from proxy.upstream.base import Answer, UpstreamRequest

__all__ = ["send"]


async def send(ex: Exchange, request: Request, dispatcher: Dispatcher) -> Answer:
    """Return the provider's answer, at its head. Raises `UpstreamError` where no attempt had one, or
    `ClientDisconnected` where the caller left first and the setting says to cut."""
    plan = ex.retry_plan
    if plan is not None:
        first = plan.schedule.first(dispatcher.breakers, monotonic())
        return await _try_targets(ex, request, dispatcher, plan, first, None)
    route = request.route
    if request.head.fields.retry_enabled != 1:
        return await _attempt(ex, request, dispatcher, request.upstream, route, route.model_in_path, 0.0)
    answer: Answer | None = None
    error: UpstreamError | None = None
    try:
        answer = await _attempt(ex, request, dispatcher, request.upstream, route, route.model_in_path, 0.0)
        if answer.status < 400:  # as nearly always: until now retries have cost nothing
            return answer
        result = _result(answer)
    except UpstreamError as caught:
        error = caught
        result = AttemptResult(0, error.code, error.retriable)
    ex.retry_plan = plan = dispatcher.targets.plan_retries(request, ex.started)
    plan.schedule.first(dispatcher.breakers, monotonic())
    decision = plan.schedule.next(result, monotonic(), random.random(), dispatcher.breakers)
    if isinstance(decision, GiveUp) or ex.outcome.client_left:
        return _last(answer, error)
    return await _try_targets(ex, request, dispatcher, plan, decision, answer)


async def _try_targets(
    ex: Exchange, request: Request, dispatcher: Dispatcher, plan: RetryPlan, decision: Retry, answer: Answer | None
) -> Answer:
    """Make attempts from `decision` on until one is good or the schedule gives up. Return the last answer there was,
    or raise the last error."""
    breakers, schedule = dispatcher.breakers, plan.schedule
    answered_by = request.route
    try:
        while True:
            target = plan.targets[decision.target]
            _release_if_complete(answer)
            if decision.wait_s > 0:
                await _pause(ex, dispatcher.watchdog, decision.wait_s)
                _release_if_complete(answer)
            ex.outcome.route = route = target.route
            error: UpstreamError | None = None
            try:
                model = target.model or route.model_in_path
                upstream = target.build()
                is_own = upstream is request.upstream or upstream.body is request.sent_body
                ex.outcome.changed_body = b"" if is_own else upstream.body or b""
                fresh = await _attempt(ex, request, dispatcher, upstream, route, model, decision.wait_s)
            except UpstreamError as caught:
                error = caught
                result = AttemptResult(0, error.code, error.retriable)
            else:
                if answer is not None:
                    answer.close()
                answer, answered_by = fresh, route
                result = _result(answer)
            breakers.report(target.breaker, result.status == 0 or result.status >= 500, monotonic())
            if answer is not None and error is None and not result.failed:
                return answer
            following = schedule.next(result, monotonic(), random.random(), breakers)
            if isinstance(following, GiveUp) or ex.outcome.client_left:
                if answer is not None:
                    ex.outcome.route = answered_by
                return _last(answer, error)
            decision = following
    except BaseException:
        if answer is not None:
            answer.close()
        raise
    finally:
        _note_plan(ex.outcome, plan)


def _release_if_complete(answer: Answer | None) -> None:
    """A failed answer that has come completely gives its connection back: the next attempt may have to wait for one."""
    if answer is not None and answer.ended:
        answer.close()


def _last(answer: Answer | None, error: UpstreamError | None) -> Answer:
    if answer is not None:
        return answer
    assert error is not None
    raise error


async def _attempt(
    ex: Exchange,
    request: Request,
    dispatcher: Dispatcher,
    upstream: UpstreamRequest,
    route: Route,
    model: str,
    waited_s: float,
    *,
    fresh: bool = False,
) -> Answer:
    """Return the answer to one attempt. One that a kept connection lost unread is made again, on a fresh one."""
    began = monotonic()
    attempts, watchdog = ex.outcome.attempts, dispatcher.watchdog
    watchdog.add(ex)
    race: Race | None = None
    try:
        directives = request.head.fields.directives
        if directives and not fresh and directives.get("hedge-enabled", "").lower() == "true":
            race = Race()
            answer = await dispatcher.hedge.send(dispatcher.upstream, upstream, _hedge_key(request, route), race)
        else:
            answer = await dispatcher.upstream.send(upstream, fresh=fresh)
    except UpstreamError as error:
        attempts.append(_note(ex, route, model, began, 0, error.code, waited_s))
        if error.unread and not fresh:
            return await _attempt(ex, request, dispatcher, upstream, route, model, 0.0, fresh=True)
        raise
    except asyncio.CancelledError:
        reason = "client_left" if ex.outcome.client_left else "stopping"
        attempts.append(_note(ex, route, model, began, 0, reason, waited_s))
        raise_if_client_left(ex.outcome)
        raise
    finally:
        watchdog.discard(ex)
    if race is not None and race.second_at:
        for number, at in enumerate((began, race.second_at)):
            status, lost = (answer.status, "") if number == race.winner else (0, "hedge_lost")
            attempts.append(_note(ex, route, model, at, status, lost, waited_s))
        _note_race(ex, request, dispatcher, route, race)
    else:
        attempts.append(_note(ex, route, model, began, answer.status, "", waited_s))
    return answer


def _hedge_key(request: Request, route: Route) -> tuple[str, ...]:
    """Calls with equal keys take about as long to begin their answer."""
    model, streams, _ = peek(request.sent_body)
    return route.provider.name, route.operation, model or route.model_in_path, "stream" if streams else ""


def _note_race(ex: Exchange, request: Request, dispatcher: Dispatcher, route: Route, race: Race) -> None:
    """Note which of the two attempts won, and what the one that was cut may have cost."""
    params = ex.request_params or read_sent_params(request, ex.retry_plan)
    outcome = ex.outcome
    outcome.facts["hedge.winner"] = race.winner
    outcome.facts["hedge.lost_nanousd"] = dispatcher.meter.estimate(request, route, params, ex.started_us).nanousd
    outcome.response_headers.append(("helicone-hedge", "second" if race.winner else "first"))


async def _pause(ex: Exchange, watchdog: Watchdog, seconds: float) -> None:
    watchdog.add(ex, cut=True)
    try:
        await asyncio.sleep(seconds + 0.001)  # the loop's timers end up to a millisecond early
    except asyncio.CancelledError:
        raise_if_client_left(ex.outcome)
        raise
    finally:
        watchdog.discard(ex)


def _result(answer: Answer) -> AttemptResult:
    if answer.status < 400:
        return AttemptResult(answer.status)
    should_retry = next((value for name, value in answer.headers if name == "x-should-retry"), "")
    return AttemptResult(
        answer.status,
        retry_after_s=retry_after_s(answer.headers, now_us() / 1e6),
        should_retry={"true": True, "false": False}.get(should_retry),
    )


def _note_plan(outcome: Outcome, plan: RetryPlan) -> None:
    schedule = plan.schedule
    if schedule.retries:
        outcome.facts["retry.count"] = schedule.retries
        outcome.response_headers.append(("helicone-retries", str(schedule.retries)))
    if schedule.target:
        outcome.facts["fallback.index"] = schedule.target
        outcome.response_headers.append(("helicone-fallback-index", str(schedule.target)))
        model = plan.targets[schedule.target].model
        if model:
            outcome.facts["fallback.model"] = mask(model)
            outcome.response_headers.append(("helicone-fallback-model", model))


def _note(ex: Exchange, route: Route, model: str, began: float, status: int, error: str, waited_s: float) -> Attempt:
    start = ex.started
    return Attempt(
        route.provider.name,
        route.origin.host,
        mask(model) if model else "",
        round((began - start) * 1e6),
        round((monotonic() - start) * 1e6),
        status,
        error,
        round(waited_s * 1e6),
    )
