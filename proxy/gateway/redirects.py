"""Redirects of providers: to themselves they lead back here, elsewhere they never take a key of this proxy along.

HTTP libraries follow a redirect by themselves. On the way to another host they leave out `Authorization`, but not
`Helicone-Auth` nor a key in the path, so whoever is named in `Location` would get them.
"""

from urllib.parse import urljoin, urlsplit

from proxy.core.errors import UpstreamError
from proxy.gateway.request import Request
from proxy.gateway.wire.base import Headers, Wire
from proxy.providers.address import Route

__all__ = ["keep_redirects"]


def keep_redirects(wire: Wire, request: Request, route: Route, headers: Headers) -> None:
    """Let the `Location` in `headers` lead through this proxy where it is on the provider's own origin.

    Raises `UpstreamError` where it is on another, and the caller has a key of this proxy."""
    for at, (name, location) in enumerate(headers):
        if name == "location":
            here = _through_here(wire, request, route, location)
            if here:
                headers[at] = (name, here)
            elif request.head.key:
                raise _refused(route, location)


def _through_here(wire: Wire, request: Request, route: Route, location: str) -> str:
    """Return the path here that leads to `location`; empty where it is on another origin, or no path here is known."""
    path = route.path.partition("?")[0]
    origin = route.origin
    try:
        found = urlsplit(urljoin(f"{origin.url}{path}", location))
        port = found.port or {"http": 80, "https": 443}.get(found.scheme)
    except ValueError:
        return ""
    is_own = (found.scheme, (found.hostname or "").lower(), port) == (origin.scheme, origin.host, origin.port)
    if not is_own or found.username or route is not request.route or not wire.raw_path.endswith(path):
        return ""
    prefix = wire.raw_path[: len(wire.raw_path) - len(path)]
    fields = request.head.fields
    if request.head.path == path and not fields.target_url and not fields.openai_api_base:
        # A path without a prefix may be another provider's.
        label = request.head.host.partition(".")[0].lower()
        if label != route.provider.name and label not in route.provider.aliases:
            prefix += "/" + route.provider.name
    target = prefix + (found.path or "/") + (f"?{found.query}" if found.query else "")
    return "" if target.startswith(("//", "/\\")) else target + (f"#{found.fragment}" if found.fragment else "")


def _refused(route: Route, location: str) -> UpstreamError:
    place = location.partition("//")[2].partition("/")[0].rpartition("@")[2] or "another address"
    error = UpstreamError(
        f"{route.origin.host} redirects to {place}. That is not passed on, since an HTTP library that follows it would "
        "send the key for this proxy there; Helicone-Location holds the address.",
        code="upstream_redirect", phase="body", retriable=False,
    )  # fmt: skip
    error.headers = {"helicone-location": location}
    return error
