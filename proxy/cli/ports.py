"""Checks that the ports are free before anything is started."""

import socket

from proxy.cli.options import refuse
from proxy.core.settings import Settings

__all__ = ["free_port", "pick"]


def free_port(settings: Settings, plane: str) -> int:
    """The port that `plane` (`gateway` or `control`) will listen on; a free one where the setting is 0. Ends the
    command where it is taken."""
    host, port = settings.get_str(f"{plane}.host"), settings.get_int(f"{plane}.port")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        refuse(f"setting '{plane}.host' is {host!r}; expected an address of this machine ({error.strerror or error})")
    with socket.socket(found[0], found[1]) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(found[4])
        except OSError as error:
            refuse(
                f"the {plane} cannot listen on {host}:{port} ({error.strerror}); another program uses it, or another "
                f"Perihelion runs. Choose another with --set {plane}.port=…"
            )
        return int(probe.getsockname()[1])


def pick(settings: Settings, *planes: str) -> Settings:
    """The settings with every port fixed; all of them are free just now."""
    ports = {f"{plane}.port": free_port(settings, plane) for plane in planes}
    names = {name: settings.source(name) for name in settings}
    return Settings({**settings, **ports}, names)
