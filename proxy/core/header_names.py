"""Header names in lower case. Names repeat, so each is decoded once."""

from typing import Final

__all__ = ["HeaderNames"]

_MAX_ENTRIES: Final = 4096


class HeaderNames(dict[bytes, str]):
    """Name as it came to its text in lower case: `names[raw]`. Names that begin with `spelled` keep their spelling."""

    def __init__(self, spelled: str = "\n") -> None:
        super().__init__()
        self._spelled = spelled

    def __missing__(self, raw: bytes) -> str:
        text = raw.decode("latin-1")
        name = text.lower()
        if name.startswith(self._spelled):
            name = text
        if len(self) < _MAX_ENTRIES:
            self[raw] = name
        return name
