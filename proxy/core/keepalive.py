"""TCP keep-alive: probes on a silent connection, so that a NAT or a load balancer does not forget it while a model
thinks, and a peer that is gone is noticed."""

import socket
from typing import Final

__all__ = ["keep_alive", "keep_alive_options"]

_PROBES: Final = 4
"""Unanswered probes after which a connection is lost."""


def keep_alive_options(idle_s: float) -> list[tuple[int, int, int]]:
    """Return the options (level, name, value) of a socket that is probed after `idle_s` of silence; none for 0."""
    if idle_s <= 0:
        return []
    idle = max(1, round(idle_s))
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)]
    options.append((socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, idle // _PROBES)))
    idle_option = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)  # macOS' name
    if idle_option is not None:
        options.append((socket.IPPROTO_TCP, idle_option, idle))
    return options


def keep_alive(sock: socket.socket, idle_s: float) -> None:
    """Have `sock` probed after `idle_s` of silence. A listening socket hands this on to those it accepts."""
    for level, name, value in keep_alive_options(idle_s):
        sock.setsockopt(level, name, value)
