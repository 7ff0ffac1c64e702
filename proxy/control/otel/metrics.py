"""Histograms and counters of calls by the names of the GenAI conventions, with a bounded number of series."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

import msgspec

from proxy.control.otel.names import OPERATIONS, Names
from proxy.control.otel.spans import AttributeValue, is_exported, server_of
from proxy.core.call_labels import ModelLabels
from proxy.logstore import RequestRow

__all__ = ["CallMetrics", "MetricFamily", "MetricPoint"]

_SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS: Final = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0)
_MAX_SERIES: Final = 2_000
"""Sets of attributes; calls of others are counted with the model `other` and without an address."""

Attributes = tuple[tuple[str, AttributeValue], ...]


class MetricPoint(msgspec.Struct):
    """One series. A counter has no `buckets`."""

    count: int = 0
    sum: float = 0.0
    buckets: list[int] = []


class MetricFamily(msgspec.Struct):
    """One metric with its series by their attributes; `bounds` are those of a histogram."""

    name: str
    unit: str
    help: str
    bounds: tuple[float, ...] = ()
    points: dict[Attributes, MetricPoint] = {}

    def add(self, attributes: Attributes, value: float) -> None:
        """Counts one value."""
        point = self.points.get(attributes)
        if point is None:
            point = self.points[attributes] = MetricPoint(buckets=[0] * (len(self.bounds) + 1) if self.bounds else [])
        point.count += 1
        point.sum += value
        if self.bounds:
            point.buckets[bisect_left(self.bounds, value)] += 1


class CallMetrics:
    """Counts calls since `since_ns`."""

    def __init__(self, names: Names, since_ns: int, models: ModelLabels | None = None) -> None:
        """`models` knows the models of earlier calls."""
        self.since_ns = since_ns
        self._names = names
        self._models = ModelLabels() if models is None else models
        self._seen: set[Attributes] = set()
        of = names.of
        self._duration = MetricFamily(of["duration"], "s", "GenAI operation duration.", _SECONDS)
        self._first = MetricFamily(of["first_token"], "s", "Time to the first token of the response.", _SECONDS)
        bounds = () if names.counts_tokens else _TOKENS
        self._tokens = MetricFamily(of["tokens"], "{token}", "Input and output tokens used.", bounds)
        self._spent = MetricFamily(of["spent"], "USD", "Cost of calls.")

    @property
    def families(self) -> list[MetricFamily]:
        """The metrics that have series."""
        return [each for each in (self._duration, self._first, self._tokens, self._spent) if each.points]

    def add(self, rows: Iterable[RequestRow]) -> None:
        """Counts calls."""
        kind = self._names.of["token_type"]
        for row in rows:
            if not is_exported(row):
                continue
            attributes = self._attributes(row)
            if row.latency_ms is not None:
                failed = row.outcome != "success" or row.status >= 400
                error: Attributes = ((self._names.of["error"], _error(row)),) if failed else ()
                self._duration.add(attributes + error, row.latency_ms / 1e3)
            if row.ttft_ms is not None:
                self._first.add(attributes, row.ttft_ms / 1e3)
            if row.input_tokens is not None:
                self._tokens.add((*attributes, (kind, "input")), row.input_tokens)
            if row.output_tokens is not None:
                self._tokens.add((*attributes, (kind, "output")), row.output_tokens)
            if row.cost_nanousd:
                self._spent.add(attributes, row.cost_nanousd / 1e9)

    def _attributes(self, row: RequestRow) -> Attributes:
        of = self._names.of
        asked = self._models.label(row.model_asked, answered=row.status < 400)
        answered = self._models.label(row.model, answered=row.status < 400)
        provider = self._names.providers.get(row.provider, row.provider) or "unknown"
        base: Attributes = ((of["operation"], OPERATIONS.get(row.operation, row.operation)), (of["provider"], provider))
        host, port = server_of(row.host)
        whole: Attributes = (
            *base,
            (of["model_asked"], asked),
            (of["model"], answered),
            (of["address"], host),
            (of["port"], port),
        )
        if whole not in self._seen:
            if len(self._seen) >= _MAX_SERIES:
                return (*base, (of["model_asked"], "other"), (of["model"], "other"))
            self._seen.add(whole)
        return whole


def _error(row: RequestRow) -> str:
    """A kind of error with few values: providers make up types of their own."""
    return str(row.status) if row.status >= 400 else row.outcome
