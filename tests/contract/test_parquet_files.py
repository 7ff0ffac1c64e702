"""Hourly Parquet files against real engines, in a folder and on an S3 server: one file an hour, whatever happens."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pyarrow.parquet
import pytest
from moto.server import ThreadedMotoServer
from pyarrow.fs import S3FileSystem

from proxy.control.export_lines import EVENT_NAMES
from proxy.control.file_targets import FileTarget, FolderTarget, S3Target, TargetError, make_target
from proxy.control.jobs.row_builder import RowBuilder
from proxy.control.jobs.write_parquet import ParquetWriter, hour_path
from proxy.core.errors import SettingError
from proxy.core.secret import Secret
from proxy.core.settings import load
from proxy.logstore import LogStore
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from proxy.metadata.db import Database
from proxy.query.hours import HOUR_US
from tests.contract.log_stores import open_store
from tests.e2e.control_process import free_port, record
from tests.unit.records import PRICES

HOUR = 1_795_003_200_000_000  # 2026-11-18 12:00 UTC
NOW = HOUR + 2 * HOUR_US
_names = itertools.count()


@pytest.fixture(scope="module", params=("embedded", "server"))
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        yield opened


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'metadata.db'}", Secret(b"s" * 32))
    yield opened
    opened.close()


@pytest.fixture
def org() -> str:
    return f"org {next(_names)}"


def fill(store: LogStore, org: str, *starts_us: int, **fields: Any) -> None:
    builder = RowBuilder(PRICES)
    made = [builder.build_one(record(at_us, org=org, **fields)) for at_us in starts_us]
    for number, rows in enumerate(made):
        rows.request.ingested_at = NOW + next(_names) * 1000 + number
    insert(store, [rows.request for rows in made], [rows.body for rows in made if rows.body], f"token {next(_names)}")


def writer(
    store: LogStore, target: FileTarget, database: Database, now_us: int = NOW, **settings: str
) -> ParquetWriter:
    named = {f"{name.replace('__', '.')}": value for name, value in settings.items()}
    return ParquetWriter(load(environ={}, overrides=named), target, database, lambda: store, lambda: now_us)


def finish(job: ParquetWriter) -> None:
    job.look_again()
    while job.wanted() and job.run() is not None:
        pass


def files(folder: Path, org: str) -> list[str]:
    place = folder / hour_path(org, 0).split("/")[0]
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def test_an_hour_becomes_a_file_that_other_programs_open(
    store: ClickHouseStore, database: Database, org: str, tmp_path: Path
) -> None:
    fill(store, org, HOUR + 5, HOUR + 7, HOUR + HOUR_US - 1, HOUR + HOUR_US)
    fill(store, org, NOW)  # of an hour that has not ended
    job = writer(store, FolderTarget(tmp_path / "out"), database)
    finish(job)
    assert files(tmp_path / "out", org) == [
        "date=2026-11-18/hour=12/calls.parquet",
    ]
    path = tmp_path / "out" / hour_path(org, HOUR)
    table = pyarrow.parquet.read_table(path, partitioning=None)
    assert table.column_names == list(EVENT_NAMES)
    assert table.num_rows == 3
    first = table.slice(0, 1).to_pylist()[0]
    assert (first["org"], first["model"], first["input_tokens"]) == (org, "gpt-4o-2024-08-06", 1000)
    assert dict(first["properties"]) == {"app": "Tester"}
    asked = (
        "SELECT organisation, date::VARCHAR, hour::INT, count(*), sum(cost_nanousd)::BIGINT, min(start) < max(start)"
    )
    found = duckdb.sql(
        f"{asked} FROM read_parquet('{tmp_path}/out/**/*.parquet', hive_partitioning = true) "
        f"WHERE organisation = '{org.replace(' ', '%20')}' OR organisation = '{org}' GROUP BY ALL"
    ).fetchall()
    assert [row[1:] for row in found] == [("2026-11-18", 12, 3, 3 * 2_600_000, True)]


def test_late_calls_replace_the_file_and_nothing_else_is_written_again(
    store: ClickHouseStore, database: Database, org: str, tmp_path: Path
) -> None:
    fill(store, org, HOUR + 1, HOUR - HOUR_US)
    target = FolderTarget(tmp_path / "out")
    finish(writer(store, target, database))
    assert len(files(tmp_path / "out", org)) == 2
    again = writer(store, target, database)
    finish(again)
    assert again.figures.written == 0
    fill(store, org, HOUR + 2)
    late = writer(store, target, database)
    finish(late)
    assert (late.figures.written, len(files(tmp_path / "out", org))) == (1, 2)
    assert pyarrow.parquet.read_metadata(tmp_path / "out" / hour_path(org, HOUR)).num_rows == 2
    assert late.progress() == (HOUR, 0)


def test_removed_calls_leave_the_file(store: ClickHouseStore, database: Database, org: str, tmp_path: Path) -> None:
    fill(store, org, HOUR + 1, id="00000000-0000-7000-8000-000000000001")
    target = FolderTarget(tmp_path / "out")
    finish(writer(store, target, database))
    store.remove([(org, HOUR + 1, "00000000-0000-7000-8000-000000000001")])
    for _ in range(3):  # the store removes within about a second
        finish(writer(store, target, database))
    assert pyarrow.parquet.read_metadata(tmp_path / "out" / hour_path(org, HOUR)).num_rows == 0


def test_calls_that_the_log_drops_of_old_age_stay_in_their_files(
    store: ClickHouseStore, database: Database, org: str, tmp_path: Path
) -> None:
    old = HOUR - 3 * 24 * HOUR_US
    fill(store, org, old)
    job = writer(store, FolderTarget(tmp_path / "out"), database, log__ttl_days="2")
    finish(job)
    assert files(tmp_path / "out", org) == []
    assert job.want(org, old, NOW) == 0


class Died(BaseException):
    """The process is killed here."""


@pytest.mark.parametrize("step", ["before", "within", "after"])
def test_a_crash_leaves_one_whole_file_once_the_job_ran_again(
    store: ClickHouseStore, database: Database, org: str, tmp_path: Path, step: str
) -> None:
    fill(store, org, HOUR + 1, HOUR + 2)
    target = FolderTarget(tmp_path / "out")
    put = target.put

    def dying(path: str, pieces: Any) -> int:
        if step == "after":
            put(path, pieces)
        elif step == "within":
            draft = tmp_path / "out" / f"{path}.draft"
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(next(pieces)[:100])
        raise Died

    target.put = dying  # type: ignore[method-assign]
    with pytest.raises(Died):
        finish(writer(store, target, database))
    finish(writer(store, FolderTarget(tmp_path / "out"), database))
    assert files(tmp_path / "out", org) == ["date=2026-11-18/hour=12/calls.parquet"]
    assert pyarrow.parquet.read_metadata(tmp_path / "out" / hour_path(org, HOUR)).num_rows == 2


def test_hours_of_the_past_are_written_when_they_are_wanted(
    store: ClickHouseStore, database: Database, org: str, tmp_path: Path
) -> None:
    old = HOUR - 100 * 24 * HOUR_US
    fill(store, org, old, old + HOUR_US)
    job = writer(store, FolderTarget(tmp_path / "out"), database)
    finish(job)
    assert files(tmp_path / "out", org) == []
    assert job.want(org, old, old + 2 * HOUR_US) == 2
    assert job.progress()[1] == 2
    finish(writer(store, FolderTarget(tmp_path / "out"), database))  # after a restart
    assert len(files(tmp_path / "out", org)) == 2
    assert job.progress()[1] == 0


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(port=free_port(), verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="key",
                          aws_secret_access_key="secret")  # fmt: skip
    client.create_bucket(Bucket="calls")
    yield url
    server.stop()


def test_files_go_to_s3(
    store: ClickHouseStore, database: Database, org: str, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, org, *[HOUR + number for number in range(50)])
    given = {"target": "s3://calls/from/here", "endpoint": s3, "access_key": "key", "secret_key": "secret"}
    target = make_target(load(environ={}, overrides={f"parquet.{name}": value for name, value in given.items()}))
    assert target is not None and target.url == "s3://calls/from/here"
    finish(writer(store, target, database))
    system = S3FileSystem(endpoint_override=s3.removeprefix("http://"), scheme="http", access_key="key",
                          secret_key="secret", region="us-east-1")  # fmt: skip
    place = f"calls/from/here/{hour_path(org, HOUR)}"
    table = pyarrow.parquet.read_table(place, filesystem=system, partitioning=None)
    assert (table.num_rows, set(table["org"].to_pylist())) == (50, {org})
    written = system.get_file_info(place).mtime
    finish(writer(store, target, database))
    assert system.get_file_info(place).mtime == written


def test_a_storage_that_is_down_is_an_error_and_is_tried_again(
    store: ClickHouseStore, database: Database, org: str, s3: str, tmp_path: Path
) -> None:
    fill(store, org, HOUR + 1)
    make: Callable[..., S3Target] = S3Target
    away = make("no-bucket", "", endpoint=s3, access_key="key", secret_key="secret")
    job = writer(store, away, database)
    with pytest.raises(TargetError, match="no-bucket"):
        finish(job)
    assert job.figures.failures and "secret" not in job.figures.last_error
    blocked = tmp_path / "a file"
    blocked.write_text("")
    with pytest.raises(TargetError, match="a file"):
        finish(writer(store, FolderTarget(blocked), database))


def test_settings_that_make_no_target_are_refused() -> None:
    assert make_target(load(environ={})) is None
    for given in ({"parquet.target": "gs://bucket"}, {"parquet.target": "s3:///x"}, {"parquet.secret_key": "hidden"}):
        with pytest.raises(SettingError) as caught:
            load(environ={}, overrides=given)
        assert "hidden" not in str(caught.value)
