"""Reads annotations: what was said of calls and sessions, and what is in force of it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from proxy.core.clock import uuid7_time_us
from proxy.logstore.base import LogStore
from proxy.logstore.sql import query

__all__ = [
    "Annotations",
    "Note",
    "annotations_of",
    "history",
    "in_force",
    "known_requests",
    "put_updated_properties",
    "session_history",
    "value_of",
]

MAX_HISTORY: Final = 2000
_MAX_TIME_US: Final = 4_102_444_800_000_000
_ID_TIME_TOLERANCE_US: Final = 5_000_000
"""How far a call's start may be from the time in its own id. Ids that callers made may say any time."""


class Note(msgspec.Struct, frozen=True):
    """A note; a call may have many."""

    id: str
    at: datetime
    text: str
    by: str


class Annotations(msgspec.Struct):
    """What is in force of one call or session: of each kind and name the value written last; every note."""

    rating: float | None = None
    """From -1 (bad) to 1 (good)."""
    comment: str = ""
    correction: str | None = None
    scores: dict[str, float | bool | str] = {}
    properties: dict[str, str | None] = {}
    """Properties set after the call; null for one that was removed."""
    notes: list[Note] = []


def history(store: LogStore, org: str, ids: Collection[str]) -> list[dict[str, Any]]:
    """The rows of these calls, oldest first; of each call the newest `MAX_HISTORY`."""
    bound = {"org": org, "ids": list(ids), "limit": MAX_HISTORY}
    return store.read(query("annotations"), bound)[::-1] if ids else []


def session_history(store: LogStore, org: str, session: str) -> list[dict[str, Any]]:
    """The rows of a session itself, oldest first; at most `MAX_HISTORY`, the newest."""
    return store.read(query("session_annotations"), {"org": org, "session": session, "limit": MAX_HISTORY})[::-1]


def annotations_of(store: LogStore, org: str, ids: Collection[str]) -> dict[str, Annotations]:
    """What is in force of these calls, by id; without the calls of which nothing was said."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in history(store, org, ids):
        grouped.setdefault(row["request_id"], []).append(row)
    return {id: in_force(rows) for id, rows in grouped.items()}


def known_requests(store: LogStore, org: str, ids: Collection[str]) -> set[str]:
    """Those of the ids that the log has a call of. Looks first where the times in the ids say."""
    times = [at for at in map(uuid7_time_us, ids) if at is not None]
    known: set[str] = set()
    if times:
        near = (min(times) - _ID_TIME_TOLERANCE_US, max(times) + _ID_TIME_TOLERANCE_US)
        known = _known(store, org, list(ids), max(0, near[0]), min(near[1], _MAX_TIME_US))
    rest = [id for id in ids if id not in known]
    return known | _known(store, org, rest, 0, _MAX_TIME_US) if rest else known


def _known(store: LogStore, org: str, ids: list[str], since_us: int, until_us: int) -> set[str]:
    bound = {"org": org, "ids": ids, "since_us": since_us, "until_us": until_us}
    return {row["id"] for row in store.read(query("known_requests"), bound)}


def put_updated_properties(store: LogStore, org: str, calls: Sequence[dict[str, Any]]) -> None:
    """Brings `properties` of rows of `requests` up to what was set after the calls.

    Costs nothing for an organisation that never changed one."""
    if not calls or not store.updated_properties(org):
        return
    changes: dict[str, dict[str, str | None]] = {}
    for row in store.read(query("property_updates"), {"org": org, "ids": [call["id"] for call in calls]}):
        changes.setdefault(row["request_id"], {})[row["name"]] = None if row["is_removed"] else row["value"]
    for call in calls:
        if call["id"] in changes:
            merged = {**call["properties"], **changes[call["id"]]}
            call["properties"] = {name: value for name, value in merged.items() if value is not None}


def in_force(rows: Iterable[dict[str, Any]]) -> Annotations:
    """What is in force after `rows` of one call or session, oldest first."""
    now = Annotations()
    for row in rows:
        name, removed = row["name"], row["removed"]
        match row["kind"]:
            case "feedback":
                now.comment, now.rating = ("", None) if removed else (row["text"], row["number"])
            case "correction":
                now.correction = None if removed else row["text"]
            case "score":
                now.scores.pop(name, None)
                if not removed:
                    now.scores[name] = value_of(row)  # type: ignore[assignment]
            case "property":
                now.properties[name] = None if removed else row["text"]
            case "note":
                now.notes.append(Note(row["id"], row["at"], row["text"], row["by"]))
    return now


def value_of(row: dict[str, Any]) -> float | bool | str | None:
    """What a row says, in its own type; null where it takes a value back."""
    if row["removed"]:
        return None
    if row["kind"] == "feedback" or row["type"] == "number":
        return float(row["number"])
    return bool(row["number"]) if row["type"] == "boolean" else str(row["text"])
