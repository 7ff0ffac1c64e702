"""ClickHouse servers for tests, on free ports, each a process of its own over a folder of its own.

The server is the one inside the npm package `@chdb/lib-<platform>`: its library is `clickhouse local`, which listens
once it is told `SYSTEM START LISTEN`. `npm pack` fetches it once, into a folder outside of the repository
(`PERIHELION_TEST_CACHE`, else `~/.cache/perihelion-tests`). Where that fails, tests are skipped with the reason.

What is not there: users made by SQL (they come from `users.xml`, see `USERS`), custom settings, replication, and the
server's own care for native connections that break off (see `_Front`).
"""

import contextlib
import ctypes
import fcntl
import os
import platform
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tarfile
import tempfile
import threading
import urllib.request
from functools import cache
from pathlib import Path

import pytest

from proxy.core.process import die_with_parent
from tests.stack import free_port, wait_for

__all__ = ["PASSWORD", "USERS", "VERSION", "ClickHouseServer", "cluster_url", "library", "start_cluster"]

VERSION = "26.7"
"""What `SELECT version()` begins with."""
PASSWORD = "sesame"
"""Of each user below but `default`, as which the process itself logs in, from nowhere else than this machine."""
USERS = {"perihelion": ("GRANT ALL ON *.* WITH GRANT OPTION",)}
"""Name to grants, as `users.xml` takes them."""

_PACKAGE = "26.7.3-stable.1"
_PLATFORMS = {
    ("Linux", "x86_64"): "linux-x64-gnu",
    ("Linux", "aarch64"): "linux-arm64-gnu",
    ("Darwin", "arm64"): "darwin-arm64",
}
_CONFIG = """<clickhouse>
  <users_config>users.xml</users_config>
  <logger><level>none</level></logger>
  <mark_cache_size>16777216</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  {clusters}
</clickhouse>
"""
_USER = """<{name}><password>{password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
<quota>default</quota>{grants}</{name}>"""


class ClickHouseServer:
    """One server, started at once. `users` maps a name to grants, beside `USERS`; `policies` maps one to a condition on
    the rows of `perihelion.requests`."""

    def __init__(
        self,
        users: dict[str, tuple[str, ...]] | None = None,
        *,
        policies: dict[str, str] | None = None,
        start: bool = True,
    ) -> None:
        self.library = library()
        self.folder = Path(tempfile.mkdtemp(prefix="clickhouse-"))
        self.http_port, self.tcp_port = free_port(), free_port()
        self.front = _Front(self.tcp_port)
        self._process: subprocess.Popen[bytes] | None = None
        grants = {
            name: "<grants>" + "".join(f"<query>{one}</query>" for one in given) + "</grants>"
            for name, given in {**USERS, **(users or {})}.items()
        }
        for name, condition in (policies or {}).items():
            grants[name] += (
                f"<databases><perihelion><requests><filter>{condition}</filter></requests></perihelion></databases>"
            )
        written = [_USER.format(name="default", password="", grants="")]
        written += [_USER.format(name=name, password=PASSWORD, grants=given) for name, given in grants.items()]
        (self.folder / "users.xml").write_text(
            "<clickhouse><profiles><default/></profiles><quotas><default/></quotas>"
            f"<users>{''.join(written)}</users></clickhouse>"
        )
        self.clusters: dict[str, list[ClickHouseServer]] = {}
        """Shards, one server each, by the name of a cluster; read at the next start."""
        if start:
            self.start()

    def url(self, database: str = "perihelion", user: str = "perihelion") -> str:
        """What `log.store` takes."""
        return f"clickhouse://{user}:{PASSWORD}@127.0.0.1:{self.http_port}/{database}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        clusters = "".join(
            f"<{name}>{''.join(_shard(server) for server in servers)}</{name}>"
            for name, servers in self.clusters.items()
        )
        config = _CONFIG.format(
            folder=self.folder, clusters=f"<remote_servers>{clusters}</remote_servers>" if clusters else ""
        )
        (self.folder / "config.xml").write_text(config)
        words = (self.library, self.folder, self.http_port, self.tcp_port)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.clickhouse_server", *map(str, words)],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        wait_for("ClickHouse to answer", self._answers, 60)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "ClickHouse ended"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/ping", timeout=5).close()
        except OSError:
            return False
        return True

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
            self.kill()
        self.front.shutdown()
        self.front.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class _Front(socketserver.ThreadingTCPServer):
    """Stands before a shard's native port. Where another server breaks a connection off, as it does after a LIMIT, the
    shard reads an orderly end: this build of the server ends its process on a reset."""

    daemon_threads = True

    def __init__(self, target: int) -> None:
        super().__init__(("127.0.0.1", 0), _Carried)
        self.target = target
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Carried(socketserver.BaseRequestHandler):
    server: _Front

    def handle(self) -> None:
        try:
            shard = socket.create_connection(("127.0.0.1", self.server.target))
        except OSError:
            return
        with shard:
            answers = threading.Thread(target=_carry, args=(shard, self.request), daemon=True)
            answers.start()
            _carry(self.request, shard)
            answers.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Until the source ends, and then the target's end; one that has ended before is no reason to stop reading."""
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            with contextlib.suppress(OSError):
                target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _shard(server: ClickHouseServer) -> str:
    return (
        f"<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host>"
        f"<port>{server.front.port}</port><user>perihelion</user><password>{PASSWORD}</password></replica></shard>"
    )


