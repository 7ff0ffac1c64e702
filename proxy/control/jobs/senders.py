"""The threads of something that sends: one looks who has something to send, and each of those has one of its own
meanwhile, so that a slow receiver delays no other."""

import logging
import threading
import time
from abc import abstractmethod
from collections.abc import Iterable
from typing import Final, Protocol

from proxy.control.log_service import NotReady
from proxy.logstore import StoreError
from proxy.metadata.db import MetadataError
from proxy.metadata.errors import DatabaseError

__all__ = ["LastError", "Senders"]

_MAX_WAIT_S: Final = 15.0
_PAUSES_S: Final = (1.0, 5.0)
"""After a failure: what is away is expected to be back, and a mistake of this program is not to fill its log."""
_AWAY: Final = (DatabaseError, MetadataError, NotReady, StoreError)

_log = logging.getLogger(__name__)


class LastError(Protocol):
    """Figures that tell the last error."""

    last_error: str


class Senders:
    """Sends until it is closed. `wake` makes it look at once."""

    def __init__(self, name: str, figures: LastError, *, poll_s: float, most: int) -> None:
        """At most that many send at once."""
        self._name = name
        self._noted = figures
        self._poll_s = poll_s
        self._most = most
        self._sending: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def _due(self) -> Iterable[str]:
        """Ids of those that may have something to send."""

    @abstractmethod
    def _send_for(self, id: str) -> None:
        """Sends what one has, in a thread of its own."""

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is something to send."""
        self._woken.set()

    def close(self, timeout_s: float = 5.0) -> None:
        """Let requests under way end, for a few seconds at most: who holds a lease sends them again otherwise."""
        self._stop.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join()
        deadline = time.monotonic() + timeout_s
        with self._lock:
            sending = list(self._sending.values())
        for thread in sending:
            thread.join(max(0.0, deadline - time.monotonic()))

    def step(self) -> int:
        """Start a thread for each that has something to send and no thread; returns how many."""
        started = 0
        for id in self._due():
            with self._lock:
                if id in self._sending or len(self._sending) >= self._most:
                    continue
                thread = threading.Thread(target=self._serve, args=(id,), name=f"{self._name}-one", daemon=True)
                self._sending[id] = thread
            thread.start()
            started += 1
        return started

    def _run(self) -> None:
        wait_s = self._poll_s
        while not self._stop.is_set():
            self._woken.clear()
            try:
                self.step()
                wait_s = self._poll_s
            except Exception as error:  # noqa: BLE001 - the thread outlasts anything
                self._note_error(error)
                wait_s = min(wait_s * 2, _MAX_WAIT_S)
            self._woken.wait(wait_s)

    def _serve(self, id: str) -> None:
        try:
            self._send_for(id)
        except Exception as error:  # noqa: BLE001
            self._note_error(error)
            self._stop.wait(_PAUSES_S[not isinstance(error, _AWAY)])
        finally:
            with self._lock:
                del self._sending[id]

    def _note_error(self, error: Exception) -> None:
        is_database = isinstance(error, (DatabaseError, MetadataError))
        reason = f"{type(error).__name__}: {'the metadata database does not answer' if is_database else error}"
        if reason != self._noted.last_error:
            _log.warning("%s: %s", self._name, reason, exc_info=None if isinstance(error, _AWAY) else error)
        self._noted.last_error = reason
