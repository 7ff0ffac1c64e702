"""`/api/channels`: where notifications go."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from proxy.channels import CHANNELS, ChannelKind
from proxy.channels.fields import BadConfig, Form, form_of, masked, parsed, secret_fields
from proxy.channels.signing import make_secret
from proxy.control.api.checks import check_name
from proxy.control.auth import caller_of, needs
from proxy.control.idempotency import database_of, mutate
from proxy.control.jobs.deliver import send_to
from proxy.control.plane import ControlPlane
from proxy.core.clock import monotonic, now_us
from proxy.core.notification import dashboard_url, sample_notification
from proxy.metadata import channels, organisations, outbox
from proxy.metadata.channels import StoredChannel
from proxy.metadata.db import Connection, Database
from proxy.metadata.documents import names_of
from proxy.metadata.errors import InvalidValue, RowConflict
from proxy.metadata.outbox import DeliveryCounts

__all__ = ["CHANNEL_ROUTES", "ROTATION_S"]

ROTATION_S: Final = 86_400
"""How long the secret before a rotation signs too."""


class NewChannel(msgspec.Struct, forbid_unknown_fields=True):
    """A channel to create."""

    kind: str
    """One of `/api/channels/kinds`."""
    name: str
    config: dict[str, Any]
    """The fields of its kind's form."""


class ChannelChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    name: str | None = None
    config: dict[str, Any] | None = None
    """The fields to change; a secret that is absent, or as it was shown, stays."""
    enabled: bool | None = None


class Channel(msgspec.Struct, kw_only=True):
    id: str
    kind: str
    name: str
    config: dict[str, Any]
    """Of a secret its last four characters."""
    enabled: bool
    disabled_reason: str
    """Why it was disabled by itself."""
    paused_until_us: int
    """The receiver wants nothing before that; 0 or past: it is not paused."""
    deliveries: DeliveryCounts
    revision: int
    created_us: int
    changed_us: int
    changed_by: str
    changed_by_name: str


class MadeChannel(msgspec.Struct, kw_only=True):
    """The only answer that has the signing secret of a webhook, where one was made."""

    channel: Channel
    secret: str = ""


class ChannelList(msgspec.Struct):
    data: list[Channel]


class FormList(msgspec.Struct):
    data: list[Form]


class ChannelTest(msgspec.Struct, kw_only=True):
    """What came of a test."""

    sent: bool
    status: int
    """Of HTTP or SMTP; 0 where there was no answer."""
    error: str
    latency_ms: float


class RotatedSecret(msgspec.Struct, kw_only=True):
    """The only answer that has the new secret."""

    secret: str
    previous_until_us: int
    """Until then messages are signed with the secret before, too."""


@get("/api/channels/kinds", sync_to_thread=False, opt=needs("viewer"), summary="Kinds of channels, and their forms",
     operation_id="listChannelKinds")  # fmt: skip
def list_channel_kinds() -> FormList:
    """In the order in which to offer them."""
    return FormList(
        [form_of(kind.name, kind.title, kind.help, kind.unavailable(), kind.config) for kind in CHANNELS.values()]
    )


@get("/api/channels", sync_to_thread=True, opt=needs("viewer"), summary="Channels", operation_id="listChannels")
def list_channels(request: Request[Any, Any, Any]) -> ChannelList:
    """All of the organisation, oldest first."""
    database, org = database_of(request), caller_of(request).org
    with database.read() as rows:
        return ChannelList(_answers(rows, database, org, channels.listed(rows, org)))


@post("/api/channels", sync_to_thread=True, opt=needs("admin"), summary="Create a channel",
      operation_id="createChannel", status_code=201)  # fmt: skip
