"""The contracts of the stores that workers share: `LimitStore` for limits, `CacheStore` for the cache.

A backend implements one of them or both, as `memory` and `redis` do.

A *bucket* is the spending of one limit on one segment. Its arithmetic is `_speedups.window`: whole numbers of a unit
that the caller picks, rolling windows, slots of a 64th. A *hold* is a reservation: counted as spent from the moment
it is taken until it is settled with what the call really used, or until it expires, because its worker died.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from proxy.core.errors import PerihelionError

__all__ = ["CacheStore", "Charge", "Grant", "Hold", "KvDown", "LimitStore", "Room", "Store", "StoreOptions"]


class KvDown(PerihelionError):
    """The store did not answer in time, or not at all. Policies decide what that means."""


class Charge(msgspec.Struct, frozen=True):
    """What one call takes from one bucket. Bounds are those of `_speedups.window`."""

    bucket: str
    """The bucket's full name: organisation, rule and segment. Any text; backends digest it."""
    limit: int
    window_us: int
    cost: int
    """0: only asks whether there is room for anything at all (`remaining` above 0)."""
    held: bool = False
    """A reservation, settled later. Otherwise spent for good."""
    concurrent: bool = False
    """Only reservations count, nothing is spent: places for calls in progress. `window_us` is the longest time that
    a call holds its place."""


class Room(msgspec.Struct, frozen=True):
    """How a bucket stands after a take. Times are microseconds from now."""

    allowed: bool
    """This bucket alone had room."""
    remaining: int
    retry_after_us: int
    """0 where allowed; -1 where the cost is above the limit, so that waiting does not help."""
    reset_us: int


class Grant(msgspec.Struct, frozen=True):
    """The answer to a take: all or none."""

    allowed: bool
    at_us: int
    """The store's own time of it (µs since the epoch); `settle` wants it back."""
    rooms: list[Room]
    """One a charge, in their order. Of a refused take each says how its bucket stands, nothing being taken."""


class Hold(msgspec.Struct):
    """The reservations of one call: what `take` was given, and when."""

    org: str
    id: str
    charges: list[Charge]
    """Those with `held` or `concurrent`."""
    at_us: int


class StoreOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend may need to know beside its address."""

    memory_bytes: int = 64 << 20
    """Bound on cached values that are held in the worker's memory."""
    patience_ms: float = 50
    """How long a call waits for a remote store."""
    folder: Path | None = None
    """Folder of a store on this machine; None: it is not saved."""
    wait_s: float = 0
    """How long to wait until another process gives up `folder`."""


class Store(Protocol):
    """A store, owned by one event loop."""

    def tick(self) -> None:
        """Once a second, from the loop: housekeeping."""

    async def close(self) -> None:
        """Writes what is pending and lets go of everything."""

    def counters(self) -> dict[str, int]:
        """For the metrics page: `up` (0 or 1), `errors_total`, `lost_settles_total`, `keys`, `bytes`,
        `evicted_total`; those that the store knows."""


class LimitStore(Store, Protocol):
    """Buckets and reservations. All buckets of one `org` live together (in one Redis Cluster slot), so that a take over
    several of them is atomic."""

    async def take(self, org: str, charges: Sequence[Charge], hold: str, hold_us: int) -> Grant:
        """Take every charge, or none. Reservations are named `hold` (a call's id) and expire after `hold_us`
        unless renewed. Raises `KvDown`."""

    def settle(self, hold: Hold, spent: Sequence[int]) -> None:
        """End the reservations: each bucket of `hold.charges` has spent `spent[i]` instead of what was reserved
        (0 gives all back; above the limit is owed). It counts at the time of the take. For `concurrent` charges the
        place is given back and the figure is not looked at. A reservation that expired before is spent afresh.
        Returns at once; a remote backend does it in its next round trip and tries again while it is down."""

    def renew(self, holds: Iterable[Hold], hold_us: int) -> None:
        """Extend the reservations of calls that are still in progress: they expire `hold_us` from now (a
        `concurrent` one never later than its `window_us` after the take). Returns at once."""


class CacheStore(Store, Protocol):
    """Cached values."""

    async def get(self, org: str, keys: Sequence[str]) -> list[bytes | None]:
        """Return the values of `keys`, None for each that is absent or has expired.

        Reading a value counts as a use. Raises `KvDown`."""

    def put(self, org: str, group: str, key: str, value: bytes, ttl_s: int, max_values: int) -> None:
        """Store `value` for `ttl_s`. A group holds at most `max_values`: the least recently used is removed first.
        Returns at once; a value that is too large is not stored, and a store that is down stores nothing."""
