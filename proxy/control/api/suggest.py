"""`/api/suggest`: values to choose from while a filter is written, from a small table and never from the calls."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter

from proxy.control.auth import caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.logstore.values import Suggestion, suggest, suggest_scores
from proxy.query import FilterError, find_column
from proxy.query.annotations import FEEDBACK_VALUES

__all__ = ["SUGGEST_ROUTES"]

_MAX_VALUES: Final = 100
_MAX_DAYS: Final = 100
_NAME_OF_SQL: Final = {
    "user_id": "user",
    "model": "model",
    "provider": "provider",
    "session_name": "session_name",
    "request_name": "name",
    "prompt_id": "prompt",
    "error": "error",
    "operation": "operation",
    "outcome": "outcome",
    "key": "key",
    "status": "status",
    "tool_names": "tool",
}
"""Expression of a column to its name in `property_values`."""


class Suggestions(msgspec.Struct):
    """Values of most calls first. `calls` counts those of the last `days` days, nearly: it may lag behind by a minute,
    and of a name with more than 20,000 values a day some are left out."""

    data: list[Suggestion]


@get("/api/suggest", opt=needs("viewer"), summary="Values for a filter", operation_id="suggestValues")
async def suggest_values(
    request: Request[Any, Any, Any],
    column: Annotated[
        str,
        QueryParameter(
            description="A column such as user or model, property.<name>, property for the names of properties, "
            "score for the names of scores, score.<name> for categories.",
            required=False,
        ),
    ] = "",
    prefix: Annotated[str, QueryParameter(description="How the value begins; where few do, what it contains.")] = "",
    limit: Annotated[int, QueryParameter(description=f"Values, 1 to {_MAX_VALUES}.")] = 20,
    days: Annotated[int, QueryParameter(description=f"Seen in the last so many days, 1 to {_MAX_DAYS}.")] = 30,
) -> Suggestions:
    """Values that begin like a text."""
    if not 1 <= limit <= _MAX_VALUES:
        raise FilterError("limit", limit, f"1 to {_MAX_VALUES}")
    if not 1 <= days <= _MAX_DAYS:
        raise FilterError("days", days, f"1 to {_MAX_DAYS}")
    if len(prefix) > 300:
        raise FilterError("prefix", f"{len(prefix)} characters", "at most 300")
    now = datetime.now(UTC)
    fixed = _fixed_values(column)
    if fixed is not None:
        return Suggestions([Suggestion(value, 0, None) for value in fixed if value.startswith(prefix.lower())])
    since = f"{now - timedelta(days=days):%Y-%m-%d}"
    plane: ControlPlane = request.app.state.plane
    org = caller_of(request).org
    kind, _, name = column.partition(".")
    if kind == "score":
        return Suggestions(
            await run_query(request, lambda: suggest_scores(plane.log.store, org, name.lower(), prefix, since, limit))
        )
    stored = _stored_name(column)
    return Suggestions(await run_query(request, lambda: suggest(plane.log.store, org, stored, prefix, since, limit)))


def _fixed_values(column: str) -> list[str] | None:
    """The values of a column that has few by its nature."""
    if column == "feedback":
        return list(FEEDBACK_VALUES)
    if column and "." not in column and column not in ("property", "score"):
        return ["true", "false"] if find_column("column", column).kind == "bool" else None
    return None


def _stored_name(column: str) -> str:
    """The name of a column in `property_values`. Raises `FilterError`."""
    if column == "property":
        return column
    found = find_column("column", column)
    if found.name.startswith("property."):
        return found.name
    name = _NAME_OF_SQL.get(found.sql)
    if name is None:
        accepted = ", ".join([*_NAME_OF_SQL.values(), "property", "property.<name>", "score", "score.<name>"])
        raise FilterError("column", column, f"one of {accepted}")
    return name


SUGGEST_ROUTES: list[Any] = [suggest_values]
