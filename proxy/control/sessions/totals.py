"""What the calls of one part of a session came to."""

from typing import Any

import msgspec

__all__ = ["Totals"]


class Totals(msgspec.Struct):
    """Sums over calls; times are microseconds since the epoch."""

    calls: int = 0
    errors: int = 0
    cost_nanousd: int | None = None
    """Of the calls whose cost is known; None where it is of none."""
    unknown_cost_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    start_us: int = 0
    end_us: int = 0
    busy_ms: float = 0.0
    """Sum of the latencies: more than the time that passed where calls ran side by side."""

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> "Totals":
        """Of a row of `session_paths.sql` or `session_spans.sql`."""
        return cls(
            row.get("calls", 1),
            int(row["errors"]),
            row["cost_nanousd_sum"],
            int(row["unknown_cost_calls"]),
            row["input_tokens_sum"],
            row["output_tokens_sum"],
            row["start_us"],
            row["end_us"],
            row["busy_ms"],
        )

    def add(self, other: "Totals") -> None:
        if not other.calls:
            return
        self.start_us = min(self.start_us, other.start_us) if self.calls else other.start_us
        self.end_us = max(self.end_us, other.end_us)
        self.calls += other.calls
        self.errors += other.errors
        if other.cost_nanousd is not None:
            self.cost_nanousd = (self.cost_nanousd or 0) + other.cost_nanousd
        self.unknown_cost_calls += other.unknown_cost_calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.busy_ms += other.busy_ms
