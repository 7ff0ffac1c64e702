"""Lists of groups of calls, such as users or models: figures of each group, sorted by one of them, page by page.

`group_lists` has the lists. A page is keyed by the value that it is sorted by and by the names of the group.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from hashlib import blake2b
from typing import Any, Final, Literal

import msgspec

from proxy.query.binding import Binder, Sql, Window
from proxy.query.compile import compile_filter
from proxy.query.errors import FilterError
from proxy.query.tree import EVERYTHING, Node

__all__ = [
    "CALLS_IN_QUESTION",
    "SPARK_BUCKETS",
    "Figure",
    "GroupCursor",
    "GroupList",
    "GroupQuestion",
    "compile_figures",
    "compile_groups",
    "next_cursor",
    "read_cursor",
]

Order = Literal["asc", "desc"]
_EARLIEST_US: Final = 10**15
"""September 2001, before any call. To a shard the engine sends a time as the digits of its seconds, which it reads as
such from the tenth on: the time 0 is refused there."""
_LOWEST: Final = "-1e308"
"""Sorts a figure that a group does not have: last among the highest first."""


CALLS_IN_QUESTION: Final = (
    "org = {org:String} AND start >= fromUnixTimestamp64Micro({since_us:Int64})"
    " AND start < fromUnixTimestamp64Micro({until_us:Int64})"
)
"""Condition on the calls of the organisation and the time that are asked about; figures may use it, too."""
SPARK_BUCKETS: Final = 24
"""Parts of the time that the course of a figure has. The first begins at `{spark_since_us:Int64}`, each
`{spark_width_us:Int64}` after the one before."""


class Figure(msgspec.Struct, frozen=True):
    """One figure of a group: an aggregate over its calls."""

    name: str
    sql: str
    sorts: Literal["number", "time", ""] = "number"
    """How it sorts; empty: a list is not sorted by it."""


class GroupList(msgspec.Struct, frozen=True, kw_only=True):
    """Groups of calls of one kind."""

    keys: tuple[tuple[str, str], ...]
    """Name and expression of what calls of one group have in common."""
    figures: tuple[Figure, ...]
    sort: str
    where: str = "1"
    source: str = "requests"
    many: bool = False
    """Whether there may be very many: those of the page are then found first, and all figures are only of them."""

    @property
    def sorts(self) -> tuple[str, ...]:
        """What the list can be sorted by."""
        return (*(name for name, _ in self.keys), *(figure.name for figure in self.figures if figure.sorts))


class GroupCursor(msgspec.Struct, frozen=True):
    """Where the next page begins: after the group with this value and these keys, of the same question."""

    value: float
    keys: tuple[str, ...]
    since_us: int
    until_us: int
    question: str


class GroupQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is of."""

    org: str
    now_us: int
    window: Window
    filter: Node = EVERYTHING
    sort: str = ""
    order: Order = "desc"
    limit: int = 50
    cursor: GroupCursor | None = None
    updated_properties: frozenset[str] = frozenset()
    text_chars: int = 0
    zone: tzinfo = UTC

    @property
    def digest(self) -> str:
        """The same for questions whose pages follow each other."""
        asked = (repr(self.filter), self.sort, self.order)
        return blake2b(msgspec.json.encode(asked), digest_size=6).hexdigest()


def compile_groups(groups: GroupList, question: GroupQuestion, extra: Mapping[str, Any] | None = None) -> Sql:
    """The query of a page and one group more. Columns are `k_<key>`, `f_<figure>` and `sorted_by`. `extra` is bound as
    well. Raises `FilterError`."""
    sort = question.sort or groups.sort
    if sort not in groups.sorts:
        raise FilterError("sort", sort, ", ".join(groups.sorts))
    binder = Binder("g")
    conditions, bound = _matching(groups, question, extra)
    names = [name for name, _ in groups.keys]
    order = sorted(names, key=lambda name: name != sort)  # the one that it is sorted by, if any, comes first
    columns = ["sorted_by", *(f"k_{name}" for name in order)]
    direction, having = question.order.upper(), ""
    if question.cursor is not None:
        key_of = dict(zip(names, question.cursor.keys, strict=True))
        after = [
            binder.bind(question.cursor.value, "Float64"),
            *(binder.bind(key_of[name], "String") for name in order),
        ]
        having = f"HAVING ({', '.join(columns)}) {'<' if direction == 'DESC' else '>'} ({', '.join(after)})"
    keys = [f"{sql} AS k_{name}" for name, sql in groups.keys]
    figures = [f"{figure.sql} AS f_{figure.name}" for figure in groups.figures]

    def page(selected: list[str], where: list[str], having: str) -> str:
        return (
            f"SELECT {', '.join(selected)}, {_sort_value(groups, sort)} AS sorted_by FROM {groups.source}"
            f" WHERE {' AND '.join(where)} GROUP BY {', '.join(columns[1:])} {having}"
            f" ORDER BY {', '.join(f'{column} {direction}' for column in columns)} LIMIT {question.limit + 1}"
        )

    if not groups.many:
        return Sql(page(keys + figures, conditions, having), {**bound, **binder.values})
    found = f"SELECT {', '.join(f'k_{name}' for name in names)} FROM ({page(keys, conditions, having)})"
    chosen = f"({', '.join(sql for _, sql in groups.keys)}) GLOBAL IN ({found})"
    return Sql(page(keys + figures, [*conditions, chosen], ""), {**bound, **binder.values})


