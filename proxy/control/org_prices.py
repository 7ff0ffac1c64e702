"""Gives a shipper's price book the own prices of organisations, from the snapshot file of its data folder."""

import logging
import os
from pathlib import Path

from proxy.core.snapshot import PriceRow, SnapshotError, read
from proxy.prices import PriceBook

__all__ = ["OrgPrices", "by_org"]

_log = logging.getLogger(__name__)


class OrgPrices:
    """Follows one snapshot file."""

    def __init__(self, file: Path, book: PriceBook) -> None:
        self._file = file
        self._book = book
        self._seen: tuple[int, ...] = ()

    def refresh(self) -> None:
        """Read the file if it changed since the last call. A file that cannot be read leaves the prices as they are."""
        try:
            stat = os.stat(self._file)
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen == self._seen:
                return
            rows = [row for _, part in read(self._file.read_bytes(), only="prices") for row in part]
        except FileNotFoundError:
            return
        except (OSError, SnapshotError) as error:
            _log.warning("the prices in %s are not read: %s", self._file.name, error)
            return
        self._seen = seen
        self._book.set_org_prices(by_org(rows))


def by_org(rows: list[PriceRow]) -> dict[str, list[PriceRow]]:
    """Return the rows of each organisation."""
    found: dict[str, list[PriceRow]] = {}
    for row in rows:
        found.setdefault(row.org, []).append(row)
    return found
