"""The lists of groups of calls: sessions, users, properties, models, providers, prompt versions, tools, errors.

One more list: a `GroupList` here, its row in `control/api/group_rows.py`, and its routes in `control/api/groups.py`.
"""

from typing import Final

from proxy.query.annotations import property_sql
from proxy.query.binding import Context
from proxy.query.columns import COLUMNS
from proxy.query.groups import CALLS_IN_QUESTION, Figure, GroupList

__all__ = [
    "ERRORS",
    "MODELS",
    "PROMPT_VERSIONS",
    "PROVIDERS",
    "SESSIONS",
    "SPARK_BUCKETS",
    "TOOLS",
    "USERS",
    "property_names",
    "property_values",
]

_FAILED: Final = COLUMNS["failed"].sql
_SPEED: Final = COLUMNS["tokens_per_second"].sql
_LATENCIES: Final = "quantilesDD(0.01, 0.5, 0.95, 0.99)(latency_ms * 1000)"
"""A sketch with a relative error of 1 %, and the same figure each time that it is asked for. Of a thousand times the
value: the engine's sketch is less exact below 1."""
_END_US: Final = "toUnixTimestamp64Micro(start) + toInt64(ifNull(latency_ms, 0) * 1000)"
SPARK_BUCKETS: Final = 24

_SEEN: Final = (Figure("first_seen", "min(start)", "time"), Figure("last_seen", "max(start)", "time"))
_COST: Final = (
    Figure("cost", "sum(cost_nanousd) / 1e9"),
    Figure("unknown_cost_calls", "countIf(NOT cost_known)"),
)
_TOKENS: Final = (
    Figure("input_tokens", "toInt64(sum(ifNull(input_tokens, 0)))"),
    Figure("output_tokens", "toInt64(sum(ifNull(output_tokens, 0)))"),
    Figure("tokens", "toInt64(sum(ifNull(input_tokens, 0)) + sum(ifNull(output_tokens, 0)))"),
)
_CALLS: Final = (
    Figure("calls", "count()"),
    Figure("errors", f"countIf({_FAILED})"),
    Figure("error_rate", f"countIf({_FAILED}) / count()"),
)
_COMMON: Final = (*_CALLS, *_COST, *_TOKENS, *_SEEN)
_LATENCY: Final = tuple(
    Figure(f"latency_p{level}", f"if(count(latency_ms) > 0, {_LATENCIES}[{position}] / 1000, NULL)")
    for position, level in enumerate((50, 95, 99), 1)
)
_USERS: Final = Figure("users", "uniqExact(nullIf(user_id, ''))")
_SESSIONS: Final = Figure("sessions", "uniqExact(nullIf(session_id, ''))")

SESSIONS: Final = GroupList(
    keys=(("session", "session_id"),),
    where="session_id != ''",
    many=True,
    sort="last_seen",
    figures=(
        *_COMMON,
        Figure("duration_ms", f"(max({_END_US}) - min(toUnixTimestamp64Micro(start))) / 1000"),
        Figure("name", "argMaxIf(session_name, (start, id), session_name != '')", ""),
        Figure("users", "arraySort(groupUniqArrayIf(10)(user_id, user_id != ''))", ""),
        Figure("models", "arraySort(groupUniqArrayIf(10)(model, model != ''))", ""),
    ),
)
USERS: Final = GroupList(
    keys=(("user", "user_id"),),
    where="user_id != ''",
    many=True,
    sort="calls",
    figures=(*_COMMON, _SESSIONS, *_LATENCY),
)
MODELS: Final = GroupList(
    keys=(("model", "model"), ("provider", "provider")),
    where="model != ''",
    sort="calls",
    figures=(*_COMMON, _USERS, *_LATENCY, Figure("tokens_per_second", f"avg({_SPEED})")),
)
PROVIDERS: Final = GroupList(
    keys=(("provider", "provider"),),
    where="provider != ''",
    sort="calls",
    figures=(*_COMMON, _USERS, *_LATENCY, Figure("tokens_per_second", f"avg({_SPEED})")),
)
PROMPT_VERSIONS: Final = GroupList(
    keys=(("prompt", "prompt_id"), ("version", "prompt_version")),
    where="prompt_id != ''",
    many=True,
    sort="calls",
    figures=(*_COMMON, _USERS, *_LATENCY, Figure("tokens_per_second", f"avg({_SPEED})")),
)

