"""Connections to Redis servers for `redis`: commands of one loop tick leave in one write, replies come in order, and
nobody waits for a server that does not answer."""

import asyncio
import contextlib
import itertools
import socket
import struct
from collections import deque
from collections.abc import Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any, Final, Protocol

import hiredis

from proxy.kv.base import KvDown

__all__ = ["Call", "Router", "Script", "Server", "lua"]

_LATE_MAX: Final = 100_000
_LATE_BATCH: Final = 200
_PROBE_S: Final = 0.5
_CONNECT_S: Final = 1.0
_HOPS_MAX: Final = 5
_DOWN: Final = frozenset({"BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY"})
"""Error replies that say that this server is of no use at the moment."""
_NOTHING: Final = object()


def lua(*names: str) -> str:
    """The text of files in `lua/`, one after the other."""
    return "\n".join((Path(__file__).parent / "lua" / f"{name}.lua").read_text("utf-8") for name in names)


class Script:
    """A Lua script. Where `kept`, calls of it wait for a server that is down."""

    def __init__(self, name: str, kept: bool = False) -> None:
        self.name = name
        self.kept = kept
        self.text = lua("window", "bucket", name)
        self.sha = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class Call:
    """One command on its way: a script, or without one a plain command. `reply` is None where nobody waits for it."""

    __slots__ = ("args", "hops", "keys", "reply", "script", "sent", "slot")

    def __init__(
        self,
        script: Script | None,
        slot: int,
        keys: Sequence[str],
        args: list[Any],
        reply: "asyncio.Future[Any] | None" = None,
        sent: float = 0.0,
    ) -> None:
        self.script = script
        self.slot = slot
        self.keys = keys
        self.args = args
        self.reply = reply
        self.hops = 0
        self.sent = sent

    def packed(self, whole: bool = False) -> bytes:
        """`whole`: with the text of the script, for a server that does not know it; from then on it does."""
        command: tuple[Any, ...] = tuple(self.args)
        if self.script is not None:
            head = ("EVAL", self.script.text) if whole else ("EVALSHA", self.script.sha)
            command = (*head, len(self.keys), *self.keys, *self.args)
        packed: bytes = hiredis.pack_command(command)
        return packed

    def fail(self, why: str) -> None:
        if self.reply is not None and not self.reply.done():
            self.reply.set_exception(KvDown(why))


class Router(Protocol):
    """What servers ask of the store that they belong to."""

    patience_s: float
    scripts: Sequence[Script]

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...

    def send(self, call: Call) -> None:
        """To whom it belongs."""

    def done(self, call: Call, reply: Any) -> None:
        """The reply to a call that nobody waits for."""

    def server(self, address: str, via: "Server") -> "Server":
        """The one at `host:port`, as `via` calls it."""

    def moved(self, slot: int, server: "Server") -> None:
        """The slot lies there now."""

    async def look_around(self, server: "Server") -> bool:
        """Who has taken over from a server that is down? False where it will not come back."""

    def failed(self, why: str) -> None: ...

    def lost(self, call: Call) -> None:
        """It will never be carried out."""


