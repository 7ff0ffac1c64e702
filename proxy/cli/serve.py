"""`serve`: runs both planes on this machine and restarts one that dies."""

import contextlib
import json
import os
import ssl
import threading
import urllib.error
import urllib.request

import click

from proxy.cli.options import opened, with_settings
from proxy.cli.ports import pick
from proxy.cli.supervisor import Child, Supervisor, python
from proxy.cli.terminal import echo_lines
from proxy.core.process import STOP_S, die_with_parent, raise_file_limit
from proxy.core.settings import SETTINGS, Settings

__all__ = ["serve"]

_CONTROL_PATIENCE_S = 20.0


@click.command()
@click.option("--with-parent", is_flag=True, hidden=True, help="End when the parent process does.")
@with_settings
def serve(settings: Settings, with_parent: bool) -> None:
    """Start everything on this machine: gateway and control plane, with embedded engines."""
    if with_parent:
        die_with_parent()
    raise_file_limit()
    # The control plane waits for its own port, and whatever keeps it from starting does not keep the gateway.
    planes = ("gateway", "control") if settings.get_int("control.port") == 0 else ("gateway",)
    settings = pick(opened(settings), *planes)
    environ = {**os.environ, **settings.environ()}
    children = [
        Child("gateway", python("gateway"), environ, settings.get_float("gateway.drain_s") + STOP_S + 2),
        Child("control plane", python("control"), environ, _CONTROL_PATIENCE_S, vital=False),
    ]
    welcome = threading.Thread(target=_welcome, args=(settings,), daemon=True)
    welcome.start()
    raise SystemExit(Supervisor(children, _say).run(lambda: None))


def _say(sentence: str) -> None:
    _echo(f"perihelion: {sentence}", err=True)


def _echo(text: str, err: bool = False) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody may be reading any more
        echo_lines(text, err=err)


def _welcome(settings: Settings) -> None:
    """Says where everything is, once it is."""
    gateway, control = _url(settings, "gateway"), _url(settings, "control")
    pause, wait_s = threading.Event(), 0.1
    while not (_ready(gateway) and _ready(control)):
        pause.wait(wait_s)
        wait_s = min(wait_s * 1.05, 2.0)
    body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]})
    _echo(
        f"Perihelion is ready.\n\n"
        f"  gateway   {gateway}   (your program's base URL: {gateway}/v1)\n"
        f"  control   {control}   (API: {control}/api/requests)\n"
        f"  data      {settings.data}\n\n"
        f"Try it:\n\n"
        f"  curl {gateway}/v1/chat/completions \\\n"
        f'    -H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" \\\n'
        f"    -d '{body}'\n\n"
        f"Then: perihelion requests{_elsewhere(settings)}\n"
    )


def _elsewhere(settings: Settings) -> str:
    """How another command finds a data folder and a port that are not the usual ones."""
    usual = {setting.name: setting.default for setting in SETTINGS}
    options = "" if settings.get_str("data") == usual["data"] else f" --set data={settings.data}"
    port = settings.get_int("control.port")
    return options if port == usual["control.port"] else f"{options} --set control.port={port}"


def _url(settings: Settings, plane: str) -> str:
    scheme = "https" if plane == "gateway" and settings.get_str("gateway.tls_cert") else "http"
    host = settings.get_str(f"{plane}.host")
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"{scheme}://{host}:{settings.get_int(f'{plane}.port')}"


def _ready(url: str) -> bool:
    # Only asks whether something answers on this machine; its certificate is for the callers to check.
    trust = ssl._create_unverified_context() if url.startswith("https") else None
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2, context=trust) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
