"""The connections of an open store: one that writes, some that read, and one that ends queries of the others."""

import contextlib
import ctypes
import functools
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import clickhouse_connect
import msgspec
from clickhouse_connect import common
from clickhouse_connect.driver.exceptions import ClickHouseError

from proxy.logstore.address import StoreAddress
from proxy.logstore.cancellation import Cancellation
from proxy.logstore.limits import Cap, QueryCancelled, QueryLimitError, QueryLimits, StoreError
from proxy.logstore.readers import Readers
from proxy.logstore.sql import query

__all__ = ["Connections", "Running", "connect", "hosts_of"]

_EMBEDDED: Final = str(Path(__file__).with_name("embedded.xml"))


class Running(NamedTuple):
    """A query that may begin: its connection, the settings to give it, and what ends it."""

    client: Any
    settings: dict[str, Any]
    kill: Callable[[], None]


class Connections:
    """`writer` stays the owner's; the others are opened when they are needed.

    `reading` is whom readers log in as, on a server. Up to `count` reads run at once, as many streams, and as many
    queries with SQL of users.
    """

    def __init__(self, address: StoreAddress, reading: StoreAddress, writer: Any, count: int) -> None:
        self.address = address
        self.reading = reading
        self._writer = writer
        self._write_lock = threading.Lock()
        self._kill_lock = threading.Lock()
        self._killer: Any = None
        self.readers = Readers(self._connect_reader, count)
        self.streams = Readers(self._connect_reader, count)
        # Of chDB such a connection keeps its organisation; to a server each request says it.
        self.sandboxes = Readers(self._connect_sandbox, count, reuse=not address.embedded)

    @contextlib.contextmanager
    def run(
        self, readers: Readers, limits: QueryLimits, cancellation: Cancellation | None = None, mark: str = ""
    ) -> Iterator[Running]:
        """Lends a connection of `readers` for one query. `mark` is added to the query's `log_comment`.

        Raises what `LogStore.read` says. `cancellation` is the thread's own where none is given.
        """
        id = uuid.uuid4().hex
        kill = functools.partial(self._kill, id)
        cancellation = cancellation or Cancellation.current()
        settings = {"log_comment": id + mark, **limits.settings()}
        try:
            with readers.lend(limits.seconds) as client, cancellation.running(kill) if cancellation else _nothing:
                yield Running(client, settings, kill)
        except (ClickHouseError, OSError) as error:
            if cancellation is not None and cancellation.cancelled:
                raise QueryCancelled from error
            raise _store_error(error, limits) from error

    @contextlib.contextmanager
    def write(self) -> Iterator[Any]:
        """The connection that writes. Raises `StoreError`, and is renewed then, for the reason that `Readers` gives."""
        with self._write_lock:
            try:
                yield self._writer
            except (ClickHouseError, OSError) as error:
                failed = self._writer
                with contextlib.suppress(ClickHouseError, OSError):  # another host may answer
                    self._writer = connect(self.address)
                    failed.close()
                raise StoreError(str(error)) from error

    def owners(self) -> Iterator[Any]:
        """The connections for DELETE and ALTER: the one that writes; in a cluster one to each shard, as Distributed
        tables take neither. Raises `StoreError`."""
        if not self.address.cluster:
            with self.write() as writer:
                yield writer
            return
        for host in hosts_of(self.address):
            try:
                with contextlib.closing(connect(host, self.address.tables)) as client:
                    yield client
            except (ClickHouseError, OSError) as error:
                raise StoreError(str(error)) from error

    def close(self) -> None:
        """Closes all connections; chDB stops with the last one."""
        for readers in (self.readers, self.streams, self.sandboxes):
            readers.close()
        with self._write_lock, self._kill_lock, contextlib.suppress(ClickHouseError, OSError):
            if self._killer is not None:
                self._killer.close()
            self._writer.close()

    def _kill(self, id: str) -> None:
        """Ends a query where it runs. It may be one of another user, so that takes the owner's rights."""
        with self._kill_lock, contextlib.suppress(ClickHouseError, OSError):
            if self._killer is None:
                self._killer = connect(self.address)
            self._killer.command(query("kill"), parameters={"id": id})

    def _connect_reader(self) -> Any:
        """A connection whose rights do not leave the database, and that cannot write."""
        reader = self._connect_sandbox()
        reader.set_client_setting("readonly", 2)  # settings may change, as each query's limits do
        return reader

    def _connect_sandbox(self) -> Any:
        """The same, but for `readonly`, which goes together with what it makes unchangeable."""
        reader = connect(self.reading)
        if self.address.embedded:
            reader.command("SET ROLE reader")
        return reader


_nothing: Final = contextlib.nullcontext()


def connect(address: StoreAddress, database: str = "") -> Any:
    """A connection to the first host that answers, in `database` or that of the address.

    Raises `ClickHouseError` or `OSError`."""
    common.set_setting("autogenerate_session_id", False)
    database = database or address.database
    if address.embedded:
        options = {"config-file": _EMBEDDED, "users_config": _EMBEDDED}
        client = clickhouse_connect.get_client(dsn=address.url, database=database, chdb_options=options)
        _end_at_faults()
        return client
    for at, (host, port) in enumerate(address.hosts):
        try:
            return clickhouse_connect.get_client(
                host=host,
                port=port,
                username=address.user,
                password=address.password,
                secure=address.secure,
                database=database,
                settings=_DISTRIBUTED if address.cluster else None,
            )
        except (ClickHouseError, OSError):
            if at == len(address.hosts) - 1:
                raise
    raise AssertionError("an address of a server has hosts")


def _end_at_faults() -> None:
    """Ends the process at once where its native code fails, so that it is started again. The handlers that chDB sets
    hold it for minutes, in which it neither answers nor ends. (`signal.signal` works in the main thread only.)"""
    libc = ctypes.CDLL(None)
    libc.signal.argtypes, libc.signal.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    for fault in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT):
        libc.signal(fault, None)  # SIG_DFL


def hosts_of(address: StoreAddress) -> list[StoreAddress]:
    """The address of each host alone."""
    return [msgspec.structs.replace(address, hosts=(host,)) for host in address.hosts]


_DISTRIBUTED: Final = {
    # An insert is answered when its rows are on their shards.
    "distributed_foreground_insert": 1,
    # INSERT … SELECT is carried out here: sent to the shards, its subqueries would look for tables there.
    "parallel_distributed_insert_select": 0,
    # A table within a subquery is that of the whole cluster, too.
    "distributed_product_mode": "global",
}


def _store_error(error: Exception, limits: QueryLimits) -> StoreError:
    """The error of ours for one of the driver: by the engine's code."""
    cap = _CAP_OF_CODE.get(getattr(error, "code", None) or 0)
    return StoreError(str(error)) if cap is None else QueryLimitError(cap, getattr(limits, cap))


_CAP_OF_CODE: Final[dict[int, Cap]] = {
    158: "rows_read",
    159: "seconds",
    160: "seconds",
    241: "memory",
    396: "result_rows",
}
"""TOO_MANY_ROWS, TIMEOUT_EXCEEDED, TOO_SLOW, MEMORY_LIMIT_EXCEEDED, TOO_MANY_ROWS_OR_BYTES."""
