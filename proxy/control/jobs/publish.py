"""Writes the snapshot file after each change of the database, and where somebody else changed the file. It is replaced
atomically."""

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.core.files import replace
from proxy.core.snapshot import Holdings, SnapshotError, holdings
from proxy.metadata import keys
from proxy.metadata.db import Database, MetadataError
from proxy.metadata.errors import DatabaseError
from proxy.metadata.snapshot_query import snapshot

__all__ = ["Publisher"]

_POLL_S: Final = 0.25
_POLLS_PER_USE_UPDATE: Final = 20

_log = logging.getLogger(__name__)


class Publisher:
    """A thread that writes the snapshot file. `etag` identifies the newest one."""

    def __init__(self, database: Database, file: Path, seen: Callable[[], dict[str, int]] = dict) -> None:
        """`seen` returns the API keys used since its last call, with the time of use. Called every few seconds."""
        self.file = file
        self._seen = seen
        self.etag = ""
        self.revision = 0
        self.problem = ""
        self._written: tuple[int, ...] = ()
        self._database = database
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publish", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def publish(self) -> None:
        """Write the file if its revision is not the database's; concurrent callers wait."""
        with self._lock:
            self._publish()

    def _publish(self) -> None:
        if self._database.revision() == self.revision and self._is_written():
            return
        with self._database.read() as rows:
            revision, chunks = snapshot(rows)
            if not self.revision:
                self._keep_newer(revision)
            replace(self.file, chunks, fsync=True, shared=True)
        self._written = _stamp(self.file)
        self.revision = revision
        self.etag = f'"{revision}-{self._database.secret.fingerprint}"'

    def _is_written(self) -> bool:
        """Whether the file is still what was written, or what another control plane wrote of the same revision."""
        stamp = _stamp(self.file)
        if stamp != self._written:
            known = _holdings(self.file)
            if known is None or known.head.revision < self.revision:
                return False
            self._written = stamp
        return True

    def _keep_newer(self, revision: int) -> None:
        """Keeps a snapshot that knows more than the database, which is older then than it was: a backup came back, or
        its last changes were lost."""
        known = _holdings(self.file)
        if known is None or known.head.revision <= revision:
            return
        kept = self.file.with_name(f"{self.file.name}.revision-{known.head.revision}")
        with contextlib.suppress(FileExistsError):
            os.link(self.file, kept)
        _log.warning(
            "the metadata database (revision %d) is older than the gateways' snapshot (revision %d): keys made since "
            "are not valid any more; that snapshot is kept as %s", revision, known.head.revision, kept.name,
        )  # fmt: skip

    def _run(self) -> None:
        polls = 0
        while True:
            try:
                self.publish()
                polls += 1
                if polls % _POLLS_PER_USE_UPDATE == 0 and (used := self._seen()):
                    with self._database.write(publish=False) as rows:
                        keys.used(rows, used)
                self.problem = ""
            except (DatabaseError, MetadataError, OSError) as error:
                if str(error) != self.problem:
                    self.problem = str(error)
                    _log.warning("the snapshot is not written: %s", error)
            if self._stop.wait(_POLL_S):
                return


def _holdings(file: Path) -> Holdings | None:
    """What the snapshot has; None where it cannot be read."""
    try:
        return holdings(file.read_bytes())
    except (OSError, SnapshotError):
        return None


def _stamp(file: Path) -> tuple[int, ...]:
    """What changes with the file; empty where it does not exist."""
    try:
        stat = os.stat(file)
    except OSError:
        return ()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
