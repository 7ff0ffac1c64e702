"""The flow of a call, top to bottom. Read this first.

Each step takes the parts that it uses and calls no other step. Steps that only compute are plain functions; every wait
is an `await` on this page. `ex.phase` names the step for the record, should the call fail in it.
"""

import asyncio

from proxy.core.directives import check
from proxy.gateway.gateway import Gateway
from proxy.gateway.phases.admit import admit
from proxy.gateway.phases.guard import guard
from proxy.gateway.phases.identify import identify
from proxy.gateway.phases.lookup_cache import lookup_cache, publish_to_joiners
from proxy.gateway.phases.plan import plan
from proxy.gateway.phases.read import locate, read, receive
from proxy.gateway.phases.refuse import refuse
from proxy.gateway.phases.relay import relay
from proxy.gateway.phases.render import render
from proxy.gateway.phases.send import send
from proxy.gateway.phases.settle import settle
from proxy.gateway.wire.base import Wire

__all__ = ["handle"]


async def handle(gw: Gateway, wire: Wire) -> None:
    """Carry one call through. Whatever happens, the caller gets an answer and the log gets one record."""
    ex = gw.begin(wire)
    try:
        wire.check_load()  # 503 where too many calls are open
        ex.head = read(wire)  # the headers, in one pass
        ex.identity = identify(ex.head, gw.directory, gw.browsers)  # whose key; 401 before anything else
        ex.id = gw.ids.claim(ex.head.fields.request_id, ex.id, ex.identity.org)  # the caller's own id, or the one made
        ex.phase = "check"
        ex.guards = check(ex.head.fields)  # the values of Helicone-* headers; which guards they ask for
        ex.phase = "address"
        ex.route = locate(ex.head, gw.catalog)  # which provider, and where
        ex.phase = "receive"
        ex.body = await receive(wire, ex.head, gw.max_body)  # up to gateway.max_body
        ex.phase = "render"
        sent_body = await render(ex, gw.prompts, gw.directory)  # a managed prompt filled in, or the body as it came
        ex.phase = "plan"
        ex.request = request = plan(ex, ex.route, sent_body, gw.directory, gw.stream_usage)  # the complete request
        ex.retry_plan = gw.targets.plan_fallbacks(request, ex.started)  # whom else to ask, where the call says so
        ex.phase = "admit"
        await admit(ex, request, gw.limits)  # takes from all limits or from none
        if ex.guards:
            ex.phase = "guard"
            await guard(ex, request, gw.guards, gw.watchdog)  # moderation, security; a cache hit is checked too
        ex.phase = "send"
        ex.held.answer = await lookup_cache(ex, request, gw.cache, gw.watchdog)  # stored, or in flight for another call
        if ex.held.answer is None:
            answer = await send(ex, request, gw.dispatcher)  # to the provider, again and elsewhere as allowed
            ex.held.answer = publish_to_joiners(ex, answer)  # identical calls read it too
        ex.phase = "relay"
        ex.final_chunk = await relay(ex, request, ex.held.answer, gw.relay, gw.meter)  # all but its end to the caller
    except Exception as error:
        ex.final_chunk = refuse(ex, error)  # the only place where an error becomes bytes
    except asyncio.CancelledError as stop:
        ex.final_chunk = refuse(ex, stop)  # the worker stops and waits no longer for this call
        raise
    finally:
        settle(ex, gw.limits)  # gives back what was held; never raises
        gw.records.add(ex)  # one frame to the spool, and only then the end of the answer to the caller
