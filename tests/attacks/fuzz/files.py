"""Files of the data folder with anything in them."""

import tempfile
from pathlib import Path
from typing import Final

from proxy.core import snapshot as snapshots
from proxy.kv.disk import Disk
from proxy.spool.reader import Reader
from proxy.spool.segment import MAGIC, SUFFIX, pack

__all__ = ["SEEDS", "kv_files", "segments", "snapshot"]

PAYLOAD: Final = b"\xdc\x00\x10" + b"\xc0" * 16
FRAME: Final = pack(PAYLOAD) + PAYLOAD
SNAPSHOT: Final = b"".join(
    snapshots.frames(
        snapshots.Head(1, 1, "fingerprint", b"pepper"),
        orgs=[],
        prices=[snapshots.PriceRow("default", "x", b"{}")],
    )
)
SEEDS: Final = {
    "segments": [MAGIC + FRAME * 3, MAGIC + FRAME + b"noise" + FRAME, MAGIC + b"\0" * 64 + FRAME, b"PERISEG9" + FRAME],
    "snapshot": [SNAPSHOT, SNAPSHOT[:-3]],
    "kv_files": [b"\0" + b"\x10\x00\x01" + b"\1" * 16, b"\1" + b"\5\0\0\0" + b"\x93\1\2\3\4"],
}
_FOLDER: Final = Path(tempfile.mkdtemp(prefix="perihelion-fuzz-"))


def segments(data: bytes) -> None:
    """A segment is read to its end, and a good frame at its end is found whatever stands before it."""
    if len(data) < len(MAGIC):
        return
    folder = _FOLDER / "spool"
    folder.mkdir(exist_ok=True)
    path = folder / f"fuzz{SUFFIX}"
    path.write_bytes(data + FRAME)
    reader = Reader(folder)
    offset, found = 0, []
    for batch in reader.batches(path.name, 0, 100, 1 << 16):
        assert batch.end > offset or not batch.payloads
        assert batch.end <= len(data) + len(FRAME)
        offset = batch.end
        found += [bytes(payload) for payload in batch.payloads]
    assert offset == len(data) + len(FRAME)
    assert found and found[-1] == PAYLOAD


def snapshot(data: bytes) -> None:
    """A snapshot is read whole or refused."""
    try:
        for kind, rows in snapshots.read(data):
            assert isinstance(kind, str) and isinstance(rows, list)
    except snapshots.SnapshotError:
        return


def kv_files(data: bytes) -> None:
    """State of limits and cached answers: what cannot be read is set aside, and the store opens."""
    folder = _FOLDER / "kv"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    which, rest = (data[:1] or b"\0")[0] % 4, data[1:]
    name = ("limits-1.base", "limits-1.log", "cache.bin", "seed")[which]
    (folder / name).write_bytes(rest)
    disk = Disk(folder)
    list(disk.states())
    list(disk.orphans())
    list(disk.values())
    disk.close([])
