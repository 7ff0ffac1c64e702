"""Finds the address of a logged call: below the gateway, and at the provider itself."""

import re
from typing import Final

from proxy.core.errors import PerihelionError
from proxy.core.event import Event
from proxy.providers import Catalog, Provider, resolve
from proxy.providers.origin import parse_origin

__all__ = ["NoSnippet", "gateway_address", "provider_origin"]


class NoSnippet(PerihelionError):
    """The log does not have what is needed to send the call again."""


_VARIABLE: Final = re.compile(r"\{(\w+)\}")


def gateway_address(event: Event, provider: Provider, path: str, catalog: Catalog) -> tuple[str, str]:
    """The path at the gateway, and the `Helicone-Target-Url` that it needs (mostly none).

    The form with the provider's prefix, where the gateway resolves that to the same host and path.
    """
    if not event.host:
        return path, ""  # refused before it had a provider: the path is as the caller sent it
    prefix = _prefix(event.host, provider, catalog)
    if prefix and _leads_to(event, path, catalog, prefix + path):
        return prefix + path, ""
    return path, provider_origin(event, provider, catalog)


def provider_origin(event: Event, provider: Provider, catalog: Catalog) -> str:
    """`scheme://host[:port]` of the provider. The log has the host alone: the rest is the catalog's, else https.

    Raises `NoSnippet`."""
    for text in (provider.origin, *provider.origins.values()):
        found = parse_origin(text) if text and "{" not in text else ""
        if not isinstance(found, str) and found[0].host == event.host:
            return f"{found[0].scheme}://{found[0].authority}"
    allowed = next((origin for origin in catalog.allowed if origin.host == event.host), None)
    if allowed is not None:
        return f"{allowed.scheme}://{allowed.authority}"
    found = parse_origin(f"https://[{event.host}]" if ":" in event.host else f"https://{event.host}")
    if isinstance(found, str) or found[1] or found[2]:
        raise NoSnippet(f"The call's host {event.host!r} is none that can be called.")
    return f"https://{found[0].authority}"


def _prefix(host: str, provider: Provider, catalog: Catalog) -> str:
    """`/<provider>` and the labels of the host that the path names; empty where the provider has no prefix."""
    if provider.name not in catalog.providers or not provider.origin:
        return ""
    names = provider.variables or _VARIABLE.findall(provider.origin)
    if not names:
        return f"/{provider.name}"
    for value, origin in provider.origins.items():
        if origin.partition("://")[2].partition(":")[0] == host:
            return f"/{provider.name}/{value}"
    pattern = provider.origin.partition("://")[2].partition(":")[0]
    parts = _VARIABLE.split(pattern)
    regex = "".join(f"(?P<{part}>[a-z0-9-]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    found = re.fullmatch(regex, host)
    if found is None:
        return ""
    # Where a user's file redirects the provider, the labels are in no host any more, and any will do.
    labels = [found.groupdict().get(name) or name.replace("_", "-") for name in names]
    return "/".join(["", provider.name, *labels])


def _leads_to(event: Event, path: str, catalog: Catalog, address: str) -> bool:
    try:
        route = resolve(catalog, "", *_split(address))
    except PerihelionError:
        return False
    return (route.origin.host, route.path) == (event.host, path)


def _split(address: str) -> tuple[str, str]:
    path, _, query = address.partition("?")
    return path, query
