"""Decompresses bodies, off the hot path: the gateway passes compressed bytes unchanged."""

import zlib
from collections.abc import Callable, Iterator

__all__ = ["decompress"]

_CHUNK_BYTES = 16 << 10
"""Input is decoded in chunks, so that what precedes a broken byte is not lost."""
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def decompress(body: bytes, encoding: str, limit: int = 64 << 20) -> bytes:
    """`body` without its `Content-Encoding`, at most `limit` bytes of it.

    A body that was cut or broken gives what could be decoded. An encoding that is not known gives the body as it
    is, and so does a body that is not in the encoding it claims.
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    for name in reversed(names):
        decoder = _decoder(name)
        if decoder is not None and body:
            body = _decode(body, decoder, limit)
    return body[:limit]


Decoder = Callable[[bytes, int], Iterator[bytes]]
"""Body and limit to decoded chunks; raises ValueError at the first byte that does not fit."""


def _decoder(name: str) -> Decoder | None:
    if name in _WINDOWS:
        return _zlib(_WINDOWS[name])
    return {"br": _brotli, "zstd": _zstandard}.get(name)


def _decode(body: bytes, decoder: Decoder, limit: int) -> bytes:
    found: list[bytes] = []
    size = 0
    try:
        for part in decoder(body, limit):
            found.append(part)
            size += len(part)
            if size >= limit:
                break
    except ValueError:
        if not size:
            return body
    return b"".join(found)[:limit]


def _chunks(body: bytes) -> Iterator[bytes]:
    return (body[at : at + _CHUNK_BYTES] for at in range(0, len(body), _CHUNK_BYTES))


def _zlib(window: int) -> Decoder:
    def decode(body: bytes, limit: int) -> Iterator[bytes]:
        stream = zlib.decompressobj(window)
        fresh = True
        for chunk in _chunks(body):
            while chunk:
                try:
                    yield stream.decompress(chunk, limit)
                except zlib.error as error:
                    if not fresh or window != 15:
                        raise ValueError(str(error)) from None
                    # Some servers send deflate without its zlib header.
                    stream = zlib.decompressobj(-15)
                    fresh = False
                    continue
                fresh = False
                chunk = stream.unconsumed_tail
                if stream.eof:
                    chunk = stream.unused_data
                    if window != 31 or chunk[:2] != b"\x1f\x8b":
                        return
                    stream = zlib.decompressobj(window)

    return decode


def _brotli(body: bytes, limit: int) -> Iterator[bytes]:
    import brotli

    stream = brotli.Decompressor()
    for chunk in _chunks(body):
        try:
            yield stream.process(chunk, output_buffer_limit=limit)
            while not stream.can_accept_more_data():
                yield stream.process(b"", output_buffer_limit=limit)
        except brotli.error as error:
            raise ValueError(str(error)) from None


def _zstandard(body: bytes, limit: int) -> Iterator[bytes]:
    import zstandard

    # Its decompressobj has no bound on what one chunk may become; a reader has.
    reader = zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True)
    while True:
        try:
            part = reader.read(_CHUNK_BYTES * 8)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from None
        if not part:
            return
        yield part
