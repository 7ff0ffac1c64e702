"""The outbox of notifications: one delivery for each notification and channel, kept until it is sent or given up.

`put` is part of the transaction that changes the state which is told, so a crash neither loses a message nor makes two.
"""

import msgspec
from sqlalchemy import Connection, insert, select

from proxy.core.clock import now_us, uuid7
from proxy.core.notification import Notification
from proxy.metadata.tables import channels, deliveries

__all__ = ["put"]


def put(connection: Connection, notification: Notification, channel_ids: list[str]) -> None:
    """Store one delivery for each of those channels that the organisation has and that is enabled."""
    own = (channels.c.org_id == notification.org, channels.c.enabled, channels.c.id.in_(channel_ids))
    found = connection.execute(select(channels.c.id).where(*own)).scalars().all()
    text = msgspec.json.encode(notification).decode()
    for channel_id in found:
        at = now_us()
        connection.execute(
            insert(deliveries).values(
                id=uuid7(at), org_id=notification.org, channel_id=channel_id, notification=text,
                title=notification.title[:300], dedup_key=notification.dedup_key, state="waiting", attempts=0,
                due_us=at, holder="", held_until_us=0, status=0, error="", created_us=at, ended_us=0,
            )
        )  # fmt: skip
