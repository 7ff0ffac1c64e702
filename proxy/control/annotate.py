"""Writes annotations: checks values, makes rows, and shares inserts among those who write at the same time."""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec

from proxy.core.clock import now_us, parse_uuid, uuid7
from proxy.logstore import LogStore
from proxy.logstore.rows import AnnotationKind, AnnotationRow, ScoreType
from proxy.metadata.errors import InvalidValue

__all__ = [
    "MAX_IDS",
    "AnnotationWriter",
    "addressed",
    "correction_row",
    "feedback_row",
    "note_row",
    "property_rows",
    "request_id_of",
    "request_ids_of",
    "score_rows",
]

_T = TypeVar("_T")

MAX_IDS: Final = 1000
_MAX_NAMES: Final = 64
_MAX_NAME_CHARS: Final = 128
_MAX_PROPERTY_CHARS: Final = 1024
_MAX_TEXT_CHARS: Final = 20_000


class AnnotationWriter:
    """Inserts rows of annotations. Those that come while an insert is under way share the next one: a client that
    scores every answer would else make a part of the table each time."""

    def __init__(self, store: Callable[[], LogStore]) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[_Batch] = []

    def write(self, rows: Sequence[AnnotationRow]) -> None:
        """Returns when the rows are in the store. Raises `StoreError`."""
        own = _Batch(rows)
        with self._lock:
            self._waiting.append(own)
        with self._turn:
            if not own.done:  # else the insert of another thread had it
                with self._lock:
                    batches, self._waiting = self._waiting, []
                self._insert(batches)
        if own.error is not None:
            raise own.error

    def _insert(self, batches: "list[_Batch]") -> None:
        rows = [row for batch in batches for row in batch.rows]
        error: Exception | None = None
        try:
            self._store().write("annotations", rows, uuid7(now_us()))
        except Exception as failed:  # noqa: BLE001 - each of the writers raises it
            error = failed
        for batch in batches:
            batch.done, batch.error = True, error


class _Batch:
    """What one caller writes."""

    def __init__(self, rows: Sequence[AnnotationRow]) -> None:
        self.rows = rows
        self.done = False
        self.error: Exception | None = None


def request_id_of(path: str, text: str) -> str:
    """The id of a call in its canonical form. Raises `InvalidValue`."""
    id = parse_uuid(text)
    if id is None:
        raise InvalidValue(path, text[:60], "a UUID, as the response's `Helicone-Id`")
    return id


def request_ids_of(path: str, texts: Sequence[str]) -> list[str]:
    """The ids of calls, each once. Raises `InvalidValue`."""
    if not 1 <= len(texts) <= MAX_IDS:
        raise InvalidValue(path, f"{len(texts)} ids", f"1 to {MAX_IDS} ids")
    return list(dict.fromkeys(request_id_of(f"{path}[{at}]", text) for at, text in enumerate(texts)))


def feedback_row(rating: bool | float | None, comment: str = "") -> AnnotationRow:
    """A rating: true or false, or from -1 to 1; None takes it back. Raises `InvalidValue`."""
    _check_text("note", comment)
    if rating is None:
        return _row("feedback", removed=True)
    number = (1.0 if rating else -1.0) if isinstance(rating, bool) else float(rating)
    if not -1 <= number <= 1:
        raise InvalidValue("rating", str(rating), "true, false, a number from -1 to 1, or null")
    return _row("feedback", number=number, text=comment)


def correction_row(text: str | None) -> AnnotationRow:
    """The answer that would have been right; None takes it back. Raises `InvalidValue`."""
    if text is None:
        return _row("correction", removed=True)
    return _row("correction", text=_check_text("correction", text))


def note_row(path: str, text: str) -> AnnotationRow:
    """A note. Raises `InvalidValue`."""
    if not text.strip():
        raise InvalidValue(path, text[:60], "a text that is not empty")
    return _row("note", text=_check_text(path, text))


def score_rows(scores: dict[str, float | bool | str | None]) -> list[AnnotationRow]:
    """A row a score: numbers, booleans, or text as a category; None takes a score back. Raises `InvalidValue`."""
    return [_score(name, value) for name, value in _named("scores", scores)]


def property_rows(properties: dict[str, str | None]) -> list[AnnotationRow]:
    """A row a property; None removes one. Raises `InvalidValue`."""
    rows: list[AnnotationRow] = []
    for name, value in _named("properties", properties):
        if value is not None and len(value) > _MAX_PROPERTY_CHARS:
            raise InvalidValue(f"properties.{name}", value[:60] + "…", f"at most {_MAX_PROPERTY_CHARS} characters")
        rows.append(_row("property", name=name, text=value or "", removed=value is None))
    return rows


def addressed(
    rows: Sequence[AnnotationRow], org: str, by: str, *, ids: Sequence[str] = ("",), session: str = ""
) -> list[AnnotationRow]:
    """The rows for each of the calls, or for a session, as they go into the store.

    They are a microsecond apart, so that they keep their order."""
    now = now_us()
    return [
        msgspec.structs.replace(row, id=uuid7(at), org=org, by=by, at=at, request_id=id, session_id=session)
        for id in ids
        for at, row in enumerate(rows, now)
    ]


def _score(name: str, value: float | bool | str | None) -> AnnotationRow:
    path = f"scores.{name}"
    if value is None:
        return _row("score", name=name, removed=True)
    if isinstance(value, str):
        if not 1 <= len(value) <= _MAX_PROPERTY_CHARS:
            raise InvalidValue(path, value[:60], f"a category of 1 to {_MAX_PROPERTY_CHARS} characters")
        return _row("score", name=name, type="category", text=value)
    if not math.isfinite(value):
        raise InvalidValue(path, str(value), "a finite number, true, false, a category, or null")
    return _row("score", name=name, type="boolean" if isinstance(value, bool) else "number", number=float(value))


def _named(path: str, values: dict[str, _T]) -> Iterator[tuple[str, _T]]:
    """Names in lower case and their values. Raises `InvalidValue`."""
    if not 1 <= len(values) <= _MAX_NAMES:
        raise InvalidValue(path, f"{len(values)} names", f"1 to {_MAX_NAMES} names")
    seen: set[str] = set()
    for given, value in values.items():
        name = given.strip().lower()
        if not 1 <= len(name) <= _MAX_NAME_CHARS or not name.isprintable():
            raise InvalidValue(
                f"{path}.{given[:60]}", given[:60], f"a name of 1 to {_MAX_NAME_CHARS} printable characters"
            )
        if name in seen:
            raise InvalidValue(f"{path}.{given}", given, "each name once; names are compared without case")
        seen.add(name)
        yield name, value


def _check_text(path: str, text: str) -> str:
    if len(text) > _MAX_TEXT_CHARS:
        raise InvalidValue(path, text[:60] + "…", f"at most {_MAX_TEXT_CHARS} characters")
    return text


def _row(
    kind: AnnotationKind, *, name: str = "", type: ScoreType = "", number: float | None = None, text: str = "",
    removed: bool = False,
) -> AnnotationRow:  # fmt: skip
    """A row that is not addressed yet."""
    return AnnotationRow(
        id="", org="", at=0, kind=kind, name=name, type=type, number=number, text=text, removed=removed
    )
