"""Files of the data folder that are damaged, foreign, of another version or in the wrong place stop nothing."""

import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from _speedups import window_packed
from proxy.core.clock import now_us
from proxy.kv.base import Charge
from proxy.kv.memory import MemoryKv
from tests.attacks.damage import DAMAGES
from tests.stack import Stack

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
    limited = {"Helicone-RateLimit-Policy": "1000;w=3600"}
    assert httpx.post(stack.gateway + CHAT, json=BODY, headers=limited).status_code == 200
    stack.stop()
    files = list((stack.folder / "data" / "kv").glob("limits-*"))
    assert files
    for path in files:
        DAMAGES["noise"](path)
    stack.start()
    assert httpx.post(stack.gateway + CHAT, json=BODY, headers=limited).status_code == 200
