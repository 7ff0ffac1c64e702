"""Errors of a change: conflict, invalid value, missing row."""

from sqlalchemy.exc import IntegrityError as ConstraintError
from sqlalchemy.exc import SQLAlchemyError as DatabaseError

from proxy.core.errors import PerihelionError

__all__ = ["ConstraintError", "DatabaseError", "InvalidValue", "RowConflict", "RowNotFound"]


class RowNotFound(PerihelionError):
    """The organisation has no such row."""

    def __init__(self, what: str, id: str) -> None:
        super().__init__(f"no {what} {id!r} here")


class RowConflict(PerihelionError):
    """The name is taken, or the change contradicts other rows."""


class InvalidValue(PerihelionError):
    """A value that is not accepted: its path, the value, and what is accepted."""

    def __init__(self, path: str, found: str, accepted: str) -> None:
        super().__init__(f"{path}: found {found!r}; accepted: {accepted}")
        self.path = path
        self.found = found
        self.accepted = accepted
