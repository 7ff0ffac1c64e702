"""Stores for limits and the cache: `base` is the contract, `memory` and `redis` are the backends.

One more: one file, one line in `open_kv`.
"""

from pathlib import Path

from proxy.kv.base import Kv
from proxy.kv.memory import MemoryKv

__all__ = ["open_kv"]


def open_kv(address: str, *, memory_bytes: int, patience_ms: float, folder: Path | None, wait_s: float = 0.0) -> Kv:
    """Opens the store at `address`: `memory`, saved in `folder`, or a Redis URL. Never waits for a server; waits at
    most `wait_s` until another process gives up `folder`."""
    if address == "memory":
        return MemoryKv(memory_bytes, folder, wait_s)
    from proxy.kv.redis import RedisKv  # 10 MiB that a gateway without Redis does without

    return RedisKv(address, patience_ms=patience_ms)
