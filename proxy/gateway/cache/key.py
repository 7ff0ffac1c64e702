"""Which calls share an answer.

Nothing is ever served across organisations or credentials: both are in the key, and the key's second, cryptographic
digest is compared on every hit.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from _speedups import Key, cache_key
from proxy.core.errors import BadDirective
from proxy.gateway.cache.control import CacheControl, parse_cache_control
from proxy.gateway.request import Request
from proxy.providers.credentials import is_credential
from proxy.providers.dialects import OPERATIONS

__all__ = ["CacheLookup", "build_lookup"]

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
"""Headers that shape an answer; all others leave the key alone."""
_SHAPING_PREFIXES: Final = ("anthropic-", "azureml-", "openai-", "x-amzn-bedrock-", "x-goog-", "x-vertex-")
"""The same, for what providers may add: guardrails, deployments, previews. One too many costs a miss."""
_MAX_ENTRIES: Final = 1_000
"""Entries of one bucket where the call does not say."""
_MAX_SLOTS: Final = 20
_MAX_IGNORED_KEYS: Final = 64
_SHAPES, _HIDES, _UNUSED = 1, 2, 3
"""What a header is to the key: part of the answer's shape, a credential, or not part of it."""
_MAX_KINDS: Final = 1024


class CacheLookup(msgspec.Struct):
    """What one call asks of the cache."""

    org: str
    key: Key
    entry_name: str
    """Of the entry in the store; where a bucket holds several answers, of its first slot."""
    bucket: str
    """Digest of the seed: `max_entries` counts entries of one bucket."""
    max_entries: int
    control: CacheControl
    coalescing_key: tuple[Key, str]
    """Equal for calls in flight that may be sent once: the key, and what is done when the call fails."""
    dialect: str
    slots: int = 1
    slot: int = 0
    """The slot that the answer goes into, or came from."""
    degraded: bool = False
    """The store did not answer."""


def build_lookup(request: Request, several_answers: bool) -> CacheLookup | None:
    """Return what the call asks of the cache, None where its answer may not be cached. Raises `BadDirective`.

    `several_answers`: a bucket holds several answers to one request (the setting `cache.bucket`).
    """
    head, route, origin = request.head, request.route, request.route.origin
    fields = head.fields
    directives = fields.directives
    control = parse_cache_control(fields.cache_control, fields.cache_enabled, fields.cache_read, fields.cache_save)
    seed = size = ""
    ignored: tuple[str, ...] = ()
    if directives:
        seed, size = directives.get("cache-seed", ""), directives.get("cache-bucket-max-size", "").strip()
        ignored = _ignored_keys(directives.get("cache-ignore-keys", ""))
    slots = _slots(size) if several_answers else 1
    operation = OPERATIONS[route.operation]
    stateful = operation.stateful_path
    if head.method != "POST" or not operation.cacheable or (stateful and stateful.search(route.path)):
        return None
    shaping: list[tuple[str, str]] = []
    secrets = [request.identity.org]
    auth, kinds = route.provider.auth, _kinds
    for pair in head.items:
        name = pair[0]
        kind = kinds.get(name) or _kind(name)
        if kind == _SHAPES:
            shaping.append(pair)
        elif kind == _HIDES or name in auth:
            secrets += pair
    if request.usage_injected:  # sent uncompressed, so that the usage can be taken out again
        shaping.append(("accept-encoding", "identity"))
    on_failure = ""
    if directives:
        fallbacks = directives.get("fallbacks", "")
        if fallbacks:  # its first entry is the primary, with an origin, credentials and a body of its own
            secrets += ("fallbacks", fallbacks)
        on_failure = fallbacks or directives.get("fallback", "")
    if fields.retry_enabled == 1:
        on_failure = f"retried {on_failure}"
    key = cache_key(
        _namespace("\n".join(secrets)),
        "POST",
        f"{origin.scheme}://{origin.host}:{origin.port}{route.path}",
        request.sent_body,
        shaping,
        seed,
        ignored,
    )
    max_entries = _MAX_ENTRIES if several_answers or not size else int(size)
    return CacheLookup(
        request.identity.org,
        key,
        key.xx.hex(),
        _bucket(seed),
        max_entries,
        control,
        (key, on_failure),
        route.dialect,
        slots,
    )


_kinds: dict[str, int] = {}


def _kind(name: str) -> int:
    """What a header is to the key."""
    if name in _SHAPING:
        kind = _SHAPES
    elif not name.startswith("helicone-") and is_credential(name):
        kind = _HIDES
    elif name.startswith(_SHAPING_PREFIXES):
        kind = _SHAPES
    else:
        kind = _UNUSED
    if len(_kinds) < _MAX_KINDS:
        _kinds[name] = kind
    return kind


@lru_cache(8192)
def _namespace(secrets: str) -> bytes:
    """Digest of organisation and credentials, so that neither can be read out of a key."""
    return blake2b(secrets.encode("utf-8", "surrogateescape"), digest_size=32).digest()


@lru_cache(4096)
def _ignored_keys(text: str) -> tuple[str, ...]:
    if not text.strip():
        return ()
    names = tuple(part.strip().strip('"').strip() for part in text.split(","))
    if len(names) > _MAX_IGNORED_KEYS or not all(name and all(name.split(".")) for name in names):
        raise BadDirective(
            "Helicone-Cache-Ignore-Keys", text, 'at most 64 JSON keys, as in a,b.c or "a","b", none of them empty'
        )
    return names


def _slots(size: str) -> int:
    if not size:
        return 1
    if int(size) > _MAX_SLOTS:
        raise BadDirective("Helicone-Cache-Bucket-Max-Size", size, f"1 to {_MAX_SLOTS} while cache.bucket is 'answers'")
    return int(size)


@lru_cache(4096)
def _bucket(seed: str) -> str:
    return blake2b(seed.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
