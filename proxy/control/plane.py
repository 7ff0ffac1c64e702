"""What the control process holds: the log, the metadata database, and what runs beside the API."""

import contextlib
from typing import TYPE_CHECKING, Final

import msgspec

from proxy.alerts.ready_made import READY_MADE
from proxy.control.auth import LocalToken
from proxy.control.file_targets import make_target
from proxy.control.gateway_probe import GatewayProbe
from proxy.control.import_service import ImportService
from proxy.control.jobs.clean_up import CLEAN_UP
from proxy.control.jobs.collect_values import ValueJob
from proxy.control.jobs.deliver import Deliverer, make_network, retry_schedule
from proxy.control.jobs.evaluate import Evaluator
from proxy.control.jobs.publish import Publisher
from proxy.control.jobs.reprice import Repricer
from proxy.control.jobs.runner import Job, JobRunner
from proxy.control.jobs.send_calls import CallSender
from proxy.control.jobs.store_hours import HourKeeper
from proxy.control.jobs.watch_budgets import BudgetWatch
from proxy.control.jobs.write_parquet import ParquetWriter
from proxy.control.late_arrivals import SETTLE_US
from proxy.control.log_service import LogService
from proxy.control.rotation import RunLock, open_database
from proxy.control.shipping import price_book, store_url
from proxy.control.slots import Slots, ThreadSlots
from proxy.control.stopping import StopSignal
from proxy.control.tails import Tails
from proxy.control.throttle import Throttle
from proxy.core.clock import now_us
from proxy.core.identity import DEFAULT_ORG
from proxy.core.notification import dashboard_url
from proxy.core.settings import Settings
from proxy.ingest.spool import REPORTS, IngestSpool
from proxy.metadata import alert_rules, people
from proxy.metadata.links import make_link
from proxy.net.streaming import StreamClient
from proxy.providers import load as load_catalog

if TYPE_CHECKING:
    from proxy.control.oidc import Oidc

__all__ = ["JOBS", "ControlPlane"]

_PLAYGROUND_CALLS: Final = 64
_CHANNEL_TESTS: Final = 4
"""Tests of channels at once; each takes a thread of the API for as long as its receiver does."""
_EXPORT_S: Final = 5.0
"""How long a stop waits for a file that is being exported; it is written again after the start."""

JOBS: Final[tuple[Job, ...]] = (CLEAN_UP,)
"""Periodic work that one control plane of a database does for all."""


