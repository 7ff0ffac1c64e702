"""Feedback, scores, notes and properties of calls and sessions, given after the fact. Rows are only added."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Request, Response, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from proxy.control import annotate
from proxy.control.annotate import addressed, request_id_of, request_ids_of
from proxy.control.auth import caller_of, needs
from proxy.control.idempotency import mutate
from proxy.control.plane import ControlPlane
from proxy.logstore.annotations import Annotations, history, in_force, known_requests, value_of
from proxy.logstore.rows import AnnotationRow
from proxy.metadata.errors import InvalidValue

__all__ = ["ANNOTATION_ROUTES", "Written", "annotate_requests"]

ScoreValue = float | bool | str | None


class Feedback(msgspec.Struct, forbid_unknown_fields=True):
    """At least one of the three. `null` takes a rating or a correction back."""

    rating: float | bool | UnsetType | None = UNSET
    """true (good, 1), false (bad, -1), or a number between."""
    note: str = ""
    """A comment on the rating; without a rating, a note."""
    correction: str | UnsetType | None = UNSET
    """The answer that would have been right."""


class NewNote(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class Batch(Feedback, forbid_unknown_fields=True, kw_only=True):
    """The same for each of these calls."""

    ids: list[str]
    """Ids of calls, at most 1000."""
    scores: dict[str, ScoreValue] = {}
    properties: dict[str, str | None] = {}


class SessionScores(msgspec.Struct, forbid_unknown_fields=True):
    session: str
    """Id of the session (Helicone-Session-Id)."""
    scores: dict[str, ScoreValue]


class Written(msgspec.Struct):
    """How many annotations were stored, and the ids that the log has no call of yet. A call shows up about a second
    after it ended, and its annotations with it."""

    written: int
    unknown: list[str]


class Annotation(msgspec.Struct):
    """One thing that was said. `value` is the rating, score, property, note or correction; null takes it back."""

    id: str
    at: datetime
    kind: Literal["feedback", "correction", "note", "score", "property"]
    by: str
    value: float | bool | str | None
    name: str
    comment: str


class History(msgspec.Struct):
    """Everything that was said of one call, oldest first, and what of it is in force."""

    current: Annotations
    data: list[Annotation]


@post("/api/requests/{id:str}/feedback", sync_to_thread=True, opt=needs("member"), summary="Rate or correct a call",
      status_code=201, operation_id="addFeedback")  # fmt: skip
def add_feedback(request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[Feedback]) -> Response[Written]:
    """The last rating and the last correction of a call count."""
    return annotate_requests(request, data, [request_id_of("id", id)], _feedback_rows(data))


@post("/api/requests/{id:str}/scores", sync_to_thread=True, opt=needs("member"), summary="Score a call",
      status_code=201, operation_id="addScores")  # fmt: skip
def add_scores(
    request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[dict[str, ScoreValue]]
) -> Response[Written]:
    """Scores by name: numbers, booleans, or text as a category; null takes a score back. The last of a name counts."""
    return annotate_requests(request, data, [request_id_of("id", id)], annotate.score_rows(data))


@post("/api/requests/{id:str}/notes", sync_to_thread=True, opt=needs("member"), summary="Add a note to a call",
      status_code=201, operation_id="addNote")  # fmt: skip
def add_note(request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[NewNote]) -> Response[Written]:
    """All notes of a call are kept."""
    return annotate_requests(request, data, [request_id_of("id", id)], [annotate.note_row("text", data.text)])


@put("/api/requests/{id:str}/properties", sync_to_thread=True, opt=needs("member"), summary="Set properties of a call",
     operation_id="setProperties")  # fmt: skip
def set_properties(
    request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[dict[str, str | None]]
) -> Response[Written]:
    """Sets the named properties and leaves the others; null removes one. Names have no case."""
    return annotate_requests(request, data, [request_id_of("id", id)], annotate.property_rows(data), 200)


@post("/api/annotations", sync_to_thread=True, opt=needs("member"), summary="Annotate many calls", status_code=201,
      operation_id="annotateRequests")  # fmt: skip
def add_to_many(request: Request[Any, Any, Any], data: JSONBody[Batch]) -> Response[Written]:
    """Feedback, scores, a note and properties for each of the calls."""
    rows = [
        *(annotate.score_rows(data.scores) if data.scores else []),
        *(annotate.property_rows(data.properties) if data.properties else []),
    ]
    if not rows or data.note or data.rating is not UNSET or data.correction is not UNSET:
        rows += _feedback_rows(data)
    return annotate_requests(request, data, request_ids_of("ids", data.ids), rows)


@post("/api/sessions/scores", sync_to_thread=True, opt=needs("member"), summary="Score a session", status_code=201,
      operation_id="addSessionScores")  # fmt: skip
def add_session_scores(request: Request[Any, Any, Any], data: JSONBody[SessionScores]) -> Response[Written]:
    """As of a call. The session need not be in the log yet."""
    if not 1 <= len(data.session) <= 1024:
        raise InvalidValue("session", data.session[:60], "the id of a session, 1 to 1024 characters")
    caller = caller_of(request)
    rows = addressed(annotate.score_rows(data.scores), caller.org, caller.name, session=data.session)
    return _write(request, data, rows, [], 201)


@get("/api/requests/{id:str}/annotations", sync_to_thread=True, opt=needs("viewer"), summary="Annotations of a call",
     operation_id="listAnnotations")  # fmt: skip
def list_annotations(request: Request[Any, Any, Any], id: FromPath[str]) -> History:
    """What was said of the call, by whom and when; nothing where nobody said anything."""
    plane: ControlPlane = request.app.state.plane
    rows = history(plane.log.store, caller_of(request).org, [request_id_of("id", id)])
    return History(in_force(rows), [_annotation(row) for row in rows])


def annotate_requests(
    request: Request[Any, Any, Any], data: object, ids: list[str], rows: list[AnnotationRow], status: int = 201
) -> Response[Written]:
    """Stores `rows` for each of the calls; `data` is what the request asks for."""
    plane: ControlPlane = request.app.state.plane
    caller = caller_of(request)
    known = known_requests(plane.log.store, caller.org, ids)
    unknown = [id for id in ids if id not in known]
    return _write(request, data, addressed(rows, caller.org, caller.name, ids=ids), unknown, status)


def _write(
    request: Request[Any, Any, Any], data: object, rows: list[AnnotationRow], unknown: list[str], status: int
) -> Response[Written]:
    plane: ControlPlane = request.app.state.plane

    def change(_: object) -> Written:
        plane.log.annotations.write(rows)
        return Written(len(rows), unknown)

    if request.headers.get("idempotency-key"):
        return mutate(request, data, change, status, publish=False)
    return Response(change(None), status_code=status, media_type="application/json")


def _feedback_rows(data: Feedback) -> list[AnnotationRow]:
    rows: list[AnnotationRow] = []
    if data.rating is not UNSET:
        rows.append(annotate.feedback_row(data.rating, data.note))
    elif data.note:
        rows.append(annotate.note_row("note", data.note))
    if data.correction is not UNSET:
        rows.append(annotate.correction_row(data.correction))
    if not rows:
        raise InvalidValue("rating", "nothing", "a rating, a note or a correction")
    return rows


def _annotation(row: dict[str, Any]) -> Annotation:
    comment = row["text"] if row["kind"] == "feedback" else ""
    return Annotation(row["id"], row["at"], row["kind"], row["by"], value_of(row), row["name"], comment)


ANNOTATION_ROUTES: list[Any] = [
    add_feedback, add_scores, add_note, set_properties, add_to_many, add_session_scores, list_annotations,
]  # fmt: skip
