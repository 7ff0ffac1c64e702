"""What can be wrong with a request to change something."""

from proxy.core.errors import PerihelionError

__all__ = ["Clash", "Invalid", "Missing"]


class Missing(PerihelionError):
    """No such thing in this organisation."""

    def __init__(self, what: str, id: str) -> None:
        super().__init__(f"no {what} {id!r} here")


class Clash(PerihelionError):
    """Something of that name is there already, or what is asked contradicts what is."""


class Invalid(PerihelionError):
    """A value that is not accepted: where it stands, what was found, what would be right."""

    def __init__(self, path: str, found: str, accepted: str) -> None:
        super().__init__(f"{path}: found {found!r}; accepted: {accepted}")
        self.path = path
        self.found = found
        self.accepted = accepted
