"""A reply and a script to the very bytes: what is written, in which pieces, and how it ends."""

import itertools
import random
import zlib

import msgspec

from simulator.script import Script
from simulator.shapes.base import Reply

__all__ = ["Plan", "plan"]

_REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    429: "Too Many Requests",
}


class Plan(msgspec.Struct):
    """`writes` one after the other, then `end`: `keep`, `close`, `reset` or `stall`."""

    writes: list[bytes]
    end: str = "keep"


def plan(reply: Reply, script: Script, accept: str, head_only: bool, keep: bool) -> Plan:
    """How `reply` goes out. `accept` is the caller's Accept-Encoding; `keep` whether its connection may stay open."""
    pieces, encoding = _encode(reply, script, accept)
    framing = script.framing or ("chunked" if reply.streams else "length")
    end = "keep" if keep and framing != "close" and script.keepalive != "close" else "close"
    size = sum(map(len, pieces))
    head = _head(reply, framing, size, encoding, end)
    if script.reset == "before" or script.stall == "before":
        return Plan([], "reset" if script.reset else "stall")
    if script.reset == "head":
        return Plan([head], "reset")
    if head_only or reply.status == 204:
        return Plan([head], end)
    cut = -1
    for word, asked in (("reset", script.reset), ("stall", script.stall)):
        if asked:
            pieces, end, cut = pieces[: int(asked)], word, 0
    if script.cut >= 0 and script.cut < size:
        pieces, end, cut = [b"".join(pieces)[: script.cut]], "close", 0
    writes = [_chunk(piece) if framing == "chunked" else piece for piece in _split(pieces, script.split) if piece]
    if framing == "chunked" and cut < 0:
        writes.append(b"0\r\n\r\n")
    return Plan(_joined(head, writes, script), end)


def _joined(head: bytes, writes: list[bytes], script: Script) -> list[bytes]:
    """Head and first piece leave together; with no pace and no split all of it does."""
    if not writes:
        return [head]
    if not script.split and not script.chunk_ms:
        return [head + b"".join(writes)]
    if len(writes) > 1 and writes[-1] == b"0\r\n\r\n":
        writes[-2:] = [writes[-2] + writes[-1]]
    return [head + writes[0], *writes[1:]]


def _head(reply: Reply, framing: str, size: int, encoding: str, end: str) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if encoding:
        lines.append(f"content-encoding: {encoding}")
    if framing == "length":
        lines.append(f"content-length: {size}")
    elif framing == "chunked":
        lines.append("transfer-encoding: chunked")
    if end == "close":
        lines.append("connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _split(pieces: list[bytes], how: str) -> list[bytes]:
    if not how:
        return pieces
    whole = b"".join(pieces)
    if how.startswith("r"):
        chance = random.Random(int(how[1:]))
        cuts, at = [0], 0
        while at < len(whole):
            at += chance.randint(1, 97)
            cuts.append(at)
        return [whole[low:high] for low, high in itertools.pairwise(cuts)]
    return [whole[at : at + int(how)] for at in range(0, len(whole), int(how))]


def _encode(reply: Reply, script: Script, accept: str) -> tuple[list[bytes], str]:
    word = script.encoding
    encoding = word.rstrip("!")
    if encoding and not word.endswith("!") and encoding not in accept:
        encoding = ""
    encoding = encoding or reply.encoding
    if not encoding:
        return reply.pieces, ""
    if encoding in ("gzip", "deflate"):
        deflate = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
        pieces = [deflate.compress(piece) + deflate.flush(zlib.Z_SYNC_FLUSH) for piece in reply.pieces]
        return [*pieces, deflate.flush()], encoding
    if encoding == "br":
        import brotli

        brotled = brotli.Compressor(quality=4)
        return [*(brotled.process(piece) + brotled.flush() for piece in reply.pieces), brotled.finish()], encoding
    import zstandard

    squeezer = zstandard.ZstdCompressor().compressobj()
    block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    pieces = [squeezer.compress(piece) + squeezer.flush(block) for piece in reply.pieces]
    return [*pieces, squeezer.flush()], encoding
