"""`/api/webhooks`: which calls an organisation sends where."""

import time
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from proxy.channels.fields import BadConfig, check_url
from proxy.channels.http import post as send
from proxy.channels.signing import is_secret, make_secret
from proxy.control.api.channels import ROTATION_S, ChannelTest, RotatedSecret
from proxy.control.api.checks import check_name
from proxy.control.auth import caller_of, needs
from proxy.control.call_payload import sample_call
from proxy.control.idempotency import database_of, mutate
from proxy.control.jobs.send_calls import call_message
from proxy.control.log_service import NotReady
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us, uuid7
from proxy.logstore import StoreError, time_of
from proxy.metadata import call_webhooks
from proxy.metadata.call_webhooks import PayloadForm, StoredWebhook, WebhookSecrets
from proxy.metadata.db import Connection
from proxy.metadata.documents import names_of
from proxy.metadata.errors import InvalidValue
from proxy.query import moment_us, parse_filter

__all__ = ["WEBHOOK_ROUTES"]

_SECRET_CHARS: Final = (16, 200)

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Parallel = Annotated[int, Meta(ge=1, le=32)]
FilterText = Annotated[str, Meta(max_length=8000)]
Url = Annotated[str, Meta(max_length=2000)]


class NewWebhook(msgspec.Struct, forbid_unknown_fields=True):
    """A webhook for calls to create."""

    name: str
    url: Url
    filter: FilterText = ""
    """Which calls, in the text form of the filter grammar; empty: all."""
    sample_share: Share = 1.0
    """Which share of them; a call always falls on the same side."""
    with_bodies: bool = False
    only_requested: bool = False
    """Only calls with `Helicone-Webhook-Enabled: true`."""
    form: PayloadForm = "event"
    """`event`: the public event in an envelope of Standard Webhooks. `helicone`: Helicone's own fields."""
    parallel: Parallel = 1
    """Requests at once. 1 keeps the order of arrival."""
    since: str = ""
    """Begin with calls that arrived then: `1h`, a day, a time. Empty: with those to come."""
    secret: str = ""
    """What signs, where a receiver has one already; empty: one is made."""


class WebhookChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    name: str | None = None
    url: Url | None = None
    filter: FilterText | None = None
    sample_share: Share | None = None
    with_bodies: bool | None = None
    only_requested: bool | None = None
    form: PayloadForm | None = None
    parallel: Parallel | None = None
    enabled: bool | None = None


class Webhook(msgspec.Struct, kw_only=True):
    id: str
    name: str
    url: str
    filter: str
    sample_share: float
    with_bodies: bool
    only_requested: bool
    form: PayloadForm
    parallel: int
    enabled: bool
    disabled_reason: str
    """Why it was disabled by itself."""
    position: datetime
    """All calls that had arrived then were dealt with."""
    behind_s: float | None
    """From there to the newest call; null while the log is not open."""
    sent: int
    refused: int
    """Calls that the receiver refused for what they hold, and which were passed over."""
    attempts: int
    """Failed attempts at the next call; 0 where the receiver is well."""
    next_us: int
    """When the next attempt is due; 0: now."""
    status: int
    """What the receiver answered last; 0 where it did not."""
    error: str
    revision: int
    created_us: int
    changed_us: int
    changed_by: str
    changed_by_name: str


class MadeWebhook(msgspec.Struct, kw_only=True):
    """The only answer that has the secret."""

    webhook: Webhook
    secret: str


class WebhookList(msgspec.Struct):
    data: list[Webhook]


class Replay(msgspec.Struct, forbid_unknown_fields=True):
    since: str
    """Send again what arrived from then on: `1h`, a day, a time; `now` skips what waits."""


@get("/api/webhooks", sync_to_thread=True, opt=needs("viewer"), summary="Webhooks for calls",
     operation_id="listWebhooks")  # fmt: skip
def list_webhooks(request: Request[Any, Any, Any]) -> WebhookList:
    """All of the organisation, oldest first."""
    org = caller_of(request).org
    with database_of(request).read() as rows:
        return WebhookList(_answers(request, rows, call_webhooks.listed(rows, org)))


