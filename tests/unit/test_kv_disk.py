"""The embedded store on disk: what survives which end, and what a log does when it is full."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.core.errors import SettingError
from proxy.kv import disk
from proxy.kv.base import Charge, Hold
from proxy.kv.memory import MemoryKv
from tests.stack import ROOT

HOUR = 3_600_000_000


def charge(bucket: str, cost: int, limit: int = 100, held: bool = False) -> Charge:
    return Charge(bucket, limit, HOUR, cost, held)


async def left(kv: MemoryKv, bucket: str) -> int:
    return (await kv.take("org", [charge(bucket, 0)], "", 1)).rooms[0].remaining


def abandon(kv: MemoryKv) -> None:
    """As `kill -9` leaves it: nothing is written any more, only the lock goes with the process."""
    assert kv._disk is not None
    if kv._disk._writer is not None:
        kv._disk._writer.join()
    kv._disk._lock.close()


async def test_what_was_taken_is_there_after_an_end_without_warning(tmp_path: Path) -> None:
    kv = MemoryKv(folder=tmp_path)
    await kv.take("org", [charge("a", 30)], "", 1)
    held = [charge("a", 20, held=True), charge("b", 50, held=True)]
    done = await kv.take("org", held, "done", HOUR)
    kv.settle(Hold("org", "done", held, done.at_us), [5, 60])
    assert (await kv.take("org", [charge("a", 20, held=True), charge("b", 40, held=True)], "dead", HOUR)).allowed
    assert (await left(kv, "a"), await left(kv, "b")) == (45, 0)
    abandon(kv)
    kv = MemoryKv(folder=tmp_path)
    # what the dead call had reserved is back, what the other used is not
    assert (await left(kv, "a"), await left(kv, "b")) == (65, 40)
    abandon(kv)
    kv = MemoryKv(folder=tmp_path)
    assert (await left(kv, "a"), await left(kv, "b")) == (65, 40)


async def test_a_full_log_is_followed_by_another_and_a_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_LOG_BYTES", 1 << 14)
    kv = MemoryKv(folder=tmp_path)
    held = [charge("held", 7, held=True)]
    await kv.take("org", held, "open", HOUR)
    for number in range(3_000):
        await kv.take("org", [charge(f"user {number % 50}", 1)], "", 1)
        if number % 100 == 0:
            kv.tick()
            if kv._disk is not None and kv._disk._writer is not None:
                kv._disk._writer.join()
    assert len(os.listdir(tmp_path)) < 15, "older ones go once a base stands"
    abandon(kv)
    kv = MemoryKv(folder=tmp_path)
    assert {await left(kv, f"user {number}") for number in range(50)} == {40}
    assert await left(kv, "held") == 100, "its reservation was carried from log to log, and came back"


def test_two_processes_cannot_have_it(tmp_path: Path) -> None:
    kv = MemoryKv(folder=tmp_path)
    with pytest.raises(SettingError, match="redis://"):
        MemoryKv(folder=tmp_path)
    asyncio.run(kv.close())
    asyncio.run(MemoryKv(folder=tmp_path).close())


async def test_values_survive_a_close_and_a_broken_file_is_no_harm(tmp_path: Path) -> None:
    kv = MemoryKv(folder=tmp_path)
    for number in range(10):
        kv.put("org", "group", f"k{number}", b"v%d" % number, 1000, 100)
    kv.put("org", "group", "short", b"x", 0, 100)
    await kv.close()
    kv = MemoryKv(folder=tmp_path)
    assert await kv.get("org", ["k0", "k9", "short"]) == [b"v0", b"v9", None]
    await kv.close()
    cache = tmp_path / "cache.bin"
    cache.write_bytes(cache.read_bytes()[:-5] + b"\xff" * 9)
    kv = MemoryKv(folder=tmp_path)
    assert await kv.get("org", ["k0"]) == [b"v0"]
    await kv.close()


def test_a_killed_process_has_lost_nothing(tmp_path: Path) -> None:
    code = """
import asyncio, os, signal, sys
from pathlib import Path
from proxy.kv.base import Charge
from proxy.kv.memory import MemoryKv

async def main():
    kv = MemoryKv(folder=Path(sys.argv[1]))
    for _ in range(77):
        await kv.take("org", [Charge("a", 100, 3_600_000_000, 1)], "", 1)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=environ, check=False).returncode == -9
    assert asyncio.run(left(MemoryKv(folder=tmp_path), "a")) == 23


_NO_ROOM = """
import asyncio, subprocess, sys
from pathlib import Path
from proxy.kv.base import Charge
from proxy.kv.memory import MemoryKv

HOUR = 3_600_000_000
folder = Path(sys.argv[1])
mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
if subprocess.run(mount, capture_output=True).returncode:
    sys.exit(77)

async def main():
    kv = MemoryKv(folder=folder / "kv")
    for number in range(100_000):  # more than eight MiB of notes
        assert (await kv.take("org", [Charge(f"user {number}", 100, HOUR, 1)], "", 1)).allowed
    kv.tick()
    subprocess.run(["mount", "-o", "remount,size=128m", str(folder)], check=True)
    kv.tick()
    await kv.take("org", [Charge("after", 100, HOUR, 40)], "", 1)
    kv._disk._writer.join()
    kv._disk._lock.close()  # as kill -9 leaves it
    kv = MemoryKv(folder=folder / "kv")
    rooms = [(await kv.take("org", [Charge(name, 100, HOUR, 0)], "", 1)).rooms[0] for name in ("user 5", "after")]
    print(*(room.remaining for room in rooms))

asyncio.run(main())
"""


def test_a_full_disk_costs_the_notes_and_not_the_process(tmp_path: Path) -> None:
    """A page of a mapped file that the disk has no block for would end it with SIGBUS."""
    command = ["unshare", "-r", "-m", sys.executable, "-c", _NO_ROOM, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    if done.returncode in (1, 77) and "Error" not in done.stderr:
        pytest.skip("no small disk to be had: this user may not mount one")
    assert (done.returncode, done.stdout.split()) == (0, ["99", "60"]), done.stderr
    assert done.stderr.count("cannot be written, so limits") == 1
