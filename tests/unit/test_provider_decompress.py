"""Content encodings: whole, cut, broken, too large, and not what they claim."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from proxy.providers.decompress import decompress

TEXT = b"".join(b'data: {"n": %d, "h": "%x"}\n\n' % (n, n * 2654435761 % 2**32) for n in range(20_000))


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=4),
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("name", ENCODERS)
def test_a_whole_body_comes_back(name: str) -> None:
    assert decompress(ENCODERS[name](TEXT), name) == TEXT


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_cut_body_gives_what_could_be_decoded(name: str, part: float) -> None:
    whole = ENCODERS[name](TEXT)
    found = decompress(whole[: int(len(whole) * part)], name)
    assert TEXT.startswith(found)
    # zstd and brotli decode a block (128 KiB and more) at a time.
    assert found or part < 0.5


@pytest.mark.parametrize("name", ENCODERS)
def test_output_stops_at_the_limit(name: str) -> None:
    bomb = ENCODERS[name](bytes(50 << 20))
    assert decompress(bomb, name, limit=1000) == bytes(1000)


@pytest.mark.parametrize("name", ENCODERS)
def test_junk_never_raises(name: str) -> None:
    whole = bytearray(ENCODERS[name](TEXT))
    whole[len(whole) // 2 :] = b"\xff" * (len(whole) - len(whole) // 2)
    found = decompress(bytes(whole), name)
    assert TEXT[:1000] == found[:1000]
    assert decompress(b"not compressed at all", name) == b"not compressed at all"


def test_deflate_without_its_header_is_read() -> None:
    assert decompress(raw_deflate(TEXT), "deflate") == TEXT


def test_encodings_are_undone_from_the_last() -> None:
    assert decompress(brotli.compress(gzip.compress(b"hi")), "gzip, br") == b"hi"


def test_gzip_members_follow_one_another() -> None:
    assert decompress(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip") == b"one two"


def test_an_unknown_encoding_leaves_the_body() -> None:
    assert decompress(b"x", "identity") == b"x"
    assert decompress(b"x", "") == b"x"
