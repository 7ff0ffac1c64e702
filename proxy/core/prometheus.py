"""Prometheus: every metric of both planes in one table, and the text form of their samples.

A metric is one row here, and one line where it is counted. docs/metrics.md is generated from the table.
"""

from typing import Final, Literal

import msgspec

__all__ = ["METRICS", "Metric", "render"]


class Metric(msgspec.Struct, frozen=True):
    """One family. `name` is the full name, without `_bucket`, `_sum` and `_count` of a histogram."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


def _rows(prefix: str, *rows: tuple[str, str] | tuple[str, str, tuple[str, ...]]) -> list[Metric]:
    found: list[Metric] = []
    for name, help, *labels in rows:
        kind: Literal["counter", "gauge", "histogram"] = "counter" if name.endswith("_total") else "gauge"
        if labels and "le" in labels[0]:
            kind = "histogram"
        found.append(Metric(prefix + name, kind, help, labels[0] if labels else ()))
    return found


_CALL_LABELS: Final = ("provider", "model", "status", "le")
"""Models are those of the built-in prices and of the setting metrics.models; others are `other`."""

METRICS: Final[tuple[Metric, ...]] = (
    *_rows(
        "perihelion_",
        ("calls_total", "Calls finished, by provider, status class and outcome.", ("provider", "status", "outcome")),
        ("opened_total", "Calls that arrived."),
        ("open", "Open calls."),
        ("request_bytes_total", "Bytes of request bodies."),
        ("response_bytes_total", "Bytes of answer bodies."),
        ("duration_seconds", "Time from a call's arrival to its end.", ("le",)),
        ("unlogged_total", "Calls whose record could not be built: a defect, its cause is in the log of the gateway."),
        ("refused_unlogged_total", "Refused calls without a valid key that have no record: too many came at once."),
        ("swallowed_errors_total", "Errors that failed no call, by the work that met them.", ("kind",)),
        ("spool_written_total", "Records written to the spool."),
        ("spool_dropped_total", "Records dropped because the spool could not be written."),
        ("spool_bytes_total", "Bytes written to the spool."),
        ("upstream_open", "Open connections to providers."),
        ("upstream_idle", "Open connections to providers that no call uses."),
        ("upstream_waiting", "Calls that wait for a connection to a provider."),
        ("upstream_opened_total", "Connections opened to providers."),
        ("upstream_reused_total", "Calls sent on a connection that was open already."),
        (
            "upstream_stale_retries_total",
            "Calls sent again because their idle connection had been closed.",
        ),
        ("kv_up", "Workers whose store of limits and the cache works."),
        ("kv_errors_total", "Failures of that store."),
        ("kv_lost_settles_total", "Reservations that could not be settled."),
        ("kv_evicted_total", "Cached answers removed to make room."),
        ("kv_buckets", "Buckets of limits in memory."),
        ("kv_keys", "Cached answers in memory."),
        ("kv_bytes", "Bytes of cached answers in memory."),
        ("rate_refused_total", "Calls refused by a limit."),
        ("rate_degraded_total", "Calls whose limits were decided without their store."),
        ("cache_hits_total", "Calls answered from the cache."),
        ("cache_joined_total", "Calls that shared the answer of an identical call in flight."),
        ("cache_misses_total", "Calls that were looked up in the cache and not found."),
        ("cache_degraded_total", "Calls not looked up in the cache because its store was down."),
        ("guard_refused_total", "Calls refused by a guard."),
        ("guard_failed_total", "Checks of guards that failed."),
        ("hedged_total", "Late calls that were sent a second time."),
        ("workers", "Gateway workers that report."),
    ),
    *_rows(
        "perihelion_control_",
        ("store_up", "1 while the log store is open."),
        ("swallowed_errors_total", "Errors that stopped no work, by the work that met them.", ("kind",)),
        ("job_runs_total", "Runs of a periodic job on this control plane.", ("job",)),
        ("job_failures_total", "Failed runs of a periodic job on this control plane.", ("job",)),
        ("deliveries_total", "Attempts to send a notification: `sent`, `failed`, `dead` (given up).", ("result",)),
        (
            "webhook_calls_total",
            "Calls sent to webhooks: `sent`, `refused` (passed over), `failed` attempts.",
            ("result",),
        ),
        ("shipped_records_total", "Records moved from the spool to the log."),
        ("shipped_slices_total", "Inserts that moved them."),
        ("ship_failures_total", "Failed rounds of the shipper."),
        ("ship_mended_rows_total", "Rows written again after a crash or failure."),
        (
            "seen_twice_rows_total",
            "Rows left out or removed, because the log has another row of their call.",
            ("done",),
        ),
        ("unreadable_records_total", "Records stored without what their bodies say."),
        ("torn_pieces_total", "Damaged parts of segments set aside."),
        ("torn_bytes_total", "Bytes of damaged parts of segments."),
        ("set_aside_records_total", "Records over which the process died: in the log without their bodies."),
        ("spool_lag_bytes", "Bytes in the spool that are not in the log."),
        ("spool_behind_seconds", "Seconds for which the log has been behind the spool."),
        ("spool_segments", "Segment files in the spool."),
        ("alert_evaluations_total", "Evaluations of alert rules on this control plane."),
        ("alert_errors_total", "Those of them that failed."),
        ("alert_queries_total", "Queries of the log for them."),
        ("alert_skipped_moments_total", "Moments that rules were not evaluated for, after a long stop."),
        ("alert_round_seconds", "How long the last evaluation of all rules took."),
        ("alert_behind_seconds", "How long after its moment it ended."),
        ("sink_records_total", "Records delivered to a sink.", ("sink",)),
        ("sink_skipped_records_total", "Records that a sink missed.", ("sink",)),
        ("sink_failures_total", "Failed deliveries to a sink.", ("sink",)),
        ("sink_lag_records", "Records queued for a sink.", ("sink",)),
        ("sink_lag_seconds", "Age of the oldest record queued for a sink.", ("sink",)),
        ("sink_rejected_total", "Records, spans or points that the receiver of a sink refused for good.", ("sink",)),
        ("call_duration_seconds", "Time from a logged call's arrival to its end.", _CALL_LABELS),
        ("call_first_token_seconds", "Time from a logged call's arrival to its first token.", _CALL_LABELS),
        ("call_tokens", "Tokens of a logged call.", ("provider", "model", "status", "type", "le")),
        ("call_cost_usd", "Cost of a logged call in US dollars.", _CALL_LABELS),
        ("parquet_hours_total", "Hours of an organisation that were written as Parquet files."),
        ("parquet_failures_total", "Hours that could not be written as Parquet files."),
        ("parquet_waiting_hours", "Hours of organisations that are yet to be written as Parquet files."),
    ),
)

_ROWS: Final = {row.name: row for row in METRICS}


def render(samples: dict[str, float], prefix: str) -> str:
    """Samples by their names (with labels, without `prefix`) as a page in text exposition format, version 0.0.4.

    Samples of one family stand together. A family that is not in the table is written without type and help.
    """
    families: dict[str, list[str]] = {}
    for sample, value in samples.items():
        shown = f"{value:.{6 if value > 1 else 12}f}" if value % 1 else str(int(value))
        families.setdefault(_family(prefix + sample.partition("{")[0]), []).append(f"{prefix}{sample} {shown}")
    lines: list[str] = []
    for family, rows in families.items():
        metric = _ROWS.get(family)
        if metric is not None:
            lines += [f"# HELP {family} {metric.help}", f"# TYPE {family} {metric.kind}"]
        lines += rows
    return "\n".join(lines) + "\n"


def _family(name: str) -> str:
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and name.removesuffix(suffix) in _ROWS:
            return name.removesuffix(suffix)
    return name
