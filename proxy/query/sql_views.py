"""The views that callers' SQL reads: the log of one organisation under the public column names.

A view is a query over the tables of the store, put before the caller's statement as a common table expression. One more
view: one row in `VIEWS`. One more column of `requests`: see `columns`.
"""

import typing
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Meta

from proxy.core.event import EventBodies
from proxy.query.columns import COLUMNS

__all__ = ["ORG", "VIEWS", "View", "ViewColumn", "view_queries"]

ORG: Final = "perihelion_org"
"""The parameter that holds the organisation."""


class ViewColumn(msgspec.Struct, frozen=True):
    """One column of a view, and its expression over what the view reads."""

    name: str
    sql: str
    help: str
    unit: str = ""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One view. `source` is what stands behind FROM, `{db}` being the database."""

    name: str
    help: str
    columns: tuple[ViewColumn, ...]
    source: str
    where: str = ""
    group: str = ""

    def sql(self, database: str) -> str:
        """The query of the view."""
        chosen = ", ".join(f"{column.sql} AS {column.name}" for column in self.columns)
        where = f"org = {{{ORG}:String}}" + (f" AND {self.where}" if self.where else "")
        return f"SELECT {chosen} FROM {self.source.format(db=database)} WHERE {where}{self.group}"


def view_queries(database: str, *, updated_properties: bool = False) -> dict[str, str]:
    """The query of each view by its name. With `updated_properties`, `properties` of `requests` are as they were
    changed after the calls, which takes a join."""
    views = {**VIEWS, "requests": _UPDATED_REQUESTS} if updated_properties else VIEWS
    return {name: view.sql(database) for name, view in views.items()}


def _requests() -> tuple[ViewColumn, ...]:
    shown = (column for column in COLUMNS.values() if column.sql and column.name != "org")
    return tuple(
        ViewColumn(
            column.name, f"r.{column.sql}" if column.sql == column.name else column.sql, column.help, column.unit
        )
        for column in shown
    )


def _bodies() -> tuple[ViewColumn, ...]:
    columns: list[ViewColumn] = []
    for name, hint in typing.get_type_hints(EventBodies, include_extras=True).items():
        extras = typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ()
        help = next((extra.description or "" for extra in extras if isinstance(extra, Meta)), "")
        columns.append(ViewColumn(name, f"b.{name}", help))
    return tuple(column for column in columns if column.name != "org")


_LAST: Final = "argMax({}, (a.at, a.id))"
_SAID: Final = (
    ViewColumn("at", "max(a.at)", "when it was said last"),
    ViewColumn("by", _LAST.format("a.by"), "id of the person or API key that said it"),
)
_FIGURES: Final = (
    ViewColumn("first", "min(r.start)", "start of the first call"),
    ViewColumn("last", "max(r.start)", "start of the last call"),
    ViewColumn("calls", "count()", "calls"),
    ViewColumn("errors", "countIf(r.error != '' OR r.status >= 400 OR r.outcome != 'success')", "failed calls"),
    ViewColumn("cost", "sum(r.cost_nanousd) / 1e9", "known cost of the calls", "USD"),
    ViewColumn("cost_nanousd", "sum(r.cost_nanousd)", "known cost of the calls", "nano-USD"),
    ViewColumn("saved", "sum(r.saved_nanousd) / 1e9", "what cache hits would have cost", "USD"),
    ViewColumn("input_tokens", "sum(r.input_tokens)", "all input tokens", "tokens"),
    ViewColumn("output_tokens", "sum(r.output_tokens)", "all output tokens", "tokens"),
    ViewColumn("cache_hits", "countIf(r.cached)", "calls served from the cache"),
)

VIEWS: Final[Mapping[str, View]] = {
    view.name: view
    for view in (
        View(
            name="requests", help="one row a call, without its bodies", columns=_requests(), source="{db}.requests AS r"
        ),
        View(
            name="bodies",
            help="bodies of the calls, where they are stored",
            columns=_bodies(),
            source="{db}.bodies AS b",
        ),
        View(
            name="sessions",
            help="one row a session",
            columns=(
                ViewColumn("session_id", "r.session_id", "id of the session"),
                ViewColumn("session_name", "any(r.session_name)", "its name"),
                ViewColumn("users", "arrayDistinct(groupArrayIf(r.user_id, r.user_id != ''))", "its users"),
                *_FIGURES,
            ),
            source="{db}.requests AS r",
            where="r.session_id != ''",
            group=" GROUP BY r.session_id",
        ),
        View(
            name="users",
            help="one row a user",
            columns=(ViewColumn("user_id", "r.user_id", "id of the user"), *_FIGURES),
            source="{db}.requests AS r",
            where="r.user_id != ''",
            group=" GROUP BY r.user_id",
        ),
        View(
            name="scores",
            help="the last score of each name that a call or a session has",
            columns=(
                ViewColumn("request_id", "a.request_id", "`id` of the call; empty for a session's"),
                ViewColumn("session_id", "a.session_id", "the session; empty for a call's"),
                ViewColumn("name", "a.name", "name of the score"),
                ViewColumn("type", _LAST.format("a.type"), "`number`, `boolean` or `category`"),
                ViewColumn("value", _LAST.format("tuple(a.number)") + ".1", "number; of a boolean 0 or 1"),
                ViewColumn("category", _LAST.format("if(a.type = 'category', a.text, '')"), "category"),
                *_SAID,
            ),
            source="{db}.annotations AS a",
            where="a.kind = 'score'",
            group=" GROUP BY a.request_id, a.session_id, a.name HAVING NOT argMax(a.removed, (a.at, a.id))",
        ),
        View(
            name="feedback",
            help="the last rating of each call or session that has one",
            columns=(
                ViewColumn("request_id", "a.request_id", "`id` of the call; empty for a session's"),
                ViewColumn("session_id", "a.session_id", "the session; empty for a call's"),
                ViewColumn("rating", _LAST.format("tuple(a.number)") + ".1", "from -1 (bad) to 1 (good)"),
                ViewColumn("comment", _LAST.format("a.text"), "what was said with it"),
                *_SAID,
            ),
            source="{db}.annotations AS a",
            where="a.kind = 'feedback'",
            group=" GROUP BY a.request_id, a.session_id HAVING NOT argMax(a.removed, (a.at, a.id))",
        ),
        View(
            name="property_updates",
            help="properties that were changed after a call; `requests.properties` has those that came with it",
            columns=(
                ViewColumn("request_id", "a.request_id", "`id` of the call"),
                ViewColumn("name", "a.name", "name of the property, in lower case"),
                ViewColumn("value", _LAST.format("a.text"), "its value since"),
                ViewColumn("removed", _LAST.format("a.removed"), "whether the property was taken away"),
                *_SAID,
            ),
            source="{db}.annotations AS a",
            where="a.kind = 'property' AND a.request_id != ''",
            group=" GROUP BY a.request_id, a.name",
        ),
        View(
            name="annotations",
            help="all that was said of calls and sessions, also what was changed or taken back later",
            columns=(
                ViewColumn("id", "a.id", "UUID, rising with `at`"),
                ViewColumn("request_id", "a.request_id", "`id` of the call; empty for a session's"),
                ViewColumn("session_id", "a.session_id", "the session; empty for a call's"),
                ViewColumn("at", "a.at", "when it was said"),
                ViewColumn("kind", "a.kind", "`feedback`, `correction`, `note`, `score` or `property`"),
                ViewColumn("name", "a.name", "of a score or property"),
                ViewColumn("type", "a.type", "of a score: `number`, `boolean` or `category`"),
                ViewColumn("number", "a.number", "rating or score"),
                ViewColumn("text", "a.text", "comment, correction, note, category or value of the property"),
                ViewColumn("removed", "a.removed", "whether it takes the value back"),
                ViewColumn("by", "a.by", "id of the person or API key that said it"),
            ),
            source="{db}.annotations AS a",
        ),
    )
}
"""By name."""

_UPDATES: Final = (
    "(SELECT request_id, groupArrayIf(name, removed) AS gone, "
    "mapFromArrays(groupArrayIf(name, NOT removed), groupArrayIf(value, NOT removed)) AS changed "
    "FROM (SELECT a.request_id AS request_id, a.name AS name, argMax(a.text, (a.at, a.id)) AS value, "
    "argMax(a.removed, (a.at, a.id)) AS removed FROM {db}.annotations AS a "
    f"WHERE org = {{{{{ORG}:String}}}} AND a.kind = 'property' AND a.request_id != '' GROUP BY a.request_id, a.name) "
    "GROUP BY request_id)"
)
_UPDATED_REQUESTS: Final = msgspec.structs.replace(
    VIEWS["requests"],
    source=f"{{db}}.requests AS r LEFT ANY JOIN {_UPDATES} AS u ON u.request_id = r.id",
    columns=tuple(
        msgspec.structs.replace(
            column, sql="mapFilter((name, value) -> NOT has(u.gone, name), mapUpdate(r.properties, u.changed))"
        )
        if column.name == "properties"
        else column
        for column in VIEWS["requests"].columns
    ),
)
