"""What one gateway worker holds between calls."""

import os

from proxy.core.clock import monotonic, now_us, uuid7
from proxy.core.settings import Settings
from proxy.gateway.breaker import Breakers
from proxy.gateway.browsers import BrowserGuard
from proxy.gateway.cache import Cache
from proxy.gateway.directory import Directory
from proxy.gateway.dispatcher import Dispatcher
from proxy.gateway.exchange import Exchange
from proxy.gateway.guards import Guards
from proxy.gateway.hedge import Hedge
from proxy.gateway.limits import Limits
from proxy.gateway.meter import Meter
from proxy.gateway.metrics import Metrics
from proxy.gateway.phases.relay import RelayOptions
from proxy.gateway.prompting import Prompts
from proxy.gateway.record_writer import RecordWriter
from proxy.gateway.request_ids import RequestIds
from proxy.gateway.targets import Targets
from proxy.gateway.watchdog import Watchdog
from proxy.gateway.wire.base import Wire
from proxy.kv import Stores
from proxy.providers.index import Catalog
from proxy.spool.writer import Writer
from proxy.upstream.base import Upstream

__all__ = ["Gateway"]


class Gateway:
    """The parts of one worker, and the settings that the pipeline hands to its steps."""

    def __init__(
        self, settings: Settings, catalog: Catalog, upstream: Upstream, spool: Writer, metrics: Metrics, kv: Stores
    ) -> None:
        self.catalog = catalog
        self.upstream = upstream
        self.spool = spool
        self.metrics = metrics
        self.kv = kv
        self.worker = str(os.getpid())
        self.max_body = settings.get_int("gateway.max_body")
        self.stream_usage = settings.get_bool("stream.usage")
        requires_keys = settings.get_str("auth.mode") == "required"
        self.browsers = None if requires_keys else BrowserGuard(settings.get_str("domain"))
        """What open mode refuses; None where keys are required."""
        self.relay = RelayOptions.of(settings)
        self.ids = RequestIds()
        self.directory = Directory(settings)
        self.prompts = Prompts()
        self.targets = Targets(catalog, self.directory, settings.get_float("retry.patience_s"))
        self.meter = Meter(settings, catalog, lambda: self.directory.current.prices)
        self.limits = Limits(kv.limits, self.meter, settings)
        self.cache = Cache(kv.cache, settings)
        self.guards = Guards(settings, catalog, upstream, self.directory)
        self.watchdog = Watchdog(self.relay.drain_s if self.relay.drains else 0.0)
        self.hedge = Hedge(settings.get_float("hedge.percent"))
        breakers = Breakers(settings.get_int("breaker.failures"), settings.get_float("breaker.open_s"))
        self.dispatcher = Dispatcher(upstream, self.targets, breakers, self.hedge, self.watchdog, self.meter)
        self.records = RecordWriter(spool, self.cache, metrics, worker=self.worker, max_body=self.relay.max_logged_body)

    def begin(self, wire: Wire) -> Exchange:
        """Return the state of a new call, with an id of our own making."""
        started_us = now_us()
        self.metrics.opened += 1
        return Exchange(wire, uuid7(started_us), monotonic(), started_us)