_FAILED_AFTER: Final = (
    f"SELECT id FROM (SELECT id, tool_names, leadInFrame(toUInt8({_FAILED})) OVER (PARTITION BY session_id"
    " ORDER BY start, id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next_failed"
    f" FROM requests WHERE {CALLS_IN_QUESTION} AND session_id GLOBAL IN (SELECT session_id FROM requests"
    f" WHERE {CALLS_IN_QUESTION} AND session_id != '' AND notEmpty(tool_names)))"
    " WHERE next_failed AND notEmpty(tool_names)"
)
"""Ids of calls with tools whose next call of the same session failed."""

TOOLS: Final = GroupList(
    keys=(("tool", "arrayJoin(tool_names)"),),
    where="notEmpty(tool_names)",
    sort="calls",
    figures=(
        *_COMMON,
        _USERS,
        _SESSIONS,
        *_LATENCY,
        Figure("errors_after", f"countIf(id GLOBAL IN ({_FAILED_AFTER}))"),
    ),
)

_PLACEHOLDERS: Final = (
    (r"""["][^"]*["]|`[^`]*`|(^|[\s(:=\[])'[^']*'""", r"\1<text>"),
    (r"[A-Za-z][A-Za-z0-9+.-]*://[^\s<>]+", "<url>"),
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|[+-][0-9:]+)?", "<time>"),
    (r"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", "<id>"),
    (r"\b[0-9]+([.,:][0-9]+)*(ms|s|m|h|k|K|M)?\b", "<n>"),
    (
        r"\b[A-Za-z0-9_-]*([A-Za-z_][A-Za-z0-9_-]*[0-9]|[0-9][A-Za-z0-9_-]*[A-Za-z_])[A-Za-z0-9_-]*",
        "<id>",
    ),
    (r"\s+", " "),
)
"""What differs between messages of one error, and what stands in its place; applied in this order."""
_MAX_MESSAGE: Final = 1000


def _shape() -> str:
    sql = f"substringUTF8(error_message, 1, {_MAX_MESSAGE})"
    for pattern, placeholder in _PLACEHOLDERS:
        sql = f"replaceRegexpAll({sql}, {_literal(pattern)}, {_literal(placeholder)})"
    return f"trimBoth({sql})"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


ERRORS: Final = GroupList(
    keys=(
        ("error", "multiIf(error != '', error, status >= 400, toString(status), outcome)"),
        ("provider", "provider"),
        ("shape", _shape()),
    ),
    where=_FAILED,
    sort="calls",
    figures=(
        Figure("calls", "count()"),
        _USERS,
        _SESSIONS,
        *_SEEN,
        Figure("example_id", "argMax(id, (start, id))", ""),
        Figure("example_message", f"argMax(substringUTF8(error_message, 1, {_MAX_MESSAGE}), (start, id))", ""),
        Figure("models", "arraySort(groupUniqArrayIf(10)(model, model != ''))", ""),
        Figure(
            "spark",
            "sumMap([toUInt16(intDiv(toUnixTimestamp64Micro(start) - {spark_since_us:Int64}, {spark_width_us:Int64}))],"
            " [toUInt64(1)])",
            "",
        ),
    ),
)
"""`spark` is a tuple of buckets and calls; bind `spark_since_us` and `spark_width_us`."""


def property_names(context: Context) -> GroupList:
    """Names of properties; those that were changed after calls count as they are now."""
    names = "mapKeys(properties)"
    if context.updated_properties:
        changed = sorted(context.updated_properties)
        present = (
            f"if({property_sql(name, context)[1]}, [{context.binder.bind(name, 'String')}], [])" for name in changed
        )
        bound = context.binder.bind(changed, "Array(String)")
        names = f"arrayConcat(arrayFilter(each -> NOT has({bound}, each), {names}), {', '.join(present)})"
    return GroupList(
        keys=(("name", "arrayJoin(names)"),),
        source=f"(SELECT *, arrayMap(each -> toString(each), {names}) AS names FROM requests)",
        sort="calls",
        figures=(*_COMMON, _USERS),
    )


def property_values(name: str, context: Context) -> GroupList:
    """Values of one property."""
    value, present = property_sql(name, context)
    return GroupList(
        keys=(("value", value),),
        where=present,
        many=True,
        sort="calls",
        figures=(*_COMMON, _USERS, _SESSIONS, *_LATENCY),
    )
