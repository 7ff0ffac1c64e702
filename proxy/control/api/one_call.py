"""What the routes below `/api/requests/{id}` share: the call that an id names, or the answer that there is none."""

from typing import Any

from litestar import Request

from proxy.control.auth import caller_of
from proxy.control.plane import ControlPlane
from proxy.core.clock import parse_uuid
from proxy.core.errors import PerihelionError
from proxy.logstore import FilterError
from proxy.logstore.call_reader import find_call

__all__ = ["NoSuchCall", "call_named", "uuid_of"]


class NoSuchCall(PerihelionError):
    """No call of the caller's organisation has this id."""

    def __init__(self, id: str) -> None:
        super().__init__("No call with this id is in the log. A call shows up about a second after it ended.")
        self.id = id


def uuid_of(id: str) -> str:
    """The id in lower case. Raises `FilterError`."""
    uuid = parse_uuid(id)
    if uuid is None:
        raise FilterError("id", id, "a UUID, as the response's `Helicone-Id`")
    return uuid


def call_named(request: Request[Any, Any, Any], id: str) -> dict[str, Any]:
    """The row of a call of the caller's organisation. Raises `FilterError`, `NoSuchCall` or `StoreError`."""
    plane: ControlPlane = request.app.state.plane
    uuid = uuid_of(id)
    call = find_call(plane.log.store, caller_of(request).org, uuid)
    if call is None:
        raise NoSuchCall(uuid)
    return call
