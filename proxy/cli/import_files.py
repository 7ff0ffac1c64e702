"""The command `import`: files that other products exported, sent to the control plane in batches.

How far a file was sent is kept in a small file, so that a command that was stopped goes on where it was.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from proxy.cli.client import ask, control_url
from proxy.cli.options import refuse, with_settings
from proxy.cli.terminal import echo
from proxy.core.files import replace
from proxy.core.settings import Settings
from proxy.ingest.imports import FORMATS
from proxy.ingest.imports.files import ExportedRow, read_rows

__all__ = ["import_"]

_BATCH_ROWS: Final = 500
_BATCH_BYTES: Final = 8 << 20
_HEAD: Final = 1 << 20
_RETRIES: Final = 6
_STRANGE_ROWS: Final = 20
"""So many rows at the start of a file, none of them understood, are another format."""


@click.command("import")
@click.argument("format", type=click.Choice(list(FORMATS)))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be imported, and what is not understood.")
@click.option("--restart", is_flag=True, help="Begin at the first row, also where an earlier run was stopped.")
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def import_(settings: Settings, format: str, files: tuple[Path, ...], dry_run: bool, restart: bool, url: str) -> None:
    """Import exported calls and scores: JSONL, JSON or CSV, plain or gzip.

    What is not understood is named on stderr by file and line, and makes the exit status 1; the rest is imported. The
    same file again changes nothing. A command that was stopped goes on where it was.
    """
    url = control_url(settings, url)
    problems = 0
    for file in files:
        try:
            problems += _File(settings, url, format, file, dry_run=dry_run, restart=restart).send()
        except OSError as error:
            refuse(f"{file}: cannot be read ({error.strerror})", 1)
        except KeyboardInterrupt:
            refuse(f"{file}: stopped; run the same command again to go on", 130)
    if problems:
        raise SystemExit(1)


class _File:
    """One file on its way to the control plane."""

    def __init__(self, settings: Settings, url: str, format: str, path: Path, *, dry_run: bool, restart: bool) -> None:
        self._settings, self._url, self._format, self._path = settings, url, format, path
        self._dry_run = dry_run
        self._state = _state_file(url, format, path)
        self._skip = 0 if restart or dry_run else _rows_sent(self._state)
        self._read = 0
        self._understood = 0
        self._counts = dict.fromkeys(("calls", "known", "scores"), 0)
        self.problems = 0

    def send(self) -> int:
        """Sends all of it, and returns how many problems were named."""
        if self._skip:
            echo(f"{self._path}: going on after {self._skip} rows", err=True)
        size = self._path.stat().st_size
        with click.progressbar(
            length=size, label=self._path.name, file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:
            position = 0
            for batch in self._batches():
                self._send(batch)
                bar.update(max(0, batch[-1][0].position - position))
                position = batch[-1][0].position
        if not self._dry_run:
            self._state.unlink(missing_ok=True)
        would = "would be new" if self._dry_run else "new"
        counts = self._counts
        echo(
            f"{self._path}: {self._read} rows, {counts['calls']} calls {would}, {counts['known']} already there, "
            f"{counts['scores']} scores {would}, {self.problems} problems"
        )
        return self.problems

    def _batches(self) -> Iterator[list[tuple[ExportedRow, msgspec.Raw]]]:
        """Rows that were not sent yet, in batches of a bounded size."""
        batch: list[tuple[ExportedRow, msgspec.Raw]] = []
        size = 0
        for row in read_rows(self._path):
            self._read += 1
            if self._read <= self._skip:
                continue
            values = _encode(row.values)
            batch.append((row, values))
            size += len(bytes(values))
            if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _send(self, batch: list[tuple[ExportedRow, msgspec.Raw]]) -> None:
        rows = [{"line": row.line, "values": values} for row, values in batch if row.values is not None]
        for row, _ in batch:
            if row.problem:
                self._name(row.line, "", row.problem)
        if rows:
            body = msgspec.json.encode({"format": self._format, "rows": rows, "dry_run": self._dry_run})
            done: dict[str, Any] = ask(
                self._settings, self._url, "/api/import", method="POST", body=body, about=f"{self._path}: ",
                retries=_RETRIES,
            )  # fmt: skip
            for problem in done["problems"]:
                self._name(problem["line"], problem["path"], problem["reason"])
            for name in self._counts:
                self._counts[name] += done[name]
            self._understood += done["rows"]
            if not self._understood and len(rows) >= _STRANGE_ROWS:
                refuse(f"{self._path}: none of its first {len(rows)} rows is of the format {self._format}", 1)
        if not self._dry_run:
            _save(self._state, self._read, self._path)

    def _name(self, line: int, path: str, reason: str) -> None:
        self.problems += 1
        echo(f"{self._path}:{line}: {path + ' ' if path else ''}{reason}", err=True)


def _encode(values: object) -> msgspec.Raw:
    try:
        return msgspec.Raw(msgspec.json.encode(values))
    except UnicodeEncodeError:  # lone surrogates, which JSON may hold and UTF-8 may not
        return msgspec.Raw(json.dumps(values, ensure_ascii=False).encode("utf-8", "replace"))


def _state_file(url: str, format: str, path: Path) -> Path:
    """The same for the same content on its way to the same place, whatever the file is called."""
    with path.open("rb") as file:
        head = hashlib.sha256(file.read(_HEAD))
    head.update(f"{path.stat().st_size} {format} {url}".encode())
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return folder / "perihelion" / "imports" / f"{head.hexdigest()[:32]}.json"


def _rows_sent(state: Path) -> int:
    try:
        return max(0, int(json.loads(state.read_text("utf-8"))["rows"]))
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _save(state: Path, rows: int, path: Path) -> None:
    try:
        replace(state, json.dumps({"file": str(path), "rows": rows}).encode())
    except OSError:  # sent again from the start, then: nothing is doubled
        return