def create_channel(request: Request[Any, Any, Any], data: JSONBody[NewChannel]) -> Response[MadeChannel]:
    """The signing secret of a webhook that came without one is in this answer and nowhere else."""
    caller, database, name = caller_of(request), database_of(request), check_name("name", data.name)
    kind = _kind(data.kind)
    if missing := kind.unavailable():
        raise InvalidValue("kind", data.kind, f"another kind: {missing}")
    secret = ""
    values = _visible(kind, data.config)
    if kind.name == "webhook" and not values.get("secret"):
        values["secret"] = secret = make_secret()
    public, secrets = _checked(kind, values)

    def make(rows: Connection) -> MadeChannel:
        made = channels.create(rows, database.secret, caller.org, kind.name, name, public, secrets, caller.name)
        return MadeChannel(channel=_answers(rows, database, caller.org, [made])[0], secret=secret)

    return mutate(request, data, make, 201, publish=False)


@get("/api/channels/{id:str}", sync_to_thread=True, opt=needs("viewer"), summary="One channel",
     operation_id="getChannel")  # fmt: skip
def show_channel(request: Request[Any, Any, Any], id: FromPath[str]) -> Channel:
    """With what became of its deliveries."""
    database, org = database_of(request), caller_of(request).org
    with database.read() as rows:
        return _answers(rows, database, org, [channels.shown(rows, org, id)])[0]


@patch("/api/channels/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Change a channel",
       operation_id="editChannel")  # fmt: skip
def edit_channel(
    request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[ChannelChange]
) -> Response[Channel]:
    """What waits for a channel that is disabled is given up; it can be sent again later."""
    caller, database = caller_of(request), database_of(request)
    name = check_name("name", data.name) if data.name is not None else None

    def change(rows: Connection) -> Channel:
        before = channels.shown(rows, caller.org, id)
        public = secrets = None
        if data.config is not None:
            public, secrets = _changed(before, before.values(database.secret), data.config)
        after = channels.edit(
            rows, database.secret, before, caller.name, name=name, config=public, secrets=secrets, enabled=data.enabled
        )
        return _answers(rows, database, caller.org, [after])[0]

    return mutate(request, data, change, publish=False)


@delete("/api/channels/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Delete a channel", status_code=204,
        operation_id="deleteChannel")  # fmt: skip
def delete_channel(request: Request[Any, Any, Any], id: FromPath[str]) -> None:
    """With its deliveries. Rules that name it tell their other channels."""
    with database_of(request).write(publish=False) as rows:
        channels.remove(rows, caller_of(request).org, id)


@post("/api/channels/{id:str}/test", sync_to_thread=True, opt=needs("admin"), summary="Send a test to a channel",
      operation_id="testChannel", status_code=200)  # fmt: skip
def test_channel(request: Request[Any, Any, Any], id: FromPath[str]) -> ChannelTest:
    """One attempt, now, also where the channel is disabled. The answer says what the receiver said."""
    plane: ControlPlane = request.app.state.plane
    org = caller_of(request).org
    with plane.database.read() as rows:
        channel = channels.shown(rows, org, id)
        org_name = organisations.shown(rows, org).name
    notification = sample_notification(org, org_name, channel.name, dashboard_url(plane.settings), now_us())
    with plane.tests_of_channels.taken():
        started = monotonic()
        receipt = send_to(channel, notification, plane.database.secret, plane.network)
        took_ms = (monotonic() - started) * 1000
    return ChannelTest(sent=receipt.sent, status=receipt.status, error=receipt.error, latency_ms=round(took_ms, 1))


@post("/api/channels/{id:str}/rotate", sync_to_thread=True, opt=needs("admin"), operation_id="rotateChannelSecret",
      summary="Make a new signing secret for a webhook", status_code=200)  # fmt: skip
