"""What the control process holds: the store, and the thread that opens it and ships into it."""

import gc
import logging
import threading
from typing import TYPE_CHECKING, Final

from proxy.control.auth import LocalToken
from proxy.control.jobs.publish import Publisher
from proxy.control.jobs.ship import Shipper
from proxy.control.rotation import RunLock, open_database
from proxy.control.shipping import (
    SpoolBusy,
    SpoolLock,
    make_shipper,
    open_store,
    price_book,
)
from proxy.control.throttle import Throttle
from proxy.core.errors import PerihelionError
from proxy.core.identity import DEFAULT_ORG
from proxy.core.process import unmap_clean_code
from proxy.core.settings import Settings
from proxy.logstore import LogStore
from proxy.metadata import people
from proxy.providers import load as load_catalog

if TYPE_CHECKING:
    from proxy.control.oidc import Oidc

__all__ = ["Control", "NotReady", "Plane"]

_RETRY_S: Final = (0.2, 10.0)
_DRAIN_S: Final = 5.0

_log = logging.getLogger(__name__)


class NotReady(PerihelionError):
    """The log store is not open (yet)."""


class Plane:
    """The log alone: what `perihelion ship` needs.

    Started and closed after the fork: chDB does not survive one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.problem = "the log store is being opened"
        self.shipper: Shipper | None = None
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
                gc.freeze()
                gc.set_threshold(50_000, 20, 50)
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


class Control(Plane):
    """The whole control plane. Making one opens the metadata database: raises `MetadataError` or `SettingError`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        catalog = load_catalog(
            settings.get_str("providers.folder"), settings.get_str("targets.allow"), settings.get_str("domain")
        )
        self.providers = frozenset(catalog.providers)
        self.throttle = Throttle()
        self.oidc = _open_oidc(settings)
        self.local = LocalToken(settings.layout.control_token)
        self._lock = RunLock(settings)
        try:
            self.database = open_database(settings)
        except BaseException:
            self._lock.release()
            raise
        self.publisher = Publisher(self.database, settings.layout.snapshot, self._seen)

    def _seen(self) -> dict[str, int]:
        if self.shipper is None:
            return {}
        seen, self.shipper.figures.keys = self.shipper.figures.keys, {}
        return seen

    def start(self) -> None:
        self.local.write()
        with self.database.write(publish=False) as rows:
            if not people.count(rows):
                token = people.make_link(rows, self.database.pepper, DEFAULT_ORG, "owner")
                host, port = self.settings.get_str("control.host"), self.settings.get_int("control.port")
                print(f"One-time setup link, valid for 24 hours: http://{host}:{port}/login?token={token}", flush=True)
        self.publisher.start()
        super().start()

    def close(self) -> None:
        super().close()
        self.publisher.close()
        self.database.close()
        self._lock.release()


def _open_oidc(settings: Settings) -> "Oidc | None":
    """The provider of logins; None where none is configured, and nothing of its libraries is loaded then."""
    if not settings.get_str("oidc.issuer"):
        return None
    from proxy.control.oidc import Oidc

    return Oidc(settings)
