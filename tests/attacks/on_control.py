"""What strangers do to the control plane's connections, without a key."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

from proxy.core.process import raise_file_limit
from tests.stack import Stack

__all__ = ["ATTACKS", "unfinished"]

_ATTACK_S = 3.0
_HEAD = b"POST /api/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"


def unfinished(port: int, count: int, sent: bytes, hold: Callable[[], None]) -> None:
    """Opens so many connections, sends the beginning of a request on each, and holds them while `hold` runs."""
    raise_file_limit()
    with ExitStack() as opened:
        for _ in range(count):
            line = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            line.sendall(sent)
        hold()


def half_logins(stack: Stack) -> None:
    """Logins whose bodies never become complete."""
    sent = _HEAD + b'Content-Length: 90\r\n\r\n{"email":'
    unfinished(stack.control_port, 1100, sent, lambda: time.sleep(_ATTACK_S))


def half_heads(stack: Stack) -> None:
    """Logins whose heads never become complete."""
    unfinished(stack.control_port, 1100, _HEAD, lambda: time.sleep(_ATTACK_S))


ATTACKS: dict[str, Callable[[Stack], None]] = {"half_logins": half_logins, "half_heads": half_heads}
