"""Makes `perihelion/sync_client.py` from `async_client.py`: the same text without `async` and `await`."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["ASYNC", "SYNC", "sync_text"]

_PACKAGE: Final = Path(__file__).resolve().parent.parent / "perihelion"
ASYNC: Final = _PACKAGE / "async_client.py"
SYNC: Final = _PACKAGE / "sync_client.py"
_CHANGES: Final = (
    (
        r'"""The asynchronous client\. .*?"""',
        '"""The client. Made from `async_client.py` by `python docs/generate.py`; change it there."""',
    ),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAsyncClient\b", "Client"),
    (r"\bAsyncBaseTransport\b", "BaseTransport"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\baclose\b", "close"),
    (r"\baread\b", "read"),
    (r"\baiter_bytes\b", "iter_bytes"),
)


def sync_text() -> str:
    """What `sync_client.py` should hold."""
    text = ASYNC.read_text("utf-8")
    for pattern, change in _CHANGES:
        text = re.sub(pattern, change, text, flags=re.DOTALL)
    formatter = [sys.executable, "-m", "ruff", "format", "--quiet", "--line-length=120", "-"]
    return subprocess.run(formatter, input=text, capture_output=True, text=True, check=True).stdout
