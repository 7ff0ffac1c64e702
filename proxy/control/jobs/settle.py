"""Lets each background response and batch be billed by one row, although many calls may look at its result."""

from typing import Final

from proxy.control.jobs.row_builder import LogRows
from proxy.logstore import LogStore, RequestRow

__all__ = ["settle_once"]

_USAGE: Final = (
    "usage_source",
    "usage_at",
    "usage_raw",
    "provider_input_tokens",
    "provider_output_tokens",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
    "input_includes_cached",
    "output_includes_reasoning",
    "reported_cost_nanousd",
    "cost_lines",
    "priced_usage",
    "settled_id",
)
_BLANK: Final = RequestRow(id="", org="", start=0)


def settle_once(store: LogStore, rows: list[LogRows]) -> None:
    """Takes usage and cost out of the rows whose `settled_id` another row settled before: one in the log, or one that
    stands before it in `rows`. The same rows again come out the same. Raises `StoreError`."""
    claims: dict[str, list[RequestRow]] = {}
    for each in rows:
        if each.request.settled_id:
            claims.setdefault(each.request.org, []).append(each.request)
    for org, claiming in claims.items():
        settled: dict[str, set[tuple[int, str]]] = {}
        for settled_id, start, id in store.settlements(org, sorted({row.settled_id for row in claiming})):
            settled.setdefault(settled_id, set()).add((start, id))
        for row in claiming:
            if (row.start, row.id) not in settled.setdefault(row.settled_id, {(row.start, row.id)}):
                _unbill(row)


def _unbill(row: RequestRow) -> None:
    for name in _USAGE:
        setattr(row, name, getattr(_BLANK, name))
    row.cost_nanousd, row.cost_known, row.cost_missing = 0, True, []
