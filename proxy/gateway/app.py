"""One gateway worker: calls, health and metrics pages, and the timers beside them."""

import asyncio
import contextlib
import os
from collections.abc import Callable

import msgspec

from proxy import providers
from proxy.core import log
from proxy.core.clock import monotonic
from proxy.core.files import make_folder
from proxy.core.process import STOP_S
from proxy.core.prometheus import render
from proxy.core.settings import Settings
from proxy.gateway import metrics
from proxy.gateway.gateway import Gateway
from proxy.gateway.log_calls import log_call
from proxy.gateway.metrics import Metrics
from proxy.gateway.pipeline import handle
from proxy.gateway.wire.base import FinalChunk, Wire
from proxy.ingest.logger import LOG_PATHS
from proxy.kv import StoreOptions, open_kv
from proxy.spool.writer import Writer
from proxy.upstream import open_upstream
from proxy.upstream.base import TransportLimits, TransportOptions

__all__ = ["Application"]

_TEXT = [("content-type", "text/plain; charset=utf-8")]
_JSON = [("content-type", "application/json")]
_PAGES_A_SECOND = 50
"""So often at most the pages add up the counters of all workers, which reads their files: a caller needs no key to ask
for them. In between they show what they showed before."""
_SLACK_S = 5.0
"""How much longer than the last worker may live another waits for what it holds."""


class Application:
    """What a server gives its requests to. Everything that needs the event loop is made in `start`, after the fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pages: dict[str, Callable[[], FinalChunk]] = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }
        self._own = frozenset({*self._pages, *LOG_PATHS})
        self._timer: asyncio.TimerHandle | None = None
        self._totals: dict[str, float] = {}
        self._page = b""
        self._added_up = 0
        self._run = settings.layout.run

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Before the first call."""
        settings = self._settings
        for folder in (self._run, settings.layout.spool):
            make_folder(folder)
        catalog = providers.load(
            settings.get_str("providers.folder"),
            settings.get_str("targets.allow"),
            settings.get_str("domain"),
            local=settings.get_str("auth.mode") == "open",
        )
        upstream = open_upstream(
            settings.get_str("upstream.transport"),
            _limits(settings),
            TransportOptions(
                proxy=settings.get_str("upstream.proxy"),
                http2=settings.get_bool("upstream.http2"),
                ca_file=settings.get_str("upstream.ca_file"),
                keepalive_s=settings.get_float("tcp.keepalive_s"),
            ),
        )
        spool = Writer(
            settings.layout.spool,
            segment_bytes=settings.get_int("spool.segment_bytes"),
            segment_s=settings.get_float("spool.segment_s"),
            fsync=settings.get_bool("log.fsync"),
            worker=str(os.getpid()),
        )
        kv = open_kv(
            settings.get_str("kv.url"),
            StoreOptions(
                memory_bytes=settings.get_int("kv.memory_bytes"),
                patience_ms=settings.get_float("kv.patience_ms"),
                folder=settings.layout.kv,
                wait_s=settings.get_float("gateway.drain_s") + STOP_S + _SLACK_S,
            ),
        )
        self.gateway = Gateway(settings, catalog, upstream, spool, Metrics(), kv)
        self._renewal_s = settings.get_float("limits.hold_s") / 3
        self._renew_at = monotonic() + self._renewal_s
        self._loop = loop
        self.gateway.directory.start(loop, upstream)
        self._timer = loop.call_later(1.0, self._tick)

    async def stop(self) -> None:
        """After the last one."""
        if self._timer is not None:
            self._timer.cancel()
        self.gateway.directory.stop()
        self.gateway.records.flush()
        self.gateway.spool.close()
        with contextlib.suppress(Exception):
            await self.gateway.kv.close()
        metrics.store(self._run, self._values())

    async def answer(self, wire: Wire) -> None:
        """One request, from its head to its last byte."""
        if wire.path in self._own:
            if wire.path in LOG_PATHS and wire.method == "POST":
                await log_call(self.gateway, wire)
                return
            if wire.path in self._pages and wire.method in ("GET", "HEAD"):
                wire.finish(self._pages[wire.path]())
                return
        await handle(self.gateway, wire)

    def _tick(self) -> None:
        """Once a second: the store's housekeeping, and counters to their file."""
        self._timer = self._loop.call_later(min(1.0, self._renewal_s), self._tick)
        self._added_up = 0
        self.gateway.kv.tick()
        self.gateway.limits.tick()
        if monotonic() >= self._renew_at:
            self._renew_at = monotonic() + self._renewal_s
            self.gateway.limits.renew()
        metrics.store(self._run, self._values())

    def _values(self) -> dict[str, float]:
        spool = self.gateway.spool
        counts = {"written": spool.written, "dropped": spool.dropped, "bytes": spool.bytes_written}
        values = self.gateway.metrics.values(counts, self.gateway.upstream.counters())
        values |= {f"kv_{name}": value for name, value in self.gateway.kv.counters().items()}
        limits, cache, guards = self.gateway.limits, self.gateway.cache, self.gateway.guards
        values |= {f'swallowed_errors_total{{kind="{kind}"}}': count for kind, count in log.swallowed_counts().items()}
        return values | {
            "rate_refused_total": limits.refused,
            "rate_degraded_total": limits.degraded,
            "hedged_total": self.gateway.hedge.raced,
            "cache_hits_total": cache.hits,
            "cache_joined_total": cache.joined,
            "cache_misses_total": cache.misses,
            "cache_degraded_total": cache.degraded,
            "guard_refused_total": guards.refused,
            "guard_failed_total": guards.failed,
        }

    def _total(self) -> dict[str, float]:
        """The samples of all workers together."""
        if self._added_up < _PAGES_A_SECOND:
            self._added_up += 1
            self._totals = metrics.total(self._run, self._values())
        return self._totals

    def _healthz(self) -> FinalChunk:
        return FinalChunk(b"ok\n", 200, _TEXT)

    def _readyz(self) -> FinalChunk:
        samples = self._total()
        dropped = samples.get("spool_dropped_total", 0)
        failing = bool(self.gateway.spool.error)
        body = {
            "ready": True,
            "log": "failing: records are dropped, calls go on" if failing else "ok",
            "dropped": dropped,
            "workers": samples.get("workers", 1),
            "snapshot": self.gateway.directory.current.revision,
        }
        if self.gateway.directory.problem:
            body["snapshot_problem"] = self.gateway.directory.problem
        return FinalChunk(msgspec.json.encode(body), 200, _JSON)

    def _metrics(self) -> FinalChunk:
        if self._added_up < _PAGES_A_SECOND or not self._page:
            self._page = render(self._total(), metrics.PREFIX).encode()
        return FinalChunk(self._page, 200, [("content-type", "text/plain; version=0.0.4; charset=utf-8")])


def _limits(settings: Settings) -> TransportLimits:
    return TransportLimits(
        **{name: settings[f"upstream.{name}"] for name in TransportLimits.__struct_fields__}  # type: ignore[arg-type]
    )
