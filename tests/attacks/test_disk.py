"""Files of the data folder that are damaged, foreign, of another version or in the wrong place stop nothing."""

import contextlib
import logging
import os
import shutil
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from _speedups import window_packed
from proxy.control.jobs.journal import Journal
from proxy.control.jobs.publish import Publisher
from proxy.control.rotation import open_database
from proxy.control.shipping import SpoolLock
from proxy.core.clock import now_us
from proxy.core.errors import SettingError
from proxy.core.identity import DEFAULT_ORG
from proxy.core.layout import Layout
from proxy.core.private import keep_private
from proxy.core.record import encode
from proxy.core.settings import Settings, load
from proxy.core.snapshot import SnapshotError, read
from proxy.gateway import metrics
from proxy.gateway.directory import Directory
from proxy.kv.base import Charge
from proxy.kv.memory import MemoryKv
from proxy.metadata import keys
from proxy.metadata.db import MetadataError
from proxy.spool.writer import Writer
from tests.attacks.damage import DAMAGES
from tests.stack import Stack
from tests.unit.records import record
from tests.unit.test_ship import FakeStore, shipper

HOUR_US = 3_600_000_000
CHAT = "/openai/v1/chat/completions"
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}


HARMLESS = {("limits-2.log", "zeros")}


@pytest.fixture
def small_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.kv.disk._LOG_BYTES", 1 << 14)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), {"openai": f'origin = "{simulator_origin}"'}) as running:
        yield running


# --- limits and the cache ---------------------------------------------------------------------------------------------


async def left(kv: MemoryKv) -> int:
    return (await kv.take("org", [Charge("a", 100, HOUR_US, 0)], "", 1)).rooms[0].remaining


async def used_store(folder: Path) -> None:
    """Leaves a base, a log behind it, cached values and a seed."""
    for _ in range(2):
        kv = MemoryKv(folder=folder)
        assert (await kv.take("org", [Charge("a", 100, HOUR_US, 10)], "", 1)).allowed
        assert (await kv.take("org", [Charge("b", 100, HOUR_US, 10, held=True)], "open", HOUR_US)).allowed
        kv.put("org", "group", "key", b"value", 1000, 10)
        await kv.close()


