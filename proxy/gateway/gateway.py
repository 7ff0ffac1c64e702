"""What one gateway worker holds between calls."""

import os
from collections import OrderedDict

from proxy.core.clock import monotonic, now_us, parse_uuid, uuid7
from proxy.core.errors import Conflict
from proxy.core.settings import Settings
from proxy.gateway.attempts import Breakers
from proxy.gateway.cache import Cache
from proxy.gateway.directory import Directory
from proxy.gateway.exchange import Exchange
from proxy.gateway.hedge import Hedge
from proxy.gateway.limits import Limits
from proxy.gateway.meter import Meter
from proxy.gateway.metrics import Metrics
from proxy.gateway.prompting import Prompts
from proxy.gateway.record_writer import RecordWriter
from proxy.gateway.watchdog import Watchdog
from proxy.gateway.wire.base import Wire
from proxy.kv import Stores
from proxy.providers.index import Catalog
from proxy.spool.writer import Writer
from proxy.upstream.base import Upstream

__all__ = ["Gateway"]

_REMEMBERED_IDS = 65_536


class Gateway:
    """Settings as plain attributes (a lookup by name costs more than a call can spare), and the shared parts."""

    def __init__(
        self, settings: Settings, catalog: Catalog, upstream: Upstream, spool: Writer, metrics: Metrics, kv: Stores
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.upstream = upstream
        self.spool = spool
        self.metrics = metrics
        self.worker = str(os.getpid())
        self.max_body = settings.get_int("gateway.max_body")
        self.max_answer = settings.get_int("gateway.max_answer")
        self.max_logged_body = settings.get_int("log.max_body")
        self.stream_usage = settings.get_bool("stream.usage")
        self.drains = settings.get_str("stream.on_disconnect") == "drain"
        self.drain_bytes = settings.get_int("stream.drain_bytes")
        self.drain_s = settings.get_float("stream.drain_s")
        self.patience_s = settings.get_float("retry.patience_s")
        self.tells_cost = settings.get_bool("answer.cost")
        self.watchdog = Watchdog(self.drains)
        self.requires_keys = settings.get_str("auth.mode") == "required"
        self.directory = Directory(settings)
        self.prompts = Prompts()
        self.kv = kv
        self.meter = Meter(settings, catalog)
        self.limits = Limits(kv.limits, self.meter, settings)
        self.cache = Cache(kv.cache, settings)
        self.records = RecordWriter(spool, self.cache, metrics, self.worker)
        self.hedge = Hedge(settings.get_float("hedge.percent"))
        self.breakers = Breakers(settings.get_int("breaker.failures"), settings.get_float("breaker.open_s"))
        self._ids: OrderedDict[str, None] = OrderedDict()

    def begin(self, wire: Wire) -> Exchange:
        """A new exchange with an id of our own making."""
        started_us = now_us()
        self.metrics.opened += 1
        return Exchange(wire, uuid7(started_us), monotonic(), started_us)

    def claim(self, ex: Exchange) -> str:
        """The id of the record: the caller's own where it sent one. Raises `Conflict` where it was seen before."""
        asked = ex.head.fields.request_id
        id = parse_uuid(asked) if asked else None
        if id is None:
            return ex.id
        if id in self._ids:
            raise Conflict(f"Helicone-Request-Id {id} was used by an earlier call.", param="Helicone-Request-Id")
        self._ids[id] = None
        if len(self._ids) > _REMEMBERED_IDS:
            self._ids.popitem(last=False)
        return id
