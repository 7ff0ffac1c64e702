"""The log of calls: chDB in this process, or a ClickHouse server, with one driver and one SQL.

May be imported by the control plane only (the command line: inside functions); imports `core` only. `base` says what
a store must do. `clickhouse` does it, and is imported by name, because its driver is heavy. `exactly_once` inserts,
`rows` is what goes in, `events` is what is shown, `migrate` brings a store up to date. `limits` caps a query,
`cancellation` ends it from another thread, `readers` and `streams` run it. SQL lives in
`schema/NNNN_*.sql` (applied once, in order) and `queries/*.sql`. One more filter: one row in `filters`. One more
column: see `rows`.
"""

from proxy.logstore.base import Cursor, LogStore
from proxy.logstore.cancellation import Cancellation
from proxy.logstore.events import event_of_columns, event_of_rows, micros, time_of
from proxy.logstore.filters import FILTERS, Filter, FilterError
from proxy.logstore.limits import (
    EXPORT_LIMITS,
    READ_LIMITS,
    QueryCancelled,
    QueryLimitError,
    QueryLimits,
    QueryRefused,
    StoreBusy,
    StoreError,
)
from proxy.logstore.rows import BodyRow, RequestRow
from proxy.logstore.sql_check import SqlResult

__all__ = [
    "EXPORT_LIMITS",
    "FILTERS",
    "READ_LIMITS",
    "BodyRow",
    "Cancellation",
    "Cursor",
    "Filter",
    "FilterError",
    "LogStore",
    "QueryCancelled",
    "QueryLimitError",
    "QueryLimits",
    "QueryRefused",
    "RequestRow",
    "SqlResult",
    "StoreBusy",
    "StoreError",
    "event_of_columns",
    "event_of_rows",
    "micros",
    "time_of",
]
