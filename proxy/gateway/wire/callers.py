"""What the operating system is asked for callers' connections."""

import logging
import resource
import socket
from typing import Final

from proxy.core.settings import Settings

__all__ = ["max_connections", "probe_idle"]

_OTHER_FILES: Final = 2048
"""Files of a worker beside the connections of callers, at most half of those it may open."""
_PROBES: Final = 5
"""Probes without an answer after which a connection is given up."""

_log = logging.getLogger(__name__)


def max_connections(settings: Settings) -> int:
    """`gateway.max_connections`, or fewer, so that files are left for connections to providers and for the spool."""
    wanted = settings.get_int("gateway.max_connections")
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = files - min(files // 2, _OTHER_FILES)
    if files == resource.RLIM_INFINITY or most >= wanted:
        return wanted
    _log.warning(
        "at most %d connections of callers: a process may open %d files (ulimit -n), and gateway.max_connections is %d",
        most, files, wanted,
    )  # fmt: skip
    return most


def probe_idle(listener: socket.socket, idle_s: float) -> None:
    """Has the kernel send a probe on each connection of `listener` that was silent for `idle_s`, and again a quarter of
    that later. So NAT does not forget a call whose answer takes long, and a caller that vanished is noticed.

    Connections inherit it from their listener, so it costs no system call for each. 0: no probes."""
    if not idle_s:
        return
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    rows = {"TCP_KEEPIDLE": idle_s, "TCP_KEEPINTVL": idle_s / 4, "TCP_KEEPCNT": _PROBES}
    for name, value in rows.items():
        option = getattr(socket, name, None)  # not on every system
        if option is not None:
            listener.setsockopt(socket.IPPROTO_TCP, option, max(1, round(value)))
