"""Origins and host patterns: parsed strictly, matched label by label."""

import msgspec

from proxy.core.origin import Origin

__all__ = ["HostPattern", "holes", "is_label", "is_literal", "parse_origin"]

_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_HOST = _LABEL | frozenset("_.")
_IPV6 = frozenset("0123456789abcdef:.")


class HostPattern(msgspec.Struct, frozen=True):
    """A host pattern, split into labels."""

    labels: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "HostPattern":
        return cls(tuple(text.split(".")))

    def matches(self, host: str) -> bool:
        """Whether the whole of `host` fits, label by label, so that no suffix of another's name can."""
        labels = host.split(".")
        mine = self.labels
        if mine[0] == "*":
            labels = labels[len(labels) - len(mine) :] if len(labels) > len(mine) else labels
        if len(labels) != len(mine):
            return False
        return all(_label_fits(pattern, label) for pattern, label in zip(mine, labels, strict=True))


def _label_fits(pattern: str, label: str) -> bool:
    if "*" not in pattern:
        return pattern == label
    head, _, tail = pattern.partition("*")
    middle = label[len(head) : len(label) - len(tail)] if len(label) > len(head) + len(tail) else ""
    return bool(middle) and label.startswith(head) and label.endswith(tail) and is_label(label)


def holes(origin: str) -> list[str]:
    """Names of the `{variable}` labels in an origin."""
    return [part.partition("}")[0] for part in origin.split("{")[1:]]


def is_label(text: str) -> bool:
    """Whether `text` may stand as one label of a host name: `[a-z0-9-]`, 1 to 63, no hyphen at an end."""
    return 0 < len(text) < 64 and _LABEL.issuperset(text) and text[0] != "-" and text[-1] != "-"


def is_literal(host: str) -> bool:
    """Whether a resolver could read `host` as an address: IPv6, dotted, short, decimal, octal or hexadecimal IPv4."""
    if ":" in host:
        return True
    last = host.rstrip(".").rpartition(".")[2]
    return last.isdigit() or (last.startswith("0x") and all(digit in "0123456789abcdef" for digit in last[2:]))


def parse_origin(text: str) -> tuple[Origin, str, str] | str:
    """Origin, path and query of an absolute URL, or the word for what is wrong with it.

    Nothing is repaired: user names, white space, escapes, back slashes, a trailing dot and invalid ports are refused.
    """
    scheme, mark, rest = text.strip(" ").partition("://")
    scheme = scheme.lower()
    if not mark or scheme not in ("http", "https"):
        return "no http:// or https:// URL"
    cut = min((at for at in (rest.find("/"), rest.find("?"), rest.find("#")) if at >= 0), default=len(rest))
    authority, tail = rest[:cut].lower(), rest[cut:]
    path, _, query = tail.partition("#")[0].partition("?")
    host, port = _split(authority)
    if not host:
        return "no host"
    if "@" in authority:
        return "a user name before its host"
    if not (_IPV6 if ":" in host else _HOST).issuperset(host):
        return "characters that no host name has"
    if host.endswith(".") or ".." in host or host.startswith("."):
        return "an empty label in its host"
    if port and not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
        return "an invalid port"
    number = int(port) if port else (443 if scheme == "https" else 80)
    return Origin(scheme, _canonical(host), number), path, query


def _split(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        host, _, tail = authority[1:].partition("]")
        return (host, tail[1:]) if ":" in host and (not tail or tail[0] == ":") else ("", "")
    host, _, port = authority.partition(":")
    return host, port


def _canonical(host: str) -> str:
    if ":" not in host:
        return host
    from ipaddress import AddressValueError, IPv6Address  # rare, and not for the gateway's start

    try:
        return IPv6Address(host).compressed
    except AddressValueError:
        return host
