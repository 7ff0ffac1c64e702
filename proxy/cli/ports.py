"""Checks that the ports are free before anything is started."""

import errno
import socket
import time
from typing import Final

import click

from proxy.cli.options import refuse
from proxy.core.locks import is_locked
from proxy.core.process import STOP_S
from proxy.core.settings import Settings

__all__ = ["free_port", "pick"]

_POLL_S: Final = 0.1
_BRIEF_S: Final = {"gateway": 1.0, "control": 4.0}
"""How long a port is waited for in any case: a process whose parent was killed while it started still has it then."""
_CONTROL_STOP_S: Final = 25.0
"""How long a control plane takes to stop at most."""


def free_port(settings: Settings, plane: str) -> int:
    """The port that `plane` (`gateway` or `control`) will listen on; a free one where the setting is 0.

    Where it is taken, waits for as long as a process of this data folder that is ending may hold it, and ends the
    command then. A program of others is not waited for."""
    host, port = settings.get_str(f"{plane}.host"), settings.get_int(f"{plane}.port")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        refuse(f"setting '{plane}.host' is {host!r}; expected an address of this machine ({error.strerror or error})")
    begun, said = time.monotonic(), False
    while True:
        with socket.socket(found[0], found[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(found[4])
                return int(probe.getsockname()[1])
            except OSError as error:
                longest_s = _longest_s(settings, plane) if error.errno == errno.EADDRINUSE else 0.0
                waited_s = time.monotonic() - begun
                if waited_s >= longest_s:
                    refuse(
                        f"the {plane} cannot listen on {host}:{port} ({error.strerror}); another program uses it, or "
                        f"another Perihelion runs. Choose another with --set {plane}.port=…"
                    )
        if not said and waited_s > _BRIEF_S[plane]:
            said = True
            click.echo(
                f"perihelion: {host}:{port} is taken, and another {plane} runs on {settings.data}; waiting up to "
                f"{longest_s:g} s for it to end",
                err=True,
            )
        time.sleep(_POLL_S)


def pick(settings: Settings, *planes: str) -> Settings:
    """The settings with every port fixed; all of them are free just now."""
    ports = {f"{plane}.port": free_port(settings, plane) for plane in planes}
    names = {name: settings.source(name) for name in settings}
    return Settings({**settings, **ports}, names)


def _longest_s(settings: Settings, plane: str) -> float:
    """How long the port is waited for."""
    lock = settings.layout.gateway_lock if plane == "gateway" else settings.layout.control_lock
    if not lock.exists() or not is_locked(lock):
        return _BRIEF_S[plane]
    return settings.get_float("gateway.drain_s") + STOP_S if plane == "gateway" else _CONTROL_STOP_S
