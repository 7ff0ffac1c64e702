"""One worker's cache: finds stored answers, keeps track of identical calls in flight, stores good answers."""

import asyncio
import random

from _speedups import Key
from proxy.core import log
from proxy.core.clock import monotonic, now_us
from proxy.core.settings import Settings
from proxy.gateway.cache.entry import CacheEntry, decode_entry, encode_entry, is_cacheable
from proxy.gateway.cache.inflight import InflightCall
from proxy.gateway.cache.key import CacheLookup
from proxy.gateway.tap import STREAMS
from proxy.kv.base import CacheStore, KvDown

__all__ = ["Cache"]

_SKEW_S = 60.0
"""How far the clocks of gateways that share a store may differ."""


class Cache:
    """One worker's view of the cache, and the calls in flight that others may join."""

    def __init__(self, store: CacheStore, settings: Settings) -> None:
        self._store = store
        self.several_answers = settings.get_str("cache.bucket") == "answers"
        self._max_bytes = settings.get_int("cache.max_entry")
        self._compress_above = settings.get_int("cache.compress_above")
        self.inflight: dict[tuple[Key, str], InflightCall] = {}
        self._finished: list[InflightCall] = []
        self.hits = self.misses = self.joined = self.degraded = 0

    async def find(self, lookup: CacheLookup) -> CacheEntry | None:
        """Return the entry that answers the call, or None. A store that is down is a miss (`lookup.degraded`)."""
        if not lookup.control.reads:
            return None
        name = lookup.entry_name
        names = [name] if lookup.slots == 1 else [f"{name}-{slot}" for slot in range(lookup.slots)]
        try:
            stored = await self._store.get(lookup.org, names)
        except KvDown:
            self.degraded += 1
            lookup.degraded = True
            return None
        if lookup.slots > 1:
            free = [slot for slot, raw in enumerate(stored) if raw is None]
            lookup.slot = free[0] if free else random.randrange(lookup.slots)
            if free:
                return None
        raw = stored[lookup.slot]
        entry = decode_entry(raw) if raw is not None else None
        if entry is None or entry.digest != lookup.key.digest:
            return None
        age_s = (now_us() - entry.created_us) / 1e6
        # One of the future was made before the clock went back: nobody knows its age.
        return entry if -_SKEW_S <= age_s <= lookup.control.max_age_s else None

    def start(self, lookup: CacheLookup, source: str, started: float) -> InflightCall:
        """Note that the call `source` is sent: identical ones may join it. `started` is monotonic seconds."""
        control = lookup.control
        inflight = InflightCall(
            lookup.coalescing_key, source, started, self._max_bytes, self._on_finish, lookup if control.saves else None
        )
        if control.reads and lookup.slots == 1:
            self.inflight[lookup.coalescing_key] = inflight
        return inflight

    def _on_finish(self, call: InflightCall) -> None:
        """Forget the call; one whose answer may be stored waits for the end of the tick, and is found until then."""
        if call.saved_as is not None and call.ended and not call.trimmed and 200 <= call.status < 300:
            if not self._finished:
                asyncio.get_running_loop().call_soon(self.save_finished)
            self._finished.append(call)
        else:
            self._forget(call)

    def save_finished(self) -> None:
        """Store the good answers of the calls that have finished. Never raises: other calls wait for it."""
        finished, self._finished = self._finished, []
        for call in finished:
            self._forget(call)
            if call.saved_as is not None:
                try:
                    self._save(call, call.saved_as)
                except Exception as error:  # the answer is not stored; nothing else depends on it
                    log.swallowed("cache", error)

    def _forget(self, call: InflightCall) -> None:
        if self.inflight.get(call.coalescing_key) is call:
            del self.inflight[call.coalescing_key]

    def _save(self, call: InflightCall, lookup: CacheLookup) -> None:
        body = call.chunks[0] if len(call.chunks) == 1 else b"".join(call.chunks)
        media_type = encoding = ""
        has_cookie = announced = False
        for name, value in call.headers:
            if name == "content-type":
                media_type = value
            elif name == "content-encoding":
                encoding = value
            elif name == "content-length":
                announced = True
            elif name == "set-cookie":
                has_cookie = True
        streamed = media_type.startswith(STREAMS)
        if not is_cacheable(body, encoding, streamed, lookup.dialect, announced or "json" not in media_type):
            return
        entry = CacheEntry(
            digest=lookup.key.digest,
            status=call.status,
            headers=[pair for pair in call.headers if pair[0] != "set-cookie"] if has_cookie else call.headers,
            body=body,
            cuts=call.cuts if streamed else [],
            created_us=now_us(),
            latency_ms=round((monotonic() - call.started) * 1e3),
            source=call.source,
        )
        name = lookup.entry_name if lookup.slots == 1 else f"{lookup.entry_name}-{lookup.slot}"
        raw = encode_entry(entry, self._compress_above)
        self._store.put(lookup.org, lookup.bucket, name, raw, lookup.control.max_age_s, lookup.max_entries)
