"""The fuzzers by name. A target takes bytes and raises where something is wrong.

`python -m tests.attacks.fuzz NAME` runs one with libFuzzer for a time, from its seeds and the corpus in `corpus/NAME`.
It instruments what it imports, so nothing of ours may be imported before: the package's own `__init__` imports nothing.
"""

from collections.abc import Callable
from typing import Final

from tests.attacks.fuzz import bodies, files, texts, wires

__all__ = ["SEEDS", "TARGETS"]

TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "caller_requests": wires.caller_requests,
    "provider_answers": wires.provider_answers,
    "streams": wires.streams,
    "headers": texts.headers,
    "policies": texts.policies,
    "templates": texts.templates,
    "filters": texts.filters,
    "segments": files.segments,
    "snapshot": files.snapshot,
    "kv_files": files.kv_files,
    "dialects": bodies.dialects,
    "compressed": bodies.compressed,
}
SEEDS: Final[dict[str, list[bytes]]] = {
    **wires.SEEDS,
    **texts.SEEDS,
    **files.SEEDS,
    **bodies.SEEDS,
}
"""Good inputs, from which a fuzzer starts."""
