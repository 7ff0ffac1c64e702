"""An answer as the cache keeps it, and as it comes back: of the same type as one that was sent for."""

import asyncio
import re
from typing import Final

import msgspec

from proxy.core.clock import monotonic
from proxy.providers.decompress import decompress
from proxy.providers.dialects import DIALECTS

__all__ = ["CacheEntry", "CachedAnswer", "decode_entry", "encode_entry", "is_cacheable"]

_BROKEN: Final = re.compile(rb'^event:\s*error|^data:\s*\{"error"', re.MULTILINE)
_UNDER_WAY: Final = re.compile(rb'"status":\s?"(?:queued|in_progress)"')
"""A response made in the background: its state, and not its result."""
_MOST_CUTS: Final = 10_000


class _Erring(msgspec.Struct):
    error: msgspec.Raw = msgspec.Raw(b"null")


class CacheEntry(msgspec.Struct, array_like=True, kw_only=True):
    """One kept answer."""

    digest: bytes
    """The key's cryptographic half, compared before use."""
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    """As the provider sent it, less transfer framing."""
    packed: bool = False
    """`body` is in zstd's form on top of whatever encoding it has."""
    cuts: list[tuple[int, int]] = []
    """Of a stream: (milliseconds after the first piece, bytes) of each piece."""
    created_us: int
    latency_ms: int
    source: str
    """Id of the record that it comes from."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(CacheEntry).decode


def encode_entry(entry: CacheEntry, pack_above: int) -> bytes:
    """Bytes for the store; a body of more than `pack_above` bytes is packed where that makes it smaller."""
    if len(entry.body) > pack_above:
        import zstandard

        packed = zstandard.ZstdCompressor(level=3).compress(entry.body)
        if len(packed) < len(entry.body):
            entry.body, entry.packed = packed, True
    return _encode(entry)


def decode_entry(raw: bytes) -> CacheEntry | None:
    """The entry; None for bytes that are none (an older version's)."""
    try:
        entry = _decode(raw)
        if entry.packed:
            import zstandard

            entry.body = zstandard.ZstdDecompressor().decompress(entry.body)
    except Exception:  # noqa: BLE001 - a value that cannot be read is a miss
        return None
    return entry


def _is_error(body: bytes) -> bool:
    """Some gateways answer 200 with nothing but an error in the body."""
    if b'"error"' not in body:
        return False
    try:
        error = msgspec.json.decode(body, type=_Erring).error
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
    """Whether an answer that ended well may be served again: no refusal, no error inside, its terminal event there.

    Where its length was not `announced` its end may have been the connection's, early: then it must be whole JSON."""
    if encoding and encoding != "identity":
        body = decompress(body, encoding)
    spoken = DIALECTS[dialect]
    for mark in spoken.refusal_marks:
        if mark in body:
            return False
    if spoken.refusal is not None and b"refusal" in body and spoken.refusal.search(body):
        return False
    if not streamed:
        under_way = b'"status"' in body and _UNDER_WAY.search(body)
        return bool(body) and not _is_error(body) and not under_way and (announced or _is_json(body))
    marks = spoken.done_marks
    return not _BROKEN.search(body) and (not marks or any(mark in body for mark in marks))


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

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def close(self) -> None: ...
