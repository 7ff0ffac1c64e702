"""Errors of a change: conflict, invalid value, missing row."""

from sqlalchemy.exc import IntegrityError as ConstraintError
from sqlalchemy.exc import SQLAlchemyError as DatabaseError

from proxy.core.errors import PerihelionError

__all__ = ["ConstraintError", "DatabaseError", "InvalidValue", "RowConflict", "RowNotFound"]


class RowNotFound(PerihelionError):
    """No such thing in this organisation."""

    def __init__(self, what: str, id: str) -> None:
        super().__init__(f"no {what} {id!r} here")


class RowConflict(PerihelionError):
    """Something of that name is there already, or what is asked contradicts what is."""


class InvalidValue(PerihelionError):
    """A value that is not accepted: where it stands, what was found, what would be right."""

    def __init__(self, path: str, found: str, accepted: str) -> None:
        super().__init__(f"{path}: found {found!r}; accepted: {accepted}")
        self.path = path
        self.found = found
        self.accepted = accepted
