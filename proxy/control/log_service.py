"""The log of a control process: the store, and the thread that opens it and ships into it."""

import logging
import threading
import time
from typing import Final

import msgspec

from proxy.control.annotate import AnnotationWriter
from proxy.control.jobs.journal import Journal
from proxy.control.jobs.ship import Shipper, lag_bytes
from proxy.control.jobs.ship_figures import Figures
from proxy.control.retention_guard import RetentionGuard
from proxy.control.shipping import SpoolBusy, SpoolLock, make_shipper, open_store, price_book
from proxy.core.errors import PerihelionError
from proxy.core.log import swallowed
from proxy.core.process import return_large_buffers, tune_gc, unmap_clean_code
from proxy.core.settings import Settings
from proxy.logstore import LogStore
from proxy.spool.reader import Reader

__all__ = ["LogService", "NotReady"]

_RETRY_S: Final = (0.2, 10.0)
_DRAIN_S: Final = 5.0
_CLOCK_S: Final = 1.0
_FIGURES_AGE_S: Final = 0.25
"""Gauges that are older than this are measured again for whoever asks."""

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
        self._began = time.time()
        self._guard: RetentionGuard | None = None
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

    def figures(self) -> Figures:
        """The shipper's counters and gauges as they are now. While the log is not open, what the spool holds."""
        shipper = self.shipper
        try:
            if shipper is not None:
                shipper.measure(_FIGURES_AGE_S)
                return shipper.figures
            waiting = Figures()
            reader = Reader(self.settings.layout.spool)
            segments = reader.segments()
            waiting.segments = len(segments)
            waiting.lag_bytes = lag_bytes(reader, Journal(self.settings.layout.journal), segments)
            waiting.behind_since = self._began if waiting.lag_bytes else 0.0
        except (OSError, msgspec.MsgspecError) as error:
            _log.warning("how far the log is behind is not known: %s", error)
            return shipper.figures if shipper is not None else Figures()
        return waiting

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

    def _watch_clock(self, guard: RetentionGuard) -> None:
        while not self._stop.wait(_CLOCK_S) and guard is self._guard:
            try:
                guard.look()
            except Exception as error:  # noqa: BLE001 - it is looked at again
                swallowed("retention", error)

    def _run(self) -> None:
        wait = _RETRY_S[0]
        while not self._stop.is_set():
            lock: SpoolLock | None = None
            try:
                lock = SpoolLock(self.settings.layout.spool)
                prices = price_book(self.settings)
                store = open_store(self.settings)
                journal = self.settings.layout.journal
                note = journal.with_name("retention.held")
                guard = RetentionGuard(store.hold_retention, Journal(journal).placed_us(), note)
                self._guard = guard
                threading.Thread(target=self._watch_clock, args=(guard,), name="retention", daemon=True).start()
                shipper = make_shipper(self.settings, store, prices)
                shipper.look_back()
                self.shipper, self._store = shipper, store
                # Prices and the driver stay for good, and a batch of rows holds no cycles: walk them rarely.
                tune_gc()
                return_large_buffers()
                unmap_clean_code()
                self.problem = ""
                shipper.run(self._stop, _DRAIN_S)
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
