"""The embedded store: limits and cached values of one worker, in memory, saved to disk if a folder is given.

Buckets of one window length lie in two generations of a dict. A generation is dropped when a full window
has passed since it was young, and with it every bucket that was not used in that time. So there is no sweep.
"""

import logging
import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path

from xxhash import xxh3_128_intdigest

from _speedups import window_packed, window_settle_packed
from proxy.core.clock import monotonic_us
from proxy.core.clock import now_us as clock_us
from proxy.kv.base import Charge, Grant, Hold, Room, StoreOptions
from proxy.kv.disk import Disk, Open, Row, States

__all__ = ["MemoryKv", "open_store"]

_log = logging.getLogger(__name__)

_KEY_BITS = (1 << 120) - 1
"""120 bits fit an int of 40 bytes; the seed of the digest is secret, so that no caller can aim at another's bucket."""
_MAX_COST = 10**14
_OVERHEAD = 300
"""Approximate overhead of a cached value, in bytes."""
_FREED_A_TICK = 20_000

Key = int
Reserved = tuple[int, int, int, int]
"""Amount, time of the take; and by the monotonic clock, which nobody sets, the time of expiry and the latest it may
be renewed to."""


class _Table:
    """The buckets of one window length."""

    __slots__ = ("old", "turn_us", "until_us", "young")

    def __init__(self, window_us: int, now_us: int) -> None:
        self.turn_us = window_us + window_us // 64 + 1
        self.until_us = now_us + self.turn_us
        self.young: dict[Key, bytes] = {}
        self.old: dict[Key, bytes] = {}

    def get(self, key: Key) -> bytes:
        state = self.young.get(key)
        return self.old.get(key, b"") if state is None else state

    def turn(self, now_us: int) -> dict[Key, bytes]:
        """Drops the older generation where its time is over, and returns it. Where the clock went back, its time begins
        again."""
        over = now_us >= self.until_us
        self.until_us = now_us + self.turn_us
        if not over:
            return {}
        dropped, self.old, self.young = self.old, self.young, {}
        return dropped


class _Holds:
    """Reservations of one bucket by the call that holds them."""

    __slots__ = ("by_call", "soonest_us", "total", "window_us")

    def __init__(self, window_us: int) -> None:
        self.window_us = window_us
        self.by_call: dict[str, Reserved] = {}
        self.total = 0
        self.soonest_us = 1 << 62

    def add(self, call: str, reserved: Reserved) -> None:
        self.by_call[call] = reserved
        self.total += reserved[0]
        self.soonest_us = min(self.soonest_us, reserved[2])

    def pop(self, call: str) -> Reserved | None:
        reserved = self.by_call.pop(call, None)
        if reserved is not None:
            self.total -= reserved[0]
        return reserved

    def expired(self) -> list[Reserved]:
        """Remove the expired reservations and return them."""
        now = monotonic_us()
        if now < self.soonest_us:
            return []
        gone = [call for call, reserved in self.by_call.items() if reserved[2] <= now]
        expired = [reserved for call in gone if (reserved := self.pop(call)) is not None]
        self.soonest_us = min((reserved[2] for reserved in self.by_call.values()), default=1 << 62)
        return expired


class _Value:
    __slots__ = ("expires_us", "group", "value")

    def __init__(self, group: tuple[str, str], value: bytes, expires_us: int) -> None:
        self.group = group
        self.value = value
        self.expires_us = expires_us


def open_store(url: str, options: StoreOptions) -> "MemoryKv":
    """Open this worker's own store. Raises `SettingError` where another process has its folder."""
    return MemoryKv(options.memory_bytes, options.folder, options.wait_s)


