"""The command `alerts`: rules and what fires, one rule, acknowledgement, and a look back with a rule in a file."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from proxy.cli.client import ask, control_url
from proxy.cli.options import refuse, with_settings
from proxy.cli.terminal import echo, echo_json
from proxy.core.settings import Settings

__all__ = ["alerts"]

_URL = click.option("--url", default="", help="URL of the control plane; default: from the settings.")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with everything.")


@click.group(invoke_without_command=True)
@_JSON
@_URL
@with_settings
def alerts(settings: Settings, as_json: bool, url: str) -> None:
    """Alert rules with their states."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    for rule in _listed(settings, control_url(settings, url)):
        if as_json:
            echo_json(rule)
            continue
        state = "off" if not rule["rule"]["enabled"] else "waits" if rule["waits_for_channel"] else rule["state"]
        firing = f" {rule['firing']} firing" if rule["firing"] else ""
        echo(f"{rule['id']}  {state:10} {rule['rule']['name']}{firing}")


@alerts.command()
@click.argument("id")
@_JSON
@_URL
@with_settings
def show(settings: Settings, id: str, as_json: bool, url: str) -> None:
    """One rule, and what became of it lately."""
    url, path = control_url(settings, url), f"/api/alerts/{quote(id, safe='')}"
    rule = ask(settings, url, path)
    history = ask(settings, url, path + "/history", [("limit", "20")])["data"]
    if as_json:
        echo_json({**rule, "history": history})
        return
    echo(f"{rule['rule']['name']}: {rule['state']} since {_time(rule['state_since_us'])}")
    if rule["problem"]:
        echo(rule["problem"])
    for event in history:
        labels = " ".join(f"{name}:{value}" for name, value in event["labels"].items())
        change = f"{event['before']} > {event['after']}" if event["before"] else event["kind"]
        echo(f"{_time(event['at_us'])}  {change:24} {labels} {event['text']}".rstrip())


@alerts.command()
@click.argument("id")
@_URL
@with_settings
def acknowledge(settings: Settings, id: str, url: str) -> None:
    """Say that somebody looks after the alerts of a rule."""
    path = f"/api/alerts/{quote(id, safe='')}/acknowledge"
    rule = ask(settings, control_url(settings, url), path, method="POST", body={})
    echo(f"{rule['rule']['name']}: acknowledged")


@alerts.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--since", default="7d", show_default=True, help="A time, a day, or an age (90s, 15m, 1h, 7d, 2w).")
@_JSON
@_URL
@with_settings
def preview(settings: Settings, file: Path, since: str, as_json: bool, url: str) -> None:
    """When the rule in FILE (JSON) would have fired."""
    try:
        rule = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        refuse(f"{file}: not JSON: {error}", 1)
    body = {"rule": rule, "since": since}
    found = ask(
        settings, control_url(settings, url), "/api/alerts/preview", method="POST", body=body, about=f"{file}: "
    )
    if as_json:
        echo_json(found)
        return
    echo(f"would have fired {found['fired']} times since {found['since']}, looked at each {found['step']}")
    for one in found["firings"]:
        labels = " ".join(f"{name}:{value}" for name, value in one["labels"].items())
        echo(f"{one['since']} to {one['until'] or 'now'}  {labels} {one['threshold']}".rstrip())


def _listed(settings: Settings, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = ask(settings, url, "/api/alerts", [("limit", "500"), ("cursor", cursor)])
        found += page["data"]
        cursor = page["next"] or ""
        if not cursor:
            return found


def _time(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
