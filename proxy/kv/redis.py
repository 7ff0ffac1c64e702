"""The shared store: limits and cached values of all workers, in Redis (6 or newer) or a Redis Cluster.

A take, a settlement, a look into the cache is one Lua script each, and so one step that nothing comes between. All of
one organisation carries the hash tag of its digest and lies in one slot of a cluster. Of a cluster a few servers are
known at first; which slot lies where they tell by redirection.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final

from redis.asyncio.connection import SSLConnection, parse_url
from redis.crc import key_slot

from proxy.kv.base import Charge, Grant, Hold, KvDown, Room, StoreOptions
from proxy.kv.wire import Command, Node, Script

__all__ = ["RedisKv", "open_store"]

_TAKE: Final = Script("take")
_SETTLE: Final = Script("settle", queued=True)
_RELEASE: Final = Script("release", queued=True)
_RENEW: Final = Script("renew", queued=True)
_GET: Final = Script("get")
_PUT: Final = Script("put")
_MAX_VALUE: Final = 8 << 20
_MAX_ORGS: Final = 10_000


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


_NAME_LENGTH: Final = len(f"ph:{{{_digest('')}}}:g:{_digest('')}")


def open_store(url: str, options: StoreOptions) -> "RedisKv":
    """Open the store at `url`. Raises ValueError where it is no address of Redis."""
    return RedisKv(url, patience_ms=options.patience_ms)


class RedisKv:
    """`LimitStore` and `CacheStore` over `redis://`, `rediss://`, `unix://`, or `redis+cluster://host:port,host:port`
    (`rediss+cluster` with TLS); options after `?` are those of redis-py. No call waits longer than `patience_ms`."""

    def __init__(self, url: str, *, patience_ms: float = 50, on_error: Callable[[str], None] | None = None) -> None:
        self.patience_s = patience_ms / 1000
        self.scripts: Sequence[Script] = (_TAKE, _SETTLE, _RELEASE, _RENEW, _GET, _PUT)
        self._on_error = on_error
        self._cluster, seeds = _seeds(url)
        self._options = seeds[0]
        nodes = [Node(self, options) for options in seeds]
        self._nodes = {node.address: node for node in nodes}
        self._owners: dict[int, Node] = {}
        self._orgs: dict[str, tuple[str, int]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._errors = self._lost_settles = self._evicted = 0

    # --- limits ---------------------------------------------------------------------------------------------------

    async def take(self, org: str, charges: Sequence[Charge], hold: str, hold_us: int) -> Grant:
        prefix, slot = self._org(org)
        keys: list[str] = []
        args: list[Any] = [hold, hold_us]
        for charge in charges:
            keys += _bucket(prefix, charge)
            args += (charge.limit, charge.window_us, charge.cost, _kind(charge))
        try:
            reply = await self._ask(_TAKE, slot, keys, args)
        except (KvDown, asyncio.CancelledError):
            self._release(org, charges, hold)  # it may have been carried out all the same
            raise
        rooms = [Room(reply[at] == 1, *reply[at + 1 : at + 4]) for at in range(2, len(reply), 4)]
        return Grant(reply[0] == 1, reply[1], rooms)

    def _release(self, org: str, charges: Sequence[Charge], hold: str) -> None:
        prefix, slot = self._org(org)
        keys: list[str] = []
        args: list[Any] = [0, hold]
        for charge in charges:
            if charge.held or charge.concurrent:
                keys += _bucket(prefix, charge)
                args += (charge.window_us, _kind(charge))
        if keys:
            self.send(Command(_RELEASE, slot, keys, args))

    def settle(self, hold: Hold, spent: Sequence[int]) -> None:
        prefix, slot = self._org(hold.org)
        keys: list[str] = []
        args: list[Any] = [0, hold.id, hold.at_us]
        for charge, actual in zip(hold.charges, spent, strict=True):
            keys += _bucket(prefix, charge)
            args += (charge.window_us, charge.cost, actual, _kind(charge))
        if keys:
            self.send(Command(_SETTLE, slot, keys, args))

    def renew(self, holds: Iterable[Hold], hold_us: int) -> None:
        for hold in holds:
            prefix, slot = self._org(hold.org)
            keys: list[str] = []
            args: list[Any] = [0, hold.id, hold.at_us, hold_us]
            for charge in hold.charges:
                keys += _bucket(prefix, charge)
                args += (charge.window_us, charge.cost, _kind(charge))
            if keys:
                self.send(Command(_RENEW, slot, keys, args))

    # --- cache ----------------------------------------------------------------------------------------------------

    async def get(self, org: str, keys: Sequence[str]) -> list[bytes | None]:
        prefix, slot = self._org(org)
        values: list[bytes | None] = await self._ask(
            _GET, slot, [f"{prefix}v:{_digest(key)}" for key in keys], [_NAME_LENGTH]
        )
        return values

    def put(self, org: str, group: str, key: str, value: bytes, ttl_s: int, max_values: int) -> None:
        if ttl_s > 0 and len(value) <= _MAX_VALUE:
            prefix, slot = self._org(org)
            keys = [f"{prefix}v:{_digest(key)}", f"{prefix}g:{_digest(group)}"]
            self.send(Command(_PUT, slot, keys, [value, ttl_s * 1000, max_values]))

    # --- housekeeping ---------------------------------------------------------------------------------------------

    def tick(self) -> None:
        if not self._closed and not any(node.up for node in self._nodes.values()):
            self._any().open()

    async def close(self) -> None:
        self._closed = True
        for node in list(self._nodes.values()):
            await node.close()

    def counters(self) -> dict[str, int]:
        used = self._owners or self._nodes
        return {
            "up": int(all(node.up for node in used.values())),
            "errors_total": self._errors,
            "lost_settles_total": self._lost_settles,
            "evicted_total": self._evicted,
        }

    # --- who gets what: `wire.Router` -----------------------------------------------------------------------------

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def send(self, command: Command) -> None:
        if self._closed:
            self.lost(command)
            command.fail("closed")
            return
        command.sent = self.loop.time()
        (self._owners.get(command.slot) or self._any()).send(command)

    def done(self, command: Command, reply: Any) -> None:
        if command.script is _PUT:
            self._evicted += reply

    def node(self, address: str, via: Node) -> Node:
        host, _, port = address.rpartition(":")
        host = host or via.options["host"]
        known = self._nodes.get(f"{host}:{port}")
        if known is None:
            known = Node(self, {**self._options, "host": host, "port": int(port)}, seed=False)
            self._nodes[known.address] = known
        return known

    def moved(self, slot: int, node: Node) -> None:
        self._owners[slot] = node

    async def find_successor(self, node: Node) -> bool:
        if not self._cluster:
            return True
        others = [one for one in self._nodes.values() if one is not node]
        other = next((one for one in others if one.up), None)
        if other is None:
            for one in others:
                one.open()
            return True
        command = Command(None, -1, (), ["CLUSTER", "SLOTS"], self.loop.create_future(), self.loop.time())
        other.send(command)
        try:
            assert command.reply is not None
            rows = await command.reply
        except KvDown:
            return True
        owners = [
            (first, last, self.node(f"{(row[0] or b'').decode()}:{row[1]}", other)) for first, last, row, *_ in rows
        ]
        for slot in [slot for slot, owner in self._owners.items() if owner is node]:
            self._owners[slot] = next((one for first, last, one in owners if first <= slot <= last), node)
        if node in self._owners.values() or any(one is node for _, _, one in owners):
            return True
        late, node.late = node.late, {}
        for queued in late.values():
            self.send(queued)
        if not node.seed:
            self._nodes.pop(node.address, None)
        return node.seed

    def failed(self, why: str) -> None:
        self._errors += 1
        if self._on_error is not None:
            self._on_error(why)

    def lost(self, command: Command) -> None:
        self._lost_settles += command.script is _SETTLE

    def _any(self) -> Node:
        """One that works, or may work; else one that is down."""
        return min(self._nodes.values(), key=lambda node: (not node.up, node.down))

    async def _ask(self, script: Script, slot: int, keys: Sequence[str], args: list[Any]) -> Any:
        reply = self.loop.create_future()
        self.send(Command(script, slot, keys, args, reply))
        return await reply

    def _org(self, org: str) -> tuple[str, int]:
        """Return the prefix of the organisation's keys, and their slot."""
        prefix_and_slot = self._orgs.get(org)
        if prefix_and_slot is None:
            if len(self._orgs) >= _MAX_ORGS:
                self._orgs.clear()
            tag = _digest(org)
            prefix_and_slot = self._orgs[org] = (f"ph:{{{tag}}}:", key_slot(tag.encode()))
        return prefix_and_slot