class MemoryKv:
    """`LimitStore` and `CacheStore` of one worker. With a `folder`, which no other process may use, limits survive even
    `kill -9`, and cached values a restart."""

    def __init__(self, byte_cap: int = 64 << 20, folder: Path | None = None, wait_s: float = 0.0) -> None:
        self._cap = byte_cap
        self._disk = _open_disk(folder, wait_s) if folder is not None else None
        self._seed = self._disk.seed if self._disk is not None else int.from_bytes(os.urandom(8), "big")
        self._tables: dict[int, _Table] = {}
        self._holds: dict[Key, _Holds] = {}
        self._dying: list[dict[Key, bytes]] = []
        self._values: OrderedDict[tuple[str, str], _Value] = OrderedDict()
        self._groups: dict[tuple[str, str], OrderedDict[str, None]] = {}
        self._bytes = 0
        self.evicted = 0
        if self._disk is not None:
            self._load(self._disk)

    # --- limits ---------------------------------------------------------------------------------------------------

    async def take(self, org: str, charges: Sequence[Charge], hold: str, hold_us: int) -> Grant:
        now = clock_us()
        charge = charges[0]
        table, key = self._at(charge, now)
        if len(charges) == 1 and charge.cost and not charge.held and not charge.concurrent and key not in self._holds:
            # The common case, on few lines.
            decision = window_packed(table.get(key), now, charge.limit, charge.window_us, charge.cost)
            room = Room(decision.allowed, decision.remaining, decision.retry_after_us, decision.reset_us)
            if decision.allowed:
                table.young[key] = decision.state
                if self._disk is not None:
                    self._disk.note_state(key, charge.window_us, decision.state)
            else:
                self._keep_changed(table, key, charge, decision.state)
            return Grant(decision.allowed, now, [room])
        rooms: list[Room] = []
        states: list[bytes] = []
        for charge in charges:
            room, state = self._look(charge, now)
            rooms.append(room)
            states.append(state)
        if not all(room.allowed for room in rooms):
            return Grant(False, now, rooms)
        for charge, state in zip(charges, states, strict=True):
            self._write(charge, state, hold, now, hold_us)
        return Grant(True, now, rooms)

    def settle(self, hold: Hold, spent: Sequence[int]) -> None:
        now = clock_us()
        for charge, actual in zip(hold.charges, spent, strict=True):
            table, key = self._at(charge, now)
            holds = self._holds.get(key)
            reserved = holds.pop(hold.id) if holds is not None else None
            if holds is not None and not holds.by_call:
                del self._holds[key]
            if self._disk is not None:
                self._disk.note_end(key, hold.id)
            if charge.concurrent:
                continue
            delta = actual - (reserved[0] if reserved is not None else 0)
            if delta:
                self._correct(table, key, charge, now, delta, hold.at_us)

    def renew(self, holds: Iterable[Hold], hold_us: int) -> None:
        wanted = monotonic_us() + hold_us
        for hold in holds:
            for charge in hold.charges:
                held = self._holds.get(self._key(charge.bucket))
                reserved = held.by_call.get(hold.id) if held is not None else None
                if held is not None and reserved is not None:
                    amount, at_us, _, latest = reserved
                    expiry = min(wanted, latest)
                    held.by_call[hold.id] = (amount, at_us, expiry, latest)
                    held.soonest_us = min(held.soonest_us, expiry)

    def _look(self, charge: Charge, now: int) -> tuple[Room, bytes]:
        """How the bucket would stand after the charge, and its state then. Gives back expired reservations first."""
        table, key = self._at(charge, now)
        holds = self._holds.get(key)
        if holds is not None:
            for amount, at_us, *_ in holds.expired():
                if not charge.concurrent:
                    self._correct(table, key, charge, now, -amount, at_us)
        if charge.concurrent:
            return _places(charge, holds), b""
        state = table.get(key)
        decision = window_packed(state, now, charge.limit, charge.window_us, charge.cost)
        if not charge.cost or not decision.allowed:
            self._keep_changed(table, key, charge, decision.state)
        shown = decision if charge.cost else window_packed(state, now, charge.limit, charge.window_us, 1)
        return Room(shown.allowed, decision.remaining, shown.retry_after_us, decision.reset_us), decision.state

    def _write(self, charge: Charge, state: bytes, hold: str, now: int, hold_us: int) -> None:
        table, key = self._at(charge, now)
        if not charge.concurrent:
            table.young[key] = state
            if self._disk is not None:
                self._disk.note_state(key, charge.window_us, state)
        if charge.held or charge.concurrent:
            holds = self._holds.get(key)
            if holds is None:
                holds = self._holds[key] = _Holds(charge.window_us)
            since = monotonic_us()
            latest = since + charge.window_us if charge.concurrent else 1 << 62
            holds.add(hold, (charge.cost, now, min(since + hold_us, latest), latest))
            if self._disk is not None and not charge.concurrent:
                self._disk.note_hold(key, charge.window_us, charge.cost, now, hold)

    def _keep_changed(self, table: _Table, key: Key, charge: Charge, state: bytes) -> None:
        """Keep what a refusal or a look made of the state: after the clock went back, each would else count what was
        spent as of its own time."""
        before = table.get(key)
        if state != before and before:
            table.young[key] = state
            if self._disk is not None:
                self._disk.note_state(key, charge.window_us, state)

    def _correct(self, table: _Table, key: Key, charge: Charge, now: int, delta: int, at_us: int) -> None:
        delta = min(max(delta, -_MAX_COST), _MAX_COST)
        state = window_settle_packed(table.get(key), now, charge.limit, charge.window_us, delta, at_us)
        table.young[key] = state
        if self._disk is not None:
            self._disk.note_state(key, charge.window_us, state)

    def _at(self, charge: Charge, now: int) -> tuple[_Table, Key]:
        table = self._tables.get(charge.window_us)
        if table is None:
            table = self._tables[charge.window_us] = _Table(charge.window_us, now)
        elif not 0 < table.until_us - now <= table.turn_us:
            self._dying.append(table.turn(now))
        return table, self._key(charge.bucket)

    def _key(self, bucket: str) -> Key:
        return xxh3_128_intdigest(bucket.encode(), self._seed) & _KEY_BITS

    # --- cache ----------------------------------------------------------------------------------------------------

    async def get(self, org: str, keys: Sequence[str]) -> list[bytes | None]:
        return [self._get(org, key) for key in keys]

    def _get(self, org: str, key: str) -> bytes | None:
        value = self._values.get((org, key))
        if value is None:
            return None
        if value.expires_us <= clock_us():
            self._drop((org, key))
            return None
        self._values.move_to_end((org, key))
        self._groups[value.group].move_to_end(key)
        return value.value

    def put(self, org: str, group: str, key: str, value: bytes, ttl_s: int, max_values: int) -> None:
        if ttl_s > 0:
            self._store(org, group, key, value, clock_us() + ttl_s * 1_000_000, max_values)

    def _store(self, org: str, group: str, key: str, value: bytes, expires_us: int, max_values: int) -> None:
        size = len(value) + _OVERHEAD
        if size > self._cap // 4:
            return
        place = (org, key)
        if place in self._values:
            self._drop(place)
        owner = (org, group)
        members = self._groups.get(owner)
        if members is None:
            members = self._groups[owner] = OrderedDict()
        members[key] = None
        self._values[place] = _Value(owner, value, expires_us)
        self._bytes += size
        while len(members) > max_values:
            self._drop((org, next(iter(members))))
            self.evicted += 1
        while self._bytes > self._cap:
            self._drop(next(iter(self._values)))
            self.evicted += 1

    def _drop(self, place: tuple[str, str]) -> None:
        gone = self._values.pop(place)
        self._bytes -= len(gone.value) + _OVERHEAD
        members = self._groups[gone.group]
        del members[place[1]]
        if not members:
            del self._groups[gone.group]

    # --- housekeeping ---------------------------------------------------------------------------------------------

    def tick(self) -> None:
        now = clock_us()
        for window_us in list(self._tables):
            table = self._tables[window_us]
            if not 0 < table.until_us - now <= table.turn_us:
                self._dying.append(table.turn(now))
                if not table.young and not table.old:
                    del self._tables[window_us]
        if self._dying:  # a million buckets at once would hold every call up while they are freed
            oldest = self._dying[-1]
            for _ in range(min(len(oldest), _FREED_A_TICK)):
                oldest.popitem()
            if not oldest:
                self._dying.pop()
        if self._disk is not None:
            self._disk.tick(self._snapshot, self._kept)

    async def close(self) -> None:
        if self._disk is not None:
            self._disk.close(self._kept())

    def counters(self) -> dict[str, int]:
        buckets = sum(len(table.young) + len(table.old) for table in self._tables.values())
        return {
            "up": 1,
            "buckets": buckets,
            "keys": len(self._values),
            "bytes": self._bytes,
            "evicted_total": self.evicted,
        }

    def _snapshot(self) -> tuple[States, Open]:
        held = [
            (key, holds.window_us, amount, at_us, call)
            for key, holds in self._holds.items()
            for call, (amount, at_us, *_) in holds.by_call.items()
        ]
        return [(window_us, {**table.old, **table.young}) for window_us, table in self._tables.items()], held

    def _kept(self) -> list[Row]:
        return [(org, value.group[1], key, value.value, value.expires_us) for (org, key), value in self._values.items()]

    def _load(self, disk: Disk) -> None:
        now = clock_us()
        for window_us, key, state in disk.states():
            table = self._tables.get(window_us)
            if table is None:
                table = self._tables[window_us] = _Table(window_us, now)
            table.young[key] = state
        for window_us, key, amount, at_us in disk.orphans():  # their calls died with the process that made them
            table = self._tables[window_us]
            table.young[key] = window_settle_packed(table.young[key], now, _MAX_COST, window_us, -amount, at_us)
        for org, group, name, value, expires_us in disk.values():
            if expires_us > now:
                self._store(org, group, name, value, expires_us, 100_000)
        disk.start(self._snapshot)


def _open_disk(folder: Path, wait_s: float) -> Disk | None:
    """None, with a word in the log, where the folder cannot be used: calls go on, and limits are kept in memory."""
    try:
        return Disk(folder, wait_s)
    except OSError as error:
        _log.warning("%s cannot be used, so limits and the cache are kept in memory only: %s", folder, error)
        return None


def _places(charge: Charge, holds: _Holds | None) -> Room:
    taken = holds.total if holds is not None else 0
    soonest = holds.soonest_us - monotonic_us() if holds is not None and holds.by_call else 0
    if taken + max(charge.cost, 1) <= charge.limit:
        return Room(True, charge.limit - taken - charge.cost, 0, max(soonest, 0))
    # The end of a call in progress is unknown: a second is a fair guess, the end of a reservation the latest time.
    wait = -1 if charge.cost > charge.limit else min(max(soonest, 1), 1_000_000)
    return Room(False, max(charge.limit - taken, 0), wait, max(soonest, 0))