@pytest.mark.usefixtures("small_logs")
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["limits-2.base", "limits-2.log", "cache.bin", "seed", "lock"])
async def test_a_damaged_file_of_limits_or_the_cache_is_set_aside(
    tmp_path: Path, name: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    await used_store(tmp_path)
    DAMAGES[damage](tmp_path / name)
    with caplog.at_level(logging.WARNING):
        kv = MemoryKv(folder=tmp_path)
    assert await left(kv) in (100, 90, 80), "what was taken before may be forgotten, and nothing else"
    await kv.take("org", [Charge("a", 100, HOUR_US, 10)], "", 1)
    before = await left(kv)
    kv.put("org", "group", "other", b"value", 1000, 10)
    await kv.close()
    kept = [name for name in os.listdir(tmp_path) if "damaged" in name]
    # What a lock holds does not matter, and a log of zeros is one that was just begun.
    told = damage == "folder" or not (name == "lock" or (name, damage) in HARMLESS)
    assert (kept, len(caplog.records)) == (([f"{name}.damaged"], 1) if told else ([], 0))
    kv = MemoryKv(folder=tmp_path)
    assert await left(kv) == before, "and all goes on as ever"
    assert await kv.get("org", ["other"]) == [b"value"]
    await kv.close()
    assert len(caplog.records) == told


async def test_what_is_kept_of_one_damage_is_not_lost_to_the_next(tmp_path: Path) -> None:
    for _ in range(3):
        await used_store(tmp_path)
        (tmp_path / "seed").write_bytes(b"no seed")
    await used_store(tmp_path)
    kept = sorted(name for name in os.listdir(tmp_path) if name.startswith("seed"))
    assert kept == ["seed", "seed.damaged", "seed.damaged-2", "seed.damaged-3"]


async def test_limits_and_values_of_the_version_before_are_read(tmp_path: Path) -> None:
    await used_store(tmp_path)
    kv = MemoryKv(folder=tmp_path)
    key = kv._key("a").to_bytes(15, "little")
    await kv.close()
    for file in os.listdir(tmp_path):
        if file.startswith("limits-"):
            os.unlink(tmp_path / file)
    body = struct.pack("<Q15s", HOUR_US, key) + window_packed(b"", now_us(), 100, HOUR_US, 33).state
    (tmp_path / "limits-7.log").write_bytes(struct.pack("<HB", len(body), 1) + body + bytes(100))
    row = msgspec.msgpack.encode(("org", "group", "old", b"old value", now_us() + HOUR_US))
    (tmp_path / "cache.bin").write_bytes(struct.pack("<I", len(row)) + row)
    (tmp_path / "seed").write_bytes((tmp_path / "seed").read_bytes()[:8])
    kv = MemoryKv(folder=tmp_path)
    assert (await left(kv), await kv.get("org", ["old"])) == (67, [b"old value"])
    await kv.close()


@pytest.mark.parametrize("name", ["limits-2.base", "limits-2.log", "cache.bin"])
async def test_a_file_of_a_newer_version_is_set_aside_unread(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    await used_store(tmp_path)
    newer = b"PERIKV99" + b"something else"
    (tmp_path / name).write_bytes(newer)
    with caplog.at_level(logging.WARNING):
        await MemoryKv(folder=tmp_path).close()
    assert "newer version" in caplog.text
    assert (tmp_path / f"{name}.damaged").read_bytes() == newer


async def test_a_store_that_cannot_be_kept_on_disk_is_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("proxy.kv.disk.make_folder", refuse)
    kv = MemoryKv(folder=tmp_path / "kv")
    assert await left(kv) == 100
    assert "in memory only" in caplog.text
    await kv.close()


def test_calls_go_on_after_noise_in_the_limits(stack: Stack) -> None:
    """And with files in the place of folders."""
    limited = {"Helicone-RateLimit-Policy": "1000;w=3600"}
    assert httpx.post(stack.gateway + CHAT, json=BODY, headers=limited).status_code == 200
    stack.stop()
    files = list((stack.folder / "data" / "kv").glob("limits-*"))
    assert files
    for path in files:
        DAMAGES["noise"](path)
    data = stack.folder / "data"
    for name in ("spool", "run", "ship"):
        (data / name).rename(data / f"{name}.before")
        (data / name).write_bytes(b"no folder")
    stack.start()
    answer = httpx.post(stack.gateway + CHAT, json=BODY, headers=limited)
    assert answer.status_code == 200
    stack.record(answer.headers["helicone-id"])


# --- the journal and the segments -------------------------------------------------------------------------------------


@pytest.fixture
def spool(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "spool", segment_bytes=1 << 20, segment_s=3600)


def fake_store() -> FakeStore:
    made: Any = FakeStore  # it has what a shipper calls
    store: FakeStore = made()
    return store


def shipped(folder: Path, spool: Writer, store: FakeStore) -> Path:
    """Eight records, five of them in the log; returns the journal."""
    for number in range(5):
        spool.append(encode(record(number)))
    ship = shipper(folder, store)
    ship.step()
    ship.close()
    for number in range(5, 8):
        spool.append(encode(record(number)))
    spool.close()
    return folder / "journal.json"


@pytest.mark.parametrize("damage", [*DAMAGES, "missing", "newer", "no journal"])
def test_a_journal_that_cannot_be_used_is_taken_for_lost(tmp_path: Path, spool: Writer, damage: str) -> None:
    store = fake_store()
    journal = shipped(tmp_path, spool, store)
    if damage == "missing":
        journal.unlink()
    elif damage == "newer":
        journal.write_bytes(b'{"version":3,"offsets":"elsewhere"}')
    elif damage == "no journal":
        journal.write_bytes(b'{"version":2,"sinks":["log"]}')
    else:
        DAMAGES[damage](journal)
    ship = shipper(tmp_path, store)
    ship.step()
    assert store.ids == [f"id-{number}" for number in range(8)], "the log got what it lacked, and nothing twice"
    assert ship.reader.segments() == []
    kept = journal.with_name("journal.json.damaged")
    assert kept.exists() == (damage != "missing")
    ship.close()
    assert not Journal(journal).lost


def test_an_old_copy_of_the_journal_doubles_nothing(tmp_path: Path, spool: Writer) -> None:
    store = fake_store()
    for number in range(4):
        spool.append(encode(record(number)))
    ship = shipper(tmp_path, store, rows=2)
    ship.step()
    ship.close()
    old = (tmp_path / "journal.json").read_bytes()
    journal = shipped(tmp_path, spool, store)
    journal.write_bytes(old)
    shipper(tmp_path, store, rows=3).step()
    assert sorted(store.ids) == sorted([f"id-{number}" for number in range(8)])


def test_an_offset_behind_the_end_of_its_segment_deletes_nothing_unread(tmp_path: Path, spool: Writer) -> None:
    store = fake_store()
    for number in range(8):
        spool.append(encode(record(number)))
    ship = shipper(tmp_path, store)
    ship.step()
    ship.close()
    (segment,) = ship.reader.segments()
    other = Writer(tmp_path / "other")
    other.append(encode(record(100)))
    assert other.segment is not None
    spool.close()
    (tmp_path / "spool" / segment).write_bytes(other.segment.read_bytes())
    shipper(tmp_path, store).step()
    assert store.ids == [f"id-{number}" for number in (*range(8), 100)]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["segment", "torn", "ship.lock", "x.seg.new"])
def test_whatever_lies_in_the_spool_stops_no_segment(tmp_path: Path, spool: Writer, name: str, damage: str) -> None:
    store = fake_store()
    spool.append(encode(record(1)))
    first = spool.segment
    assert first is not None
    spool.close()
    time.sleep(0.002)  # segments are named after the time
    spool.append(encode(record(2)))
    spool.close()
    DAMAGES[damage](first if name == "segment" else tmp_path / "spool" / name)
    (tmp_path / "spool" / "0.seg").write_bytes(b"PERISEG1 and then something torn")
    SpoolLock(tmp_path / "spool").release()
    ship = shipper(tmp_path, store)
    ship.step()
    ship.reader.sweep(time.time() + 1000)
    assert store.ids[-1] == "id-2"
    assert ship.reader.segments() == []
    kept = [path.read_bytes() for path in (tmp_path / "spool" / "torn").iterdir()]
    assert b"PERISEG1 and then something torn" in b"".join(kept)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_counters_of_another_worker_are_passed_over(tmp_path: Path, damage: str) -> None:
    for name in ("1", "2", "nobody"):
        (tmp_path / f"{name}.metrics").write_bytes(msgspec.msgpack.encode({"calls_total": 7.0}))
    DAMAGES[damage](tmp_path / "2.metrics")
    assert metrics.total(tmp_path, {"calls_total": 1.0}) == {"calls_total": 8.0}


# --- the metadata database and the snapshot ---------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(environ={}, overrides={"data": str(tmp_path / "data")})


def installation(settings: Settings) -> str:
    """A database with one key, published; returns the key's text."""
    database = open_database(settings)
    with database.write() as rows:
        _, token = keys.create(rows, database.pepper, DEFAULT_ORG, "a key", ["proxy"])
    Publisher(database, settings.layout.snapshot).publish()
    database.close()
    return token


def key_of(settings: Settings, token: str) -> bool:
    """Whether a gateway that starts now knows the key."""
    directory = Directory(settings)
    directory._load_now()
    return directory.key(token) is not None


@pytest.mark.parametrize("damage", [*DAMAGES, "missing", "another"])
def test_a_metadata_database_that_is_lost_or_damaged_wipes_no_key(
    tmp_path: Path, settings: Settings, damage: str
) -> None:
    token = installation(settings)
    file = settings.layout.metadata
    good = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "another":
        other = load(
            environ={}, overrides={"data": str(tmp_path / "other"), "secret.file": str(settings.layout.secret)}
        )
        installation(other)
        file.write_bytes(other.layout.metadata.read_bytes())
    else:
        DAMAGES[damage](file)
    before = settings.layout.snapshot.read_bytes()
    for _ in range(2):
        with contextlib.ExitStack() as refused:
            if damage != "flipped":  # a byte that SQLite does not use
                refused.enter_context(pytest.raises(MetadataError, match="metadata database"))
            open_database(settings).close()
    assert settings.layout.snapshot.read_bytes() == before
    assert key_of(settings, token)
    if damage == "folder":
        shutil.rmtree(file)
    for path in settings.data.glob("metadata.db*"):
        path.unlink()
    file.write_bytes(good)
    open_database(settings).close()
    assert key_of(settings, token)


@pytest.mark.parametrize("name", ["metadata.db-wal", "metadata.db-shm"])
def test_a_folder_in_the_place_of_a_file_of_sqlite_is_set_aside(settings: Settings, name: str) -> None:
    token = installation(settings)
    DAMAGES["folder"](settings.data / name)
    open_database(settings).close()
    assert (settings.data / f"{name}.damaged").is_dir()
    assert key_of(settings, token)


def test_a_new_database_beside_a_snapshot_of_nothing_is_a_first_start(settings: Settings) -> None:
    database = open_database(settings)
    Publisher(database, settings.layout.snapshot).publish()
    database.close()
    settings.layout.metadata.unlink()
    open_database(settings).close()


def test_a_lost_secret_is_not_made_anew_beside_what_it_sealed(settings: Settings) -> None:
    installation(settings)
    settings.layout.secret.unlink()
    with pytest.raises(SettingError, match=r"secret\.file"):
        open_database(settings)
    assert not settings.layout.secret.exists()


def test_an_older_database_leaves_the_newer_snapshot_under_another_name(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    installation(settings)
    old = settings.layout.metadata.read_bytes()
    installation(settings)
    newer = settings.layout.snapshot.read_bytes()
    settings.layout.metadata.write_bytes(old)
    database = open_database(settings)
    with caplog.at_level(logging.WARNING):
        Publisher(database, settings.layout.snapshot).publish()
    database.close()
    assert "older than the gateways' snapshot" in caplog.text
    (kept,) = settings.layout.snapshot.parent.glob("snapshot.bin.revision-*")
    assert kept.read_bytes() == newer


@pytest.mark.parametrize("damage", [*DAMAGES, "missing", "newer", "older copy"])
def test_a_snapshot_that_somebody_damaged_is_written_again(settings: Settings, damage: str) -> None:
    token = installation(settings)
    database = open_database(settings)
    publisher = Publisher(database, settings.layout.snapshot)
    old = settings.layout.snapshot.read_bytes()
    with database.write() as rows:
        _, second = keys.create(rows, database.pepper, DEFAULT_ORG, "another", ["proxy"])
    publisher.publish()
    assert key_of(settings, second)
    if damage == "missing":
        settings.layout.snapshot.unlink()
    elif damage in ("newer", "older copy"):
        settings.layout.snapshot.write_bytes(old if damage == "older copy" else b"PERISNP9 and what is new")
    else:
        DAMAGES[damage](settings.layout.snapshot)
    assert not key_of(settings, second)
    publisher.publish()
    assert key_of(settings, token) and key_of(settings, second)
    database.close()


def test_two_publishers_of_one_file_do_not_write_in_turns(settings: Settings) -> None:
    installation(settings)
    database = open_database(settings)
    publishers = [Publisher(database, settings.layout.snapshot) for _ in range(2)]
    for publisher in publishers * 2:
        publisher.publish()
    stamp = settings.layout.snapshot.stat().st_ino
    for publisher in publishers * 3:
        publisher.publish()
    assert settings.layout.snapshot.stat().st_ino == stamp
    database.close()


def test_every_byte_of_a_snapshot_is_checked(settings: Settings) -> None:
    installation(settings)
    raw = settings.layout.snapshot.read_bytes()
    good = list(read(raw))
    found = 0
    for place in range(len(raw)):
        try:
            rows = list(read(raw[:place] + bytes([raw[place] ^ 0x41]) + raw[place + 1 :]))
        except SnapshotError:
            found += 1
        else:  # the checksum itself has another name now
            assert rows == good
    assert found > len(raw) - 10


def test_a_snapshot_without_a_checksum_is_one_of_the_version_before(settings: Settings) -> None:
    token = installation(settings)
    frames = [(kind, rows) for kind, rows in read(settings.layout.snapshot.read_bytes())]
    count = sum(len(rows) for kind, rows in frames if kind != "head")
    payloads = [msgspec.msgpack.encode(frame) for frame in [*frames, ("end", [count])]]
    old = b"PERISNP1" + b"".join(struct.pack("<I", len(payload)) + payload for payload in payloads)
    settings.layout.snapshot.write_bytes(old)
    assert key_of(settings, token)


# --- whose the files are ----------------------------------------------------------------------------------------------


def test_files_that_others_could_read_are_closed_with_a_word(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    installation(settings)
    layout = settings.layout
    (layout.log / "part").mkdir(parents=True)
    (layout.log / "part" / "data.bin").write_bytes(b"bodies")
    theirs = layout.data / "notes of the operator"
    theirs.write_text("mine")
    for path in (layout.data, *layout.data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    before = os.umask(0o022)
    try:
        with caplog.at_level(logging.WARNING):
            keep_private(layout)
        (layout.data / "new").write_text("x")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (layout.data, *layout.data.rglob("*"))}
    assert {modes.pop(name) for name in (layout.data.name, "snapshot", "log", "part")} == {0o700}
    assert modes.pop(theirs.name) == 0o644, "what is not ours stays as it is"
    assert set(modes.values()) == {0o600}
    assert len(caplog.records) == 1 and "other users" in caplog.text
    keep_private(layout)
    assert len(caplog.records) == 1


def test_a_folder_of_everybody_is_told_and_not_closed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tmp_path.chmod(0o1777)
    before = os.umask(0o022)
    try:
        keep_private(Layout(tmp_path))
    finally:
        os.umask(before)
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777
    assert "choose another" in caplog.text


def test_a_running_installation_leaves_nothing_that_others_can_read(stack: Stack) -> None:
    found = [path for path in (stack.folder / "data").rglob("*") if not path.is_symlink()]
    assert len(found) > 20
    assert [path for path in found if path.exists() and path.stat().st_mode & 0o077] == []
