"""Builds the shipper of a data folder. One process ships from a folder at a time."""

import fcntl
import os
from functools import partial
from pathlib import Path

from proxy.control.call_histograms import CallHistograms
from proxy.control.jobs.journal import Journal
from proxy.control.jobs.pieces import MAX_PLAIN_BYTES
from proxy.control.jobs.row_builder import RowBuilder
from proxy.control.jobs.ship import Shipper
from proxy.control.org_prices import OrgPrices
from proxy.control.sinks import make_sinks
from proxy.control.sinks.log import LogSink
from proxy.core.files import open_lock
from proxy.core.settings import Settings
from proxy.logstore import LogStore
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.prices import PriceBook
from proxy.providers import load
from proxy.providers.reading import read_record
from proxy.spool.reader import Reader

__all__ = ["SpoolBusy", "SpoolLock", "make_shipper", "open_store", "price_book", "store_url", "text_chars"]


class SpoolBusy(Exception):
    """Another process ships from this spool."""


class SpoolLock:
    """Held by the one process that ships from a spool; the kernel releases it however the process ends."""

    def __init__(self, folder: Path) -> None:
        self._fd = open_lock(folder / "ship.lock")
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise SpoolBusy(f"another process ships from {folder}") from None

    def release(self) -> None:
        os.close(self._fd)


def store_url(settings: Settings) -> str:
    """The URL of the log store: the setting, or chDB in the data folder."""
    return settings.get_str("log.store") or f"chdb://{settings.layout.log}"


def text_chars(settings: Settings) -> int:
    """How many characters of a call are extracted and indexed for search; 0: nothing."""
    return settings.get_int("log.text_index_chars") if settings.get_bool("log.text_index") else 0


def open_store(settings: Settings, url: str = "") -> LogStore:
    """The log store of these settings. Raises `StoreError`."""
    if not (url or settings.get_str("log.store")):
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return ClickHouseStore.open(
        url or store_url(settings),
        ttl_days=settings.get_int("log.ttl_days"),
        body_ttl_days=settings.get_int("log.body_ttl_days"),
        text_chars=text_chars(settings),
        reader=settings.get_str("log.reader"),
        readers=settings.get_int("log.readers"),
    )


def price_book(settings: Settings) -> PriceBook:
    """The built-in prices, overridden by the operator's own; providers have the ids that the catalog gives them."""
    catalog = load(settings.get_str("providers.folder"), settings.get_str("targets.allow"), settings.get_str("domain"))
    ids = {provider.name: provider.prices for provider in catalog.providers.values()}
    folder = settings.get_str("prices.folder")
    return PriceBook(Path(folder).expanduser() if folder else None, {"custom": "", **ids})


def make_shipper(settings: Settings, store: LogStore, prices: PriceBook) -> Shipper:
    """A shipper of `<data>/spool` that notes its offsets in `<data>/ship/journal.json`. Take the lock first."""
    reader = Reader(settings.layout.spool)
    return Shipper(
        reader,
        Journal(settings.layout.journal),
        RowBuilder(
            prices,
            partial(read_record, max_body=settings.get_int("log.max_body")),
            OrgPrices(settings.layout.snapshot, prices).refresh,
            text_chars(settings),
            MAX_PLAIN_BYTES,
        ),
        LogSink(store, set_aside=reader.set_aside),
        make_sinks(settings),
        interval_s=settings.get_float("ship.interval_s"),
        batch_rows=settings.get_int("ship.batch_rows"),
        calls=CallHistograms(
            prices.listed_model,
            prices.providers,
            frozenset(filter(None, map(str.strip, settings.get_str("metrics.models").split(",")))),
        ),
    )
