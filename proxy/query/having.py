"""Groups of calls whose figures compare with numbers, by offset: over the lists of `group_lists`."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from proxy.query.binding import Binder, Sql
from proxy.query.errors import FilterError
from proxy.query.groups import GroupList, GroupQuestion, compile_groups
from proxy.query.times import moment_us

__all__ = ["Having", "compile_groups_having"]

_SIGNS: Final = {"eq": "=", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_MAX_GROUPS: Final = 100_000
"""Groups that are compared: the first in the order asked for."""


class Having(msgspec.Struct, frozen=True):
    """One figure of a group compared with a number, or with a time as text."""

    figure: str
    op: Literal["eq", "ne", "lt", "lte", "gt", "gte"]
    value: Any
    path: str = "having"


def compile_groups_having(
    groups: GroupList,
    question: GroupQuestion,
    conditions: list[Having],
    *,
    offset: int,
    extra: Mapping[str, Any] | None = None,
) -> Sql:
    """The groups for which all conditions hold, from `offset` on. Columns are those of `compile_groups`, and
    `group_count`: how many groups there are. `extra` is bound as well. Raises `FilterError`."""
    inner = compile_groups(groups, msgspec.structs.replace(question, limit=_MAX_GROUPS), extra)
    sort = question.sort or groups.sort
    names = sorted((name for name, _ in groups.keys), key=lambda name: name != sort)
    way = question.order.upper()
    order = ", ".join(f"{column} {way}" for column in ("sorted_by", *(f"k_{name}" for name in names)))
    binder = Binder("h")
    where = " AND ".join(_condition(groups, one, question.now_us, binder) for one in conditions) or "1"
    text = (
        f"SELECT *, count() OVER () AS group_count FROM ({inner.text}) WHERE {where} ORDER BY {order}"
        f" LIMIT {binder.bind(question.limit, 'UInt32')} OFFSET {binder.bind(offset, 'UInt32')}"
    )
    return Sql(text, {**inner.values, **binder.values})


def _condition(groups: GroupList, one: Having, now_us: int, binder: Binder) -> str:
    figure = next(figure for figure in groups.figures if figure.name == one.figure)
    if figure.sorts == "time":
        if not isinstance(one.value, str):
            raise FilterError(one.path, one.value, "a time such as 2026-01-31T12:00:00Z")
        at_us = moment_us(one.path, one.value, now_us)
        return f"f_{one.figure} {_SIGNS[one.op]} fromUnixTimestamp64Micro({binder.bind(at_us, 'Int64')})"
    if isinstance(one.value, bool) or not isinstance(one.value, int | float):
        raise FilterError(one.path, one.value, "a number")
    return f"ifNull(f_{one.figure} {_SIGNS[one.op]} {binder.bind(float(one.value), 'Float64')}, 0)"
