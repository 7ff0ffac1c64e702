"""The Prometheus page of the control plane."""

import time

from proxy.control.plane import Plane

__all__ = ["render"]


def render(plane: Plane) -> str:
    """Prometheus text format, version 0.0.4."""
    rows: list[tuple[str, str, str, float]] = [
        ("store_up", "gauge", "1 where the log store is open.", 1 if plane.ready else 0)
    ]
    if plane.shipper is not None:
        figures, reader = plane.shipper.figures, plane.shipper.reader
        behind = time.time() - figures.behind_since if figures.behind_since else 0.0
        rows += [
            ("shipped_records_total", "counter", "Records moved from the spool to the log.", figures.shipped),
            ("shipped_slices_total", "counter", "Inserts that did it.", figures.slices),
            ("ship_failures_total", "counter", "Failed rounds of the shipper.", figures.failures),
            ("ship_mended_rows_total", "counter", "Rows written again after a crash or failure.", figures.mended),
            ("unreadable_records_total", "counter", "Records stored without a reading.", figures.reading_errors),
            ("torn_pieces_total", "counter", "Damaged pieces of segments set aside.", reader.torn),
            ("torn_bytes_total", "counter", "Bytes of them.", reader.torn_bytes),
            ("spool_lag_bytes", "gauge", "Bytes in the spool that are not in the log.", figures.lag_bytes),
            ("spool_behind_seconds", "gauge", "For how long there has been such.", round(behind, 3)),
            ("spool_segments", "gauge", "Segment files.", figures.segments),
        ]
    lines: list[str] = []
    for name, kind, help, value in rows:
        full = f"perihelion_control_{name}"
        lines += [
            f"# HELP {full} {help}",
            f"# TYPE {full} {kind}",
            f"{full} {value:g}" if value < 1e6 else f"{full} {value}",
        ]
    return "\n".join(lines) + "\n"