def start_cluster(users: dict[str, tuple[str, ...]] | None = None, size: int = 2) -> list[ClickHouseServer]:
    """Servers that are the shards of a cluster named `two`."""
    servers = [ClickHouseServer(users, start=False) for _ in range(size)]
    for server in servers:
        server.clusters = {"two": servers}
        server.start()
    return servers


def cluster_url(servers: list[ClickHouseServer], user: str = "perihelion") -> str:
    """What `log.store` takes for such a cluster."""
    hosts = ",".join(f"127.0.0.1:{server.http_port}" for server in servers)
    return f"clickhouse://{user}:{PASSWORD}@{hosts}/perihelion?cluster=two"


@cache
def library() -> Path:
    """The server's library. Skips the test where it is not there and cannot be fetched."""
    target = _PLATFORMS.get((platform.system(), platform.machine()))
    if target is None:
        pytest.skip(f"no ClickHouse server for tests on {platform.system()} {platform.machine()}")
    folder = Path(os.environ.get("PERIHELION_TEST_CACHE") or Path.home() / ".cache/perihelion-tests")
    folder.mkdir(parents=True, exist_ok=True)
    found = folder / f"clickhouse-{_PACKAGE}-{target}.so"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            _fetch(f"@chdb/lib-{target}@{_PACKAGE}", found)
    return found


def _fetch(package: str, found: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no ClickHouse server for tests: npm is not installed")
    with tempfile.TemporaryDirectory(dir=found.parent) as folder:
        done = subprocess.run(
            [npm, "pack", "--silent", package], cwd=folder, capture_output=True, text=True, timeout=600
        )
        if done.returncode != 0:
            pytest.skip(f"no ClickHouse server for tests: npm pack {package}: {done.stderr.strip() or done.stdout}")
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed, (Path(folder) / "library").open("wb") as unpacked:
            content = packed.extractfile("package/libchdb.so")
            assert content is not None
            shutil.copyfileobj(content, unpacked)
        (Path(folder) / "library").rename(found)


def _serve(library: str, folder: str, http_port: str, tcp_port: str) -> None:
    """Runs the server; returns never. The query reads from a pipe that nobody writes to, so it does not end."""
    die_with_parent(signal.SIGKILL)
    pipe = Path(folder) / "wait"
    if not pipe.exists():
        os.mkfifo(pipe)
    words = [
        "clickhouse",
        f"--path={folder}/data",
        f"--config-file={folder}/config.xml",
        "--listen_host=127.0.0.1",
        f"--http_port={http_port}",
        f"--tcp_port={tcp_port}",
        f"--query=SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP;SELECT count() FROM file('{pipe}', 'LineAsString')",
    ]
    run = ctypes.CDLL(library).query_stable_v2
    run.restype = ctypes.c_void_p
    run(len(words), (ctypes.c_char_p * len(words))(*(word.encode() for word in words)))
    sys.exit("ClickHouse ended; its query should have waited")


if __name__ == "__main__":
    _serve(*sys.argv[1:])
