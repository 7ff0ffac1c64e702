"""Readers of what other products export: one module a format, which makes calls and scores of a row.

One more format: a module with `read`, and one line in `FORMATS`. Imports `proxy.core`, and nothing that reads files or
answers requests.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from proxy.ingest.imports import helicone, langfuse, litellm, openai_logs
from proxy.ingest.imports.call import ImportedCall, ImportedScore, call_id
from proxy.ingest.imports.row import BadRow, Row, RowProblem

__all__ = ["FORMATS", "ImportedCall", "ImportedScore", "RowProblem", "call_id", "read_row"]

FORMATS: Final[dict[str, Callable[[Row], Iterator[ImportedCall | ImportedScore]]]] = {
    "helicone": helicone.read,
    "langfuse": langfuse.read,
    "litellm": litellm.read,
    "openai-logs": openai_logs.read,
}
"""Name of the format to its reader."""


def read_row(
    format: str, values: Mapping[str, Any], now_us: int
) -> tuple[list[ImportedCall | ImportedScore], list[RowProblem]]:
    """What a row holds, and what of it is not understood. A row that cannot be taken at all holds nothing."""
    row = Row(values, now_us=now_us)
    found: list[ImportedCall | ImportedScore] = []
    try:
        for each in FORMATS[format](row):
            found.append(each)
    except BadRow as error:
        row.problems.append(error.problem)
    except Exception as error:  # noqa: BLE001 - whatever a row holds, the rows beside it are imported
        row.problems.append(RowProblem("", f"cannot be read ({type(error).__name__}: {error})"))
    return found, row.problems
