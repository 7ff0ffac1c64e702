"""Histograms of the calls that went into the log, for Prometheus: latency, time to first token, tokens and cost."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from proxy.control.jobs.row_builder import LogRows
from proxy.core.call_labels import OTHER_MODEL, ModelLabels
from proxy.logstore import RequestRow

__all__ = ["CallHistograms"]

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0)
_TOKENS: Final = (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)
_DOLLARS: Final = (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0)
_MAX_SERIES: Final = 500
"""Sets of provider, model and status; calls of others are counted under the model `other`."""

_FAMILIES: Final[tuple[tuple[str, str, tuple[float, ...]], ...]] = (
    ("call_duration_seconds", "", _SECONDS),
    ("call_first_token_seconds", "", _SECONDS),
    ("call_tokens", ',type="input"', _TOKENS),
    ("call_tokens", ',type="output"', _TOKENS),
    ("call_cost_usd", "", _DOLLARS),
)
"""Name, label of its own, and bounds of each histogram of a series."""


class _Histogram(msgspec.Struct):
    bounds: tuple[float, ...]
    counts: list[int]
    sum: float = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class CallHistograms:
    """Counts calls. Added to by one thread, read by others.

    The page is open to whoever reaches the port, so a label is a name that everybody may know: the id of a model in the
    built-in prices, and what the operator names. Other names of models are callers' own.
    """

    def __init__(
        self,
        listed_model: Callable[[str, str, str], str],
        providers: frozenset[str] = frozenset(),
        models: frozenset[str] = frozenset(),
    ) -> None:
        """`listed_model` returns the id of a provider's model (at a URL), or nothing; `models` are further labels, or
        `*`: every model that answered a call."""
        self._listed_model = listed_model
        self._providers = providers
        self._named = models
        self._answered = ModelLabels() if "*" in models else None
        self._series: dict[tuple[str, str, int], list[_Histogram]] = {}

    def add(self, rows: Iterable[LogRows]) -> None:
        """Counts the calls of these rows; imported ones and steps that called no model are left out."""
        for each in rows:
            row = each.request
            if row.source and (row.source.startswith("import:") or not row.model):
                continue
            provider = row.provider if row.provider in self._providers or not row.provider else OTHER_MODEL
            duration, first, asked, answered, cost = self._of(provider, self._model(row), row.status // 100)
            if row.latency_ms is not None:
                duration.add(row.latency_ms / 1e3)
            if row.ttft_ms is not None:
                first.add(row.ttft_ms / 1e3)
            if row.input_tokens is not None:
                asked.add(row.input_tokens)
            if row.output_tokens is not None:
                answered.add(row.output_tokens)
            if row.cost_nanousd is not None and row.cost_known:
                cost.add(row.cost_nanousd / 1e9)

    def samples(self) -> dict[str, float]:
        """Every sample by its name with labels, without a prefix."""
        found: dict[str, float] = {}
        for (provider, model, status), histograms in list(self._series.items()):
            shown = f"{status}xx" if status else "none"
            labels = f'provider="{_escaped(provider)}",model="{_escaped(model)}",status="{shown}"'
            for (name, own, _), histogram in zip(_FAMILIES, histograms, strict=True):
                total = 0
                for bound, count in zip((*histogram.bounds, None), list(histogram.counts), strict=True):
                    total += count
                    le = "+Inf" if bound is None else f"{bound:g}"
                    found[f'{name}_bucket{{{labels}{own},le="{le}"}}'] = total
                found[f"{name}_sum{{{labels}{own}}}"] = histogram.sum
                found[f"{name}_count{{{labels}{own}}}"] = total
        return found

    def _model(self, row: RequestRow) -> str:
        model = row.model
        if not model or model in self._named:
            return model
        if self._answered is not None:
            return self._answered.label(model, answered=row.status < 400)
        url = f"https://{row.host}" if row.host else ""  # as it was priced, so that it is looked up once
        return self._listed_model(row.provider, model, url) or OTHER_MODEL

    def _of(self, provider: str, model: str, status: int) -> list[_Histogram]:
        key = (provider, model, status)
        found = self._series.get(key)
        if found is None:
            if len(self._series) >= _MAX_SERIES:
                key = (provider, OTHER_MODEL, status)
            found = self._series.setdefault(
                key, [_Histogram(bounds, [0] * (len(bounds) + 1)) for _, _, bounds in _FAMILIES]
            )
        return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