class ControlPlane:
    """The whole control plane. Making one opens the metadata database: raises `MetadataError` or `SettingError`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = LogService(settings)
        self.catalog = load_catalog(
            settings.get_str("providers.folder"), settings.get_str("targets.allow"), settings.get_str("domain")
        )
        self.providers = frozenset(self.catalog.providers)
        self.gateway_url = _gateway_url(settings)
        self.gateway_probe = GatewayProbe(self.gateway_url)
        self.spool = IngestSpool(settings, REPORTS)
        self.imports = ImportService(settings, self.catalog, lambda: self.log.store, lambda: self.log.shipper)
        self.open_exports = 0
        """Exports of OpenTelemetry that are being read."""
        self.throttle = Throttle()
        self.tails = Tails()
        self.exports = Slots("exports", settings.get_int("log.readers"))
        self.playground = StreamClient(
            settings.get_str("playground.gateway_url") or _own_gateway(settings),
            ca_file=settings.get_str("upstream.ca_file"),
        )
        self.playground_slots = Slots("calls of the playground", _PLAYGROUND_CALLS)
        self.network = make_network(settings)
        """How channels and webhooks reach the outside."""
        self.tests_of_channels = ThreadSlots("tests of channels", _CHANNEL_TESTS)
        self.stopping = StopSignal()
        self.oidc = _open_oidc(settings)
        self.local = LocalToken(settings.layout.control_token, settings.layout.control_token_lock)
        self._lock = RunLock(settings)
        try:
            self.database = open_database(settings)
        except BaseException:
            self._lock.release()
            raise
        self.publisher = Publisher(self.database, settings.layout.snapshot, self._seen)
        self._several_writers = not store_url(settings).startswith("chdb:")
        self.deliverer = Deliverer(self.database, self.network, retry_schedule(settings))
        self.call_sender = CallSender(
            self.database,
            self.network,
            lambda: self.log.store,
            self._arrived,
            dashboard_url(settings),
            settled_us=self._settled_us,
            several_writers=self._several_writers,
        )
        self.hours = HourKeeper(settings, lambda: self.log.store if self.log.ready else None)
        values = ValueJob(lambda: self.log.store if self.log.ready else None)
        repricer = Repricer(
            self.database,
            lambda: self.log.store if self.log.ready else None,
            lambda: price_book(settings),
            on_done=self.hours.look_again,
        )
        self.evaluator = Evaluator(settings, self.database, self.log)
        # A thread of its own: nothing else may hold an evaluation up.
        self.alert_jobs = JobRunner(self.database, [self.evaluator.job])
        watch = BudgetWatch(self.database, lambda: self.log.store if self.log.ready else None, settings)
        self.jobs = JobRunner(self.database, [*JOBS, self.hours.job, values.job, repricer.job, watch.job])
        target = make_target(settings)
        self.parquet: ParquetWriter | None = None
        if target is not None:
            self.parquet = ParquetWriter(
                settings, target, self.database, lambda: self.log.store if self.log.ready else None
            )
        # In a thread of its own: a storage that answers slowly holds up no other job.
        self.exporter = JobRunner(self.database, [self.parquet.job] if self.parquet is not None else [])

    def _seen(self) -> dict[str, int]:
        if self.log.shipper is None:
            return {}
        seen, self.log.shipper.figures.keys = self.log.shipper.figures.keys, {}
        return seen

    def _arrived(self) -> set[str]:
        """Organisations that got calls since this was asked last."""
        if self.log.shipper is None:
            return set()
        orgs, self.log.shipper.figures.orgs = self.log.shipper.figures.orgs, set()
        return orgs

    def _settled_us(self) -> int:
        """Up to this place in the order of arrival the log has all calls, but for those that come late."""
        if self._several_writers:
            return now_us() - SETTLE_US
        return 0 if self.log.shipper is None else self.log.shipper.figures.placed_us

    def start(self) -> None:
        self.local.write()
        with self.database.write(publish=False) as rows:
            if not people.count(rows):
                token = make_link(rows, self.database.pepper, DEFAULT_ORG, "owner")
                host, port = self.settings.get_str("control.host"), self.settings.get_int("control.port")
                with contextlib.suppress(OSError):  # nobody may be reading
                    print(
                        f"One-time setup link, valid for 24 hours: http://{host}:{port}/login?token={token}", flush=True
                    )
            ready_made = [msgspec.json.encode(rule).decode() for rule in READY_MADE]
            alert_rules.add_first(rows, DEFAULT_ORG, ready_made)
        self.publisher.start()
        self.jobs.start()
        self.alert_jobs.start()
        self.deliverer.start()
        self.call_sender.start()
        if self.parquet is not None:
            self.exporter.start()
        self.log.start()

    def close(self) -> None:
        self.alert_jobs.close()
        self.jobs.close()
        self.deliverer.close()
        self.call_sender.close()
        self.exporter.close(_EXPORT_S)
        self.spool.close()
        self.imports.close()
        self.log.close()
        self.publisher.close()
        self.database.close()
        self.local.close()
        self._lock.release()


def _open_oidc(settings: Settings) -> "Oidc | None":
    """The provider of logins; None where none is configured, and nothing of its libraries is loaded then."""
    if not settings.get_str("oidc.issuer"):
        return None
    from proxy.control.oidc import Oidc

    return Oidc(settings)


def _gateway_url(settings: Settings) -> str:
    """Where callers reach the gateway, as far as the settings say."""
    return settings.get_str("gateway.url").rstrip("/") or _own_gateway(settings)


def _own_gateway(settings: Settings) -> str:
    """Where the gateway of this machine listens."""
    host = settings.get_str("gateway.host")
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    scheme = "https" if settings.get_str("gateway.tls_cert") else "http"
    return f"{scheme}://{host}:{settings.get_int('gateway.port')}"