def rotate_channel_secret(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[RotatedSecret]:
    """Messages are signed with both for 24 hours, so that the receiver can change over."""
    caller, database = caller_of(request), database_of(request)

    def change(rows: Connection) -> RotatedSecret:
        before = channels.shown(rows, caller.org, id)
        if before.kind != "webhook":
            raise RowConflict(f"a channel of the kind {before.kind} has no signing secret to rotate")
        values = before.values(database.secret)
        made, until_us = make_secret(), now_us() + ROTATION_S * 1_000_000
        values |= {"secret": made, "previous_secret": values["secret"], "previous_until_us": until_us}
        public, secrets = _split(CHANNELS["webhook"], values)
        channels.edit(rows, database.secret, before, caller.name, config=public, secrets=secrets)
        return RotatedSecret(secret=made, previous_until_us=until_us)

    return mutate(request, None, change, publish=False)


def _kind(name: str) -> ChannelKind:
    kind = CHANNELS.get(name)
    if kind is None:
        raise InvalidValue("kind", name[:60], "one of " + ", ".join(CHANNELS))
    return kind


def _visible(kind: ChannelKind, values: dict[str, Any]) -> dict[str, Any]:
    """The values, which may name fields of the form only. Raises `InvalidValue`."""
    known = {field.name for field in form_of(kind.name, kind.title, kind.help, "", kind.config).fields}
    for name in values:
        if name not in known:
            raise InvalidValue(f"config.{name[:60]}", "", "one of " + ", ".join(sorted(known)))
    return dict(values)


def _checked(kind: ChannelKind, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that are not secret, and those that are. Raises `InvalidValue`."""
    try:
        kind.check(parsed(kind.config, values))
    except BadConfig as error:
        raise InvalidValue(f"config.{error.field}" if error.field else "config", error.found, error.accepted) from None
    return _split(kind, values)


def _split(kind: ChannelKind, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    secret = secret_fields(kind.config)
    public = {name: value for name, value in values.items() if name not in secret}
    return public, {name: value for name, value in values.items() if name in secret}


def _changed(
    before: StoredChannel, values: dict[str, Any], change: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The config with a change. Raises `InvalidValue`."""
    kind = _kind(before.kind)
    shown = masked(kind.config, values)
    secret = secret_fields(kind.config)
    wanted = {
        name: value
        for name, value in _visible(kind, change).items()
        if not (name in secret and value == shown.get(name))
    }
    if kind.name == "webhook" and wanted.get("secret") == "":
        raise InvalidValue("config.secret", "", "a secret, or no such field: the secret stays as it is")
    _not_led_elsewhere(secret, values, wanted)
    return _checked(kind, {**values, **wanted})


def _not_led_elsewhere(secret: frozenset[str], values: dict[str, Any], wanted: dict[str, Any]) -> None:
    """A stored password goes to no other server than it was given for: who may edit a channel may not read it."""
    for name in ("host", "url"):
        if name in wanted and name not in secret and wanted[name] != values.get(name):
            for kept in ("password", "routing_key"):
                if values.get(kept) and kept not in wanted:
                    raise InvalidValue(f"config.{kept}", "", f"the {kept} again, because {name} changes")


def _answers(rows: Connection, database: Database, org: str, found: list[StoredChannel]) -> list[Channel]:
    names = names_of(rows, org, {one.changed_by for one in found})
    counted = outbox.counts(rows, org)
    return [
        Channel(
            id=one.id,
            kind=one.kind,
            name=one.name,
            config=masked(CHANNELS[one.kind].config, one.values(database.secret)) if one.kind in CHANNELS else {},
            enabled=one.enabled,
            disabled_reason=one.disabled_reason,
            paused_until_us=one.paused_until_us,
            deliveries=counted.get(one.id, DeliveryCounts()),
            revision=one.revision,
            created_us=one.created_us,
            changed_us=one.changed_us,
            changed_by=one.changed_by,
            changed_by_name=names[one.changed_by],
        )
        for one in found
    ]


CHANNEL_ROUTES: list[Any] = [
    *(list_channel_kinds, list_channels, create_channel, show_channel, edit_channel, delete_channel),
    *(test_channel, rotate_channel_secret),
]
