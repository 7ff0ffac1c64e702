"""Channels of an organisation: where notifications go. Their secrets are sealed, and nobody can read them back."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from proxy.core.clock import now_us, uuid7
from proxy.core.secret import Secret
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import channels, deliveries

__all__ = [
    "MAX_CHANNELS",
    "StoredChannel",
    "about",
    "create",
    "disable",
    "edit",
    "listed",
    "remove",
    "secrets_of",
    "shown",
]

MAX_CHANNELS: Final = 200
"""Of one organisation."""


class StoredChannel(msgspec.Struct, kw_only=True):
    id: str
    org_id: str
    kind: str
    """A name in `proxy.channels.CHANNELS`."""
    name: str
    config: str
    """JSON of the fields that are not secret."""
    sealed: bytes
    """JSON of those that are."""
    enabled: bool
    disabled_reason: str
    """Why it was disabled by itself; empty where a person did."""
    paused_until_us: int
    """The receiver wants nothing before that."""
    revision: int
    created_us: int
    created_by: str
    changed_us: int
    changed_by: str

    def values(self, secret: Secret) -> dict[str, Any]:
        """The whole config. Raises `SecretError`."""
        return {**msgspec.json.decode(self.config), **secrets_of(secret, self)}


def create(
    connection: Connection,
    secret: Secret,
    org_id: str,
    kind: str,
    name: str,
    config: dict[str, Any],
    secrets: dict[str, Any],
    by: str,
) -> StoredChannel:
    """Create a channel. Raises `RowConflict` where there are too many or the name is taken."""
    count = connection.execute(select(func.count()).where(channels.c.org_id == org_id)).scalar_one()
    if count >= MAX_CHANNELS:
        raise RowConflict(f"an organisation has at most {MAX_CHANNELS} channels; delete one first")
    _is_free(connection, org_id, name)
    at = now_us()
    id = uuid7(at)
    made = StoredChannel(
        id=id, org_id=org_id, kind=kind, name=name, config=msgspec.json.encode(config).decode(),
        sealed=secret.seal(msgspec.json.encode(secrets), about(id)), enabled=True, disabled_reason="",
        paused_until_us=0, revision=1, created_us=at, created_by=by, changed_us=at, changed_by=by,
    )  # fmt: skip
    connection.execute(insert(channels).values(**msgspec.structs.asdict(made)))
    return made


def listed(connection: Connection, org_id: str) -> list[StoredChannel]:
    """Return all channels of an organisation, oldest first."""
    rows = connection.execute(select(channels).where(channels.c.org_id == org_id).order_by(channels.c.id))
    return [StoredChannel(**row._mapping) for row in rows]


def shown(connection: Connection, org_id: str, id: str) -> StoredChannel:
    """Return one channel. Raises `RowNotFound`."""
    row = connection.execute(select(channels).where(channels.c.org_id == org_id, channels.c.id == id)).first()
    if row is None:
        raise RowNotFound("channel", id)
    return StoredChannel(**row._mapping)


def edit(
    connection: Connection,
    secret: Secret,
    before: StoredChannel,
    by: str,
    *,
    name: str | None = None,
    config: dict[str, Any] | None = None,
    secrets: dict[str, Any] | None = None,
    enabled: bool | None = None,
) -> StoredChannel:
    """Change a channel that was read in this transaction. Raises `RowConflict` where it was changed since, or the name
    is taken. What waits for a channel that is disabled is given up."""
    values: dict[str, Any] = {"revision": before.revision + 1, "changed_us": now_us(), "changed_by": by}
    if name is not None and name != before.name:
        _is_free(connection, before.org_id, name)
        values["name"] = name
    if config is not None:
        values["config"] = msgspec.json.encode(config).decode()
    if secrets is not None:
        values["sealed"] = secret.seal(msgspec.json.encode(secrets), about(before.id))
    if config is not None or secrets is not None or enabled:
        values["paused_until_us"] = 0
    if enabled is not None:
        values |= {"enabled": enabled, "disabled_reason": ""}
    place = (channels.c.id == before.id, channels.c.revision == before.revision)
    row = connection.execute(update(channels).where(*place).values(**values).returning(*channels.c)).first()
    if row is None:
        raise RowConflict(f"the channel is not at revision {before.revision} any more; read it again")
    if enabled is False:
        _give_up(connection, before.id, "the channel was disabled")
    return StoredChannel(**row._mapping)


def disable(connection: Connection, id: str, reason: str) -> None:
    """Disable a channel whose receiver says that it is gone; what waits for it is given up."""
    values = {"enabled": False, "disabled_reason": reason}
    connection.execute(update(channels).where(channels.c.id == id).values(**values))
    _give_up(connection, id, f"the channel was disabled: {reason}")


def remove(connection: Connection, org_id: str, id: str) -> None:
    """Delete a channel and its deliveries. Raises `RowNotFound`."""
    shown(connection, org_id, id)
    connection.execute(delete(deliveries).where(deliveries.c.channel_id == id))
    connection.execute(delete(channels).where(channels.c.id == id))


def secrets_of(secret: Secret, channel: StoredChannel) -> dict[str, Any]:
    """Return the secret fields of its config. Raises `SecretError`."""
    return msgspec.json.decode(secret.open(channel.sealed, about(channel.id)), type=dict[str, Any])


def about(id: str) -> str:
    """Return the context that the seal of a channel's secrets is bound to."""
    return f"channel {id}"


def _is_free(connection: Connection, org_id: str, name: str) -> None:
    query = select(channels.c.id).where(channels.c.org_id == org_id, channels.c.name == name)
    if connection.execute(query).first() is not None:
        raise RowConflict(f"there is a channel {name!r} already; choose another name")


def _give_up(connection: Connection, id: str, error: str) -> None:
    waiting = (deliveries.c.channel_id == id, deliveries.c.state == "waiting")
    values = {"state": "dead", "error": error, "ended_us": now_us(), "holder": "", "held_until_us": 0}
    connection.execute(update(deliveries).where(*waiting).values(**values))
