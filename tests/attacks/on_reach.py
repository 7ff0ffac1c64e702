"""Attacks by callers who may not call, or who hide credentials in what they send."""

import socket
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.stack import Stack

__all__ = ["ATTACKS"]

_ATTACK_S = 5.0
_SOCKETS = 4
_LABEL = "chosen text " * 80 + "end"


def refused_pages(stack: Stack) -> None:
    """Pages of another site call as fast as they are refused, with heads full of labels."""
    labels = "".join(f"Helicone-Property-N{number}: {_LABEL}\r\n" for number in range(40))
    _send(stack, f"Origin: https://evil.example\r\n{labels}")


def credentials_everywhere(stack: Stack) -> None:
    """Calls whose every header has what the search for credentials finds hardest."""
    labels = "".join(f"Helicone-Property-N{number}: {'://a:' * 150}@\r\n" for number in range(30))
    unknown = "".join(f"Helicone-X{number}: {'sk-a ' * 100}\r\n" for number in range(30))
    _send(stack, labels + unknown)


def _send(stack: Stack, headers: str) -> None:
    place = urlsplit(stack.gateway)
    head = f"POST /nowhere/at/all HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: 0\r\n{headers}\r\n".encode()
    until = time.monotonic() + _ATTACK_S

    def attack() -> None:
        with socket.create_connection((place.hostname, place.port or 80), timeout=10) as line:
            while time.monotonic() < until:
                line.sendall(head)
                line.recv(1 << 16)

    threads = [threading.Thread(target=attack) for _ in range(_SOCKETS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


ATTACKS: dict[str, Callable[[Stack], None]] = {
    "refused_pages": refused_pages,
    "credentials_everywhere": credentials_everywhere,
}
