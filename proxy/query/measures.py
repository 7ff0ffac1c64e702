"""What can be measured over calls: one table of measures, and the aggregates that they are computed from.

A measure is an expression over aggregates. An aggregate is computed in two steps, over the calls of a bucket and group
first and then over buckets and groups, so that totals are right for percentiles and distinct counts, too, and stored
hours (`proxy/query/rollup.py`) can take the place of calls.

One more measure: one row of `_PLAIN`, and a row of `_AGGREGATES` where it needs a new one.
"""

import difflib
from typing import Final, Literal

import msgspec

from proxy.query.annotations import rating_sql, score_sql
from proxy.query.binding import Context
from proxy.query.columns import COLUMNS
from proxy.query.errors import FilterError

__all__ = [
    "AGGREGATES",
    "MEASURES",
    "MEASURE_FAMILIES",
    "PERCENTILES",
    "SKETCH_ERROR",
    "Aggregate",
    "Kind",
    "Measure",
    "find_measure",
    "measure_help",
]

Kind = Literal["count", "sum", "ratio", "average", "minimum", "maximum", "percentile", "distinct"]
Function = Literal["sum", "min", "max", "percentiles", "distinct"]

PERCENTILES: Final = (0.5, 0.75, 0.9, 0.95, 0.99)
SKETCH_ERROR: Final = 0.01
"""Relative error of a sketched percentile."""
_SCALE: Final = 1000
"""Values are sketched this many times as large: the engine's sketch (26.9) is three times as far off below 1."""
_MAX_SKETCHED: Final = "1e300"
_LEVELS: Final = ", ".join(map(str, PERCENTILES))
_EXACT: Final = {"percentiles": f"quantilesExact{{}}({_LEVELS})", "distinct": "uniqExact{}"}
_SKETCHED: Final = {"percentiles": f"quantilesDD{{}}({SKETCH_ERROR}, {_LEVELS})", "distinct": "uniqCombined64{}(15)"}


class Aggregate(msgspec.Struct, frozen=True):
    """A function over all calls. `sql` is its argument, over the table `requests`: a number or null of each call, or a
    text of which distinct values are counted."""

    name: str
    function: Function
    sql: str
    stored: bool = False
    """Whether stored hours have it."""

    @property
    def is_number(self) -> bool:
        """Whether what it keeps of a group is one number."""
        return self.function in ("sum", "min", "max")

    def of_calls(self, sketched: bool) -> str:
        """The first step: a number, or a state of the function."""
        if self.is_number:
            return f"{self.function}({self.sql})"
        argument = self.sql
        if sketched and self.function == "percentiles":
            # A sketch takes no infinite values: a speed may be one.
            argument = f"if(abs({self.sql}) < {_MAX_SKETCHED}, ({self.sql}) * {_SCALE}, NULL)"
        return f"{_call(self.function, 'State', sketched)}({argument})"

    def of_parts(self, sketched: bool) -> str:
        """The second step, over what the first made: columns `part_<name>`."""
        if self.is_number:
            return f"{self.function}(part_{self.name})"
        merged = f"{_call(self.function, 'Merge', sketched)}(part_{self.name})"
        return f"arrayMap(each -> each / {_SCALE}, {merged})" if sketched and self.function == "percentiles" else merged


