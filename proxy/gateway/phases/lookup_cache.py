"""The cache: an answer kept from before, or just coming for another call, of the same type as a sent one."""

import asyncio

from proxy.core.clock import now_us
from proxy.core.errors import ClientDisconnected
from proxy.gateway.cache_entry import CachedAnswer
from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway
from proxy.gateway.inflight import InflightCall
from proxy.upstream.base import Answer

__all__ = ["lookup_cache", "publish_to_joiners"]


async def lookup_cache(ex: Exchange, gw: Gateway) -> Answer | None:
    """The answer, or None: send the call. Where the cache is asked for, `ex.inflight` is then what others may join."""
    cache = gw.cache
    head = ex.head.fields
    if head.cache_enabled != 1 and head.cache_read != 1 and head.cache_save != 1:
        return None
    asking = cache.asking(ex)
    if asking is None:
        ex.response_headers += (("helicone-cache", "MISS"), ("helicone-cache-hit", "false"))
        return None
    while True:
        entry = await cache.look(ex, asking)
        if entry is not None:
            cache.hits += 1
            _tell_hit(ex, "exact", entry.source, max(now_us() - entry.created_us, 0) // 1_000_000, entry.latency_ms)
            if asking.slots > 1:
                ex.response_headers.append(("helicone-cache-bucket-idx", str(asking.slot)))
            return CachedAnswer(entry, head.directives.get("cache-pace", "") == "recorded")
        flight = cache.flights.get(asking.kin)
        if flight is None:
            cache.misses += 1
            ex.facts["cache.status"] = "miss"
            ex.response_headers += (("helicone-cache", "MISS"), ("helicone-cache-hit", "false"))
            ex.inflight = cache.lead(ex, asking)
            return None
        if flight.over:
            cache.keep()  # it ended in this very tick: look again
            continue
        answer = await _board(ex, gw, flight)
        if answer is not None:
            cache.joined += 1
            _tell_hit(ex, "joined", flight.source, 0, None)
            return answer


def publish_to_joiners(ex: Exchange, answer: Answer) -> Answer:
    """The answer that was sent for, as those who join it see it too."""
    flight = ex.inflight
    if flight is None:
        return answer
    if answer.ended and flight.alone:
        flight.arrive_whole(answer)
        return answer
    return flight.arrive(answer)


async def _board(ex: Exchange, gw: Gateway, flight: InflightCall) -> Answer | None:
    gw.watchdog.add(ex)
    try:
        return await flight.board()
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if not ex.client_left or current is None:
            raise
        current.uncancel()
        raise ClientDisconnected("the client disconnected before the response began") from None
    finally:
        gw.watchdog.discard(ex)


def _tell_hit(ex: Exchange, kind: str, source: str, age_s: int, latency_ms: int | None) -> None:
    ex.from_cache = True
    ex.facts |= {"cache.status": "hit", "cache.kind": kind, "cache.source": source, "cache.age_s": age_s}
    ex.response_headers += [
        ("helicone-cache", "HIT"),
        ("helicone-cache-hit", "true"),
        ("helicone-cache-kind", kind),
        ("helicone-cache-age", str(age_s)),
        ("helicone-cache-source-id", source),
    ]
    if latency_ms is not None:
        ex.facts["cache.latency_ms"] = latency_ms
        ex.response_headers.append(("helicone-cache-latency", str(latency_ms)))
