"""The lists of groups of calls: sessions, users, properties, models, providers, prompt versions, tools, errors.

One more list: a `GroupList` here, its row in `control/api/group_rows.py`, and its routes in `control/api/groups.py`.
"""

from typing import Final

from proxy.query.annotations import property_sql
from proxy.query.binding import Context
from proxy.query.columns import COLUMNS
from proxy.query.error_groups import ERROR_ORIGIN, ERROR_SHAPE, MAX_MESSAGE
from proxy.query.groups import CALLS_IN_QUESTION, SPARK_BUCKETS, Figure, GroupList

__all__ = [
    "ERRORS",
    "MODELS",
    "PROMPT_VERSIONS",
    "PROVIDERS",
    "SESSIONS",
    "TOOLS",
    "USERS",
    "property_names",
    "property_values",
]

_FAILED: Final = COLUMNS["failed"].sql
_SPEED: Final = COLUMNS["tokens_per_second"].sql
_END_US: Final = "toUnixTimestamp64Micro(start) + toInt64(ifNull(latency_ms, 0) * 1000)"
_BUCKET: Final = "toUInt8(intDiv(toUnixTimestamp64Micro(start) - {spark_since_us:Int64}, {spark_width_us:Int64}))"
_SPARK: Final = Figure("spark", f"countResample(0, {SPARK_BUCKETS}, 1)({_BUCKET})", "")
_SPARKS: Final = (
    _SPARK,
    Figure("error_spark", f"sumResample(0, {SPARK_BUCKETS}, 1)(toUInt64({_FAILED}), {_BUCKET})", ""),
)

_SEEN: Final = (Figure("first_seen", "min(start)", "time"), Figure("last_seen", "max(start)", "time"))
_COST: Final = (
    Figure("cost", "sum(cost_nanousd) / 1e9"),
    Figure("avg_cost", "avg(cost_nanousd) / 1e9"),
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
_LEVELS: Final = (50, 95, 99)


def _percentile(name: str, column: str, level: int) -> Figure:
    """Of a sketch with a relative error of 1 %, which gives the same figure each time. Of a thousand times the value:
    the engine's sketch is less exact below 1."""
    levels = ", ".join(str(each / 100) for each in _LEVELS)
    sketch = f"quantilesDD(0.01, {levels})({column} * 1000)[{_LEVELS.index(level) + 1}]"
    return Figure(name, f"if(count({column}) > 0, {sketch} / 1000, NULL)")


_LATENCY: Final = tuple(_percentile(f"latency_p{level}", "latency_ms", level) for level in _LEVELS)
_USERS: Final = Figure("users", "uniqExact(nullIf(user_id, ''))")
_SESSIONS: Final = Figure("sessions", "uniqExact(nullIf(session_id, ''))")

SESSIONS: Final = GroupList(
    keys=(("session", "session_id"),),
    where="session_id != ''",
    many=True,
    sort="last_seen",
    figures=(
        *_COMMON,
        *_LATENCY,
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
    figures=(*_COMMON, _SESSIONS, *_LATENCY, *_SPARKS),
)
MODELS: Final = GroupList(
    keys=(("model", "model"), ("provider", "provider")),
    where="model != ''",
    sort="calls",
    figures=(
        *_COMMON,
        _USERS,
        *_LATENCY,
        Figure("tokens_per_second", f"avg({_SPEED})"),
        Figure("cached_input_tokens", "toInt64(sum(ifNull(cached_input_tokens, 0)))"),
        *(_percentile(f"ttft_p{level}", "ttft_ms", level) for level in (50, 95)),
        *_SPARKS,
    ),
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

ERRORS: Final = GroupList(
    keys=(
        ("error", "multiIf(error != '', error, status >= 400, toString(status), outcome)"),
        ("provider", "provider"),
        ("shape", ERROR_SHAPE),
        ("origin", ERROR_ORIGIN),
    ),
    where=_FAILED,
    sort="calls",
    figures=(
        Figure("calls", "count()"),
        _USERS,
        _SESSIONS,
        *_SEEN,
        Figure("example_id", "argMax(id, (start, id))", ""),
        Figure("example_message", f"argMax(substringUTF8(error_message, 1, {MAX_MESSAGE}), (start, id))", ""),
        Figure("models", "arraySort(groupUniqArrayIf(10)(model, model != ''))", ""),
        Figure("statuses", "arraySort(groupUniqArrayIf(10)(status, status != 0))", ""),
        _SPARK,
    ),
)


def property_names(context: Context) -> GroupList:
    """Names of properties; those that were changed after calls count as they are now."""
    names, value = "mapKeys(properties)", "properties[k_name]"
    if context.updated_properties:
        changed = sorted(context.updated_properties)
        known = {name: property_sql(name, context) for name in changed}
        spelled = {name: context.binder.bind(name, "String") for name in changed}
        present = (f"if({known[name][1]}, [{spelled[name]}], [])" for name in changed)
        bound = context.binder.bind(changed, "Array(String)")
        names = f"arrayConcat(arrayFilter(each -> NOT has({bound}, each), {names}), {', '.join(present)})"
        value = f"multiIf({', '.join(f'k_name = {spelled[name]}, {known[name][0]}' for name in changed)}, {value})"
    return GroupList(
        keys=(("name", "arrayJoin(names)"),),
        source=f"(SELECT *, arrayMap(each -> toString(each), {names}) AS names FROM requests)",
        sort="calls",
        figures=(*_COMMON, _USERS, *_LATENCY, Figure("values", f"uniqExact({value})"), *_SPARKS),
    )


def property_values(name: str, context: Context) -> GroupList:
    """Values of one property."""
    value, present = property_sql(name, context)
    return GroupList(
        keys=(("value", value),),
        where=present,
        many=True,
        sort="calls",
        figures=(*_COMMON, _USERS, _SESSIONS, *_LATENCY, *_SPARKS),
    )
