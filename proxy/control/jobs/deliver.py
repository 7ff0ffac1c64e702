"""Sends what is in the outbox to its channels.

A delivery is claimed in one transaction, sent outside of any, and settled in another. Whoever dies in between leaves a
lease that runs out, and the delivery is sent again under the same id. Several control planes on one database never
send one delivery at once.
"""

import logging
import random
import time
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from proxy.channels import CHANNELS, Network, Receipt
from proxy.channels.fields import BadConfig, parsed
from proxy.control.jobs.senders import Senders
from proxy.core.clock import now_us, uuid7
from proxy.core.errors import SettingError
from proxy.core.masking import mask
from proxy.core.notification import Notification
from proxy.core.secret import Secret, SecretError
from proxy.core.settings import Settings
from proxy.metadata import outbox
from proxy.metadata.channels import StoredChannel
from proxy.metadata.db import Database, MetadataError
from proxy.metadata.errors import DatabaseError
from proxy.metadata.outbox import Attempt, StoredDelivery
from proxy.net.client import HttpClient, HttpError
from proxy.net.connect import AddressRefused, places_of

__all__ = ["Deliverer", "DeliveryFigures", "make_network", "retry_schedule", "send_to"]

_MAX_BYTES: Final = 16 << 10
"""Of an answer; it is read for its error alone."""
_MAX_CHANNELS: Final = 64
"""Channels that are sent to at once; each takes one attempt's timeout at most before the next one's turn."""
_POLL_S: Final = 0.5
_DATABASE_WAIT_S: Final = (0.5, 15.0)
_SETTLE_FOR_S: Final = 600.0
_JITTER: Final = 0.1

_log = logging.getLogger(__name__)


class DeliveryFigures(msgspec.Struct):
    """Counters of this control plane; read from other threads."""

    sent: int = 0
    failed: int = 0
    """Attempts that the receiver did not take."""
    dead: int = 0
    last_error: str = ""


def make_network(settings: Settings) -> Network:
    """How channels and webhooks reach the outside with these settings. Raises `SettingError`."""
    allowed = [part.strip() for part in settings.get_str("channels.allow").split(",") if part.strip()]
    timeout_s = settings.get_float("channels.timeout_s")
    try:
        http = HttpClient(
            allowed,
            timeout_s=timeout_s,
            max_bytes=_MAX_BYTES,
            ca_file=settings.get_str("upstream.ca_file"),
            connections=2 * _MAX_CHANNELS,
        )
        return Network(http, places_of(allowed), timeout_s)
    except (HttpError, AddressRefused) as error:
        raise SettingError("channels.allow", str(error), "origins, comma-separated: `http://10.0.0.5:9000`") from None


def retry_schedule(settings: Settings) -> tuple[float, ...]:
    """Seconds before the second attempt, the third, …"""
    return tuple(float(part) for part in settings.get_str("channels.retry_s").split(","))


def send_to(channel: StoredChannel, notification: Notification, secret: Secret, network: Network) -> Receipt:
    """Send a notification to a channel, once. Raises nothing for what the receiver or the config is."""
    kind = CHANNELS.get(channel.kind)
    if kind is None:
        return Receipt(sent=False, error=f"this version knows no channel of the kind {channel.kind}")
    try:
        config = parsed(kind.config, channel.values(secret))
    except (BadConfig, SecretError) as error:
        return Receipt(sent=False, error=str(error))
    try:
        receipt = kind.send(notification, config, network, now_us())
    except Exception as error:
        _log.exception("channel %s (%s): not sent", channel.id, channel.kind)
        return Receipt(sent=False, error=f"{type(error).__name__} in this program; its log says more")
    return msgspec.structs.replace(receipt, error=mask(receipt.error)) if receipt.error else receipt


