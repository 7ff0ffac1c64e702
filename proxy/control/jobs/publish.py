"""Writes the snapshot file after each change of the database. The file is replaced atomically."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.core.files import replace
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
        if self._database.revision() == self.revision and self.file.exists():
            return
        with self._database.read() as rows:
            revision, chunks = snapshot(rows)
            replace(self.file, chunks, shared=True)
        self.revision = revision
        self.etag = f'"{revision}-{self._database.secret.fingerprint}"'

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