@post("/api/webhooks", sync_to_thread=True, opt=needs("admin"), summary="Create a webhook for calls",
      operation_id="createWebhook", status_code=201)  # fmt: skip
def create_webhook(request: Request[Any, Any, Any], data: JSONBody[NewWebhook]) -> Response[MadeWebhook]:
    """Its secret is in this answer and nowhere else."""
    caller, database = caller_of(request), database_of(request)
    fields = msgspec.structs.asdict(data)
    secret, since = fields.pop("secret"), fields.pop("since")
    secret = _checked_secret(secret) if secret else make_secret()
    _check(fields)
    position_us = _position(request, since) if since else now_us()

    def make(rows: Connection) -> MadeWebhook:
        secrets = WebhookSecrets(secret=secret)
        made = call_webhooks.create(
            rows, database.secret, caller.org, caller.name, secrets, position_us=position_us, **fields
        )
        return MadeWebhook(webhook=_answers(request, rows, [made])[0], secret=secret)

    response = mutate(request, data, make, 201, publish=False)
    _wake(request)
    return response


@get("/api/webhooks/{id:str}", sync_to_thread=True, opt=needs("viewer"), summary="One webhook for calls",
     operation_id="getWebhook")  # fmt: skip
def show_webhook(request: Request[Any, Any, Any], id: FromPath[str]) -> Webhook:
    """How far it is, and what its receiver said last."""
    with database_of(request).read() as rows:
        return _answers(request, rows, [call_webhooks.shown(rows, caller_of(request).org, id)])[0]


@patch("/api/webhooks/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Change a webhook for calls",
       operation_id="editWebhook")  # fmt: skip
def edit_webhook(
    request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[WebhookChange]
) -> Response[Webhook]:
    """One that was disabled goes on where it was; `replay` moves it."""
    caller = caller_of(request)
    changed = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not None}
    _check(changed)

    def change(rows: Connection) -> Webhook:
        before = call_webhooks.shown(rows, caller.org, id)
        return _answers(request, rows, [call_webhooks.edit(rows, before, caller.name, **changed)])[0]

    response = mutate(request, data, change, publish=False)
    _wake(request)
    return response


@delete("/api/webhooks/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Delete a webhook for calls",
        status_code=204, operation_id="deleteWebhook")  # fmt: skip
def delete_webhook(request: Request[Any, Any, Any], id: FromPath[str]) -> None:
    """Nothing more is sent to it."""
    with database_of(request).write(publish=False) as rows:
        call_webhooks.remove(rows, caller_of(request).org, id)


@post("/api/webhooks/{id:str}/replay", sync_to_thread=True, opt=needs("admin"), summary="Send calls again from a time",
      operation_id="replayWebhook", status_code=200)  # fmt: skip
def replay_webhook(request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[Replay]) -> Response[Webhook]:
    """From the log, as long as it keeps them, under their ids. What is new comes after them."""
    caller, position_us = caller_of(request), _position(request, data.since)

    def change(rows: Connection) -> Webhook:
        before = call_webhooks.shown(rows, caller.org, id)
        return _answers(request, rows, [call_webhooks.replay(rows, before, caller.name, position_us)])[0]

    response = mutate(request, data, change, publish=False)
    _wake(request)
    return response


@post("/api/webhooks/{id:str}/rotate", sync_to_thread=True, opt=needs("admin"), operation_id="rotateWebhookSecret",
      summary="Make a new secret for a webhook", status_code=200)  # fmt: skip