def _bucket(prefix: str, charge: Charge) -> tuple[str, str]:
    """Return the keys of the bucket's spending and reservations. Another window length is another bucket."""
    name = _digest(f"{charge.window_us}:{charge.bucket}")
    return f"{prefix}w:{name}", f"{prefix}h:{name}"


def _kind(charge: Charge) -> int:
    return 2 if charge.concurrent else int(charge.held)


def _seeds(url: str) -> tuple[bool, list[dict[str, Any]]]:
    """Return whether `url` names a cluster, and the connection options of each node in it."""
    scheme, _, rest = url.partition("://")
    if not scheme.endswith("+cluster"):
        return False, [_options(url)]
    plain = scheme.removesuffix("+cluster")
    if plain not in ("redis", "rediss"):
        raise ValueError(f"scheme {scheme!r}; expected redis+cluster or rediss+cluster")
    login, at, rest = rest.rpartition("@")
    end = min(index for index in (rest.find("/"), rest.find("?"), len(rest)) if index >= 0)
    return True, [_options(f"{plain}://{login}{at}{host}{rest[end:]}") for host in rest[:end].split(",")]


def _options(url: str) -> dict[str, Any]:
    """Return the options of `wire.Node`. Raises ValueError for an invalid address."""
    options: dict[str, Any] = dict(parse_url(url))
    if options.pop("connection_class", None) is SSLConnection:
        options["tls"] = SSLConnection(
            **{name: one for name, one in options.items() if name[:4] == "ssl_"}
        ).ssl_context.get()
    return options
