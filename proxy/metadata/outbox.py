"""The outbox of notifications: one delivery for each notification and channel, kept until it is sent or given up.

`put` is part of the transaction that changes the state which is told, so a crash neither loses a message nor makes two.
A delivery is sent by whoever holds its lease: `claim` takes it, `settle` gives it back with what came of the attempt.
Deliveries of one channel and dedup key go out in their order: an incident is never resolved before it is triggered.
"""

from typing import Final, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from proxy.core.clock import now_us, uuid7
from proxy.core.notification import Notification
from proxy.metadata import channels as stored_channels
from proxy.metadata.channels import StoredChannel
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import channels, deliveries

__all__ = [
    "KEPT_US",
    "Attempt",
    "DeliveryCounts",
    "DeliveryState",
    "StoredDelivery",
    "claim",
    "counts",
    "due_channels",
    "listed",
    "pause",
    "put",
    "remove_old",
    "send_again",
    "settle",
    "shown",
]

DeliveryState = Literal["waiting", "sent", "dead"]
KEPT_US: Final = 30 * 86_400 * 1_000_000
"""How long a delivery that has ended can be looked up and sent again."""
_MAX_WAIT_US: Final = 2 * 86_400 * 1_000_000
"""Nothing waits longer than this for its next attempt: a later time was set before the clock was put back."""
_MAX_TITLE: Final = 300
_MAX_ERROR: Final = 500


class StoredDelivery(msgspec.Struct, kw_only=True):
    id: str
    org_id: str
    channel_id: str
    notification: str
    """Its JSON."""
    title: str
    dedup_key: str
    state: DeliveryState
    attempts: int
    due_us: int
    holder: str
    held_until_us: int
    status: int
    """What the receiver answered to the last attempt; 0 where it did not."""
    error: str
    created_us: int
    ended_us: int


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one attempt, and what follows."""

    state: DeliveryState
    status: int
    error: str
    next_us: int = 0
    """When it is tried again, where it is still waiting."""
    pause_until_us: int = 0
    """Until when nothing is sent to the channel."""
    disable: bool = False
    """The receiver is gone."""


class DeliveryCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the deliveries of one channel."""

    waiting: int = 0
    sent: int = 0
    dead: int = 0
    last_sent_us: int = 0


def put(connection: Connection, notification: Notification, channel_ids: list[str]) -> int:
    """Store one delivery for each of those channels that the organisation has and that is enabled; returns how many."""
    own = (channels.c.org_id == notification.org, channels.c.enabled, channels.c.id.in_(channel_ids))
    found = connection.execute(select(channels.c.id).where(*own)).scalars().all()
    text = msgspec.json.encode(notification).decode()
    for channel_id in found:
        at = now_us()
        made = StoredDelivery(
            id=uuid7(at), org_id=notification.org, channel_id=channel_id, notification=text,
            title=notification.title[:_MAX_TITLE], dedup_key=notification.dedup_key, state="waiting", attempts=0,
            due_us=at, holder="", held_until_us=0, status=0, error="", created_us=at, ended_us=0,
        )  # fmt: skip
        connection.execute(insert(deliveries).values(**msgspec.structs.asdict(made)))
    return len(found)


def due_channels(connection: Connection, now_us: int, lease_us: int) -> list[str]:
    """Return the channels for which something can be sent now, the one that has waited longest first."""
    waited = func.min(deliveries.c.due_us)
    query = select(deliveries.c.channel_id).join(channels).where(*_due(now_us, lease_us))
    rows = connection.execute(query.group_by(deliveries.c.channel_id).order_by(waited))
    return list(rows.scalars())


def claim(
    connection: Connection, channel_id: str, holder: str, now_us: int, lease_us: int
) -> tuple[StoredDelivery, StoredChannel] | None:
    """Take the lease of the oldest delivery of a channel that is due; None where there is none.

    A holder that was killed has it until `lease_us` have passed."""
    _lock(connection, channel_id)
    query = select(deliveries.c.id).join(channels).where(channels.c.id == channel_id, *_due(now_us, lease_us))
    id = connection.execute(query.order_by(deliveries.c.id).limit(1)).scalar_one_or_none()
    if id is None:
        return None
    free = (deliveries.c.id == id, deliveries.c.state == "waiting", _free(now_us, lease_us))
    values = {"holder": holder, "held_until_us": now_us + lease_us, "attempts": deliveries.c.attempts + 1}
    row = connection.execute(update(deliveries).where(*free).values(**values).returning(*deliveries.c)).first()
    if row is None:  # another control plane was faster
        return None
    delivery = StoredDelivery(**row._mapping)
    return delivery, stored_channels.shown(connection, delivery.org_id, channel_id)


