"""What a kind of channel is, and what came of sending something."""

from collections.abc import Callable
from typing import Any

import msgspec

from proxy.core.notification import Notification
from proxy.net.client import HttpClient
from proxy.net.connect import Place

__all__ = ["ChannelKind", "Network", "Receipt", "always"]


class Network(msgspec.Struct, frozen=True):
    """How channels reach the outside; safe to use from several threads."""

    http: HttpClient
    trusted: frozenset[Place]
    """Places inside the network that the operator allowed."""
    timeout_s: float
    """For one attempt as a whole."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one attempt."""

    sent: bool
    status: int = 0
    """Of HTTP or SMTP; 0 where there was no answer."""
    error: str = ""
    """What the receiver said, or why it was not reached; of a success what it did not take."""
    retry_after_s: float | None = None
    """The receiver wants nothing more before that."""
    gone: bool = False
    """The receiver says that it is there no more: the channel is disabled."""
    final: bool = False
    """Another attempt would be refused as well."""


def always() -> str:
    """A kind that needs nothing installed."""
    return ""


class ChannelKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of channel."""

    name: str
    """As stored; never changed."""
    title: str
    help: str
    """Where its values come from, in one or two sentences."""
    config: type[msgspec.Struct]
    """Fields that are secret are marked with `fields.secret`."""
    send: Callable[[Notification, Any, Network, int], Receipt]
    """Sends a notification with a config; the time is in microseconds. Never raises for what a receiver does."""
    check: Callable[[Any], None] = lambda _: None
    """Raises `fields.BadConfig` for a config that its types alone do not refuse."""
    min_interval_s: float = 0.0
    """What the receiver documents as the shortest time between two messages."""
    unavailable: Callable[[], str] = always
    """Why this installation cannot send it; empty where it can."""
