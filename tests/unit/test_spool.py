"""What is appended to the spool is read from it, whatever happens to the files in between."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from proxy.core.record import Record, decode, encode
from proxy.spool import segment
from proxy.spool.reader import Batch, Reader
from proxy.spool.segment import MAGIC, State
from proxy.spool.writer import Writer


def payload(number: int, size: int = 50) -> bytes:
    return encode(Record(id=f"id-{number}", org="o", key="", started_us=number, request_body=b"x" * size))


def writer(folder: Path, **settings: object) -> Writer:
    return Writer(folder, **{"segment_bytes": 1 << 20, "segment_s": 3600, **settings})  # type: ignore[arg-type]


def read_all(reader: Reader, rows: int = 1000, size: int = 1 << 20) -> list[str]:
    return [decode(p).id for piece in pieces(reader, rows, size) for p in piece.payloads]


def pieces(reader: Reader, rows: int = 1000, size: int = 1 << 20) -> list[Batch]:
    return [piece for name in reader.segments() for piece in reader.batches(name, 0, rows, size)]


def ids(count: int) -> list[str]:
    return [f"id-{number}" for number in range(count)]


def test_a_frame_can_be_read_before_its_segment_is_closed(tmp_path: Path) -> None:
    spool, reader = writer(tmp_path / "spool"), Reader(tmp_path / "spool")
    assert reader.segments() == []
    assert spool.append(payload(0))
    assert read_all(reader) == ids(1)
    assert not reader.is_closed(reader.segments()[0])
    assert spool.append(payload(1))
    assert read_all(reader) == ids(2)
    spool.close()
    assert reader.is_closed(reader.segments()[0])
    assert (spool.written, spool.dropped) == (2, 0)
    assert reader.size(reader.segments()[0]) == spool.bytes_written + len(MAGIC)


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    spool = writer(tmp_path / "spool")
    spool.append(payload(0))
    assert spool.segment is not None
    assert spool.segment.stat().st_mode & 0o777 == 0o600
    assert spool.segment.parent.stat().st_mode & 0o777 == 0o700


def test_a_full_or_old_segment_is_followed_by_another(tmp_path: Path) -> None:
    now = [1_700_000_000_000_000]
    spool = writer(tmp_path, segment_bytes=1000, segment_s=10, clock=lambda: now[0])
    for number in range(8):
        now[0] += 1
        spool.append(payload(number, 200))
    by_size = len(Reader(tmp_path).segments())
    assert by_size > 1
    now[0] += 11_000_000
    spool.append(payload(8, 200))
    reader = Reader(tmp_path)
    assert len(reader.segments()) == by_size + 1
    assert read_all(reader) == ids(9)
    assert [reader.is_closed(name) for name in reader.segments()] == [True] * by_size + [False]


def test_a_clock_that_steps_back_does_not_hold_a_segment_open(tmp_path: Path) -> None:
    now = [1_700_000_000_000_000]
    spool = writer(tmp_path, segment_s=10, clock=lambda: now[0])
    spool.append(payload(0))
    now[0] -= 5_000_000
    spool.append(payload(1))
    assert len(Reader(tmp_path).segments()) == 2


def test_batches_end_at_rows_and_bytes_and_can_be_read_again(tmp_path: Path) -> None:
    spool, reader = writer(tmp_path), Reader(tmp_path)
    for number in range(10):
        spool.append(payload(number))
    by_rows = pieces(reader, rows=3)
    assert [len(piece.payloads) for piece in by_rows] == [3, 3, 3, 1]
    assert [piece.start for piece in by_rows] == [0, *(piece.end for piece in by_rows[:-1])]
    again = reader.read(by_rows[1].segment, by_rows[1].start, by_rows[1].end)
    assert [bytes(p) for p in again.payloads] == [bytes(p) for p in by_rows[1].payloads]
    assert again.end == by_rows[1].end
    assert read_all(reader, size=300) == ids(10)


def test_a_frame_larger_than_a_batch_is_read_whole(tmp_path: Path) -> None:
    spool, reader = writer(tmp_path), Reader(tmp_path)
    spool.append(payload(0, 100_000))
    spool.append(payload(1))
    assert read_all(reader, size=1000) == ids(2)


def test_every_split_of_a_segment_gives_the_whole_frames_before_it(tmp_path: Path) -> None:
    frames = [segment.pack(p) + p for p in (payload(0), payload(1), payload(2))]
    whole = b"".join(frames)
    ends = [sum(map(len, frames[:n])) for n in range(4)]
    for cut in range(len(whole) + 1):
        found = segment.scan(whole[:cut])
        count = sum(1 for end in ends[1:] if end <= cut)
        assert (len(found.payloads), found.next) == (count, ends[count])
        assert found.state is (State.CLEAN if cut in ends else State.TORN)


def test_a_growing_segment_keeps_its_partial_tail_for_later(tmp_path: Path) -> None:
    spool, reader = writer(tmp_path), Reader(tmp_path)
    spool.append(payload(0))
    assert spool.segment is not None
    whole = segment.pack(payload(1)) + payload(1)
    with spool.segment.open("ab") as file:
        file.write(whole[:20])
        file.flush()
        assert read_all(reader) == ids(1)
        file.write(whole[20:])
    assert read_all(reader) == ids(2)
    assert reader.torn == 0


@pytest.mark.parametrize("cut", [1, 7, 8, 9, 60])
def test_the_torn_tail_of_a_dead_writer_is_set_aside(tmp_path: Path, cut: int) -> None:
    spool, reader = writer(tmp_path), Reader(tmp_path)
    spool.append(payload(0))
    assert spool.segment is not None
    with spool.segment.open("ab") as file:
        file.write((segment.pack(payload(1)) + payload(1))[:cut])
    spool.close()
    found = pieces(reader)
    assert [piece.lost for piece in found] == [False, True]
    part = reader.set_aside(found[1].segment, found[1].start, found[1].end)
    assert part.name == f"{found[1].segment}@{found[1].start}.part"
    assert part.read_bytes() == (segment.pack(payload(1)) + payload(1))[:cut]
    assert (reader.torn, reader.torn_bytes) == (1, cut)


def test_damage_in_the_middle_costs_only_the_frames_it_hit(tmp_path: Path) -> None:
    spool, reader = writer(tmp_path), Reader(tmp_path)
    for number in range(5):
        spool.append(payload(number))
    path = spool.segment
    spool.close()
    assert path is not None
    blob = bytearray(path.read_bytes())
    size = (len(blob) - len(MAGIC)) // 5
    for damage in (size * 2 + 12, size * 2 + 30):  # its length, then its payload
        hurt = bytearray(blob)
        hurt[damage] ^= 0xFF
        path.write_bytes(hurt)
        found = pieces(reader)
        assert [decode(p).id for piece in found for p in piece.payloads] == ["id-0", "id-1", "id-3", "id-4"]
        assert [piece.end - piece.start for piece in found if piece.lost] == [size]


@pytest.mark.parametrize("blob", [b"", b"PERI", b"NOTMAGIC" + b"\0" * 100, MAGIC, MAGIC + b"\0" * 64])
def test_a_segment_that_is_no_segment_is_not_fatal(tmp_path: Path, blob: bytes) -> None:
    (tmp_path / "0.seg").write_bytes(blob)
    reader = Reader(tmp_path)
    assert read_all(reader) == []
    found = pieces(reader)
    assert (found[-1].end if found else 0) == len(blob)


def test_a_segment_deleted_under_the_writer_is_noticed(tmp_path: Path) -> None:
    now = [1_700_000_000_000_000]
    spool = writer(tmp_path / "spool", clock=lambda: now[0])
    spool.append(payload(0))
    for path in (tmp_path / "spool").iterdir():
        path.unlink()
    (tmp_path / "spool").rmdir()
    now[0] += 1_000_001
    assert spool.append(payload(1))
    assert read_all(Reader(tmp_path / "spool")) == ["id-1"]


def test_a_folder_that_cannot_be_made_drops_and_recovers(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file in the way")
    spool = writer(tmp_path / "spool")
    assert spool.append(payload(0)) is False
    assert (spool.written, spool.dropped, bool(spool.error)) == (0, 1, True)
    (tmp_path / "spool").unlink()
    assert spool.append(payload(1)) is True
    assert (spool.written, spool.dropped, spool.error) == (1, 1, "")


FULL_DISK = textwrap.dedent(
    """
    import resource, sys
    from pathlib import Path
    from proxy.spool.writer import Writer
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    spool = Writer(Path(sys.argv[1]), segment_bytes=1 << 20, segment_s=3600)
    print([spool.append(b"\\xdc\\x00" + b"x" * 198) for _ in range(8)], spool.written, spool.dropped)
    """
)


def test_a_full_disk_drops_frames_and_leaves_no_partial_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[True, True, True, True, False, False, False, False] 4 4"
    reader = Reader(tmp_path)
    assert [len(piece.payloads) for piece in pieces(reader)] == [4]
    assert [piece.lost for piece in pieces(reader)] == [False]
    assert reader.size(reader.segments()[0]) == len(MAGIC) + 4 * 208


def _write_until_killed(folder: str, ready: "multiprocessing.connection.Connection") -> None:
    spool = Writer(Path(folder), segment_bytes=1 << 20, segment_s=3600)
    for number in range(100):
        spool.append(payload(number))
    ready.send(spool.written)
    signal.pause()


def test_frames_of_a_killed_writer_are_all_there_and_its_segment_is_closed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_write_until_killed, args=(str(tmp_path), theirs))
    process.start()
    assert ours.recv() == 100
    reader = Reader(tmp_path)
    assert not reader.is_closed(reader.segments()[0])
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert reader.is_closed(reader.segments()[0])
    assert read_all(reader) == ids(100)


def test_what_a_writer_left_unnamed_is_swept_away_later(tmp_path: Path) -> None:
    (tmp_path / "x.new").write_bytes(b"")
    reader = Reader(tmp_path)
    written = (tmp_path / "x.new").stat().st_mtime
    reader.sweep(written + 1)
    assert (tmp_path / "x.new").exists()
    reader.sweep(written + 3600)
    assert not (tmp_path / "x.new").exists()


def test_fsync_writes_the_same(tmp_path: Path) -> None:
    spool = writer(tmp_path, fsync=True)
    spool.append(payload(0))
    assert read_all(Reader(tmp_path)) == ids(1)
