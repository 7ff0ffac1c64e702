"""Clients that carry a call to a provider: `direct` (own sockets) and `httpx` (outbound proxies, HTTP/2).

May be imported by the gateway; imports `core`, `net` and `_speedups` only. To add one: a module here with
`open_transport`, and its name in the tuple below. The contract suite in tests/contract runs over it.
"""

from importlib import import_module
from typing import Any, Final

from proxy.core.errors import SettingError
from proxy.upstream.base import TransportLimits, TransportOptions, Upstream

__all__ = ["TRANSPORTS", "check_transport", "open_upstream"]

TRANSPORTS: Final = (
    "direct",
    "httpx",
)
"""What `upstream.transport` may be: the module of that name, imported when it is opened, since clients are large."""


def open_upstream(name: str, limits: TransportLimits, options: TransportOptions) -> Upstream:
    """Open the transport of that name, inside the event loop that will use it. Raises `SettingError` where no
    transport has the name."""
    check_transport(name)
    module: Any = import_module(f"proxy.upstream.{name}")
    upstream: Upstream = module.open_transport(limits, options)
    return upstream


def check_transport(name: str, source: str = "") -> None:
    """Raise `SettingError` where no transport has that name. `source` says where the setting comes from."""
    if name not in TRANSPORTS:
        raise SettingError("upstream.transport", name, "one of " + ", ".join(TRANSPORTS), source)
