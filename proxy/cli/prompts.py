"""`prompts pull` and `prompts push`: managed prompts as files, for git.

`<folder>/<id>.json` holds the newest version's body and variables, and the versions that environments stand for: a
number, or "newest". What a folder does not name stays as it is on the control plane.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click
import msgspec

from proxy.cli.client import ask, control_url
from proxy.cli.options import refuse, with_settings
from proxy.cli.terminal import echo
from proxy.core.errors import BadRequest
from proxy.core.settings import Settings
from proxy.core.template import Variable, parse

__all__ = ["prompts"]

_FIRST: Final = {name: at for at, name in enumerate(("model", "messages", "role", "name", "type", "content"))}
"""What a reader looks for first in a body; all else by the alphabet."""
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
"""Ids that are names of files. Whoever answers at the address chooses them, and none may lead out of the folder."""
_NEWEST: Final = "newest"
_FOLDER: Final = click.argument("folder", default="prompts", type=click.Path(file_okay=False, path_type=Path))
_URL: Final = click.option("--url", default="", help="URL of the control plane; default: from the settings.")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    body: dict[str, Any]
    variables: list[dict[str, Any]] = []
    environments: dict[str, int | str] = {}
    name: str = ""


class _Step(msgspec.Struct):
    """One request that a push makes, and its summary."""

    summary: str
    method: str
    path: str
    body: object


@click.group()
def prompts() -> None:
    """Managed prompts as files, for git."""


@prompts.command()
@_FOLDER
@_URL
@with_settings
def pull(settings: Settings, folder: Path, url: str) -> None:
    """Write every prompt that is not archived to FOLDER (default: prompts)."""
    url = control_url(settings, url)
    folder.mkdir(parents=True, exist_ok=True)
    written: set[str] = set()
    for prompt in _listed(settings, url, archived=False):
        if not _PLAIN_NAME.fullmatch(prompt["id"]):
            refuse(f"the control plane has a prompt {prompt['id']!r}, which is no name for a file", 1)
        file = folder / f"{prompt['id']}.json"
        written.add(file.name)
        text = _text(prompt, _newest(settings, url, prompt["id"])[0])
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
            echo(f"{file}: version {prompt['newest']}")
    for file in sorted(folder.glob("*.json")):
        if file.name not in written:
            echo(f"{file}: not on the control plane, or archived; file left unchanged")


@prompts.command()
@_FOLDER
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@_URL
@with_settings
def push(settings: Settings, folder: Path, dry_run: bool, url: str) -> None:
    """Bring the control plane to what FOLDER says: a new version where body or variables differ, environments moved.

    Nothing is changed where a file is wrong."""
    url = control_url(settings, url)
    files = _read(folder)
    there = {row["id"]: row for archived in (False, True) for row in _listed(settings, url, archived)}
    plan: list[tuple[Path, _Step]] = []
    faults: list[str] = []
    for file, wanted in files.items():
        id = file.stem
        newest = _newest(settings, url, id) if id in there else []
        try:
            plan += [(file, step) for step in _steps(id, wanted, there.get(id), newest)]
        except ValueError as error:
            faults.append(f"{file}: {error}")
    if faults:
        refuse("nothing was pushed:\n" + "\n".join(faults), 1)
    for file, step in plan:
        if not dry_run:
            ask(settings, url, step.path, method=step.method, body=step.body, about=f"{file}: ")
        echo(f"{file}: {'would be: ' if dry_run else ''}{step.summary}")
    if not plan:
        echo("No differences.")


def _read(folder: Path) -> dict[Path, _File]:
    """Every file of the folder; ends the command with each fault, by file and path, where there is one."""
    found: dict[Path, _File] = {}
    faults: list[str] = []
    for file in sorted(folder.glob("*.json")):
        try:
            one = msgspec.json.decode(file.read_bytes(), type=_File)
            parse(one.body, msgspec.convert(one.variables, list[Variable]))
            found[file] = one
        except BadRequest as error:
            faults.append(f"{file}: {error.message}")
        except (msgspec.MsgspecError, OSError, UnicodeDecodeError) as error:
            faults.append(f"{file}: {error}")
    if faults:
        refuse("nothing was pushed:\n" + "\n".join(faults), 1)
    if not found:
        refuse(f"no prompts in {folder}; expected files <id>.json, as `perihelion prompts pull` writes them", 1)
    return found


def _steps(id: str, wanted: _File, there: dict[str, Any] | None, newest: list[dict[str, Any]]) -> Iterator[_Step]:
    """What must be done for one prompt. Raises `ValueError` for what cannot be."""
    path = f"/api/prompts/{quote(id, safe='')}"
    if there is not None and there["archived_us"]:
        raise ValueError("this prompt is archived; restore it first, or remove the file")
    if there is not None and wanted.name not in ("", there["name"]):
        raise ValueError(f"name: found {wanted.name!r}; accepted: {there['name']!r}, it does not change")
    last = there["newest"] if there is not None else 0
    changed = not newest or _same(newest[0]) != _same({"body": wanted.body, "variables": wanted.variables})
    number = last + 1 if changed else last
    moved: dict[str, int] = {}
    for label, at in sorted(wanted.environments.items()):
        if at != _NEWEST and not (isinstance(at, int) and 1 <= at <= number):
            raise ValueError(f'environments.{label}: found {at!r}; accepted: 1 to {number}, or "{_NEWEST}"')
        version = number if isinstance(at, str) else at
        if there is None or there["labels"].get(label) != version:
            moved[label] = version
    if changed:
        at_once = [label for label, version in moved.items() if version == number]
        asked = {"body": wanted.body, "variables": wanted.variables, "environments": at_once}
        summary = f"version {number}" + "".join(f", {label} to {number}" for label in at_once)
        if there is None:
            yield _Step(f"new, {summary}", "POST", "/api/prompts", {"id": id, "name": wanted.name, **asked})
        else:
            yield _Step(summary, "POST", f"{path}/versions", asked)
        moved = {label: version for label, version in moved.items() if version != number}
    for label, version in moved.items():
        place = f"{path}/environments/{quote(label, safe='')}"
        yield _Step(f"{label} to {version}", "PUT", place, {"version": version})


def _listed(settings: Settings, url: str, archived: bool) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        query = [("limit", "500"), ("archived", str(archived).lower()), *([("cursor", cursor)] if cursor else [])]
        page = ask(settings, url, "/api/prompts", query)
        yield from page["data"]
        cursor = page["next"]
        if not cursor:
            return


def _newest(settings: Settings, url: str, id: str) -> list[dict[str, Any]]:
    """Its newest version, where it has one."""
    found: list[dict[str, Any]] = ask(settings, url, f"/api/prompts/{quote(id, safe='')}/versions", [("limit", "1")])[
        "data"
    ]
    return found


def _text(prompt: dict[str, Any], version: dict[str, Any]) -> str:
    """A prompt's file: always the same text for the same prompt."""
    labels = dict(sorted(prompt["labels"].items()))
    content = {"name": prompt["name"], "environments": labels, "variables": version["variables"]}
    kept = {name: value for name, value in content.items() if value}
    return json.dumps({**kept, "body": _ordered(version["body"])}, indent=2, ensure_ascii=False) + "\n"


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (_FIRST.get(name, len(_FIRST)), name))
        return {name: _ordered(value[name]) for name in names}
    return [_ordered(inner) for inner in value] if isinstance(value, list) else value


def _same(version: dict[str, Any]) -> str:
    """Equal for what is the same JSON, whatever the order of its members."""
    return json.dumps([version["body"], version["variables"]], sort_keys=True)
