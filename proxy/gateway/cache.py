"""The cache: which calls have one key, what is kept of an answer and when it may be served.

Nothing is ever served across organisations or credentials: both are in the key, and the key's second, cryptographic
digest is compared on every hit.
"""

import asyncio
import random
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from _speedups import Key, cache_key
from proxy.core import log
from proxy.core.clock import monotonic, now_us
from proxy.core.errors import BadDirective
from proxy.core.settings import Settings
from proxy.gateway.cache_entry import CacheEntry, decode_entry, encode_entry, is_cacheable
from proxy.gateway.exchange import Exchange
from proxy.gateway.inflight import InflightCall
from proxy.gateway.tap import STREAMS
from proxy.kv.base import CacheStore, KvDown
from proxy.providers.credentials import is_credential
from proxy.providers.dialects import OPERATIONS

__all__ = ["Cache", "CacheLookup"]

_SHAPING: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "anthropic-beta",
        "anthropic-version",
        "content-encoding",
        "content-type",
        "openai-beta",
        "openai-organization",
        "openai-project",
        "x-goog-user-project",
    }
)
"""Headers that shape an answer; the others leave the key alone."""
_SHAPING_STARTS: Final = ("anthropic-", "azureml-", "openai-", "x-amzn-bedrock-", "x-goog-", "x-vertex-")
"""The same, for what providers may add: guardrails, deployments, previews. One too many costs a miss."""
_DAY_S: Final = 86_400
_TTL_S: Final = 7 * _DAY_S
_LONGEST_S: Final = 365 * _DAY_S
_ANSWERS_MOST: Final = 20
_SHAPES, _HIDES, _LEAVES = 1, 2, 3
"""What a header is to the key: part of the answer's shape, a credential, or neither."""
_KINDS_MOST: Final = 1024


class Control(msgspec.Struct, frozen=True):
    """What a `Cache-Control` says."""

    max_age_s: int = _TTL_S
    reads: bool = True
    saves: bool = True


class CacheLookup(msgspec.Struct):
    """What one call asks of the cache."""

    key: Key
    name: str
    """Of the entry in the store; in the setting `answers` of its first slot."""
    group: str
    """The bucket: organisation and seed."""
    most: int
    control: Control
    kin: tuple[Key, str]
    """What calls in flight have in common that may be sent once: also what is done when they fail."""
    slots: int = 1
    slot: int = 0
    """Which slot the answer goes into, or came from."""


class Cache:
    """One worker's view of the cache, and the calls in flight that others may join."""

    def __init__(self, store: CacheStore, settings: Settings) -> None:
        self._store = store
        self._answers = settings.get_str("cache.bucket") == "answers"
        self._most_bytes = settings.get_int("cache.max_entry")
        self._pack_above = settings.get_int("cache.compress_above")
        self.flights: dict[tuple[Key, str], InflightCall] = {}
        self._over: list[InflightCall] = []
        self.hits = self.misses = self.joined = self.degraded = 0

    def asking(self, ex: Exchange) -> CacheLookup | None:
        """What the call asks, None where it asks nothing or may not be cached. Raises `BadDirective`."""
        head = ex.head.fields
        directives = head.directives
        control = _control(head.cache_control, head.cache_enabled, head.cache_read, head.cache_save)
        seed = most = ""
        ignored: tuple[str, ...] = ()
        if directives:
            seed, most = directives.get("cache-seed", ""), directives.get("cache-bucket-max-size", "").strip()
            ignored = _ignored(directives.get("cache-ignore-keys", ""))
        slots = _slots(most) if self._answers else 1
        route = ex.route
        operation = OPERATIONS[route.operation]
        stateful = operation.stateful_path
        if ex.head.method != "POST" or not operation.cacheable or (stateful and stateful.search(route.path)):
            ex.facts["cache.status"] = "skipped"
            return None
        shaping: list[tuple[str, str]] = []
        secrets = [ex.identity.org]
        owned, kinds = route.provider.auth, _kinds
        for pair in ex.head.items:
            name = pair[0]
            kind = kinds.get(name) or _kind(name)
            if kind == _SHAPES:
                shaping.append(pair)
            elif kind == _HIDES or name in owned:
                secrets += pair
        if ex.usage_injected:  # sent uncompressed, so that the usage can be taken out again
            shaping.append(("accept-encoding", "identity"))
        way = ""
        if directives:
            others = directives.get("fallbacks", "")
            if others:  # its first entry is the primary, with an origin, credentials and a body of its own
                secrets += ("fallbacks", others)
            way = others or directives.get("fallback", "")
        if head.retry_enabled == 1:
            way = f"retried {way}"
        key = cache_key(
            _namespace("\n".join(secrets)),
            "POST",
            f"{route.origin.url}{route.path}",
            ex.sent_body,
            shaping,
            seed,
            ignored,
        )
        kept = 1_000 if self._answers or not most else int(most)
        return CacheLookup(key, key.xx.hex(), _group(seed), kept, control, (key, way), slots)

    async def look(self, ex: Exchange, asking: CacheLookup) -> CacheEntry | None:
        """The entry that answers the call, or None. A store that is down is a miss."""
        if not asking.control.reads:
            return None
        names = [asking.name] if asking.slots == 1 else [f"{asking.name}-{slot}" for slot in range(asking.slots)]
        try:
            found = await self._store.get(ex.identity.org, names)
        except KvDown:
            self.degraded += 1
            ex.facts["cache.degraded"] = True
            return None
        if asking.slots > 1:
            free = [slot for slot, raw in enumerate(found) if raw is None]
            asking.slot = free[0] if free else random.randrange(asking.slots)
            if free:
                return None
        raw = found[asking.slot]
        entry = decode_entry(raw) if raw is not None else None
        if entry is None or entry.digest != asking.key.digest:
            return None
        age_s = (now_us() - entry.created_us) / 1e6
        return entry if age_s <= asking.control.max_age_s else None

    def lead(self, ex: Exchange, asking: CacheLookup) -> InflightCall:
        """The call goes out; the like of it may join."""
        flight = InflightCall(asking.kin, ex.id, self._most_bytes, self._landed)
        flight.save = (ex, asking) if asking.control.saves else None
        if asking.control.reads and asking.slots == 1:
            self.flights[asking.kin] = flight
        return flight

    def _landed(self, flight: InflightCall) -> None:
        """The flight is over. What may be kept waits for the end of the tick, and is still found here until then."""
        if flight.save is not None and flight.ended and not flight.trimmed and 200 <= flight.status < 300:
            if not self._over:
                asyncio.get_running_loop().call_soon(self.keep)
            self._over.append(flight)
        else:
            self._forget(flight)

    def keep(self) -> None:
        """Keeps the good answers of the flights that are over. Never raises: other calls wait for it."""
        over, self._over = self._over, []
        for flight in over:
            save = flight.save
            self._forget(flight)
            if save is None:
                continue
            ex, asking = save
            if ex.schedule is None or not ex.schedule.target:  # else it is a fallback's, for the bad minute alone
                try:
                    self._keep(flight, ex, asking)
                except Exception as error:  # it is only not kept
                    log.swallowed("cache", error)

    def _forget(self, flight: InflightCall) -> None:
        """Nobody joins any more. The exchange holds its flight: a cycle would wait for the collector."""
        if self.flights.get(flight.kin) is flight:
            del self.flights[flight.kin]
        flight.save = None

    def _keep(self, flight: InflightCall, ex: Exchange, asking: CacheLookup) -> None:
        body = flight.pieces[0] if len(flight.pieces) == 1 else b"".join(flight.pieces)
        kind = encoding = ""
        bare, announced = True, False
        for name, value in flight.headers:
            if name == "content-type":
                kind = value
            elif name == "content-encoding":
                encoding = value
            elif name == "content-length":
                announced = True
            elif name == "set-cookie":
                bare = False
        streamed = kind.startswith(STREAMS)
        if not is_cacheable(body, encoding, streamed, ex.route.dialect, announced or "json" not in kind):
            return
        entry = CacheEntry(
            digest=asking.key.digest,
            status=flight.status,
            headers=flight.headers if bare else [pair for pair in flight.headers if pair[0] != "set-cookie"],
            body=body,
            cuts=flight.cuts if streamed else [],
            created_us=now_us(),
            latency_ms=round((monotonic() - ex.started) * 1e3),
            source=ex.id,
        )
        name = asking.name if asking.slots == 1 else f"{asking.name}-{asking.slot}"
        self._store.put(
            ex.identity.org,
            asking.group,
            name,
            encode_entry(entry, self._pack_above),
            asking.control.max_age_s,
            asking.most,
        )


