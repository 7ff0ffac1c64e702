"""Webhooks for calls: which calls an organisation sends where, and how far each webhook is. Secrets are sealed.

A webhook's position is a place in the order of arrival in the log (`ingested_at`): all before it was sent, but for what
came later than others with higher places, which `late` is about. Whoever holds the lease of a webhook sends, and moves
the position.
"""

from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, delete, func, insert, or_, select, update

from proxy.core.clock import now_us, uuid7
from proxy.core.secret import Secret
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import call_webhooks

__all__ = [
    "MAX_WEBHOOKS",
    "PayloadForm",
    "Progress",
    "StoredWebhook",
    "WebhookSecrets",
    "about",
    "claim",
    "create",
    "disable",
    "due",
    "edit",
    "listed",
    "note",
    "release",
    "remove",
    "replay",
    "rotate",
    "secrets_of",
    "shown",
]

PayloadForm = Literal["event", "helicone"]
MAX_WEBHOOKS: Final = 20
"""Of one organisation: each reads the log by itself."""


class StoredWebhook(msgspec.Struct, kw_only=True):
    id: str
    org_id: str
    name: str
    url: str
    filter: str
    """In the text form of the filter grammar; empty: all calls."""
    sample_share: float
    """Of the calls that match, 0 to 1."""
    with_bodies: bool
    only_requested: bool
    """Only calls with `Helicone-Webhook-Enabled: true`."""
    form: PayloadForm
    parallel: int
    """Requests at once; 1 keeps the order."""
    sealed: bytes
    """JSON of `WebhookSecrets`."""
    enabled: bool
    disabled_reason: str
    position_us: int
    late: str
    """JSON: the place that the webhook has reached in each batch of calls that came late, by the id of the batch."""
    sent: int
    refused: int
    """Calls that the receiver refused for what they hold, and which were passed over."""
    attempts: int
    """Failed attempts at the call at the position; 0 where the last one was taken."""
    due_us: int
    """When the next attempt is due."""
    status: int
    """What the receiver answered last; 0 where it did not."""
    error: str
    holder: str
    held_until_us: int
    revision: int
    created_us: int
    created_by: str
    changed_us: int
    changed_by: str


class WebhookSecrets(msgspec.Struct, frozen=True, kw_only=True):
    secret: str
    previous: str = ""
    """The one before a rotation, which signs too until then."""
    previous_until_us: int = 0


class Progress(msgspec.Struct, kw_only=True):
    """How far a webhook is, as its holder notes it."""

    position_us: int
    late: dict[str, int]
    sent: int
    """Calls sent since the last note."""
    refused: int
    attempts: int
    due_us: int
    status: int
    error: str


def create(
    connection: Connection, secret: Secret, org_id: str, by: str, secrets: WebhookSecrets, **fields: Any
) -> StoredWebhook:
    """Create a webhook; `fields` are those that a person chooses, and its position. Raises `RowConflict` where there
    are too many or the name is taken."""
    count = connection.execute(select(func.count()).where(call_webhooks.c.org_id == org_id)).scalar_one()
    if count >= MAX_WEBHOOKS:
        raise RowConflict(f"an organisation has at most {MAX_WEBHOOKS} webhooks; delete one first")
    _is_free(connection, org_id, fields["name"])
    at = now_us()
    id = uuid7(at)
    made = StoredWebhook(
        id=id, org_id=org_id, sealed=_sealed(secret, id, secrets), enabled=True, disabled_reason="", late="{}", sent=0,
        refused=0, attempts=0, due_us=0, status=0, error="", holder="", held_until_us=0, revision=1, created_us=at,
        created_by=by, changed_us=at, changed_by=by, **fields,
    )  # fmt: skip
    connection.execute(insert(call_webhooks).values(**msgspec.structs.asdict(made)))
    return made


def listed(connection: Connection, org_id: str) -> list[StoredWebhook]:
    """Return all webhooks of an organisation, oldest first."""
    query = select(call_webhooks).where(call_webhooks.c.org_id == org_id).order_by(call_webhooks.c.id)
    return [StoredWebhook(**row._mapping) for row in connection.execute(query)]


def shown(connection: Connection, org_id: str, id: str) -> StoredWebhook:
    """Return one webhook. Raises `RowNotFound`."""
    own = (call_webhooks.c.org_id == org_id, call_webhooks.c.id == id)
    row = connection.execute(select(call_webhooks).where(*own)).first()
    if row is None:
        raise RowNotFound("webhook", id)
    return StoredWebhook(**row._mapping)


def edit(connection: Connection, before: StoredWebhook, by: str, **changed: Any) -> StoredWebhook:
    """Change a webhook that was read in this transaction; it is tried at once. Raises `RowConflict`."""
    if changed.get("name", before.name) != before.name:
        _is_free(connection, before.org_id, changed["name"])
    if "enabled" in changed:
        changed["disabled_reason"] = ""
    return _changed(connection, before, by, attempts=0, due_us=0, error="", status=0, **changed)


def rotate(connection: Connection, secret: Secret, before: StoredWebhook, by: str, secrets: WebhookSecrets) -> None:
    """Seal other secrets. Raises `RowConflict`."""
    _changed(connection, before, by, sealed=_sealed(secret, before.id, secrets))