class _Wire(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.pending: deque[Call] = deque()
        self.transport: Any = None
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.lost(self, f"connection lost: {exc or 'closed by the server'}", bool(self.pending))

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _NOTHING and self.pending:
                self.server.replied(self, self.pending.popleft(), reply)
        except hiredis.ProtocolError as error:
            self.server.lost(self, f"not a reply: {error}", True)

    def write(self, calls: Sequence[Call]) -> None:
        self.pending.extend(calls)
        self.transport.write(b"".join([call.packed() for call in calls]))

    async def ask(self, *command: Any) -> Any:
        """A plain command's reply."""
        if self.transport is None:
            raise KvDown("connection closed")
        loop = asyncio.get_running_loop()
        reply = loop.create_future()
        self.write([Call(None, -1, (), list(command), reply, loop.time())])
        return await reply

    def drop(self) -> None:
        """Closes it so that what has not left yet never does: no command may run after its second try."""
        transport, self.transport = self.transport, None
        if transport is None:
            return
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


class Server:
    """One server, connected when it is first needed. Options: host and port or path, username, password, db, tls.

    While it is `down` calls fail at once, settlements and renewals are kept in `late`, and a task tries until the
    server is back and has caught up.
    """

    def __init__(self, router: Router, options: dict[str, Any], seed: bool = True) -> None:
        self.router = router
        self.options = options
        self.seed = seed
        self.address: str = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        self.down = False
        self.late: dict[tuple[Any, ...], Call] = {}
        self._wire: _Wire | None = None
        self._queue: list[Call] = []
        self._opening: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._stalled = False

    @property
    def up(self) -> bool:
        return self._wire is not None

    def send(self, call: Call) -> None:
        if self.down:
            self._keep(call, f"{self.address} is down")
            return
        if not self._queue:
            self.router.loop.call_soon(self._flush)
        self._queue.append(call)

    def _flush(self) -> None:
        if not self._queue:
            return
        self._look_after(self._queue[0])
        if self._wire is None:
            self.open()
        else:
            calls, self._queue = self._queue, []
            self._wire.write(calls)

    # --- replies --------------------------------------------------------------------------------------------------

    def replied(self, wire: _Wire, call: Call, reply: Any) -> None:
        if isinstance(reply, hiredis.ReplyError):
            self._refused(wire, call, str(reply))
        elif call.reply is None:
            self.router.done(call, reply)
        elif not call.reply.done():
            call.reply.set_result(reply)

    def _refused(self, wire: _Wire, call: Call, text: str) -> None:
        code, _, rest = text.partition(" ")
        call.hops += 1
        again = call.hops <= _HOPS_MAX
        if again and code == "NOSCRIPT":
            wire.pending.append(call)
            wire.transport.write(call.packed(whole=True))
        elif again and code == "MOVED":
            server = self.router.server(rest.split()[-1], self)
            self.router.moved(call.slot, server)
            server.send(call)
        elif again and code == "ASK":
            self.router.server(rest.split()[-1], self).visit(call)
        elif again and code == "TRYAGAIN" and call.reply is None:
            self.router.loop.call_later(_PROBE_S, self.router.send, call)
        elif code in _DOWN:
            self._keep(call, f"{self.address}: {text}")
            self.lost(wire, text, True)
        else:
            self.router.failed(f"{self.address}: {text}")
            self.router.lost(call)
            call.fail(text)

    def visit(self, call: Call) -> None:
        """Carries out a call whose slot is just moving here."""
        if self._wire is not None:
            self._wire.write([Call(None, -1, (), ["ASKING"], self.router.loop.create_future(), call.sent), call])
            self._look_after(call)
            return
        self.open()
        call.fail(f"{self.address} is not connected yet")
        if call.reply is None:
            self.router.loop.call_later(_PROBE_S, self.router.send, call)

    # --- time and failure -----------------------------------------------------------------------------------------

    def _look_after(self, oldest: Call) -> None:
        if self._watch is None:
            self._watch = self.router.loop.call_at(oldest.sent + self.router.patience_s, self._look)

    def _look(self) -> None:
        self._watch = None
        waiting = self._wire.pending if self._wire is not None else self._queue
        stalled, self._stalled = self._stalled, False
        if not waiting or self.down:
            return
        if waiting[0].sent + self.router.patience_s > self.router.loop.time():
            self._look_after(waiting[0])
        elif not stalled:  # perhaps this process was busy and the replies lie in the socket: lets them be read first
            self._stalled = True
            self._watch = self.router.loop.call_later(0.001, self._look)
        elif self._wire is not None:
            self.lost(self._wire, "no answer in time", True)
        else:
            self._give_up("no connection in time")

    def lost(self, wire: _Wire, why: str, failed: bool) -> None:
        """A connection is of no use any more. One that was idle is no failure: the next call opens another."""
        calls = list(wire.pending)
        wire.pending.clear()
        wire.drop()
        for call in calls:
            if call.script is not None and call.script.kept:
                call.args[0] = 1  # nobody knows whether it was carried out
            self._keep(call, f"{self.address}: {why}")
        if wire is self._wire:
            self._wire = None
            if failed or self._queue:
                self._give_up(why)

    def _give_up(self, why: str) -> None:
        self.down = True
        self.router.failed(f"{self.address}: {why}")
        calls, self._queue = self._queue, []
        for call in calls:
            self._keep(call, f"{self.address}: {why}")
        self.open()

    def _keep(self, call: Call, why: str) -> None:
        """For later, where it can wait: the latest of each call."""
        call.fail(why)
        if call.script is None or not call.script.kept:
            return
        name = (call.script.name, *call.args[1:3], *call.keys)
        if len(self.late) < _LATE_MAX or name in self.late:
            self.late[name] = call
        else:
            self.router.lost(call)

    def open(self) -> None:
        if self._opening is None and self._wire is None:
            self._opening = self.router.loop.create_task(self._open())

    async def _open(self) -> None:
        back = True
        while back:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    wire = await self._connect()
                await self._catch_up(wire)
            except Exception as error:  # whatever it is, it must not end the trying
                if not self.down:
                    self._give_up(f"cannot connect: {error!r}")
                back = await self.router.look_around(self)
                await asyncio.sleep(_PROBE_S)
            else:
                self._wire, self.down = wire, False
                break
        self._opening = None
        self._flush()

    async def _connect(self) -> _Wire:
        """A connection that has proved to work. Commands overtake none that would have to wait for its script."""
        loop, options, wire = self.router.loop, self.options, _Wire(self)
        try:
            if "path" in options:
                await loop.create_unix_connection(lambda: wire, options["path"])
            else:
                host, port = options.get("host", "localhost"), options.get("port", 6379)
                await loop.create_connection(lambda: wire, host, port, ssl=options.get("tls"))
            if "password" in options:
                await wire.ask("AUTH", *([options["username"]] if "username" in options else []), options["password"])
            if options.get("db"):
                await wire.ask("SELECT", options["db"])
            for script in self.router.scripts:
                await wire.ask("SCRIPT", "LOAD", script.text)
        except BaseException:
            self.lost(wire, "cannot connect", True)
            raise
        return wire

    async def _catch_up(self, wire: _Wire) -> None:
        """Carries out what has waited, before anybody else gets room that is not there."""
        while self.late:
            names = list(itertools.islice(self.late, _LATE_BATCH))
            calls = [self.late.pop(name) for name in names]
            for call in calls:
                call.sent = self.router.loop.time()
                call.hops = 0
            wire.write(calls)
            try:
                async with asyncio.timeout(_CONNECT_S):
                    await wire.ask("PING")
            except BaseException:
                self.lost(wire, "no answer in time", True)
                raise
        if wire.transport is None:
            raise KvDown("connection closed")

    async def close(self) -> None:
        """Sends what is pending and sees it answered, where that works at once."""
        if self._opening is not None and not self.down:
            await asyncio.wait({self._opening}, timeout=_CONNECT_S)
        self._flush()
        with contextlib.suppress(TimeoutError, KvDown):
            async with asyncio.timeout(_CONNECT_S):
                while self._wire is not None and self._wire.pending:
                    await self._wire.ask("PING")
        self.down = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait({self._opening})
        if self._watch is not None:
            self._watch.cancel()
        if self._wire is not None:
            self.lost(self._wire, "closed", False)
        for call in self.late.values():
            self.router.lost(call)
        self.late.clear()
