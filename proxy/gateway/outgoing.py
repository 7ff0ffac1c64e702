"""Builds the outgoing header lines: without our own keys, with the provider's credential."""

from typing import Final
from urllib.parse import unquote

from _speedups import forward_without
from proxy.gateway.directory import Directory
from proxy.gateway.request import RequestHead
from proxy.providers.address import Route
from proxy.providers.credentials import CREDENTIAL_HEADERS

__all__ = ["outgoing"]

_AUTHORIZATION: Final = frozenset({"authorization"})
_NOTHING: Final[frozenset[str]] = frozenset()


def outgoing(
    head: RequestHead, org: str, directory: Directory, route: Route, without: frozenset[str] = _NOTHING
) -> bytes:
    """Returns the header lines for a call to `route`, without the headers named in `without` (lower case).

    Where the caller sent no credential of the provider, the one that its organisation stored is added."""
    lines = head.fields.forward
    moved = head.authorization != head.fields.authorization
    if moved or head.hidden or without:
        dropped = without | head.hidden
        lines = forward_without(head.items, dropped | _AUTHORIZATION if moved else dropped)
        if moved and head.authorization and "authorization" not in without:
            lines += b"authorization: " + head.authorization.encode("latin-1") + b"\r\n"
    if directory.current.credentials and not without & CREDENTIAL_HEADERS and not _has_credential(head, route):
        lines += _stored(org, directory, route)
    return lines


def _has_credential(head: RequestHead, route: Route) -> bool:
    """Returns whether the caller sent a credential, in a header or in the query."""
    if head.authorization:
        return True
    headers = (
        (CREDENTIAL_HEADERS | {name for name in route.provider.auth if name[:1] != "?"}) - head.hidden - _AUTHORIZATION
    )
    if any(value and name in headers for name, value in head.items):
        return True
    fields = {name[1:] for name in route.provider.auth if name[:1] == "?"}
    query = route.path.partition("?")[2]
    return bool(fields and query) and any(unquote(field.partition("=")[0]) in fields for field in query.split("&"))


def _stored(org: str, directory: Directory, route: Route) -> bytes:
    """Returns the header line of the credential that the organisation stored for this provider, and for this resource
    of it where it has resources of customers; or nothing."""
    name = route.provider.name
    secret = directory.credential(org, f"{name}/{route.resource}" if route.resource else name)
    if not secret:
        return b""
    name = next((name for name in route.provider.auth if name[:1] != "?"), "authorization")
    value = f"Bearer {secret}" if name == "authorization" else secret
    return f"{name}: {value}\r\n".encode("latin-1")