def replay(connection: Connection, before: StoredWebhook, by: str, position_us: int) -> StoredWebhook:
    """Move a webhook to another place in the order of arrival; whoever is sending stops. Raises `RowConflict`."""
    moved = {"position_us": position_us, "attempts": 0, "due_us": 0, "holder": "", "held_until_us": 0}
    return _changed(connection, before, by, **moved)


def remove(connection: Connection, org_id: str, id: str) -> None:
    """Delete a webhook. Raises `RowNotFound`."""
    own = (call_webhooks.c.org_id == org_id, call_webhooks.c.id == id)
    if not connection.execute(delete(call_webhooks).where(*own)).rowcount:
        raise RowNotFound("webhook", id)


def due(connection: Connection, now_us: int, lease_us: int) -> list[tuple[str, str]]:
    """Return (id, organisation) of the enabled webhooks that nobody sends for and whose time has come."""
    query = select(call_webhooks.c.id, call_webhooks.c.org_id).where(*_free(now_us, lease_us))
    return [(row.id, row.org_id) for row in connection.execute(query.order_by(call_webhooks.c.id))]


def claim(connection: Connection, id: str, holder: str, now_us: int, lease_us: int) -> StoredWebhook | None:
    """Take the lease of a webhook that is due; None where it is not, or somebody else has it."""
    values = {"holder": holder, "held_until_us": now_us + lease_us}
    change = update(call_webhooks).where(call_webhooks.c.id == id, *_free(now_us, lease_us)).values(**values)
    row = connection.execute(change.returning(*call_webhooks.c)).first()
    return None if row is None else StoredWebhook(**row._mapping)


def note(connection: Connection, id: str, holder: str, revision: int, progress: Progress, held_until_us: int) -> bool:
    """Note how far the webhook is, and hold it on. Returns False where the lease was lost or the webhook was changed:
    its holder stops then, and reads it anew."""
    values = {
        "position_us": progress.position_us, "late": msgspec.json.encode(progress.late).decode(),
        "sent": call_webhooks.c.sent + progress.sent,
        "refused": call_webhooks.c.refused + progress.refused, "attempts": progress.attempts,
        "due_us": progress.due_us, "status": progress.status, "error": progress.error[:500],
        "held_until_us": held_until_us,
    }  # fmt: skip
    mine = (call_webhooks.c.id == id, call_webhooks.c.holder == holder, call_webhooks.c.revision == revision)
    return bool(connection.execute(update(call_webhooks).where(*mine).values(**values)).rowcount)


def release(connection: Connection, id: str, holder: str) -> None:
    """Give the lease back."""
    mine = (call_webhooks.c.id == id, call_webhooks.c.holder == holder)
    connection.execute(update(call_webhooks).where(*mine).values(holder="", held_until_us=0))


def disable(connection: Connection, id: str, reason: str) -> None:
    """Disable a webhook whose receiver says that it is gone. Its position stays."""
    change = update(call_webhooks).where(call_webhooks.c.id == id)
    connection.execute(change.values(enabled=False, disabled_reason=reason, holder="", held_until_us=0))


def secrets_of(secret: Secret, webhook: StoredWebhook) -> WebhookSecrets:
    """Return what signs. Raises `SecretError`."""
    return msgspec.json.decode(secret.open(webhook.sealed, about(webhook.id)), type=WebhookSecrets)


def about(id: str) -> str:
    """Return the context that the seal of a webhook's secrets is bound to."""
    return f"call webhook {id}"


def _sealed(secret: Secret, id: str, secrets: WebhookSecrets) -> bytes:
    return secret.seal(msgspec.json.encode(secrets), about(id))


def _changed(connection: Connection, before: StoredWebhook, by: str, **values: Any) -> StoredWebhook:
    values |= {"revision": before.revision + 1, "changed_us": now_us(), "changed_by": by}
    place = (call_webhooks.c.id == before.id, call_webhooks.c.revision == before.revision)
    change = update(call_webhooks).where(*place).values(**values).returning(*call_webhooks.c)
    row = connection.execute(change).first()
    if row is None:
        raise RowConflict(f"the webhook is not at revision {before.revision} any more; read it again")
    return StoredWebhook(**row._mapping)


def _is_free(connection: Connection, org_id: str, name: str) -> None:
    query = select(call_webhooks.c.id).where(call_webhooks.c.org_id == org_id, call_webhooks.c.name == name)
    if connection.execute(query).first() is not None:
        raise RowConflict(f"there is a webhook {name!r} already; choose another name")


_DAY_US: Final = 86_400 * 1_000_000


def _free(now_us: int, lease_us: int) -> tuple[Any, ...]:
    """Nobody holds it and its time has come. Times that lie too far ahead were set before the clock was put back."""
    held, due_us = call_webhooks.c.held_until_us, call_webhooks.c.due_us
    return (
        call_webhooks.c.enabled,
        or_(due_us <= now_us, due_us > now_us + _DAY_US),
        or_(held <= now_us, held > now_us + 2 * lease_us),
    )
