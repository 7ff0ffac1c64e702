"""kill -9 of the control plane while it writes an hour as Parquet: no part of a file has the final name, and afterwards
the hour is written whole."""

import contextlib
import random
import sqlite3
import time
from pathlib import Path

import pyarrow.parquet
import pytest

from proxy.control.jobs.write_parquet import hour_path
from proxy.core.clock import now_us
from proxy.query.hours import HOUR_US
from tests.e2e.control_process import ControlProcess, record, spool, until

pytestmark = pytest.mark.soak

ROUNDS = 6
CALLS = 40_000
HOUR = now_us() // HOUR_US * HOUR_US - 3 * HOUR_US


def end_lease(database: Path) -> None:
    """As if the lease of the killed one, a quarter of an hour, had run out."""
    with contextlib.closing(sqlite3.connect(database)) as rows, rows:
        rows.execute("UPDATE jobs SET held_until_us = 0 WHERE name = 'write_parquet'")


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "out"
    final = out / hour_path("default", HOUR)
    for first in range(0, CALLS, 5_000):
        spool(tmp_path / "data", *(record(HOUR + first + number) for number in range(5_000)))
    # First without a target: the hour then comes into its file at once.
    control = ControlProcess(tmp_path / "data").start()
    control.shipped()
    control.stop()

    cut = 0
    control = ControlProcess(tmp_path / "data", PERIHELION_PARQUET_TARGET=str(out), PERIHELION_PARQUET_DELAY_S="1")
    try:
        for _ in range(ROUNDS):
            control.start()
            until(lambda: any(out.rglob("*.draft")) or final.exists(), "the file to be begun", 60)
            time.sleep(random.uniform(0.0, 0.1))
            control.kill()
            end_lease(tmp_path / "data" / "metadata.db")
            if final.exists():  # it was faster than the kill
                assert pyarrow.parquet.read_table(final, columns=["id"], partitioning=None).num_rows == CALLS
                final.unlink()
            cut += any(out.rglob("*.draft"))
        assert cut, "at least one write was cut"
        control.start()
        until(final.exists, "the whole hour", 120)
        assert len(set(pyarrow.parquet.read_table(final, columns=["id"], partitioning=None)["id"].to_pylist())) == CALLS
        assert [path for path in out.rglob("*") if path.is_file()] == [final], "nothing of the cut ones is left"
    finally:
        control.end()
