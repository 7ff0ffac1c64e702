"""The calls that the dashboard's figures need beside those of the filled log: one long session, and large bodies."""

import json
import time
from pathlib import Path
from typing import Final

from proxy.core.clock import now_us
from proxy.core.record import Record
from tests.e2e.control_process import record, spool

__all__ = ["LARGE", "MARK", "SESSION", "SESSION_CALLS", "live_call", "write_extra_calls"]

SESSION: Final = "bench-30000"
SESSION_CALLS: Final = 30_000
LARGE: Final = "bench-large"
"""User of the calls with a body of five megabytes."""
MARK: Final = "bench-first-content"
"""What stands in the conversation of such a call and nowhere else."""
_LARGE_BYTES: Final = 5_000_000
_LARGE_CALLS: Final = 6
_BATCH: Final = 2_000


def write_extra_calls(data: Path) -> None:
    """Writes them into the spool of a data folder, once."""
    note = data / "dashboard-calls"
    if note.exists():
        return
    end = now_us() - 60_000_000
    for first in range(0, SESSION_CALLS, _BATCH):
        spool(data, *(_step(end, number) for number in range(first, first + _BATCH)))
    spool(data, *(_large(end + number * 1000, number) for number in range(_LARGE_CALLS)))
    note.write_text(time.strftime("%Y-%m-%dT%H:%M:%SZ\n", time.gmtime()))


def live_call(number: int) -> Record:
    """A call that ends now."""
    return record(now_us() - 200_000, user_id=f"user-{number % 50}", session_id=f"live-{number // 20}")


def _step(end: int, number: int) -> Record:
    """A call of the long session: ten plans of a hundred tasks of thirty steps."""
    at = end - (SESSION_CALLS - number) * 100_000
    plan, task, step = number // 3000, number // 30 % 100, number % 30
    path = f"/plan {plan}/task {task}" + (f"/step {step}" if step else "")
    return record(
        at, session_id=SESSION, session_path=path, session_name="Nightly agents", ended_us=90_000 + step * 3000
    )


def _large(at: int, number: int) -> Record:
    rows = [
        {
            "id": row,
            "customer": f"customer {row * 7 % 9973}",
            "amount": row % 900 + 0.5,
            "note": "paid late, asked twice",
        }
        for row in range(_LARGE_BYTES // 109)
    ]
    # The mark stands in the first message only: lists show the beginning of the last one.
    said = [
        {"role": "system", "content": MARK},
        {"role": "user", "content": f"Question {number}: which customers paid late?\n\n{json.dumps(rows)}"},
    ]
    body = {"model": "gpt-4o", "messages": said}
    content = json.dumps(body).encode()
    return record(at, user_id=LARGE, request_body=content, request_size=len(content))
