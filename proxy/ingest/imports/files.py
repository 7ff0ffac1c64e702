"""Reads an exported file row by row, in constant memory: JSON lines, one JSON document, or CSV; gzip or plain.

What cannot be read is a row with a `problem`. A file that is cut off gives all rows before the cut.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

__all__ = ["MAX_ROW", "ExportedRow", "read_rows"]

MAX_ROW: Final = 16 << 20
"""Bytes of the longest row that is read."""
_CHUNK: Final = 64 << 10
_BOM: Final = b"\xef\xbb\xbf"
_FOREIGN: Final = (
    (b"PK\x03\x04", "a zip archive; unpack it first"),
    (b"PAR1", "Parquet; export JSONL or CSV"),
    (b"SQLite format 3", "an SQLite database; export JSONL or CSV"),
    (b"\xff\xfe", "UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16; save it as UTF-8"),
    (b"BZh", "compressed by bzip2; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd; unpack it first"),
)
_PAGE_KEYS: Final = frozenset({"data", "object", "error", "meta", "has_more", "first_id", "last_id", "pagination"})
"""Keys of a page of an API, whose rows are under `data`."""
_PAGE: Final = re.compile(r'\s*\{\s*(?:"object"\s*:\s*"list"\s*,\s*)?"data"\s*:\s*\[')
_NEXT_PAGE: Final = re.compile(r"\][^\n]*\n" + _PAGE.pattern)
_GAP: Final = re.compile(r"[\s,]*")
_decode_json = json.JSONDecoder().raw_decode


class ExportedRow(msgspec.Struct, frozen=True):
    """One row, or why there is none."""

    line: int
    """Where it begins; the first line is 1."""
    position: int
    """Bytes of the file that were read so far."""
    values: dict[str, Any] | None = None
    problem: str = ""


def read_rows(path: Path) -> Iterator[ExportedRow]:
    """The rows of a file, in order. Raises `OSError` where it cannot be opened."""
    with io.BufferedReader(path.open("rb", buffering=0), _CHUNK) as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream: io.BufferedReader[Any] = io.BufferedReader(gzip.GzipFile(fileobj=file), _CHUNK) if packed else file
        line = 0
        try:
            for row in _rows(stream, file):
                line = row.line
                yield row
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            yield ExportedRow(line + 1, file.tell(), problem=f"the compressed data ends or is damaged here ({error})")


def _rows(stream: "io.BufferedReader[Any]", file: BinaryIO) -> Iterator[ExportedRow]:
    head = stream.peek(_CHUNK)[:_CHUNK]
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            yield ExportedRow(1, 0, problem=f"the file is {what}")
            return
    if b"\0" in head:
        yield ExportedRow(1, 0, problem="the file is binary; expected is JSONL, JSON or CSV in UTF-8")
        return
    if head.startswith(_BOM):
        stream.read(len(_BOM))
        head = head[len(_BOM) :]
    start = head.lstrip()
    if not start:
        yield ExportedRow(1, 0, problem="the file is empty")
    elif start[:1] == b"[" or (start[:1] == b"{" and _is_document(start)):
        yield from _document(stream, file)
    elif start[:1] == b"{":
        yield from _lines(stream, file)
    else:
        yield from _table(stream, file)


def _is_document(head: bytes) -> bool:
    """Whether the file is one JSON object over several lines, and not one object a line."""
    first, newline, rest = head.partition(b"\n")
    if _is_page(head):
        try:
            msgspec.json.decode(first)
        except msgspec.DecodeError:
            return True
        return not rest.strip()  # one page, or one page a line
    return bool(newline) and first.strip() in (b"{", b"{}")


def _is_page(head: bytes) -> bool:
    return _PAGE.match(head[:400].decode("utf-8", "replace")) is not None


def _lines(stream: "io.BufferedReader[Any]", file: BinaryIO) -> Iterator[ExportedRow]:
    number = 0
    while line := stream.readline(MAX_ROW + 1):
        number += 1
        if len(line) > MAX_ROW:
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_ROW)
            yield ExportedRow(number, file.tell(), problem=f"the row is above {MAX_ROW >> 20} MB")
        elif line.strip():
            yield from _line(number, file.tell(), line)


def _line(number: int, position: int, line: bytes) -> Iterator[ExportedRow]:
    try:
        value = _decoded(line)
    except (ValueError, RecursionError) as error:
        cut = "" if line.endswith(b"\n") else "; the file ends here, it may be cut off"
        yield ExportedRow(number, position, problem=f"is not JSON ({error}){cut}")
        return
    yield from _unpacked(number, position, value)


def _decoded(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(line.decode("utf-8"))  # tolerates NaN and lone surrogates


def _unpacked(number: int, position: int, value: Any) -> Iterator[ExportedRow]:
    """The rows of a page of an API, or the one row that this is."""
    if isinstance(value, dict) and isinstance(value.get("data"), list) and _PAGE_KEYS.issuperset(value):
        for each in value["data"]:
            yield _row(number, position, each)
    else:
        yield _row(number, position, value)


def _row(number: int, position: int, value: Any) -> ExportedRow:
    if isinstance(value, dict):
        return ExportedRow(number, position, value)
    return ExportedRow(number, position, problem=f"is {type(value).__name__}; expected is a JSON object")


def _document(stream: BinaryIO, file: BinaryIO) -> Iterator[ExportedRow]:
    """The elements of a list, or of the list `data` of a page; one object is one row."""
    text = io.TextIOWrapper(stream, "utf-8", errors="replace")
    buffer, line, size = text.read(_CHUNK), 1, _CHUNK
    page = _PAGE.match(buffer)
    listed = page is not None or buffer.lstrip()[:1] == "["
    start = page.end() if page is not None else buffer.index("[") + 1 if listed else 0
    line += buffer.count("\n", 0, start)
    while True:
        at = _GAP.match(buffer, start).end()  # type: ignore[union-attr]
        line += buffer.count("\n", start, at)
        start = at
        if listed and buffer[start : start + 1] == "]":
            rest = buffer[start:]
            while "\n" not in rest and (more := text.read(_CHUNK)):
                rest += more
            rest += text.read(_CHUNK)
            next_page = _NEXT_PAGE.match(rest) if page is not None else None
            if next_page is None:
                return
            buffer, start = rest, next_page.end()
            line += buffer.count("\n", 0, start)
            continue
        problem = "the file ends before the end of the list" if listed else ""
        if start < len(buffer):
            try:
                value, end = _decode_json(buffer, start)
            except (ValueError, RecursionError) as error:
                problem = f"is not JSON ({error}); nothing after it was read"
            else:
                yield from _unpacked(line, file.tell(), value)
                line += buffer.count("\n", start, end)
                start, size = end, _CHUNK
                continue
        more = text.read(size) if len(buffer) - start <= MAX_ROW else ""
        if not more:
            if problem:
                yield ExportedRow(line, file.tell(), problem=problem)
            return
        buffer, start, size = buffer[start:] + more, 0, min(size * 2, MAX_ROW)


def _table(stream: "io.BufferedReader[Any]", file: BinaryIO) -> Iterator[ExportedRow]:
    csv.field_size_limit(MAX_ROW)
    reader = csv.reader(io.TextIOWrapper(stream, "utf-8", errors="replace", newline=""), strict=True)
    names: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield ExportedRow(line, file.tell(), problem=f"is not CSV ({error})")
            if not names:
                return
            continue
        if not names:
            names = [name.strip() for name in fields]
            if len(names) < 2:
                yield ExportedRow(line, file.tell(), problem="the file is neither JSON nor CSV with a header")
                return
        elif len(fields) == len(names):
            yield ExportedRow(line, file.tell(), dict(zip(names, fields, strict=True)))
        elif fields:
            problem = f"has {len(fields)} fields; the header has {len(names)}"
            yield ExportedRow(line, file.tell(), problem=problem)
