"""What a setting is, and what values are accepted."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

__all__ = [
    "BYTES",
    "COUNT",
    "HEADERS",
    "HTTP_URL",
    "NETWORKS",
    "PORT",
    "SECONDS",
    "SECONDS_LIST",
    "SECRET_SETTINGS",
    "TARGET",
    "Setting",
    "Value",
    "header_list",
    "one_of",
    "positive",
]

SECRET_SETTINGS: Final = frozenset(
    {
        "secret.key",
        "snapshot.token",
        "oidc.client_secret",
        "guard.moderation_key",
        "guard.security_key",
        "otel.headers",
        "parquet.secret_key",
    }
)
"""Names of settings whose values are never shown."""

Value = str | int | float | bool


class Setting(NamedTuple):
    """One setting; `expected` says in words what `accepts` lets through."""

    name: str
    default: Value
    help: str
    expected: str = ""
    accepts: Callable[[Any], bool] | None = None


def positive(value: float) -> bool:
    return value > 0


def _is_port(value: int) -> bool:
    return 0 <= value <= 65535


def _are_seconds(text: str) -> bool:
    try:
        return all(0 < float(part) < 1e7 for part in text.split(","))
    except ValueError:
        return False


def one_of(*words: str) -> tuple[str, Callable[[Any], bool]]:
    """What `Setting` wants of a setting that is one of these words."""
    return "one of " + ", ".join(words), lambda value: value in words


def header_list(text: str) -> dict[str, str]:
    """The headers of `name=value,name=value`, values percent-encoded, as in OTEL_EXPORTER_OTLP_HEADERS. Raises
    `ValueError`."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = pair.partition("=")
        name, value = name.strip(), unquote(value.strip())
        if not equals or not name or not set(name.lower()) <= _HEADER_NAME or not value.isprintable():
            raise ValueError(name)
        value.encode("latin-1")
        found[name] = value
    return found


def _is_header_list(text: str) -> bool:
    try:
        header_list(text)
    except ValueError:
        return False
    return True


def _is_http_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
        return not text or bool(known and parts.port != 0)
    except ValueError:
        return False


def _are_networks(text: str) -> bool:
    try:
        for one in filter(None, map(str.strip, text.split(","))):
            ip_network(one, strict=False)
    except ValueError:
        return False
    return True


def _is_target(text: str) -> bool:
    scheme, separator, rest = text.partition("://")
    return not separator or (scheme == "s3" and bool(rest.partition("/")[0]))


_HEADER_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~")
HTTP_URL: Final = ("an address of http:// or https:// without a user", _is_http_url)
HEADERS: Final = ("name=value, name=value, values percent-encoded", _is_header_list)
PORT: Final = ("a port, 0 to 65535", _is_port)
SECONDS: Final = ("a number of seconds above 0", positive)
COUNT: Final = ("a whole number above 0", positive)
BYTES: Final = ("a number of bytes above 0", positive)
SECONDS_LIST: Final = ("numbers of seconds above 0, comma-separated", _are_seconds)
NETWORKS: Final = ("addresses and networks such as 10.0.0.0/8, comma-separated", _are_networks)
TARGET: Final = ("a folder, or s3://bucket/prefix", _is_target)
