"""Errors of a question that cannot be answered as it was put."""

__all__ = ["FilterError", "SqlError"]


class FilterError(ValueError):
    """A value that cannot be used: where it stands, what was found, and what is accepted."""

    def __init__(self, parameter: str, found: object, accepted: str) -> None:
        super().__init__(f"{parameter} is {found!r}; accepted: {accepted}")
        self.parameter = parameter
        self.found = str(found)
        self.accepted = accepted


class SqlError(ValueError):
    """The text of a caller's SQL is not one SELECT, or its parameters do not fit; the message says why."""