class Deliverer(Senders):
    """Sends what is due for each channel, one after the other."""

    def __init__(
        self, database: Database, network: Network, schedule_s: Sequence[float], *, most_channels: int = _MAX_CHANNELS
    ) -> None:
        self.figures = DeliveryFigures()
        super().__init__("deliveries", self.figures, poll_s=_POLL_S, most=most_channels)
        self.holder = uuid7(now_us())
        self._database = database
        self._network = network
        self._schedule_s = schedule_s
        # Resolving a name and a login of SMTP are outside of one attempt's timeout.
        self._lease_us = round(4 * network.timeout_s * 1e6)

    def _due(self) -> Iterable[str]:
        with self._database.read() as rows:
            return outbox.due_channels(rows, now_us(), self._lease_us)

    def _send_for(self, id: str) -> None:
        while not self._stop.is_set() and self._attempt(id):
            pass

    def _attempt(self, channel_id: str) -> bool:
        """Send the oldest delivery that is due; False where there is none."""
        with self._database.write(publish=False) as rows:
            claimed = outbox.claim(rows, channel_id, self.holder, now_us(), self._lease_us)
            if claimed is None:
                return False
            delivery, channel = claimed
            interval_s = CHANNELS[channel.kind].min_interval_s if channel.kind in CHANNELS else 0.0
            if interval_s:  # another control plane may have the next delivery of the channel
                outbox.pause(rows, channel_id, now_us() + round(interval_s * 1e6))
        try:
            notification = msgspec.json.decode(delivery.notification, type=Notification)
        except msgspec.ValidationError as error:
            receipt = Receipt(sent=False, error=f"another version of this program wrote it: {error}", final=True)
        else:
            receipt = send_to(channel, notification, self._database.secret, self._network)
        attempt = self._judge(delivery, receipt)
        self._count(attempt)
        if interval_s:
            pause_us = now_us() + round(interval_s * 1e6)
            attempt = msgspec.structs.replace(attempt, pause_until_us=max(attempt.pause_until_us, pause_us))
        self._settle(delivery, attempt)
        self._stop.wait(interval_s)
        return True

    def _judge(self, delivery: StoredDelivery, receipt: Receipt) -> Attempt:
        """What follows from an attempt."""
        now = now_us()
        wait_us = round((receipt.retry_after_s or 0.0) * 1e6)
        pause_us = now + wait_us if wait_us else 0
        if receipt.sent:
            return Attempt(state="sent", pause_until_us=pause_us, status=receipt.status, error=receipt.error)
        if receipt.gone:
            return Attempt(state="dead", disable=True, status=receipt.status, error=receipt.error)
        if receipt.final or delivery.attempts > len(self._schedule_s):
            return Attempt(state="dead", pause_until_us=pause_us, status=receipt.status, error=receipt.error)
        backoff_s = self._schedule_s[delivery.attempts - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)
        next_us = now + max(round(backoff_s * 1e6), wait_us)
        return Attempt(
            state="waiting", next_us=next_us, pause_until_us=pause_us, status=receipt.status, error=receipt.error
        )

    def _settle(self, delivery: StoredDelivery, attempt: Attempt) -> None:
        """Note what came of it; a database that is away is waited for, because it would be sent again otherwise."""
        deadline = time.monotonic() + _SETTLE_FOR_S
        wait_s = _DATABASE_WAIT_S[0] / 5
        while True:
            try:
                with self._database.write(publish=False) as rows:
                    noted = outbox.settle(rows, delivery.id, delivery.channel_id, self.holder, attempt)
                if not noted:
                    _log.warning("delivery %s: its lease ran out before its end was noted", delivery.id)
                return
            except (DatabaseError, MetadataError) as error:
                self._note_error(error)
                if time.monotonic() > deadline or self._stop.wait(wait_s):
                    return
                wait_s = min(wait_s * 2, _DATABASE_WAIT_S[1])

    def _count(self, attempt: Attempt) -> None:
        with self._lock:
            if attempt.state == "sent":
                self.figures.sent += 1
                return
            self.figures.failed += 1
            self.figures.dead += attempt.state == "dead"
            self.figures.last_error = attempt.error
