"""A file is replaced whole or not at all."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.core.files import replace


def test_the_file_and_its_folder_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.bin"
    replace(path, b"content")
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("fsync", [False, True])
def test_chunks_are_written_one_after_the_other(tmp_path: Path, fsync: bool) -> None:
    replace(tmp_path / "file", (b"%d," % number for number in range(4)), fsync=fsync)
    assert (tmp_path / "file").read_bytes() == b"0,1,2,3,"


def test_the_mode_is_the_one_that_was_given(tmp_path: Path) -> None:
    replace(tmp_path / "file", b"", mode=0o640)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_failure_on_the_way_leaves_the_old_content_and_no_draft(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise ValueError("the source broke")

    replace(tmp_path / "file", b"old")
    with pytest.raises(ValueError, match="broke"):
        replace(tmp_path / "file", chunks())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace(path, b"0" * 50_000)
    done = threading.Event()

    def write() -> None:
        for number in range(200):
            replace(path, b"%d" % (number % 10) * 50_000)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        content = path.read_bytes()
        assert len(content) == 50_000 and len(set(content)) == 1
    writer.join()


def test_a_draft_that_a_killed_process_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "file.draft").write_bytes(b"half a")
    replace(tmp_path / "file", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
