"""What a log store must do. `ClickHouseStore` is the one that there is; tests put tables in memory in its place.

Writing is two operations, from which `exactly_once` makes inserts that survive a crash. Reading gives rows as
dictionaries by column name, times as aware datetimes. Reads stop at their `QueryLimits`, and `Cancellation` ends them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, get_args

from proxy.logstore.filters import Filter
from proxy.logstore.limits import EXPORT_LIMITS, READ_LIMITS, QueryLimits
from proxy.logstore.rows import AnnotationRow, BodyRow, LateArrivalRow, RepricedRow, RequestRow, SpanLinkRow
from proxy.logstore.sql_check import SqlResult

__all__ = ["SQL_TABLES", "WRITTEN_TABLES", "AnyRow", "AnyTable", "Cursor", "LogStore", "Row", "Table"]

Row = RequestRow | BodyRow
Table = Literal["requests", "bodies"]
AnyTable = Literal["requests", "bodies", "annotations", "repriced", "span_links", "late_arrivals"]
WRITTEN_TABLES: Final[tuple[AnyTable, ...]] = get_args(AnyTable)
AnyRow = Row | AnnotationRow | RepricedRow | SpanLinkRow | LateArrivalRow
SQL_TABLES: Final = frozenset({"requests", "bodies", "annotations"})
"""What SQL of users may read."""
Cursor = tuple[int, str]
"""Start (microseconds) and id of the last call of a page."""


class LogStore(Protocol):
    """An open store. Its methods block, may be called from several threads, and raise `StoreError` (`limits`)."""

    database: str
    """Where its tables are."""
    text_chars: int
    """How many characters of a call the text index covers. 0: there is none, and a text search scans
    (`proxy/query/search.py`)."""

    def write(self, table: AnyTable, rows: Sequence[AnyRow], token: str) -> None:
        """Inserts the rows, unless the table has already had an insert under this token."""

    def missing(self, table: Table, rows: Sequence[Row]) -> Sequence[Row]:
        """Those of the rows whose key (org, start, id) is not in the table."""

    def hold_retention(self, hold: bool) -> None:
        """Stop deleting rows that are past their retention, or go on. A store that cannot does nothing."""

    def settlements(self, org: str, ids: Sequence[str]) -> list[tuple[str, int, str]]:
        """(`settled_id`, start, id) of the calls of an organisation that settled one of `ids`."""

    def sightings(
        self, org: str, since_us: int, until_us: int, response_ids: Sequence[str], span_ids: Sequence[str]
    ) -> list[dict[str, Any]]:
        """The calls of an organisation in that time that have one of the response ids, and its proxied calls that are
        children of one of the spans: key, times, and what they are recognised by."""

    def recent_reports(self, since_us: int, limit: int) -> list[dict[str, Any]]:
        """The same of model calls of all organisations that did not pass through the proxy and came into the log since
        then, with their facts; newest first."""

    def remove(self, keys: Sequence[tuple[str, int, str]]) -> None:
        """Removes calls by (org, start, id), with their bodies, within about a second; a crash after this returned does
        not stop it. Keys that are not there do no harm."""

    def page(self, filter: Filter, cursor: Cursor | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """The newest matching calls that are older than `cursor`, newest first."""

    def arrivals(self, filter: Filter, after_us: int, limit: int = 50) -> list[dict[str, Any]]:
        """The matching calls whose `ingested_at` is above `after_us`, in order of arrival."""

    def calls_to_send(
        self, filter: Filter, after_us: int, until_us: int, limit: int, sample_share: float, only_requested: bool
    ) -> list[dict[str, Any]]:
        """The matching calls that arrived after `after_us` and not after `until_us`, in order of arrival: a share of
        them, always the same, and those that asked for it by `Helicone-Webhook-Enabled`; or the latter only. At least
        `limit` where there are more, and then all of the last one's microsecond."""

    def last_arrival_us(self, org: str) -> int:
        """The highest `ingested_at` of an organisation's calls; 0 where there is none."""

    def count(self, filter: Filter) -> int:
        """How many calls match."""

    def get(self, org: str, id: str) -> dict[str, Any] | None:
        """One call with its bodies (under `bodies`, None where none are stored); None where there is no such call."""

    def prompt_usage(self, org: str, prompt: str) -> list[dict[str, Any]]:
        """Calls, errors, tokens, cost and latency of each version of a prompt, newest version first."""

    def updated_properties(self, org: str) -> frozenset[str]:
        """Names of the properties that the organisation changed after calls: `compile_filter` wants to know. They are
        read every few seconds, and after a write."""

    def read(self, sql: str, bound: dict[str, Any], limits: QueryLimits = READ_LIMITS) -> list[dict[str, Any]]:
        """The rows of a query. `sql` is ours, with `{name:Type}` for each value of `bound`, and without the clauses
        SETTINGS and FORMAT. It runs with rights that cannot write or leave the database.

        Raises `QueryLimitError` at a cap, `QueryCancelled` (see `Cancellation`), `StoreBusy` where no reader became
        free within `limits.seconds`."""

    def read_as(
        self,
        org: str,
        sql: str,
        parameters: dict[str, Any],
        limits: QueryLimits = READ_LIMITS,
        tables: Collection[str] = SQL_TABLES,
    ) -> SqlResult:
        """The result of one SELECT of a user, with `{name:Type}` for each of `parameters`. Of all `tables` (and views)
        it sees only the rows of `org`; other tables, table functions, functions that reach out of the query, settings
        and output files are refused before anything is evaluated.

        Raises as `read` does, and `QueryRefused` with what is wrong in the SQL. On a server it runs as the user of
        `log.reader`, and without such a user not at all."""

    def stream_as(
        self,
        org: str,
        sql: str,
        parameters: dict[str, Any],
        format: str,
        limits: QueryLimits,
        views: Mapping[str, str],
    ) -> Iterator[bytes]:
        """The result of such a SELECT in an output format of the engine, in pieces. It reads `views` by their names and
        nothing else: they are queries of ours over the tables, which may use `parameters`. Raises as `read_as` does,
        also after the first pieces."""

    def stream_bytes(
        self, sql: str, bound: dict[str, Any], format: str, limits: QueryLimits = EXPORT_LIMITS
    ) -> Iterator[bytes]:
        """The result of such a query in an output format of the engine (`Parquet`, `JSONEachRow`, `CSVWithNames`), in
        pieces of up to 256 KiB. Raises as `read` does, also after the first pieces: the result is then incomplete.

        A stream has a connection of its own, so it never holds up a read. Close it (`contextlib.closing`) where it is
        not read to its end: that ends the query."""

    def execute(self, sql: str, bound: dict[str, Any]) -> list[dict[str, Any]]:
        """Runs a statement of ours with the rights of the writer, which may change tables and read the engine's own.
        Returns the rows of a SELECT."""

    def ping(self) -> None:
        """Raises `StoreError` where the store does not answer."""

    def close(self) -> None:
        """Closes all connections."""
