"""Phase: looks for a stored answer, or one that is just coming for another call.

Both are of the same type as an answer from a provider.
"""

import asyncio

from proxy.core.clock import now_us
from proxy.gateway.cache import Cache
from proxy.gateway.cache.entry import CachedAnswer
from proxy.gateway.cache.inflight import InflightCall
from proxy.gateway.cache.key import build_lookup
from proxy.gateway.exchange import Exchange, Outcome
from proxy.gateway.request import Request
from proxy.gateway.watchdog import Watchdog, raise_if_client_left
from proxy.upstream.base import Answer

__all__ = ["lookup_cache", "publish_to_joiners"]


async def lookup_cache(ex: Exchange, request: Request, cache: Cache, watchdog: Watchdog) -> Answer | None:
    """Return the answer, or None: send the call. Where the call uses the cache, others may then join
    `ex.held.inflight`. Raises `BadDirective`, or the `UpstreamError` of the call that was joined."""
    fields, outcome = request.head.fields, ex.outcome
    if fields.cache_enabled != 1 and fields.cache_read != 1 and fields.cache_save != 1:
        return None
    lookup = build_lookup(request, cache.several_answers)
    if lookup is None:
        outcome.facts["cache.status"] = "skipped"
        outcome.response_headers += (("helicone-cache", "MISS"), ("helicone-cache-hit", "false"))
        return None
    while True:
        entry = await cache.find(lookup)
        if lookup.degraded:
            outcome.facts["cache.degraded"] = True
        if entry is not None:
            cache.hits += 1
            age_s = max(now_us() - entry.created_us, 0) // 1_000_000
            _note_hit(outcome, "exact", entry.source, age_s, entry.latency_ms)
            if lookup.slots > 1:
                outcome.response_headers.append(("helicone-cache-bucket-idx", str(lookup.slot)))
            return CachedAnswer(entry, fields.directives.get("cache-pace", "") == "recorded")
        inflight = cache.inflight.get(lookup.coalescing_key)
        if inflight is None:
            cache.misses += 1
            outcome.facts["cache.status"] = "miss"
            outcome.response_headers += (("helicone-cache", "MISS"), ("helicone-cache-hit", "false"))
            ex.held.inflight = cache.start(lookup, ex.id, ex.started)
            return None
        if inflight.finished:
            cache.save_finished()  # it ended in this very tick: look again
            continue
        answer = await _join(ex, inflight, watchdog)
        if answer is not None:
            cache.joined += 1
            _note_hit(outcome, "joined", inflight.source, 0, None)
            return answer


def publish_to_joiners(ex: Exchange, answer: Answer) -> Answer:
    """Return the answer as its caller reads it. Where others may join, they read it too, and the cache stores it."""
    inflight = ex.held.inflight
    if inflight is None:
        return answer
    if ex.retry_plan is not None and ex.retry_plan.on_fallback:
        inflight.saved_as = None  # a fallback's answer is never stored
    if answer.ended and not inflight.has_joiners:
        inflight.arrive_complete(answer)
        return answer
    return inflight.arrive(answer)


async def _join(ex: Exchange, inflight: InflightCall, watchdog: Watchdog) -> Answer | None:
    watchdog.add(ex)
    try:
        return await inflight.join()
    except asyncio.CancelledError:
        raise_if_client_left(ex.outcome)
        raise
    finally:
        watchdog.discard(ex)


def _note_hit(outcome: Outcome, kind: str, source: str, age_s: int, latency_ms: int | None) -> None:
    outcome.from_cache = True
    outcome.facts |= {"cache.status": "hit", "cache.kind": kind, "cache.source": source, "cache.age_s": age_s}
    outcome.response_headers += [
        ("helicone-cache", "HIT"),
        ("helicone-cache-hit", "true"),
        ("helicone-cache-kind", kind),
        ("helicone-cache-age", str(age_s)),
        ("helicone-cache-source-id", source),
    ]
    if latency_ms is not None:
        outcome.facts["cache.latency_ms"] = latency_ms
        outcome.response_headers.append(("helicone-cache-latency", str(latency_ms)))
