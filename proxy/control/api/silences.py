"""`/api/silences`: for a time, alerts that match are not sent."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from proxy.alerts.silences import Matcher, check_matchers
from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import caller_of, needs
from proxy.control.idempotency import database_of, mutate
from proxy.core.clock import now_us
from proxy.metadata import documents, silences
from proxy.metadata.db import Connection
from proxy.metadata.errors import InvalidValue
from proxy.metadata.silences import StoredSilence

__all__ = ["SILENCE_ROUTES"]

_LONGEST_US: Final = 366 * 86_400_000_000


class NewSilence(msgspec.Struct, forbid_unknown_fields=True):
    """Alerts that all of `matchers` fit are not sent. Their states and history go on."""

    matchers: list[Matcher]
    ends_us: int
    """Microseconds since the epoch."""
    starts_us: int = 0
    """0: now."""
    comment: str = ""


class SilenceChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    ends_us: int | None = None
    """Now or earlier: it is over."""
    comment: str | None = None


class Silence(msgspec.Struct, kw_only=True):
    id: str
    matchers: list[Matcher]
    comment: str
    starts_us: int
    ends_us: int
    active: bool
    """Whether it holds now."""
    created_us: int
    created_by: str
    created_by_name: str


class SilencePage(msgspec.Struct):
    data: list[Silence]
    next: str | None


@get("/api/silences", sync_to_thread=True, opt=needs("viewer"), summary="Silences", operation_id="listSilences")
def list_silences(request: Request[Any, Any, Any], after: After = "", limit: Limit = 50) -> SilencePage:
    """Those to come, those that hold and those that are over, oldest first."""
    check_limit(limit)
    org = caller_of(request).org
    with database_of(request).read() as rows:
        found = silences.listed(rows, org, after, limit + 1)
        data = _answers(rows, org, found[:limit])
    return SilencePage(data, found[limit - 1].id if len(found) > limit else None)


@post("/api/silences", sync_to_thread=True, opt=needs("member"), status_code=201, summary="Create a silence",
      operation_id="createSilence")  # fmt: skip
def create_silence(request: Request[Any, Any, Any], data: JSONBody[NewSilence]) -> Response[Silence]:
    """For alerts that fire now, and for those to come."""
    caller, at = caller_of(request), now_us()
    check_matchers(data.matchers)
    starts_us = data.starts_us or at
    _check_end(starts_us, data.ends_us)
    if data.ends_us <= at:
        raise InvalidValue("ends_us", str(data.ends_us), f"a time in the future, in microseconds: above {at}")
    comment = _checked_comment(data.comment)
    matchers = msgspec.json.encode(data.matchers).decode()

    def make(rows: Connection) -> Silence:
        made = silences.create(rows, caller.org, matchers, comment, starts_us, data.ends_us, caller.name)
        return _answers(rows, caller.org, [made])[0]

    return mutate(request, data, make, 201, publish=False)


@patch("/api/silences/{id:str}", sync_to_thread=True, opt=needs("member"), summary="Change a silence",
       operation_id="editSilence")  # fmt: skip
def edit_silence(
    request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[SilenceChange]
) -> Response[Silence]:
    """End it now, or later than planned."""
    caller = caller_of(request)

    def change(rows: Connection) -> Silence:
        before = silences.shown(rows, caller.org, id)
        ends_us = before.ends_us if data.ends_us is None else data.ends_us
        if data.ends_us is not None and data.ends_us > now_us():
            _check_end(before.starts_us, ends_us)
        comment = before.comment if data.comment is None else _checked_comment(data.comment)
        return _answers(rows, caller.org, [silences.edit(rows, caller.org, id, max(0, ends_us), comment)])[0]

    return mutate(request, data, change, publish=False)


@delete("/api/silences/{id:str}", sync_to_thread=True, opt=needs("member"), status_code=204,
        summary="Delete a silence", operation_id="deleteSilence")  # fmt: skip
def delete_silence(request: Request[Any, Any, Any], id: FromPath[str]) -> None:
    """Alerts that it held back are sent at the next evaluation, where they still fire."""
    with database_of(request).write(publish=False) as rows:
        silences.remove(rows, caller_of(request).org, id)


def _check_end(starts_us: int, ends_us: int) -> None:
    if not 0 < starts_us < 1 << 62:
        raise InvalidValue("starts_us", str(starts_us), "a time in microseconds since the epoch")
    if not starts_us < ends_us <= starts_us + _LONGEST_US:
        raise InvalidValue("ends_us", str(ends_us), "after starts_us, by at most 366 days, in microseconds")


def _checked_comment(comment: str) -> str:
    if len(comment) > 500:
        raise InvalidValue("comment", f"{len(comment)} characters", "at most 500")
    return comment


def _answers(rows: Connection, org: str, found: list[StoredSilence]) -> list[Silence]:
    names, now = documents.names_of(rows, org, {one.created_by for one in found}), now_us()
    return [
        Silence(
            id=one.id, matchers=msgspec.json.decode(one.matchers, type=list[Matcher]), comment=one.comment,
            starts_us=one.starts_us, ends_us=one.ends_us, active=one.starts_us <= now < one.ends_us,
            created_us=one.created_us, created_by=one.created_by, created_by_name=names.get(one.created_by, ""),
        )
        for one in found
    ]  # fmt: skip


SILENCE_ROUTES: list[Any] = [list_silences, create_silence, edit_silence, delete_silence]