def settle(connection: Connection, id: str, channel_id: str, holder: str, attempt: Attempt) -> bool:
    """Note what came of an attempt and give the lease back. Returns False where the lease was lost."""
    _lock(connection, channel_id)
    ended = attempt.state != "waiting"
    values = {
        "state": attempt.state, "status": attempt.status, "error": attempt.error[:_MAX_ERROR], "holder": "",
        "held_until_us": 0, "due_us": attempt.next_us, "ended_us": now_us() if ended else 0,
    }  # fmt: skip
    held = (deliveries.c.id == id, deliveries.c.holder == holder)
    noted = bool(connection.execute(update(deliveries).where(*held).values(**values)).rowcount)
    if attempt.disable:
        stored_channels.disable(connection, channel_id, attempt.error[:_MAX_ERROR])
    elif attempt.pause_until_us:
        pause(connection, channel_id, attempt.pause_until_us)
    return noted


def pause(connection: Connection, channel_id: str, until_us: int) -> None:
    """Let nothing be claimed for a channel before that time."""
    connection.execute(update(channels).where(channels.c.id == channel_id).values(paused_until_us=until_us))


def listed(
    connection: Connection,
    org_id: str,
    channel_id: str = "",
    state: DeliveryState | None = None,
    before: str = "",
    limit: int = 50,
) -> list[StoredDelivery]:
    """Return the deliveries of an organisation, newest first, from the one before `before` on."""
    query = select(deliveries).where(deliveries.c.org_id == org_id)
    if channel_id:
        query = query.where(deliveries.c.channel_id == channel_id)
    if state is not None:
        query = query.where(deliveries.c.state == state)
    if before:
        query = query.where(deliveries.c.id < before)
    rows = connection.execute(query.order_by(deliveries.c.id.desc()).limit(limit))
    return [StoredDelivery(**row._mapping) for row in rows]


def shown(connection: Connection, org_id: str, id: str) -> StoredDelivery:
    """Return one delivery. Raises `RowNotFound`."""
    row = connection.execute(select(deliveries).where(deliveries.c.org_id == org_id, deliveries.c.id == id)).first()
    if row is None:
        raise RowNotFound("delivery", id)
    return StoredDelivery(**row._mapping)


def send_again(connection: Connection, org_id: str, id: str) -> StoredDelivery:
    """Let a delivery begin anew, under its id; one that waits for its next attempt is tried now. Raises `RowNotFound`,
    and `RowConflict` where it is being sent or its channel is disabled."""
    found = shown(connection, org_id, id)
    if not stored_channels.shown(connection, org_id, found.channel_id).enabled:
        raise RowConflict("the channel of this delivery is disabled; enable it first")
    values = {"state": "waiting", "attempts": 0, "due_us": now_us(), "error": "", "status": 0, "ended_us": 0}
    idle = (deliveries.c.id == id, deliveries.c.held_until_us <= now_us())
    row = connection.execute(update(deliveries).where(*idle).values(**values).returning(*deliveries.c)).first()
    if row is None:
        raise RowConflict("the delivery is being sent at this moment; look again in a few seconds")
    return StoredDelivery(**row._mapping)


def counts(connection: Connection, org_id: str) -> dict[str, DeliveryCounts]:
    """Return by channel what became of its deliveries, of those that are still kept."""
    columns = (deliveries.c.channel_id, deliveries.c.state)
    query = select(*columns, func.count(), func.max(deliveries.c.ended_us)).where(deliveries.c.org_id == org_id)
    found: dict[str, DeliveryCounts] = {}
    for channel_id, state, count, ended_us in connection.execute(query.group_by(*columns)):
        sent = {"last_sent_us": int(ended_us)} if state == "sent" else {}
        before = found.get(channel_id, DeliveryCounts())
        found[channel_id] = msgspec.structs.replace(before, **{state: int(count)}, **sent)
    return found


def remove_old(connection: Connection) -> None:
    """Delete the deliveries that ended long ago."""
    old = (deliveries.c.state != "waiting", deliveries.c.ended_us < now_us() - KEPT_US)
    connection.execute(delete(deliveries).where(*old))


def _lock(connection: Connection, channel_id: str) -> None:
    """Hold up other control planes at this channel until the transaction ends; always before a row of `deliveries`."""
    connection.execute(select(channels.c.id).where(channels.c.id == channel_id).with_for_update())


def _due(now_us: int, lease_us: int) -> tuple[ColumnElement[bool], ...]:
    """What can be sent: its time has come, nobody sends it, its channel takes it, and none of its key is older."""
    older = deliveries.alias("older")
    first = (
        older.c.channel_id == deliveries.c.channel_id,
        older.c.dedup_key == deliveries.c.dedup_key,
        older.c.state == "waiting",
        older.c.id < deliveries.c.id,
    )
    return (
        deliveries.c.state == "waiting",
        or_(deliveries.c.due_us <= now_us, deliveries.c.due_us > now_us + _MAX_WAIT_US),
        _free(now_us, lease_us),
        channels.c.enabled,
        or_(channels.c.paused_until_us <= now_us, channels.c.paused_until_us > now_us + _MAX_WAIT_US),
        ~select(older.c.id).where(*first).exists(),
    )


def _free(now_us: int, lease_us: int) -> ColumnElement[bool]:
    """Nobody holds it. A lease that ends later than one can was taken before the clock was put back."""
    held = deliveries.c.held_until_us
    return or_(held <= now_us, held > now_us + 2 * lease_us)