def compile_figures(
    groups: GroupList,
    question: GroupQuestion,
    keys: Sequence[Sequence[str]],
    names: Sequence[str],
    extra: Mapping[str, Any] | None = None,
) -> Sql:
    """The query of the figures `names` of the groups with these keys, in any order; a group without a call has no row.
    Columns are as in `compile_groups`. Raises `FilterError`."""
    binder = Binder("g")
    conditions, bound = _matching(groups, question, extra)
    columns = [binder.bind([key[at] for key in keys], "Array(String)") for at in range(len(groups.keys))]
    wanted = ", ".join(f"key.{at}" for at in range(1, len(columns) + 1))
    listed = f"SELECT {wanted} FROM (SELECT arrayJoin(arrayZip({', '.join(columns)})) AS key)"
    selected = [
        *(f"{sql} AS k_{name}" for name, sql in groups.keys),
        *(f"{figure.sql} AS f_{figure.name}" for figure in groups.figures if figure.name in names),
    ]
    grouped = ", ".join(f"k_{name}" for name, _ in groups.keys)
    text = (
        f"SELECT {', '.join(selected)} FROM {groups.source} WHERE {' AND '.join(conditions)}"
        f" AND ({grouped}) GLOBAL IN ({listed}) GROUP BY {grouped}"
    )
    return Sql(text, {**bound, **binder.values})


def _matching(
    groups: GroupList, question: GroupQuestion, extra: Mapping[str, Any] | None
) -> tuple[list[str], dict[str, Any]]:
    """Conditions on the calls that match, and what they bind with `extra`. Raises `FilterError`."""
    window = question.window
    conditions = [CALLS_IN_QUESTION, f"({groups.where})"]
    since_us = max(window.since_us, _EARLIEST_US)
    bound = {
        "org": question.org,
        "since_us": since_us,
        "until_us": window.until_us,
        "spark_since_us": since_us,
        "spark_width_us": -(-(window.until_us - since_us) // SPARK_BUCKETS),
        **(extra or {}),
    }
    if question.filter != EVERYTHING:
        condition = compile_filter(
            question.filter,
            org=question.org,
            now_us=question.now_us,
            zone=question.zone,
            window=window,
            updated_properties=question.updated_properties,
            text_chars=question.text_chars,
        )
        conditions.append(f"({condition.text})")
        bound |= condition.values
    return conditions, bound


def _sort_value(groups: GroupList, sort: str) -> str:
    figure = next((figure for figure in groups.figures if figure.name == sort), None)
    if figure is None:  # sorted by a key
        return "toFloat64(0)"
    if figure.sorts == "time":
        return f"toFloat64(toUnixTimestamp64Micro({figure.sql}))"
    return f"ifNull(toFloat64({figure.sql}), {_LOWEST})"


def next_cursor(groups: GroupList, question: GroupQuestion, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The text of the cursor after the page, of the rows that `compile_groups` selects; None on the last page."""
    if len(rows) <= question.limit:
        return None
    last = rows[question.limit - 1]
    keys = tuple(str(last[f"k_{name}"]) for name, _ in groups.keys)
    cursor = GroupCursor(last["sorted_by"], keys, question.window.since_us, question.window.until_us, question.digest)
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str, groups: GroupList) -> GroupCursor:
    """The cursor of a text. Raises `FilterError`."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.json.decode(decoded, type=GroupCursor)
        if len(cursor.keys) == len(groups.keys):
            return cursor
    except (ValueError, msgspec.MsgspecError):
        pass
    raise FilterError("cursor", text[:60], "`next` of the page before")
