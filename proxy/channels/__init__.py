"""Channels: the ways in which a notification reaches people and other systems, one file each, one line in `CHANNELS`.

A channel has a config, from whose JSON schema its form is drawn, and says how a notification is sent: most build one
HTTP request (`http`), e-mail speaks SMTP. May be imported by the control plane; imports `core` and `net`.
"""

from typing import Final

from proxy.channels.apprise import APPRISE
from proxy.channels.base import ChannelKind, Network, Receipt
from proxy.channels.discord import DISCORD
from proxy.channels.email import EMAIL
from proxy.channels.pagerduty import PAGERDUTY
from proxy.channels.slack import SLACK
from proxy.channels.teams import TEAMS
from proxy.channels.webhook import WEBHOOK

__all__ = ["CHANNELS", "ChannelKind", "Network", "Receipt"]

_KINDS: Final = (
    WEBHOOK,
    SLACK,
    PAGERDUTY,
    DISCORD,
    TEAMS,
    EMAIL,
    APPRISE,
)

CHANNELS: Final[dict[str, ChannelKind]] = {kind.name: kind for kind in _KINDS}
"""By the name that a stored channel has as its kind."""