def _call(function: str, suffix: str, sketched: bool) -> str:
    return (_SKETCHED if sketched else _EXACT)[function].format(suffix)


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure about calls."""

    name: str
    kind: Kind
    unit: str
    """`calls`, `USD`, `tokens`, `ms`, `tokens/s`, `bytes`, `ratio`, or what is counted."""
    help: str
    sql: str
    """Expression over the results of `aggregates`, by their names."""
    aggregates: tuple[Aggregate, ...]

    @property
    def additive(self) -> bool:
        """Whether the values of buckets and groups add up to the total; then it is 0 where there is no call."""
        return self.kind in ("count", "sum")

    @property
    def sketchable(self) -> bool:
        """Whether it is approximate over many calls."""
        return any(aggregate.function in ("percentiles", "distinct") for aggregate in self.aggregates)


_SPEED: Final = COLUMNS["tokens_per_second"].sql
_FAILED: Final = COLUMNS["failed"].sql
_CACHE_STATUS: Final = "JSONExtractString(facts, 'cache.status')"

_NUMBERS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("latency", "latency_ms", "ms", "time from the start to the end of the response"),
    ("ttft", "ttft_ms", "ms", "time to the first token"),
    ("gateway_time", "sent_ms", "ms", "time in the gateway until the request was sent"),
    ("tokens_per_second", _SPEED, "tokens/s", COLUMNS["tokens_per_second"].help),
)
"""Name, SQL, unit and help of what has percentiles."""

_AGGREGATES: Final[tuple[Aggregate, ...]] = (
    Aggregate("calls", "sum", "toUInt64(1)", True),
    Aggregate("errors", "sum", f"toUInt64({_FAILED})", True),
    Aggregate("cost_nanousd", "sum", "cost_nanousd", True),
    Aggregate("priced_calls", "sum", "toUInt64(isNotNull(cost_nanousd))", True),
    Aggregate("unknown_cost_calls", "sum", "toUInt64(NOT cost_known)", True),
    Aggregate("saved_nanousd", "sum", "saved_nanousd", True),
    Aggregate("saved_ms", "sum", "saved_ms", True),
    Aggregate("input_tokens", "sum", "input_tokens", True),
    Aggregate("output_tokens", "sum", "output_tokens", True),
    Aggregate("cached_input_tokens", "sum", "cached_input_tokens", True),
    Aggregate("cache_write_tokens", "sum", "cache_write_tokens", True),
    Aggregate("reasoning_tokens", "sum", "reasoning_tokens", True),
    Aggregate("cache_hits", "sum", "toUInt64(cached)", True),
    Aggregate("cache_lookups", "sum", f"toUInt64(cached OR {_CACHE_STATUS} = 'miss')", True),
    Aggregate("wrong_semantic_hits", "sum", "toUInt64(JSONExtractBool(facts, 'cache.wrong'))"),
    Aggregate("users", "distinct", "nullIf(user_id, '')", True),
    Aggregate("sessions", "distinct", "nullIf(session_id, '')", True),
    Aggregate("limit_refusals", "sum", "toUInt64(JSONHas(facts, 'rate.refused'))", True),
    Aggregate("retries", "sum", "toUInt64(JSONExtractUInt(facts, 'retry.count'))", True),
    Aggregate("fallbacks", "sum", "toUInt64(JSONExtractUInt(facts, 'fallback.index') > 0)", True),
    Aggregate("request_bytes", "sum", "request_size", True),
    Aggregate("response_bytes", "sum", "response_size", True),
    *(
        aggregate
        for name, sql, _, _ in _NUMBERS
        for aggregate in (
            Aggregate(f"{name}_percentiles", "percentiles", sql, True),
            Aggregate(f"{name}_sum", "sum", f"toFloat64({sql})", True),
            Aggregate(f"{name}_count", "sum", f"toUInt64(isNotNull({sql}))", True),
            Aggregate(f"{name}_min", "min", sql, True),
            Aggregate(f"{name}_max", "max", sql, True),
        )
    ),
)
AGGREGATES: Final[dict[str, Aggregate]] = {aggregate.name: aggregate for aggregate in _AGGREGATES}
"""By name, in the order of the columns of stored hours."""


def _row(name: str, kind: Kind, unit: str, help: str, sql: str = "", needs: str = "") -> Measure:
    aggregates = tuple(AGGREGATES[each] for each in (needs or name).split())
    return Measure(name=name, kind=kind, unit=unit, help=help, sql=sql or name, aggregates=aggregates)


def _of_number(name: str, unit: str, help: str) -> list[Measure]:
    rows = [
        _row(f"p{level * 100:g}_{name}", "percentile", unit, f"{level * 100:g}th percentile: {help}",
             f"if({name}_count > 0, {name}_percentiles[{position}], NULL)", f"{name}_percentiles {name}_count")
        for position, level in enumerate(PERCENTILES, 1)
    ]  # fmt: skip
    mean = f"if({name}_count > 0, {name}_sum / {name}_count, NULL)"
    return [
        *rows,
        _row(f"avg_{name}", "average", unit, f"average: {help}", mean, f"{name}_sum {name}_count"),
        _row(f"min_{name}", "minimum", unit, f"lowest: {help}", f"{name}_min", f"{name}_min"),
        _row(f"max_{name}", "maximum", unit, f"highest: {help}", f"{name}_max", f"{name}_max"),
    ]


_PLAIN: Final[tuple[Measure, ...]] = (
    _row("calls", "count", "calls", "all calls"),
    _row("errors", "count", "calls", "calls that failed, for whatever reason"),
    _row("error_rate", "ratio", "ratio", "share of calls that failed, 0 to 1", "errors / calls", "errors calls"),
    _row("cost", "sum", "USD", "sum of the known costs; null where none is", "cost_nanousd / 1e9", "cost_nanousd"),
    _row("avg_cost", "average", "USD", "average of the known costs",
         "if(priced_calls > 0, cost_nanousd / 1e9 / priced_calls, NULL)", "cost_nanousd priced_calls"),
    _row("unknown_cost_calls", "count", "calls", "calls whose cost is not known; `cost` leaves them out"),
    _row("saved_cost", "sum", "USD", "what cache hits would have cost", "saved_nanousd / 1e9", "saved_nanousd"),
    _row("saved_time", "sum", "ms", "how much longer cache hits would have taken", "saved_ms", "saved_ms"),
    _row("tokens", "sum", "tokens", "input and output tokens",
         "if(isNull(input_tokens) AND isNull(output_tokens), NULL, ifNull(input_tokens, 0) + ifNull(output_tokens, 0))",
         "input_tokens output_tokens"),
    _row("input_tokens", "sum", "tokens", "all input, cache reads and writes included"),
    _row("output_tokens", "sum", "tokens", "all output, reasoning included"),
    _row("cached_input_tokens", "sum", "tokens", "input read from the provider's cache"),
    _row("cache_write_tokens", "sum", "tokens", "input written to the provider's cache"),
    _row("reasoning_tokens", "sum", "tokens", "reasoning"),
    _row("cache_hits", "count", "calls", "calls served from the cache"),
    _row("cache_lookups", "count", "calls", "calls that asked the cache: hits and misses"),
    _row("cache_hit_rate", "ratio", "ratio", "cache hits by cache lookups, 0 to 1",
         "if(cache_lookups > 0, cache_hits / cache_lookups, NULL)", "cache_hits cache_lookups"),
    _row("wrong_semantic_hits", "count", "calls", "hits of the semantic cache that were found wrong; 0 without one"),
    _row("users", "distinct", "users", "distinct users", "ifNull(users, 0)", "users"),
    _row("sessions", "distinct", "sessions", "distinct sessions", "ifNull(sessions, 0)", "sessions"),
    _row("limit_refusals", "count", "calls", "calls that a rate limit or budget refused"),
    _row("retries", "sum", "attempts", "attempts that repeated a failed one"),
    _row("fallbacks", "count", "calls", "calls that a fallback answered"),
    _row("request_bytes", "sum", "bytes", "bodies of requests"),
    _row("response_bytes", "sum", "bytes", "bodies of responses"),
)  # fmt: skip

MEASURES: Final[dict[str, Measure]] = {
    measure.name: measure
    for measure in (*_PLAIN, *(row for name, _, unit, help in _NUMBERS for row in _of_number(name, unit, help)))
}
"""By name."""

MEASURE_FAMILIES: Final[dict[str, tuple[Kind, str, str]]] = {
    "cost": ("sum", "USD", "one component of the cost: `cost.input_tokens`, `cost.output_tokens`, …"),
    "score": ("average", "score", "average of a score; true counts as 1 and false as 0"),
    "score_rate": ("ratio", "ratio", "share of the scored calls whose score is above 0, such as true"),
    "score_count": ("count", "calls", "calls with that score"),
    "score_min": ("minimum", "score", "lowest value of a score"),
    "score_max": ("maximum", "score", "highest value of a score"),
}
"""Kind, unit and help by the prefix of names `<prefix>.<name>`."""

_FEEDBACK: Final[dict[str, tuple[Kind, str, str, str]]] = {
    "feedback": ("count", "calls", "calls that were rated", "{0}_count"),
    "good_feedback": ("count", "calls", "calls that were rated above 0", "{0}_above"),
    "bad_feedback": ("count", "calls", "calls that were rated below 0", "{0}_below"),
    "feedback_rate": (
        "ratio", "ratio", "good by good and bad feedback, 0 to 1",
        "if({0}_above + {0}_below > 0, {0}_above / ({0}_above + {0}_below), NULL)",
    ),
    "avg_rating": ("average", "rating", "average rating, -1 to 1", "if({0}_count > 0, {0}_sum / {0}_count, NULL)"),
}  # fmt: skip
"""Kind, unit, help and SQL of what is said of the ratings of calls."""
_SCORES: Final = {
    "score": "if({0}_count > 0, {0}_sum / {0}_count, NULL)",
    "score_rate": "if({0}_count > 0, {0}_above / {0}_count, NULL)",
    "score_count": "{0}_count",
    "score_min": "{0}_min",
    "score_max": "{0}_max",
}
_MAX_NAME: Final = 100


def measure_help() -> list[tuple[str, Kind, str, str]]:
    """Name, kind, unit and help of all measures; families as `<prefix>.<name>`."""
    plain = [(one.name, one.kind, one.unit, one.help) for one in MEASURES.values()]
    plain += [(name, kind, unit, help) for name, (kind, unit, help, _) in _FEEDBACK.items()]
    return [*plain, *((f"{prefix}.<name>", *rest) for prefix, rest in MEASURE_FAMILIES.items())]


def find_measure(path: str, name: str, context: Context) -> Measure:
    """The measure of a name. What it needs is bound for `context`. Raises `FilterError`."""
    measure = MEASURES.get(name)
    if measure is not None:
        return measure
    if name in _FEEDBACK:
        kind, unit, help, sql = _FEEDBACK[name]
        return _of_annotation(name, kind, unit, help, sql, "rating", rating_sql(context))
    prefix, dot, rest = name.partition(".")
    if prefix in MEASURE_FAMILIES and dot and 0 < len(rest) <= _MAX_NAME:
        kind, unit, help = MEASURE_FAMILIES[prefix]
        if prefix == "cost":
            return _cost_component(name, rest, context)
        # Names of aggregates: one for each score, whatever its name holds.
        column = f"score_{rest.lower().encode().hex()}"
        return _of_annotation(name, kind, unit, help, _SCORES[prefix], column, score_sql(rest.lower(), context))
    names = [name for name, *_ in measure_help()]
    near = difflib.get_close_matches(name, names, 3, 0.5)
    hint = f" (perhaps {', '.join(near)})" if near else ""
    raise FilterError(path, name, f"a measure: {', '.join(names)}{hint}")


def _of_annotation(name: str, kind: Kind, unit: str, help: str, sql: str, column: str, value: str) -> Measure:
    """A measure over what is said of calls: `value` is a number of each, or null."""
    aggregates = {
        "_sum": Aggregate(f"{column}_sum", "sum", value),
        "_count": Aggregate(f"{column}_count", "sum", f"toUInt64(isNotNull({value}))"),
        "_above": Aggregate(f"{column}_above", "sum", f"toUInt64(ifNull({value} > 0, 0))"),
        "_below": Aggregate(f"{column}_below", "sum", f"toUInt64(ifNull({value} < 0, 0))"),
        "_min": Aggregate(f"{column}_min", "min", value),
        "_max": Aggregate(f"{column}_max", "max", value),
    }
    needed = tuple(aggregate for ending, aggregate in aggregates.items() if "{0}" + ending in sql)
    return Measure(name=name, kind=kind, unit=unit, help=help, sql=sql.format(column), aggregates=needed)


def _cost_component(name: str, component: str, context: Context) -> Measure:
    wanted = context.binder.bind(component, "String")
    # A line is an array of the fields of CostLine: the component first, the amount fifth.
    amounts = (
        "arrayMap(line -> JSONExtractFloat(line, 5), "
        f"arrayFilter(line -> JSONExtractString(line, 1) = {wanted}, JSONExtractArrayRaw(cost_lines)))"
    )
    column = f"component_{component.encode().hex()}"
    aggregate = Aggregate(column, "sum", f"arraySum({amounts})")
    kind, unit, help = MEASURE_FAMILIES["cost"]
    return Measure(name=name, kind=kind, unit=unit, help=help, sql=f"{column} / 1e9", aggregates=(aggregate,))
