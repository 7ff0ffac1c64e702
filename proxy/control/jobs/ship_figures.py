"""Counters and gauges of the shipper."""

__all__ = ["Figures"]


class Figures:
    """Read from other threads."""

    def __init__(self) -> None:
        self.shipped = 0
        """Records that are in the log."""
        self.batches = 0
        self.failures = 0
        self.reading_errors = 0
        self.set_aside = 0
        """Records over which the process died: without bodies in the log, or not at all."""
        self.lag_bytes = 0
        self.segments = 0
        self.last_error = ""
        self.last_shipped_at = 0.0
        self.behind_since = 0.0
        """`time.time()` since which the log has been behind the spool; 0 when it is not."""
        self.complete_until = 0.0
        """`time.time()` at which all that was in the spool is in the log; 0: nothing is known."""
        self.keys: dict[str, int] = {}
        """When each API key was last used (microseconds), since this was taken."""
        self.orgs: set[str] = set()
        """Organisations that got calls, since this was taken."""
        self.placed_us = 0
        """Up to this place in the order of arrival, the log has all calls of this shipper."""
