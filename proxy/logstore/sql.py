"""The queries of the store, read from `queries/*.sql`."""

from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["query"]

_FOLDER: Final = Path(__file__).parent / "queries"


@cache
def query(name: str) -> str:
    """The text of `queries/<name>.sql`."""
    return (_FOLDER / f"{name}.sql").read_text("utf-8").strip()
