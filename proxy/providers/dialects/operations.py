"""What a call asks for: one row for each operation that a dialect names, with all that the other parts must know of it.

Read by the dialects (`reports_usage`), the cache (`cacheable`, `stateful_path`) and the meter (`billable`,
`has_output`). One more operation: one row here.
"""

import re
from typing import Final

import msgspec

__all__ = ["OPERATIONS", "OTHER", "Operation"]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of call, by the name that the log shows."""

    name: str
    billable: bool = True
    """Its usage is estimated where the provider reports none."""
    has_output: bool = True
    """A model writes an answer, so output tokens are reserved before the call."""
    cacheable: bool = True
    """An identical request may get the same answer. False where the answer is a state that changes."""
    stateful_path: re.Pattern[str] | None = None
    """Paths of this operation that create or change something, so their answers are not cacheable either."""
    reports_usage: bool = True
    """A usage object in the answer is this call's. False where it may be another call's: `stored` reads, changes,
    cancels or deletes what an earlier call made, and its answer repeats that call's usage."""


_STATEFUL = re.compile(
    r"/(?:assistants|cancel|containers|conversations|evals|fine[_-]tuning|threads|tunedModels|vector_stores)(?:[/?]|$)"
)

OTHER: Final = Operation(name="other", billable=False, stateful_path=_STATEFUL)
"""What no dialect names."""

OPERATIONS: Final[dict[str, Operation]] = {
    operation.name: operation
    for operation in (
        Operation(name="chat"),
        Operation(name="completions"),
        Operation(name="responses"),
        Operation(name="messages"),
        Operation(name="generate_content"),
        Operation(name="interactions"),
        Operation(name="converse"),
        Operation(name="invoke"),
        Operation(name="embeddings", has_output=False),
        Operation(name="rerank", has_output=False),
        Operation(name="moderations", has_output=False),
        Operation(name="count_tokens", has_output=False, billable=False),
        Operation(name="images"),
        Operation(name="audio"),
        Operation(name="ocr"),
        Operation(name="files", has_output=False, billable=False, cacheable=False, reports_usage=False),
        Operation(name="models", has_output=False, billable=False, cacheable=False, reports_usage=False),
        Operation(name="batches", has_output=False, billable=False, cacheable=False, reports_usage=False),
        Operation(name="stored", has_output=False, billable=False, cacheable=False, reports_usage=False),
        OTHER,
    )
}
"""By name."""
