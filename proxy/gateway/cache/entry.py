"""An answer as the cache stores it, and as it comes back: of the same type as one from a provider."""

import asyncio
import re
from typing import Final

import msgspec

from proxy.core.clock import monotonic
from proxy.providers.decompress import decompress
from proxy.providers.dialects import DIALECTS

__all__ = ["MAX_CUTS", "CacheEntry", "CachedAnswer", "decode_entry", "encode_entry", "is_cacheable"]

_STREAM_ERROR: Final = re.compile(rb'^event:\s*error|^data:\s*\{"error"', re.MULTILINE)
_IN_PROGRESS: Final = re.compile(rb'"status":\s?"(?:queued|in_progress)"')
"""A response that is made in the background: this is its state, not its result."""
MAX_CUTS: Final = 10_000
"""Chunks of a stream whose times are stored; the last one takes the bytes of all that follow."""


class _ErrorBody(msgspec.Struct):
    error: msgspec.Raw = msgspec.Raw(b"null")


class CacheEntry(msgspec.Struct, array_like=True, kw_only=True):
    """One stored answer."""

    digest: bytes
    """The key's cryptographic half, compared before use."""
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    """As the provider sent it, without transfer framing."""
    packed: bool = False
    """`body` is compressed with zstd, on top of the encoding it has."""
    cuts: list[tuple[int, int]] = []
    """Of a stream: (milliseconds after the first chunk, bytes) of each chunk."""
    created_us: int
    latency_ms: int
    source: str
    """Id of the call that it comes from."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(CacheEntry).decode


def encode_entry(entry: CacheEntry, compress_above: int) -> bytes:
    """Return the bytes for the store; a body above `compress_above` bytes is compressed where that makes it smaller."""
    if len(entry.body) > compress_above:
        import zstandard

        packed = zstandard.ZstdCompressor(level=3).compress(entry.body)
        if len(packed) < len(entry.body):
            entry.body, entry.packed = packed, True
    return _encode(entry)


def decode_entry(raw: bytes) -> CacheEntry | None:
    """Return the entry; None for bytes that cannot be read, such as an older version's."""
    try:
        entry = _decode(raw)
        if entry.packed:
            import zstandard

            entry.body = zstandard.ZstdDecompressor().decompress(entry.body)
    except Exception:  # noqa: BLE001 - a value that cannot be read is a miss
        return None
    return entry


def _is_error(body: bytes) -> bool:
    """Return whether a body with status 200 holds nothing but an error, as some gateways answer."""
    if b'"error"' not in body:
        return False
    try:
        error = msgspec.json.decode(body, type=_ErrorBody).error
    except (msgspec.DecodeError, RecursionError):
        return False
    return bytes(error) not in (b"null", b'""', b"{}", b"false")


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def is_cacheable(body: bytes, encoding: str, streamed: bool, dialect: str, announced: bool = True) -> bool:
    """Return whether a successful answer may be served again: not a refusal, no error inside, and complete.

    Where no length was `announced` the connection may have ended early: then the body must be complete JSON.
    A stream must have its terminal event.
    """
    if encoding and encoding != "identity":
        body = decompress(body, encoding)
    spoken = DIALECTS[dialect]
    for mark in spoken.refusal_marks:
        if mark in body:
            return False
    if spoken.refusal is not None and b"refusal" in body and spoken.refusal.search(body):
        return False
    if not streamed:
        in_progress = b'"status"' in body and _IN_PROGRESS.search(body)
        return bool(body) and not _is_error(body) and not in_progress and (announced or _is_json(body))
    marks = spoken.done_marks
    return not _STREAM_ERROR.search(body) and (not marks or any(mark in body for mark in marks))


class CachedAnswer:
    """`upstream.base.Answer` from an entry: all at once, or at its recorded pace."""

    __slots__ = ("_at", "_body", "_cuts", "_next", "_ready", "ended", "first_byte_at", "headers", "sent_at", "status")

    def __init__(self, entry: CacheEntry, paced: bool) -> None:
        self.status = entry.status
        self.headers = entry.headers  # the entry was read for this call alone
        self.first_byte_at = monotonic()
        self.sent_at = 0.0
        self._body = entry.body
        self._cuts = entry.cuts if paced and len(entry.cuts) > 1 else []
        self._next = self._at = 0
        self._ready = not self._cuts
        self.ended = self._ready

    def take(self) -> bytes:
        if not self._cuts:
            body, self._body = self._body, b""
            return body
        begin, now = self._at, (monotonic() - self.first_byte_at) * 1e3
        while self._next < len(self._cuts) and self._cuts[self._next][0] <= now:
            self._at += self._cuts[self._next][1]
            self._next += 1
        self.ended = self._next == len(self._cuts)
        return self._body[begin : self._at]

    def peek(self) -> bytes:
        return self._body[self._at :]

    async def wait(self) -> None:
        if self._next < len(self._cuts):
            await asyncio.sleep(max(0.0, self._cuts[self._next][0] / 1e3 - (monotonic() - self.first_byte_at)))

    def close(self) -> None: ...
