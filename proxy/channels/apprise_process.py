"""Sends one message by apprise, in a process of its own whose connections are guarded, whatever a plug-in does.

Plug-ins of apprise resolve names and connect by themselves. Python tells an audit hook of every connection before it is
made, with the address that was resolved: one that is neither public nor allowed is refused there, so a name server that
gives another answer each time gains nothing. An audit hook cannot be removed, and the process can be ended in time.
"""

import ipaddress
import subprocess
import sys
from typing import Any, Final

import msgspec

from proxy.net.connect import AddressRefused, checked_addresses
from proxy.net.guard import is_public

__all__ = ["AppriseMessage", "AppriseResult", "main", "run"]

_START_S: Final = 10.0
"""For starting the process and loading apprise, beside the timeout of the attempt."""
_CONNECTS: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


class AppriseMessage(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    title: str
    body: str
    type: str
    trusted: list[tuple[str, int]]
    """Places inside the network that the operator allowed."""
    timeout_s: float


class AppriseResult(msgspec.Struct, frozen=True, kw_only=True):
    sent: bool
    error: str = ""
    final: bool = False
    """Another attempt would be refused as well."""


def run(message: AppriseMessage) -> AppriseResult:
    """Sends a message, and returns what came of it. Raises nothing for what apprise does."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", f"from {__name__} import main; main()"],
            input=msgspec.json.encode(message),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=message.timeout_s + _START_S,
        )
        return msgspec.json.decode(done.stdout, type=AppriseResult)
    except subprocess.TimeoutExpired:
        return AppriseResult(sent=False, error=f"apprise: no end within {message.timeout_s:g} seconds")
    except (OSError, msgspec.DecodeError):
        return AppriseResult(sent=False, error="apprise: its process ended without an answer")


def main() -> None:
    """What that process does: a message comes in, a result goes out."""
    result = _send(msgspec.json.decode(sys.stdin.buffer.read(), type=AppriseMessage))
    sys.stdout.buffer.write(msgspec.json.encode(result))


class _Guard:
    """An audit hook that refuses connections."""

    def __init__(self, trusted: list[tuple[str, int]]) -> None:
        self.refused = ""
        self._allowed: set[tuple[str, int]] = set()
        for host, port in trusted:
            try:
                self._allowed |= {(address, port) for address in checked_addresses(host, port, frozenset(trusted))}
            except AddressRefused:  # it has no address now
                continue

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _CONNECTS:
            return
        address = arguments[-1]
        if address is None or (isinstance(address, tuple) and self._may_have(*address[:2])):
            return  # None: on a connection that was checked when it was made
        self.refused = f"{address[0] if isinstance(address, tuple) else address!r} is not a public address"
        raise OSError(self.refused)

    def _may_have(self, host: str, port: int) -> bool:
        """A name is refused: it would be resolved after this."""
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        return (host, port) in self._allowed or is_public(host)


def _send(message: AppriseMessage) -> AppriseResult:
    guard = _Guard(message.trusted)
    sys.addaudithook(guard)
    import apprise

    asset = apprise.AppriseAsset(http_redirects=False, async_mode=False)
    receiver = apprise.Apprise.instantiate(message.url, asset=asset, suppress_exceptions=True)
    if receiver is None:
        return AppriseResult(sent=False, error="apprise does not know this address", final=True)
    receiver.socket_connect_timeout = receiver.socket_read_timeout = message.timeout_s / 2
    try:
        sent = receiver.notify(body=message.body, title=message.title, notify_type=message.type)
    except Exception as error:  # noqa: BLE001 - 190 plug-ins raise what they like
        return AppriseResult(sent=False, error=guard.refused or f"apprise: {type(error).__name__}")
    return AppriseResult(sent=bool(sent), error="" if sent else guard.refused or "apprise could not send it")
