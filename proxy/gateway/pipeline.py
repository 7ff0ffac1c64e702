"""The flow of a call, top to bottom. Read this first.

Phases take values and return values and call no other phase. Memory-only phases are plain functions; every wait is
an `await` on this page. `ex.phase` names the step for the record, should the call die in it.
"""

import asyncio

from proxy.gateway.gateway import Gateway
from proxy.gateway.phases.admit import admit
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
    """Carries one call through. Whatever happens, the caller gets an answer and the log gets one record."""
    ex = gw.begin(wire)
    try:
        ex.head = read(wire)  # headers in one pass
        ex.identity = identify(ex.head, gw)  # who pays; 401 before anything else
        ex.id = gw.claim(ex)  # the caller's own id, or the one made
        ex.phase = "address"
        ex.route = locate(ex.head, gw.catalog)  # whose path is this
        ex.phase = "receive"
        ex.body = await receive(wire, ex.head, gw.max_body)  # under a cap
        ex.phase = "render"
        ex.sent_body = render(ex, gw)  # managed prompt filled in, or the body as it came
        ex.phase = "plan"
        ex.call = plan(ex, gw)  # whom to call, and with what head
        ex.phase = "admit"
        await admit(ex, gw)  # limits, all or none
        ex.phase = "send"
        ex.answer = await lookup_cache(ex, gw) or publish_to_joiners(ex, await send(ex, gw))
        ex.phase = "relay"
        ex.last = await relay(ex, gw)  # all but the last piece to the caller; tap for the log
    except Exception as error:
        ex.last = refuse(ex, error)  # the only place an error becomes bytes
    except asyncio.CancelledError as stop:
        ex.last = refuse(ex, stop)  # the worker stops, and has waited for this call as long as it may
        raise
    finally:
        settle(ex, gw)  # what was held is given back; never raises
        gw.records.add(ex)  # one frame to the spool, and only then the last piece to the caller
