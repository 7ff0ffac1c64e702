"""Decompresses bodies, off the hot path: the gateway passes compressed bytes unchanged.

A small body can stand for a huge one, so everything is bounded while it is made: how many encodings are undone, how
much each byte may become, how much is decoded at all, and how much of that is kept.
"""

import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

__all__ = ["MAX_LAYERS", "MAX_PLAIN", "MAX_RATIO", "Plain", "decompress", "decompress_ends"]

MAX_LAYERS: Final = 3
"""Encodings on top of one another. A body with more is left as it is."""
MAX_RATIO: Final = 50
"""Plain bytes that one compressed byte may become, beyond `_MIN_PLAIN`. Text of chats has ratios of 3 to 30."""
MAX_PLAIN: Final = 64 << 20
"""Plain bytes that are decoded of one body, whatever its size."""
_MIN_PLAIN: Final = 1 << 20
"""Plain bytes that the smallest body may become."""
_CHUNK_BYTES: Final = 16 << 10
"""Input is decoded in chunks, so that what precedes a broken byte is not lost."""
_PART_BYTES: Final = 128 << 10
"""Output comes in parts of at most this size."""
_TAIL_BYTES: Final = 256 << 10
"""Bytes at the end of a body that are kept where its middle is left out: usage stands at the end of a stream."""
_MAX_MEMBERS: Final = 1000
"""Members of one gzip body; an empty one costs time and no output."""
_ZSTD_WINDOW: Final = 8 << 20
"""The largest window that RFC 9659 allows for zstd as a content encoding; a decoder reserves it at once."""
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Plain(NamedTuple):
    """A decompressed body."""

    body: bytes
    cut: bool
    """Something was left out of it because of a bound."""


def decompress(body: bytes, encoding: str, limit: int = MAX_PLAIN) -> bytes:
    """Return `body` without its `Content-Encoding`: at most its first `limit` bytes, and at most `MAX_RATIO` times its
    size where that is above 1 MiB.

    A body that was cut or broken gives what could be decoded. An encoding that is not known gives the body as it
    is, and so does a body that is not in the encoding it claims, or has more than `MAX_LAYERS` encodings.
    """
    decoders = _decoders(encoding)
    allowed = min(limit, _allowed(body))
    for decoder in decoders:
        if body:
            body = _decode(body, decoder, allowed, 0, allowed).body
    return body[:limit]


def decompress_ends(body: bytes, encoding: str, keep: int) -> Plain:
    """Do the same, and keep at most `keep` bytes: of a longer body the first and the last ones."""
    decoders = _decoders(encoding)
    allowed = _allowed(body)
    cut = False
    for number, decoder in enumerate(decoders, start=1):
        if body:
            tail = min(_TAIL_BYTES, keep // 2) if number == len(decoders) else 0
            body, lost = _decode(body, decoder, keep, tail, max(min(allowed, MAX_PLAIN), 1))
            cut = cut or lost
    return Plain(body[:keep], cut or len(body) > keep)


Decoder = Callable[[bytes], Iterator[bytes]]
"""Body to decoded parts of at most `_PART_BYTES`; raises ValueError at the first byte that does not fit."""


def _allowed(body: bytes) -> int:
    return max(_MIN_PLAIN, len(body) * MAX_RATIO)


def _decoders(encoding: str) -> list[Decoder]:
    """What undoes the encodings, the last one first."""
    names = [name for part in encoding.split(",", 64) if (name := part.strip().lower())]
    found = [decoder for name in reversed(names) if (decoder := _decoder(name)) is not None]
    return found if len(names) <= MAX_LAYERS else []


def _decoder(name: str) -> Decoder | None:
    if name in _WINDOWS:
        return _zlib(_WINDOWS[name])
    return {"br": _brotli, "zstd": _zstandard}.get(name)


def _decode(body: bytes, decoder: Decoder, keep: int, tail: int, allowed: int) -> Plain:
    """Decode up to `allowed` bytes. Where that is more than `keep`, keep the first ones and the last `tail`."""
    head: list[bytes] = []
    last: deque[bytes] = deque()
    room, size, last_size = keep - tail, 0, 0
    cut = False
    try:
        for part in decoder(body):
            part = part[: allowed - size]
            size += len(part)
            if room:
                head.append(part[:room])
                part = part[room:]
                room -= len(head[-1])
            if part and tail:
                last.append(part)
                last_size += len(part)
                while last_size - len(last[0]) >= tail:
                    last_size -= len(last.popleft())
            if size >= allowed or not (room or tail):
                cut = True
                break
    except ValueError:
        if not size:
            return Plain(body, False)
    ending = b"".join(last)
    return Plain(b"".join(head) + ending[-tail:] if tail else b"".join(head), cut or size > keep)


def _chunks(body: bytes) -> Iterator[bytes]:
    return (body[at : at + _CHUNK_BYTES] for at in range(0, len(body), _CHUNK_BYTES))


def _zlib(window: int) -> Decoder:
    def decode(body: bytes) -> Iterator[bytes]:
        stream = zlib.decompressobj(window)
        fresh = True
        members = 1
        for chunk in _chunks(body):
            while chunk:
                try:
                    yield stream.decompress(chunk, _PART_BYTES)
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
                    members += 1
                    if window != 31 or chunk[:2] != b"\x1f\x8b" or members > _MAX_MEMBERS:
                        return
                    stream = zlib.decompressobj(window)

    return decode


def _brotli(body: bytes) -> Iterator[bytes]:
    import brotli

    stream = brotli.Decompressor()
    for chunk in _chunks(body):
        try:
            yield stream.process(chunk, output_buffer_limit=_PART_BYTES)
            # More output may wait in it, also where it has taken all input.
            while (part := stream.process(b"", output_buffer_limit=_PART_BYTES)) or not stream.can_accept_more_data():
                yield part
        except brotli.error as error:
            raise ValueError(str(error)) from None


def _zstandard(body: bytes) -> Iterator[bytes]:
    import zstandard

    # Its decompressobj has no bound on what one chunk may become; a reader has.
    decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    reader = decoder.stream_reader(body, read_across_frames=True)
    while True:
        try:
            part = reader.read(_PART_BYTES)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from None
        if not part:
            return
        yield part
