"""Header names in lower case. Names repeat, so each is decoded once."""

from typing import Final

__all__ = ["HeaderNames"]

_MAX_ENTRIES: Final = 4096
_MAX_SIZE: Final = 128
"""Bytes of a name that is kept; whoever sends longer ones would fill the memory with them."""


class HeaderNames(dict[bytes, str]):
    """Name as it came to its text in lower case: `names[raw]`. Names that begin with `spelled` keep their spelling;
    those that begin with one of `left_out` are empty."""

    def __init__(self, spelled: str = "\n", left_out: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._spelled = spelled
        self._left_out = left_out

    def __missing__(self, raw: bytes) -> str:
        text = raw.decode("latin-1")
        name = text.lower()
        if name.startswith(self._spelled):
            name = text
        elif name.startswith(self._left_out):
            name = ""
        if len(self) < _MAX_ENTRIES and len(raw) <= _MAX_SIZE:
            self[raw] = name
        return name
