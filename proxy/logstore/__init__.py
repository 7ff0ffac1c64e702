"""The log of calls: chDB in this process, or a ClickHouse server, behind one driver and one SQL.

May be imported by the control plane only; imports `core` only. `store` is the face, `rows` is what goes in,
`filters` is what may be asked, `migrate` brings a store up to date. SQL lives in `schema/NNNN_*.sql` (applied once,
in order) and `queries/*.sql`. One more column: a migration and a field in `rows`. One more filter: one row in
`filters`.
"""

from proxy.logstore.events import event_of_columns, event_of_rows, micros
from proxy.logstore.filters import Filter, FilterError
from proxy.logstore.rows import BodyRow, RequestRow
from proxy.logstore.store import Store, StoreError

__all__ = [
    "BodyRow",
    "Filter",
    "FilterError",
    "RequestRow",
    "Store",
    "StoreError",
    "event_of_columns",
    "event_of_rows",
    "micros",
]