_kinds: dict[str, int] = {}


def _kind(name: str) -> int:
    """What a header is to the key."""
    if name in _SHAPING:
        kind = _SHAPES
    elif not name.startswith("helicone-") and is_credential(name):
        kind = _HIDES
    elif name.startswith(_SHAPING_STARTS):
        kind = _SHAPES
    else:
        kind = _LEAVES
    if len(_kinds) < _KINDS_MOST:
        _kinds[name] = kind
    return kind


@lru_cache(4096)
def _control(text: str, enabled: int, read: int, save: int) -> Control:
    ages: dict[str, int] = {}
    reads = read == 1 or (enabled == 1 and read != 0)
    saves = save == 1 or (enabled == 1 and save != 0)
    for part in text.lower().split(",") if text else ():
        name, _, value = part.strip().partition("=")
        if name in ("max-age", "s-maxage"):
            value = value.strip('"')
            if not (value.isascii() and value.isdigit() and len(value) < 12):
                raise BadDirective("Cache-Control", part.strip(), f"{name}= a whole number of seconds")
            ages[name] = min(int(value), _LONGEST_S)
        elif name == "no-cache":
            reads = False
        elif name == "no-store":
            saves = False
    age = ages.get("s-maxage", ages.get("max-age", _TTL_S))
    return Control(age, reads and age > 0, saves and age > 0)


@lru_cache(8192)
def _namespace(secrets: str) -> bytes:
    """Organisation and credentials, so that neither can be read out of a key."""
    return blake2b(secrets.encode("utf-8", "surrogateescape"), digest_size=32).digest()


@lru_cache(4096)
def _ignored(text: str) -> tuple[str, ...]:
    if not text.strip():
        return ()
    names = tuple(part.strip().strip('"').strip() for part in text.split(","))
    if len(names) > 64 or not all(name and all(name.split(".")) for name in names):
        raise BadDirective(
            "Helicone-Cache-Ignore-Keys", text, 'at most 64 JSON keys, as in a,b.c or "a","b", none of them empty'
        )
    return names


def _slots(most: str) -> int:
    if not most:
        return 1
    if int(most) > _ANSWERS_MOST:
        raise BadDirective(
            "Helicone-Cache-Bucket-Max-Size", most, f"1 to {_ANSWERS_MOST} while cache.bucket is 'answers'"
        )
    return int(most)


@lru_cache(4096)
def _group(seed: str) -> str:
    return blake2b(seed.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