def rotate_webhook_secret(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[RotatedSecret]:
    """`webhook-signature` has a signature by each for 24 hours. `Helicone-Signature` is by the new one."""
    caller, database = caller_of(request), database_of(request)

    def change(rows: Connection) -> RotatedSecret:
        before = call_webhooks.shown(rows, caller.org, id)
        made, until_us = make_secret(), now_us() + ROTATION_S * 1_000_000
        current = call_webhooks.secrets_of(database.secret, before).secret
        secrets = WebhookSecrets(secret=made, previous=current, previous_until_us=until_us)
        call_webhooks.rotate(rows, database.secret, before, caller.name, secrets)
        return RotatedSecret(secret=made, previous_until_us=until_us)

    return mutate(request, None, change, publish=False)


@post("/api/webhooks/{id:str}/test", sync_to_thread=True, opt=needs("admin"), summary="Send a test to a webhook",
      operation_id="testWebhook", status_code=200)  # fmt: skip
def test_webhook(request: Request[Any, Any, Any], id: FromPath[str]) -> ChannelTest:
    """One request of the type `test`, now. The answer says what the receiver said."""
    plane: ControlPlane = request.app.state.plane
    with plane.database.read() as rows:
        webhook = call_webhooks.shown(rows, caller_of(request).org, id)
    secrets = call_webhooks.secrets_of(plane.database.secret, webhook)
    at_us = now_us()
    test_id = uuid7(at_us)
    content = sample_call(webhook.form, time_of(at_us), test_id)
    with plane.tests_of_channels.taken():
        started = time.monotonic()
        receipt = send(call_message(webhook, secrets, test_id, content, at_us), plane.network)
        took_ms = (time.monotonic() - started) * 1000
    return ChannelTest(sent=receipt.sent, status=receipt.status, error=receipt.error, latency_ms=round(took_ms, 1))


def _checked_secret(secret: str) -> str:
    """Raises `InvalidValue`."""
    least, most = _SECRET_CHARS
    if secret.startswith("whsec_") and not is_secret(secret):
        raise InvalidValue("secret", "***", "behind whsec_ 24 to 64 bytes as base64")
    if not (least <= len(secret) <= most and secret.isascii() and secret.isprintable()):
        raise InvalidValue("secret", "***", f"{least} to {most} printable ASCII characters")
    return secret


def _check(fields: dict[str, Any]) -> None:
    """Checks those that are there. Raises `InvalidValue` or `FilterError`."""
    if "name" in fields:
        fields["name"] = check_name("name", fields["name"])
    if "filter" in fields:
        parse_filter(fields["filter"], "filter")
    try:
        if "url" in fields:
            check_url("url", fields["url"])
    except BadConfig as error:
        raise InvalidValue("url", error.found, error.accepted) from None


def _position(request: Request[Any, Any, Any], since: str) -> int:
    """Just before a time. Raises `FilterError`."""
    return max(0, moment_us("since", since, now_us()) - 1)


def _wake(request: Request[Any, Any, Any]) -> None:
    plane: ControlPlane = request.app.state.plane
    plane.call_sender.wake()


def _answers(request: Request[Any, Any, Any], rows: Connection, found: list[StoredWebhook]) -> list[Webhook]:
    org = caller_of(request).org
    names = names_of(rows, org, {one.changed_by for one in found})
    newest_us = _newest_us(request, org) if found else None
    return [
        Webhook(
            id=one.id,
            name=one.name,
            url=one.url,
            filter=one.filter,
            sample_share=one.sample_share,
            with_bodies=one.with_bodies,
            only_requested=one.only_requested,
            form=one.form,
            parallel=one.parallel,
            enabled=one.enabled,
            disabled_reason=one.disabled_reason,
            position=time_of(one.position_us),
            behind_s=None if newest_us is None else max(0, newest_us - one.position_us) / 1e6,
            sent=one.sent,
            refused=one.refused,
            attempts=one.attempts,
            next_us=one.due_us,
            status=one.status,
            error=one.error,
            revision=one.revision,
            created_us=one.created_us,
            changed_us=one.changed_us,
            changed_by=one.changed_by,
            changed_by_name=names[one.changed_by],
        )
        for one in found
    ]


def _newest_us(request: Request[Any, Any, Any], org: str) -> int | None:
    plane: ControlPlane = request.app.state.plane
    try:
        return plane.log.store.last_arrival_us(org)
    except (NotReady, StoreError):
        return None


WEBHOOK_ROUTES: list[Any] = [
    *(list_webhooks, create_webhook, show_webhook, edit_webhook, delete_webhook),
    *(replay_webhook, rotate_webhook_secret, test_webhook),
]
