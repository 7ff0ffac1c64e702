"""What commands print: everything that comes from outside is escaped, whoever wrote it."""

import json
from typing import Any

import click

from proxy.core.printable import in_json, lines, one_line

__all__ = ["cell", "echo", "echo_json", "echo_lines"]


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
