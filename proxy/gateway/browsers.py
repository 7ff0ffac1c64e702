"""Open mode in reach of a browser: pages of other sites may not call, whatever their user visits.

Without keys it is enough to reach the gateway, and a page of any site can send a request to a port of this machine: a
`text/plain` POST needs no permission, and a name whose address changes to 127.0.0.1 (DNS rebinding) makes it the page's
own site. Browsers say who asks in `Origin` and `Sec-Fetch-Site`, and no page can change these or `Host`.
"""

from typing import Final

from proxy.core.errors import Forbidden
from proxy.gateway.request import RequestHead

__all__ = ["BrowserGuard"]

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_LOCAL_ENDS: Final = (".localhost", ".internal")
"""Names that nobody can register: RFC 6761, and ICANN's reservation of 2024 (`host.docker.internal`)."""
_APPS: Final = ("app", "file", "tauri", "vscode-file", "vscode-webview")
"""Schemes of the pages of programs installed on this machine."""
_MAX_HOSTS: Final = 256


class BrowserGuard:
    """Refuses calls that come from a page of another site. `domain` is the setting of that name."""

    def __init__(self, domain: str) -> None:
        self._domain = domain.strip(".").lower()
        self._known: set[str] = set()
        """Values of `Host` that are accepted."""

    def check(self, head: RequestHead) -> None:
        """Raises `Forbidden` naming the header."""
        origin = site = ""
        for name, value in head.items:
            if name == "origin":
                origin = value
            elif name == "sec-fetch-site":
                site = value
        if head.host not in self._known:
            self._check_host(head.host)
        if origin or site:
            self._check_page(origin, site, head.host)

    def _check_host(self, host: str) -> None:
        if not self._is_local(_name_of(host)):
            raise _refused(
                "Host",
                host,
                "an address, localhost, a name without a dot, or a host below the setting domain",
            )
        if len(self._known) < _MAX_HOSTS:
            self._known.add(host)

    def _check_page(self, origin: str, site: str, host: str) -> None:
        scheme, mark, place = origin.strip().lower().partition("://")
        if origin:
            name = _name_of(place)
            web = mark and scheme in ("http", "https") and bool(place)
            local = name in _LOOPBACK or name.endswith(".localhost") or self._is_own(name) or place == host.lower()
            if not (scheme in _APPS and mark) and not (web and local):
                raise _refused("Origin", origin, "a page of this machine or of the setting domain")
        elif site.strip().lower() == "cross-site":
            raise _refused("Sec-Fetch-Site", site, "same-origin, same-site or none")

    def _is_local(self, name: str) -> bool:
        """Whether no stranger's name server can say where that host is."""
        last = name.rpartition(".")[2]
        return ":" in name or "." not in name or last.isdigit() or name.endswith(_LOCAL_ENDS) or self._is_own(name)

    def _is_own(self, name: str) -> bool:
        return bool(self._domain) and (name == self._domain or name.endswith("." + self._domain))


def _name_of(host: str) -> str:
    """The host without its port and brackets, in lower case."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def _refused(header: str, found: str, accepted: str) -> Forbidden:
    return Forbidden(
        f"Header {header}: found {found[:120]!r}; accepted while auth.mode is 'open': {accepted}. With auth.mode = "
        "'required' any page may call that has a key.",
        code="foreign_page",
        param=header,
    )
