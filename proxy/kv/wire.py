"""Connections to Redis servers for `redis`: commands of one loop tick leave in one write, replies come in order, and
no call waits longer than its patience for a node that does not answer."""

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

__all__ = ["Command", "Node", "Router", "Script", "lua"]

_MAX_LATE: Final = 100_000
_LATE_BATCH: Final = 200
_PROBE_S: Final = 0.5
_CONNECT_S: Final = 1.0
_MAX_HOPS: Final = 5
_DOWN: Final = frozenset({"BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY"})
"""Error replies of a node that cannot serve now."""
_NOTHING: Final = object()


def lua(*names: str) -> str:
    """The text of files in `lua/`, one after the other."""
    return "\n".join((Path(__file__).parent / "lua" / f"{name}.lua").read_text("utf-8") for name in names)


class Script:
    """A Lua script. Where `queued`, commands of it wait for a node that is down."""

    def __init__(self, name: str, queued: bool = False) -> None:
        self.name = name
        self.queued = queued
        self.text = lua("window", "bucket", name)
        self.sha = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class Command:
    """One command: a script, or without one a plain command. `reply` is None where no caller waits for it."""

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

    def packed(self, with_text: bool = False) -> bytes:
        """Encode it. `with_text`: with the text of the script, for a node that does not know it yet."""
        command: tuple[Any, ...] = tuple(self.args)
        if self.script is not None:
            head = ("EVAL", self.script.text) if with_text else ("EVALSHA", self.script.sha)
            command = (*head, len(self.keys), *self.keys, *self.args)
        packed: bytes = hiredis.pack_command(command)
        return packed

    def mark_uncertain(self) -> None:
        """Tell the script, by its first argument, that an earlier try of this command may have been carried out."""
        self.args[0] = 1

    def fail(self, why: str) -> None:
        if self.reply is not None and not self.reply.done():
            self.reply.set_exception(KvDown(why))


class Router(Protocol):
    """What servers ask of the store that they belong to."""

    patience_s: float
    scripts: Sequence[Script]

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...

    def send(self, command: Command) -> None:
        """To whom it belongs."""

    def done(self, command: Command, reply: Any) -> None:
        """Handle the reply to a command that no caller waits for."""

    def node(self, address: str, via: "Node") -> "Node":
        """The one at `host:port`, as `via` names it."""

    def moved(self, slot: int, node: "Node") -> None:
        """The slot lies there now."""

    async def find_successor(self, node: "Node") -> bool:
        """Who has taken over from a node that is down? False where it will not come back."""

    def failed(self, why: str) -> None: ...

    def lost(self, command: Command) -> None:
        """It will never be carried out."""


class _Connection(asyncio.Protocol):
    """One connection."""

    def __init__(self, node: "Node") -> None:
        self.node = node
        self.pending: deque[Command] = deque()
        self.transport: Any = None
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.node.lost(self, f"connection lost: {exc or 'closed by the server'}", bool(self.pending))

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _NOTHING and self.pending:
                self.node.replied(self, self.pending.popleft(), reply)
        except hiredis.ProtocolError as error:
            self.node.lost(self, f"not a reply: {error}", True)

    def write(self, commands: Sequence[Command]) -> None:
        self.pending.extend(commands)
        self.transport.write(b"".join([command.packed() for command in commands]))

    async def ask(self, *command: Any) -> Any:
        """A plain command's reply."""
        if self.transport is None:
            raise KvDown("connection closed")
        loop = asyncio.get_running_loop()
        reply = loop.create_future()
        self.write([Command(None, -1, (), list(command), reply, loop.time())])
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


