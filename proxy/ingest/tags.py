"""Reads the `Helicone-*` headers of a report: user, session, properties and the rest, as the gateway reads a call's."""

from typing import Any, Final

from _speedups import Head, parse
from proxy.core.directives import check
from proxy.core.errors import BadRequest

__all__ = ["read_tags"]

_READ: Final = ("helicone-", "traceparent")
"""Headers that say something of the call begin so."""


def read_tags(headers: list[tuple[str, str]], meta: dict[str, Any] | None = None, place: str = "") -> Head:
    """What the headers say; those in `meta`, a member of the body named `place`, count first.

    Raises `BadDirective` for a value that is not accepted, and `BadRequest` for what is no header."""
    items: list[tuple[str, str]] = []
    for name, value in (meta or {}).items():
        if isinstance(value, dict | list):
            if name.lower().startswith(_READ):
                path = f"{place}.{name}"
                raise BadRequest(f"{path}: found {type(value).__name__}; accepted: text.", param=path)
        elif value is not None:
            items.append((name, value if isinstance(value, str) else str(value).lower()))
    taken = {name.lower() for name, _ in items}
    items += [(name, value) for name, value in headers if name.lower() not in taken]
    fields = parse([(name, value) for name, value in items if name.lower().startswith(_READ)])
    if fields.fault:
        raise BadRequest(f"Header {fields.fault} holds a line break or a control character.", param=fields.fault)
    check(fields)
    return fields
