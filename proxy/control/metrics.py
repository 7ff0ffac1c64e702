"""What the control plane counts, by the names of `core/prometheus.py`."""

import time

from proxy.control.plane import ControlPlane
from proxy.control.sinks.base import Described
from proxy.control.sinks.feed import SinkFeed
from proxy.core.log import swallowed_counts
from proxy.core.prometheus import render as render_page

__all__ = ["render", "samples"]

_PREFIX = "perihelion_control_"


def render(plane: ControlPlane) -> str:
    """The page for Prometheus."""
    return render_page(samples(plane), _PREFIX)


def samples(plane: ControlPlane) -> dict[str, float]:
    """Every sample by its name with labels, without the prefix."""
    found: dict[str, float] = {"store_up": 1 if plane.log.ready else 0}
    found |= {f'swallowed_errors_total{{kind="{kind}"}}': count for kind, count in swallowed_counts().items()}
    alerts = plane.evaluator.figures
    found |= {
        "alert_evaluations_total": alerts.evaluations,
        "alert_errors_total": alerts.errors,
        "alert_queries_total": alerts.reads,
        "alert_skipped_moments_total": alerts.skipped_moments,
        "alert_round_seconds": round(alerts.round_s, 3),
        "alert_behind_seconds": round(alerts.behind_s, 3),
    }
    for name, job in (plane.jobs.figures | plane.alert_jobs.figures | plane.exporter.figures).items():
        found[f'job_runs_total{{job="{name}"}}'] = job.runs
        found[f'job_failures_total{{job="{name}"}}'] = job.failures
    found |= _of_deliveries(plane)
    figures = plane.log.figures()
    found |= {
        "spool_lag_bytes": figures.lag_bytes,
        "spool_behind_seconds": round(time.time() - figures.behind_since, 3) if figures.behind_since else 0,
        "spool_segments": figures.segments,
    }
    if plane.log.shipper is not None:
        log, reader = plane.log.shipper.log, plane.log.shipper.reader
        found |= {
            "shipped_records_total": figures.shipped,
            "shipped_slices_total": figures.batches,
            "ship_failures_total": figures.failures,
            "ship_mended_rows_total": log.written_again,
            'seen_twice_rows_total{done="left_out"}': log.twice.left_out,
            'seen_twice_rows_total{done="removed"}': log.twice.removed,
            "unreadable_records_total": figures.reading_errors + log.bare_rows,
            "torn_pieces_total": reader.torn,
            "torn_bytes_total": reader.torn_bytes,
            "set_aside_records_total": figures.set_aside,
        }
        for feed in plane.log.shipper.feeds:
            found |= _of_sink(feed)
        if plane.log.shipper.calls is not None:
            found |= plane.log.shipper.calls.samples()
    if plane.parquet is not None:
        found |= {
            "parquet_hours_total": plane.parquet.figures.written,
            "parquet_failures_total": plane.parquet.figures.failures,
            "parquet_waiting_hours": plane.parquet.figures.waiting,
        }
    return found


def _of_deliveries(plane: ControlPlane) -> dict[str, float]:
    told, calls = plane.deliverer.figures, plane.call_sender.figures
    return {
        'deliveries_total{result="sent"}': told.sent,
        'deliveries_total{result="failed"}': told.failed,
        'deliveries_total{result="dead"}': told.dead,
        'webhook_calls_total{result="sent"}': calls.sent,
        'webhook_calls_total{result="refused"}': calls.refused,
        'webhook_calls_total{result="failed"}': calls.failed,
    }


def _of_sink(feed: SinkFeed) -> dict[str, float]:
    records, seconds = feed.lag()
    values = {
        "sink_records_total": feed.delivered,
        "sink_skipped_records_total": feed.skipped,
        "sink_failures_total": feed.failures,
        "sink_lag_records": records,
        "sink_lag_seconds": round(seconds, 3),
        "sink_rejected_total": feed.sink.rejected if isinstance(feed.sink, Described) else 0,
    }
    return {f'{name}{{sink="{feed.name}"}}': value for name, value in values.items()}
