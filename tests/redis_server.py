"""Real Redis servers for tests, on free ports, with nothing kept on disk."""

import random
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.stack import wait_for

__all__ = ["RedisServer", "start_cluster"]


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"these tests need {name}: install redis-server 6 or newer"
    return found


def _free_port() -> int:
    """A port that was free a moment ago, as was the cluster's own, 10000 above; both below those of outgoing ones."""
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
    """One server. `settings` are those of redis.conf, `tls_port="1"` also takes the port of it."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self.port = _free_port()
        self.socket = self.folder / "redis.sock"
        self.settings = settings
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
        self._process = subprocess.Popen([_program("redis-server"), *words])
        wait_for("redis-server to answer", self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        log = self.folder / "server.log"
        assert self._process.poll() is None, f"redis-server ended: {log.read_text() if log.exists() else ''}"
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


def start_cluster(size: int = 3) -> list[RedisServer]:
    """Servers of one cluster, all of them masters, every slot covered."""
    servers = [
        RedisServer(cluster_enabled="yes", cluster_config_file="nodes.conf", cluster_require_full_coverage="no")
        for _ in range(size)
    ]
    hosts = [f"127.0.0.1:{server.port}" for server in servers]
    told = subprocess.run(
        [_program("redis-cli"), "--cluster", "create", *hosts, "--cluster-yes"], capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout + told.stderr
    for server in servers:
        wait_for("the cluster to be whole", lambda one=server: b"cluster_state:ok" in _info(one))  # type: ignore[misc]
    return servers


def _info(server: RedisServer) -> bytes:
    with server.client() as client:
        found = client.connection_pool.get_connection()
        found.send_command("CLUSTER", "INFO")
        text: bytes = found.read_response()
        return text
