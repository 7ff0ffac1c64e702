"""What commands print: everything that comes from outside is escaped, whoever wrote it."""

import codecs
import io
import json
import sys
from typing import Any, BinaryIO, cast

import click

from proxy.core.printable import in_json, lines, one_line

__all__ = ["cell", "csv_output", "echo", "echo_json", "echo_lines", "output"]


def cell(value: Any) -> str:
    """A value on one line."""
    return one_line(str(value))


def echo(text: str, *, err: bool = False) -> None:
    """Print one line."""
    click.echo(one_line(text), err=err)


def echo_lines(text: str, *, err: bool = False) -> None:
    """Print text of several lines, none of which comes from outside."""
    click.echo(lines(text), err=err)


def echo_json(value: Any, *, indent: int | None = None) -> None:
    """Print a value as JSON."""
    click.echo(in_json(json.dumps(value, ensure_ascii=False, indent=indent)))


def output() -> BinaryIO:
    """Standard output for bytes that another program reads: as they are, and escaped where it is a terminal."""
    return cast(BinaryIO, _EscapedBytes()) if sys.stdout.isatty() else sys.stdout.buffer


def csv_output() -> Any:
    """The same for what `csv.writer` writes."""
    return _EscapedText() if sys.stdout.isatty() else sys.stdout


class _EscapedText:
    def write(self, text: str) -> int:
        return sys.stdout.write(lines(text.replace("\r\n", "\n")))


class _EscapedBytes(io.RawIOBase):
    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        sys.stdout.write(lines(self._decode(bytes(data)).replace("\r\n", "\n")))
        return len(data)

    def flush(self) -> None:
        sys.stdout.flush()
