"""The query parameters that choose a page of a list."""

from typing import Annotated

from litestar.params import QueryParameter

from proxy.metadata.errors import InvalidValue

__all__ = ["After", "Limit", "check_limit"]

_MAX_ROWS = 500

After = Annotated[str, QueryParameter(name="cursor", description="`next` of the page before.")]
Limit = Annotated[int, QueryParameter(description=f"Rows, 1 to {_MAX_ROWS}.")]


def check_limit(limit: int) -> int:
    """Return `limit`. Raises `InvalidValue` where a page cannot have that many rows."""
    if not 1 <= limit <= _MAX_ROWS:
        raise InvalidValue("limit", str(limit), f"1 to {_MAX_ROWS}")
    return limit
