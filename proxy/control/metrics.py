"""The Prometheus page of the control plane."""

import time
from collections.abc import Callable

from proxy.control.plane import Plane
from proxy.control.sinks.feed import SinkFeed

__all__ = ["render"]


def render(plane: Plane) -> str:
    """Prometheus text format, version 0.0.4."""
    rows: list[tuple[str, str, str, float]] = [
        ("store_up", "gauge", "1 where the log store is open.", 1 if plane.ready else 0)
    ]
    if plane.shipper is not None:
        figures, log, reader = plane.shipper.figures, plane.shipper.log, plane.shipper.reader
        behind = time.time() - figures.behind_since if figures.behind_since else 0.0
        unreadable = figures.reading_errors + log.bare_rows
        rows += [
            ("shipped_records_total", "counter", "Records moved from the spool to the log.", figures.shipped),
            ("shipped_slices_total", "counter", "Inserts that did it.", figures.batches),
            ("ship_failures_total", "counter", "Failed rounds of the shipper.", figures.failures),
            ("ship_mended_rows_total", "counter", "Rows written again after a crash or failure.", log.written_again),
            ("unreadable_records_total", "counter", "Records stored without a reading.", unreadable),
            ("torn_pieces_total", "counter", "Damaged parts of segments set aside.", reader.torn),
            ("torn_bytes_total", "counter", "Bytes of them.", reader.torn_bytes),
            ("spool_lag_bytes", "gauge", "Bytes in the spool that are not in the log.", figures.lag_bytes),
            ("spool_behind_seconds", "gauge", "Seconds for which the log has been behind the spool.", round(behind, 3)),
            ("spool_segments", "gauge", "Segment files.", figures.segments),
        ]
        rows += _sink_rows(plane.shipper.feeds)
    lines: list[str] = []
    previous = ""
    for series, kind, help, value in rows:
        name = f"perihelion_control_{series.partition('{')[0]}"
        if name != previous:
            lines += [f"# HELP {name} {help}", f"# TYPE {name} {kind}"]
            previous = name
        full = f"perihelion_control_{series}"
        lines.append(f"{full} {value:g}" if value < 1e6 else f"{full} {value}")
    return "\n".join(lines) + "\n"


def _sink_rows(feeds: list[SinkFeed]) -> list[tuple[str, str, str, float]]:
    """What each sink beside the log does; series of one metric stand together."""
    metrics: list[tuple[str, str, str, Callable[[SinkFeed], float]]] = [
        ("sink_records_total", "counter", "Records delivered to a sink.", lambda feed: feed.delivered),
        ("sink_skipped_records_total", "counter", "Records that a sink missed.", lambda feed: feed.skipped),
        ("sink_failures_total", "counter", "Failed deliveries to a sink.", lambda feed: feed.failures),
        ("sink_lag_records", "gauge", "Records queued for a sink.", lambda feed: feed.lag()[0]),
        (
            "sink_lag_seconds",
            "gauge",
            "Age of the oldest record queued.",
            lambda feed: round(feed.lag()[1], 3),
        ),
    ]
    return [
        (f'{name}{{sink="{feed.name}"}}', kind, help, value(feed))
        for name, kind, help, value in metrics
        for feed in feeds
    ]
