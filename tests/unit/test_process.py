"""What a process lets go of, over real mappings of a real file."""

import ctypes
import mmap
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.core.process import unmap_clean_code

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says what is mapped")
_PAGE = mmap.PAGESIZE
_SIZE = 4 << 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "library"
    path.write_bytes(os.urandom(_SIZE))
    return path


@pytest.fixture
def mapped(file: Path) -> Iterator[mmap.mmap]:
    """The file, mapped privately, every page of it resident."""
    with file.open("r+b") as handle:
        found = mmap.mmap(handle.fileno(), _SIZE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
    assert found[::_PAGE] == file.read_bytes()[::_PAGE]
    yield found
    found.close()


def _lock(mapped: mmap.mmap) -> None:
    """Takes the right to write off the mapping, as a loader does once its work is done."""
    place = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(place), ctypes.c_size_t(_SIZE), mmap.PROT_READ) == 0


def _resident_kib(file: Path) -> int:
    rows = Path("/proc/self/smaps").read_text().splitlines()
    start = next(at for at, row in enumerate(rows) if row.endswith(str(file)))
    return int(next(row for row in rows[start:] if row.startswith("Rss:")).split()[1])


def test_a_clean_mapping_is_let_go_and_reads_as_before(file: Path, mapped: mmap.mmap) -> None:
    _lock(mapped)
    assert _resident_kib(file) == _SIZE >> 10
    assert unmap_clean_code() >= _SIZE >> 10
    assert _resident_kib(file) == 0
    assert mapped[:] == file.read_bytes()


def test_a_page_of_our_own_is_kept(file: Path, mapped: mmap.mmap) -> None:
    mapped[_PAGE : _PAGE + 5] = b"ours!"
    _lock(mapped)
    unmap_clean_code()
    assert mapped[_PAGE : _PAGE + 5] == b"ours!"
    assert file.read_bytes()[_PAGE : _PAGE + 5] != b"ours!"


def test_a_mapping_that_can_be_written_is_left_alone(file: Path, mapped: mmap.mmap) -> None:
    unmap_clean_code()
    assert _resident_kib(file) == _SIZE >> 10
