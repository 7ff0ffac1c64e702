"""The tables of a re-pricing: reads the calls, keeps old and new figures in `repriced`, and writes the new ones into
`requests`.

`repriced` is only added to. An update in place reads the new figures of one batch from `repriced_batch` by joinGet, so
that no query of the log pays for a join. Each step may be repeated: a crash leaves nothing half done that the same step
does not finish.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from proxy.logstore.base import LogStore
from proxy.logstore.hourly import StoredHours
from proxy.logstore.rows import RepricedRow
from proxy.logstore.sql import query
from proxy.query import Node, Window, compile_filter

__all__ = ["Place", "RepriceTables", "RepricedBatch"]


_NOTED_HOURS: Final = 1000


class Place(msgspec.Struct, frozen=True):
    """A call's place in the order of the table. The empty one is before all."""

    org: str = ""
    start_us: int = 0
    id: str = ""


class RepricedBatch(msgspec.Struct, frozen=True):
    """Rows of `repriced` of one run and month: after one place, up to another."""

    run: str
    month: int
    after: Place
    last: Place
    calls: int

    @property
    def token(self) -> str:
        """Stands in the text of its updates, so that they are found again."""
        return f"{self.run}:{self.month}:{self.after.org}:{self.after.start_us}:{self.after.id}"


class RepriceTables:
    """Over one store. All methods raise `StoreError`."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    def updatable(self) -> str:
        """Return why `requests` cannot be updated in place; empty where it can."""
        found = self._store.execute(query("table_engine"), {"table": "requests"})
        engine = found[0]["engine"] if found else "missing"
        if engine == "MergeTree":
            return ""
        return (
            f"the table requests is {engine} here; its cost can be rewritten only where it is a MergeTree table: start "
            "the re-pricing at a control plane of each shard (a dry run works here too)"
        )

    def next_org(self, after: str) -> str:
        """Return the organisation after `after` that has calls; empty where there is none."""
        return str(self._store.read(query("reprice_next_org"), {"org": after})[0]["next_org"])

    def page(self, after: Place, until_us: int, filter: Node, now_us: int, limit: int) -> list[dict[str, Any]]:
        """Return the calls of `after.org` after that place that match, oldest first. `now_us` is what the filter's
        relative times count from."""
        found = compile_filter(
            filter,
            org=after.org,
            now_us=now_us,
            window=Window(after.start_us, until_us),
            updated_properties=self._store.updated_properties(after.org),
            text_chars=self._store.text_chars,
        )
        sql = query("reprice_page").replace("/* filter */", found.text)
        bound = {"org": after.org, "after_us": after.start_us, "after_id": after.id, "until_us": until_us}
        return self._store.read(sql, {**found.values, **bound, "limit": limit})

    def add(self, rows: Sequence[RepricedRow]) -> None:
        """Add rows of one run and organisation to `repriced`, but none that is there."""
        rows = self._lacking(rows)
        if rows:
            token = f"{rows[0].run}:{rows[0].org}:{rows[0].start}:{rows[0].id}"
            self._store.write("repriced", rows, token)
            rows = self._lacking(rows)
            if rows:  # an engine that died after it noted the token and before the rows drops them
                self._store.write("repriced", rows, f"{token}:mend:{len(rows)}")

    def next_month(self, run: str, after: int) -> int:
        """Return the first month (as 202601) after `after` in which the run changed a cost; 0 where there is none."""
        return int(self._store.execute(query("repriced_next_month"), {"run": run, "month": after})[0]["next_month"])

    def batch(self, run: str, month: int, after: Place, limit: int) -> RepricedBatch | None:
        """Return the run's next batch of a month; None where there is no more."""
        found = self._store.execute(query("repriced_batch"), {**_after(run, month, after), "limit": limit})[0]
        if not found["calls"]:
            return None
        return RepricedBatch(run, month, after, Place(*found["last"]), int(found["keys"]))

    def updating(self) -> tuple[bool, str]:
        """Return whether an update of any batch is under way, and why it fails where it does. A crash does not end one:
        the engine goes on with it."""
        found = self._store.execute(query("repriced_updates"), {"token": "repriced_batch"})[0]
        return bool(found["open"]), found["reason"]

    def start_update(self, batch: RepricedBatch) -> None:
        """Begin to write a batch into `requests`. No other update may be under way: it reads `repriced_batch`, and the
        engine's locks would wait for each other."""
        bound = _bounds(batch)
        self._store.execute(query("repriced_clear"), {})
        self._store.execute(query("repriced_fill"), bound)
        self._note_hours(batch)
        named = {"batch": f"{self._store.database}.repriced_batch", "token": batch.token}
        self._store.execute(query("repriced_apply"), {**bound, **named})

    def updated(self, batch: RepricedBatch) -> tuple[bool, str]:
        """Return whether all updates of a batch are done, and why one of them fails."""
        found = self._store.execute(query("repriced_updates"), {"token": batch.token})[0]
        done = found["updates"] > 0 and not found["open"]
        if done:
            self._note_hours(batch)
        return done, found["reason"]

    def clear(self) -> None:
        """Free the memory of the last batch, once it is written."""
        self._store.execute(query("repriced_clear"), {})

    def _note_hours(self, batch: RepricedBatch) -> None:
        """Make the stored hours of the batch stale (`hourly`): before the update and after it."""
        hours = StoredHours(self._store)
        found = self._store.execute(query("repriced_hours"), _bounds(batch))
        pairs = [(row["org"], row["hour"]) for row in found]
        for start in range(0, len(pairs), _NOTED_HOURS):
            hours.note_changes(pairs[start : start + _NOTED_HOURS])

    def _lacking(self, rows: Sequence[RepricedRow]) -> list[RepricedRow]:
        if not rows:
            return []
        starts = [row.start for row in rows]
        bound = {"run": rows[0].run, "org": rows[0].org, "since_us": min(starts), "until_us": max(starts)}
        found = self._store.execute(query("repriced_keys"), bound)  # by the writer: it sees what was just written
        present = {(row["start_us"], row["id"]) for row in found}
        return [row for row in rows if (row.start, row.id) not in present]


def _bounds(batch: RepricedBatch) -> dict[str, Any]:
    last = {"last_org": batch.last.org, "last_us": batch.last.start_us, "last_id": batch.last.id}
    return {**_after(batch.run, batch.month, batch.after), **last}


def _after(run: str, month: int, place: Place) -> dict[str, Any]:
    return {"run": run, "month": month, "org": place.org, "after_us": place.start_us, "after_id": place.id}