class Node:
    """One node, connected when it is first needed. Options: host and port or path, username, password, db, tls.

    While it is `down` commands fail at once, settlements and renewals are queued in `late`, and a task tries until the
    node is back and has caught up.
    """

    def __init__(self, router: Router, options: dict[str, Any], seed: bool = True) -> None:
        self.router = router
        self.options = options
        self.seed = seed
        self.address: str = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        self.down = False
        self.late: dict[tuple[Any, ...], Command] = {}
        self._connection: _Connection | None = None
        self._queue: list[Command] = []
        self._opening: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._stalled = False

    @property
    def up(self) -> bool:
        return self._connection is not None

    def send(self, command: Command) -> None:
        if self.down:
            self._queue_late(command, f"{self.address} is down")
            return
        if not self._queue:
            self.router.loop.call_soon(self._flush)
        self._queue.append(command)

    def _flush(self) -> None:
        if not self._queue:
            return
        self._watch_for(self._queue[0])
        if self._connection is None:
            self.open()
        else:
            commands, self._queue = self._queue, []
            self._connection.write(commands)

    # --- replies --------------------------------------------------------------------------------------------------

    def replied(self, connection: _Connection, command: Command, reply: Any) -> None:
        if isinstance(reply, hiredis.ReplyError):
            self._refused(connection, command, str(reply))
        elif command.reply is None:
            self.router.done(command, reply)
        elif not command.reply.done():
            command.reply.set_result(reply)

    def _refused(self, connection: _Connection, command: Command, text: str) -> None:
        code, _, rest = text.partition(" ")
        command.hops += 1
        again = command.hops <= _MAX_HOPS
        if again and code == "NOSCRIPT":
            connection.pending.append(command)
            connection.transport.write(command.packed(with_text=True))
        elif again and code == "MOVED":
            node = self.router.node(rest.split()[-1], self)
            self.router.moved(command.slot, node)
            node.send(command)
        elif again and code == "ASK":
            self.router.node(rest.split()[-1], self).visit(command)
        elif again and code == "TRYAGAIN" and command.reply is None:
            self.router.loop.call_later(_PROBE_S, self.router.send, command)
        elif code in _DOWN:
            self._queue_late(command, f"{self.address}: {text}")
            self.lost(connection, text, True)
        else:
            self.router.failed(f"{self.address}: {text}")
            self.router.lost(command)
            command.fail(text)

    def visit(self, command: Command) -> None:
        """Send a command whose slot is being moved to this node."""
        if self._connection is not None:
            asking = Command(None, -1, (), ["ASKING"], self.router.loop.create_future(), command.sent)
            self._connection.write([asking, command])
            self._watch_for(command)
            return
        self.open()
        command.fail(f"{self.address} is not connected yet")
        if command.reply is None:
            self.router.loop.call_later(_PROBE_S, self.router.send, command)

    # --- time and failure -----------------------------------------------------------------------------------------

    def _watch_for(self, oldest: Command) -> None:
        if self._watch is None:
            self._watch = self.router.loop.call_at(oldest.sent + self.router.patience_s, self._check_replies)

    def _check_replies(self) -> None:
        self._watch = None
        waiting = self._connection.pending if self._connection is not None else self._queue
        stalled, self._stalled = self._stalled, False
        if not waiting or self.down:
            return
        if waiting[0].sent + self.router.patience_s > self.router.loop.time():
            self._watch_for(waiting[0])
        elif not stalled:  # perhaps this process was busy and the replies lie in the socket: lets them be read first
            self._stalled = True
            self._watch = self.router.loop.call_later(0.001, self._check_replies)
        elif self._connection is not None:
            self.lost(self._connection, "no answer in time", True)
        else:
            self._give_up("no connection in time")

    def lost(self, connection: _Connection, why: str, failed: bool) -> None:
        """A connection is of no use any more. One that was idle is no failure: the next command opens another."""
        commands = list(connection.pending)
        connection.pending.clear()
        connection.drop()
        for command in commands:
            if command.script is not None and command.script.queued:
                command.mark_uncertain()
            self._queue_late(command, f"{self.address}: {why}")
        if connection is self._connection:
            self._connection = None
            if failed or self._queue:
                self._give_up(why)

    def _give_up(self, why: str) -> None:
        self.down = True
        self.router.failed(f"{self.address}: {why}")
        commands, self._queue = self._queue, []
        for command in commands:
            self._queue_late(command, f"{self.address}: {why}")
        self.open()

    def _queue_late(self, command: Command, why: str) -> None:
        """For later, where it can wait: the latest of each command."""
        command.fail(why)
        if command.script is None or not command.script.queued:
            return
        name = (command.script.name, *command.args[1:3], *command.keys)
        if len(self.late) < _MAX_LATE or name in self.late:
            self.late[name] = command
        else:
            self.router.lost(command)

    def open(self) -> None:
        if self._opening is None and self._connection is None:
            self._opening = self.router.loop.create_task(self._open())

    async def _open(self) -> None:
        back = True
        while back:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    connection = await self._connect()
                await self._catch_up(connection)
            except Exception as error:  # whatever it is, it must not end the trying
                if not self.down:
                    self._give_up(f"cannot connect: {error!r}")
                back = await self.router.find_successor(self)
                await asyncio.sleep(_PROBE_S)
            else:
                self._connection, self.down = connection, False
                break
        self._opening = None
        self._flush()

    async def _connect(self) -> _Connection:
        """A connection that has proved to work. Commands overtake none that would have to wait for its script."""
        loop, options, connection = self.router.loop, self.options, _Connection(self)
        try:
            if "path" in options:
                await loop.create_unix_connection(lambda: connection, options["path"])
            else:
                host, port = options.get("host", "localhost"), options.get("port", 6379)
                await loop.create_connection(lambda: connection, host, port, ssl=options.get("tls"))
            if "password" in options:
                user = [options["username"]] if "username" in options else []
                await connection.ask("AUTH", *user, options["password"])
            if options.get("db"):
                await connection.ask("SELECT", options["db"])
            for script in self.router.scripts:
                await connection.ask("SCRIPT", "LOAD", script.text)
        except BaseException:
            self.lost(connection, "cannot connect", True)
            raise
        return connection

    async def _catch_up(self, connection: _Connection) -> None:
        """Carries out what has waited, before anybody else gets room that is not there."""
        while self.late:
            names = list(itertools.islice(self.late, _LATE_BATCH))
            commands = [self.late.pop(name) for name in names]
            for command in commands:
                command.sent = self.router.loop.time()
                command.hops = 0
            connection.write(commands)
            try:
                async with asyncio.timeout(_CONNECT_S):
                    await connection.ask("PING")
            except BaseException:
                self.lost(connection, "no answer in time", True)
                raise
        if connection.transport is None:
            raise KvDown("connection closed")

    async def close(self) -> None:
        """Sends what is pending and sees it answered, where that works at once."""
        if self._opening is not None and not self.down:
            await asyncio.wait({self._opening}, timeout=_CONNECT_S)
        self._flush()
        with contextlib.suppress(TimeoutError, KvDown):
            async with asyncio.timeout(_CONNECT_S):
                while self._connection is not None and self._connection.pending:
                    await self._connection.ask("PING")
        self.down = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait({self._opening})
        if self._watch is not None:
            self._watch.cancel()
        if self._connection is not None:
            self.lost(self._connection, "closed", False)
        for command in self.late.values():
            self.router.lost(command)
        self.late.clear()
