"""Prices the calls of a time again, slice by slice, on one control plane at a time.

First all calls are priced: changed figures go to the table `repriced`, old and new. Then they are written into
`requests`, month by month in batches. After each slice the run notes how far it is, so a crash repeats at most one
slice, and a repeated slice changes nothing twice. A dry run ends after the first half and writes nothing.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from proxy.control.jobs.runner import SlicedJob
from proxy.control.org_prices import by_org
from proxy.control.repricing import RepriceFigures, RepriceGroup, RowFigures
from proxy.core.clock import monotonic, now_us
from proxy.core.errors import PerihelionError
from proxy.logstore import LogStore
from proxy.logstore.reprice import Place, RepricedBatch, RepriceTables
from proxy.logstore.rows import RepricedRow
from proxy.metadata import prices, reprices
from proxy.metadata.db import Database
from proxy.metadata.reprices import ALL, RepriceRun
from proxy.prices import PriceBook
from proxy.query import parse_filter

__all__ = ["RepriceProgress", "Repricer"]

_PAGE_ROWS: Final = 2000
_SLICE_S: Final = 1.0
_BATCH_ROWS: Final = 100_000
_POLL_S: Final = 0.1


class RepriceProgress(msgspec.Struct):
    """How far a run is."""

    place: Place = Place()
    """The last call that was priced. Its `org` is the organisation in work; empty before the first."""
    priced: bool = False
    """All calls are priced; what is left is to write."""
    written: int = 0
    month: int = 0
    batch: RepricedBatch | None = None
    """The batch that is being written."""
    after: Place = Place()
    """The last call of `month` that was written."""
    groups: list[RepriceGroup] = []


class Repricer:
    """Does the slices of all runs, one run after the other."""

    def __init__(
        self,
        database: Database,
        store: Callable[[], LogStore | None],
        make_book: Callable[[], PriceBook],
        page_rows: int = _PAGE_ROWS,
        batch_rows: int = _BATCH_ROWS,
        on_done: Callable[[], None] = lambda: None,
    ) -> None:
        """`store` returns the open log, or None where it is not open; `make_book` reads the prices of today. `on_done`
        is called once a run changed the log."""
        self._on_done = on_done
        self._database = database
        self._store = store
        self._make_book = make_book
        self._page_rows = page_rows
        self._batch_rows = batch_rows
        self._book: tuple[str, PriceBook] | None = None
        """The prices of a run: the same for all of it, as far as this process does it."""
        self._begun = ""
        """The token of the update that this process began."""

    @property
    def job(self) -> SlicedJob:
        return SlicedJob(name="reprice", wanted=self.wanted, run=self.run)

    def wanted(self) -> bool:
        """Return whether a run waits and the log is open."""
        if self._store() is None:
            return False
        with self._database.read() as rows:
            return reprices.next_open(rows) is not None

    def run(self) -> float | None:
        """Do one slice of the oldest open run. Returns the seconds until the next one; None where there is none.

        An error of the log is noted in the run and raised; the next call tries again."""
        store = self._store()
        with self._database.read() as rows:
            run = reprices.next_open(rows)
        if run is None or store is None:
            self._book = None
            return None
        progress = msgspec.json.decode(run.progress, type=RepriceProgress)
        try:
            pause_s, state = self._slice(run, progress, RepriceTables(store))
        except PerihelionError as error:
            self._save(run, run.state, run.progress, str(error))  # as it was before this slice: it is done again
            raise
        self._save(run, state, msgspec.json.encode(progress).decode())
        if state == "done" and progress.written:
            self._on_done()
        return pause_s

    def _save(self, run: RepriceRun, state: str, progress: str, error: str = "") -> None:
        with self._database.write(publish=False) as rows:
            reprices.save(rows, run.id, state=state, progress=progress, error=error[:1000])

    def _slice(self, run: RepriceRun, progress: RepriceProgress, tables: RepriceTables) -> tuple[float, str]:
        """Do one slice, and change `progress`. Returns the pause after it, and the state of the run."""
        if not progress.priced:
            self._price(run, progress, tables)
            done = progress.priced and (run.dry_run or not any(group.changed for group in progress.groups))
            return 0.0, "done" if done else "running"
        if progress.batch is not None:
            return self._finish_batch(progress, progress.batch, tables), "running"
        if not progress.month and not self._next_month(run, progress, tables):
            tables.clear()
            return 0.0, "done"
        progress.batch = tables.batch(run.id, progress.month, progress.after, self._batch_rows)
        if progress.batch is None and not self._next_month(run, progress, tables):
            tables.clear()
            return 0.0, "done"
        return 0.0, "running"

    def _price(self, run: RepriceRun, progress: RepriceProgress, tables: RepriceTables) -> None:
        """Price calls for about a second."""
        book, figures = self._prices(run), RepriceFigures(progress.groups)
        until = monotonic() + _SLICE_S
        while not progress.priced:
            if not progress.place.org:
                self._next_org(run, progress, tables)
                continue
            self._price_page(run, progress, tables, book, figures)
            if monotonic() >= until:
                break
        progress.groups = figures.groups

    def _next_org(self, run: RepriceRun, progress: RepriceProgress, tables: RepriceTables, after: str = "") -> None:
        only = "" if after else run.scope
        org = tables.next_org(after) if run.scope == ALL else only
        progress.priced = not org
        progress.place = Place(org, run.since_us)

    def _price_page(
        self,
        run: RepriceRun,
        progress: RepriceProgress,
        tables: RepriceTables,
        book: PriceBook,
        figures: RepriceFigures,
    ) -> None:
        org = progress.place.org
        filter = parse_filter(run.filter or None)
        page = tables.page(progress.place, run.until_us, filter, run.created_us, self._page_rows)
        at_us = now_us()
        changed: list[RepricedRow] = []
        for columns in page:
            found = figures.price(book, columns)
            if found is not None:
                changed.append(_row(run.id, at_us, org, columns["start_us"], columns["id"], *found))
        if not run.dry_run:
            tables.add(changed)
        if len(page) == self._page_rows:
            progress.place = Place(org, page[-1]["start_us"], page[-1]["id"])
        else:
            self._next_org(run, progress, tables, org)

    def _next_month(self, run: RepriceRun, progress: RepriceProgress, tables: RepriceTables) -> bool:
        progress.month = tables.next_month(run.id, progress.month)
        progress.after = Place()
        return bool(progress.month)

    def _finish_batch(self, progress: RepriceProgress, batch: RepricedBatch, tables: RepriceTables) -> float:
        """Begin to write a batch, or look whether it is written; after a crash it is begun again."""
        if self._begun != batch.token:
            open, reason = tables.updating()
            if not open:
                tables.start_update(batch)
                self._begun = batch.token
                return _POLL_S
            done = False
        else:
            done, reason = tables.updated(batch)
        if reason:
            raise PerihelionError(f"the log cannot write the new figures yet: {reason}")
        if not done:
            return _POLL_S
        progress.written += batch.calls
        progress.after, progress.batch = batch.last, None
        return 0.0

    def _prices(self, run: RepriceRun) -> PriceBook:
        if self._book is None or self._book[0] != run.id:
            book = self._make_book()
            with self._database.read() as rows:
                book.set_org_prices(by_org(prices.all_rows(rows)))
            self._book = run.id, book
        return self._book[1]


def _row(run: str, at_us: int, org: str, start_us: int, id: str, old: RowFigures, new: RowFigures) -> RepricedRow:
    figures = {f"old_{name}": getattr(old, name) for name in RowFigures.__struct_fields__}
    figures |= {f"new_{name}": getattr(new, name) for name in RowFigures.__struct_fields__}
    return RepricedRow(run=run, org=org, start=start_us, id=id, at=at_us, **figures)
