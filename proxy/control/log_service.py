"""The log of a control process: the store, and the thread that opens it and ships into it."""

import logging
import threading
from typing import Final

from proxy.control.annotate import AnnotationWriter
from proxy.control.jobs.ship import Shipper
from proxy.control.shipping import SpoolBusy, SpoolLock, make_shipper, open_store, price_book
from proxy.core.errors import PerihelionError
from proxy.core.process import tune_gc, unmap_clean_code
from proxy.core.settings import Settings
from proxy.logstore import LogStore

__all__ = ["LogService", "NotReady"]

_RETRY_S: Final = (0.2, 10.0)
_DRAIN_S: Final = 5.0

_log = logging.getLogger(__name__)


class NotReady(PerihelionError):
    """The log store is not open (yet)."""


class LogService:
    """All that `perihelion ship` needs, and one part of the control plane.

    Started and closed after the fork: chDB does not survive one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.problem = "the log store is being opened"
        self.shipper: Shipper | None = None
        self.annotations = AnnotationWriter(lambda: self.store)
        self._store: LogStore | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ship", daemon=True)

    @property
    def store(self) -> LogStore:
        """The open store. Raises `NotReady`."""
        if self._store is None:
            raise NotReady(self.problem)
        return self._store

    @property
    def ready(self) -> bool:
        return self._store is not None

    def open_store(self) -> LogStore | None:
        """The open store; None where it is not open."""
        return self._store

    def complete_until_us(self) -> int:
        """All that was in the spool at that time is in the log; 0: nothing is known."""
        return 0 if self.shipper is None else round(self.shipper.figures.complete_until * 1e6)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ships what is left, for a few seconds at most, and closes the store."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(_DRAIN_S * 2)
        if self._store is not None:
            self._store.close()

    def _run(self) -> None:
        wait = _RETRY_S[0]
        while not self._stop.is_set():
            lock: SpoolLock | None = None
            try:
                lock = SpoolLock(self.settings.layout.spool)
                prices = price_book(self.settings)
                store = open_store(self.settings)
                self.shipper = make_shipper(self.settings, store, prices)
                self._store = store
                # Prices and the driver stay for good, and a batch of rows holds no cycles: walk them rarely.
                tune_gc()
                unmap_clean_code()
                self.problem = ""
                self.shipper.run(self._stop, _DRAIN_S)
            except (PerihelionError, SpoolBusy, OSError) as error:
                self.problem = str(error)
                _log.warning("not ready: %s", error)
            except Exception as error:  # noqa: BLE001
                self.problem = f"{type(error).__name__}: {error}"
                _log.exception("the shipper stopped")
            finally:
                if lock is not None:
                    lock.release()
            self._stop.wait(wait)
            wait = min(wait * 2, _RETRY_S[1])
