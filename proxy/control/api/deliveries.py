"""`/api/deliveries`: what was sent to the channels, what waits, and what was given up."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, QueryParameter

from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import caller_of, needs
from proxy.control.idempotency import database_of, mutate
from proxy.control.plane import ControlPlane
from proxy.core.notification import Notification
from proxy.metadata import channels, outbox
from proxy.metadata.db import Connection
from proxy.metadata.outbox import DeliveryState, StoredDelivery

__all__ = ["DELIVERY_ROUTES"]


class Delivery(msgspec.Struct, kw_only=True):
    """One notification on its way to one channel."""

    id: str
    channel: str
    channel_name: str
    title: str
    dedup_key: str
    state: DeliveryState
    attempts: int
    next_us: int
    """When it is tried next; 0 where it has ended."""
    sending: bool
    """Whether an attempt is under way."""
    status: int
    """What the receiver answered last; 0 where it did not."""
    error: str
    created_us: int
    ended_us: int


class DeliveryDetails(Delivery, kw_only=True):
    notification: Notification


class DeliveryPage(msgspec.Struct):
    data: list[Delivery]
    next: str | None


class SentAgain(msgspec.Struct):
    count: int


@get("/api/deliveries", sync_to_thread=True, opt=needs("viewer"), summary="Deliveries of notifications",
     operation_id="listDeliveries")  # fmt: skip
def list_deliveries(
    request: Request[Any, Any, Any],
    channel: Annotated[str, QueryParameter(description="Only of this channel.")] = "",
    only: Annotated[DeliveryState | None, QueryParameter(name="state", description="Only these.")] = None,
    after: After = "",
    limit: Limit = 50,
) -> DeliveryPage:
    """Newest first. What has ended is kept for 30 days."""
    check_limit(limit)
    org = caller_of(request).org
    with database_of(request).read() as rows:
        found = outbox.listed(rows, org, channel, only, after, limit + 1)
        names = _names(rows, org)
    data = [_answer(one, names) for one in found[:limit]]
    return DeliveryPage(data, found[limit - 1].id if len(found) > limit else None)


@get("/api/deliveries/{id:str}", sync_to_thread=True, opt=needs("viewer"), summary="One delivery",
     operation_id="getDelivery")  # fmt: skip
def show_delivery(request: Request[Any, Any, Any], id: FromPath[str]) -> DeliveryDetails:
    """With the notification."""
    org = caller_of(request).org
    with database_of(request).read() as rows:
        found = outbox.shown(rows, org, id)
        about = _answer(found, _names(rows, org))
    notification = msgspec.json.decode(found.notification, type=Notification)
    return DeliveryDetails(**msgspec.structs.asdict(about), notification=notification)


@post("/api/deliveries/{id:str}/send", sync_to_thread=True, opt=needs("admin"), summary="Send a delivery again",
      operation_id="sendDelivery", status_code=200)  # fmt: skip
def send_delivery(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Delivery]:
    """Under the same id, with all attempts anew; one that waits for its next attempt is tried now."""
    org = caller_of(request).org

    def change(rows: Connection) -> Delivery:
        return _answer(outbox.send_again(rows, org, id), _names(rows, org))

    response = mutate(request, None, change, publish=False)
    _wake(request)
    return response


@post("/api/channels/{id:str}/send-dead", sync_to_thread=True, opt=needs("admin"), operation_id="sendDeadDeliveries",
      summary="Send again what was given up for a channel", status_code=200)  # fmt: skip
def send_dead(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[SentAgain]:
    """Oldest first, at most 500 at a time."""
    org = caller_of(request).org

    def change(rows: Connection) -> SentAgain:
        channels.shown(rows, org, id)
        dead = outbox.listed(rows, org, id, "dead", limit=500)
        for one in dead:
            outbox.send_again(rows, org, one.id)
        return SentAgain(len(dead))

    response = mutate(request, None, change, publish=False)
    _wake(request)
    return response


def _wake(request: Request[Any, Any, Any]) -> None:
    plane: ControlPlane = request.app.state.plane
    plane.deliverer.wake()


def _names(rows: Connection, org: str) -> dict[str, str]:
    return {one.id: one.name for one in channels.listed(rows, org)}


def _answer(one: StoredDelivery, names: dict[str, str]) -> Delivery:
    return Delivery(
        id=one.id,
        channel=one.channel_id,
        channel_name=names.get(one.channel_id, ""),
        title=one.title,
        dedup_key=one.dedup_key,
        state=one.state,
        attempts=one.attempts,
        next_us=one.due_us if one.state == "waiting" else 0,
        sending=one.state == "waiting" and bool(one.holder),
        status=one.status,
        error=one.error,
        created_us=one.created_us,
        ended_us=one.ended_us,
    )


DELIVERY_ROUTES: list[Any] = [list_deliveries, show_delivery, send_delivery, send_dead]
