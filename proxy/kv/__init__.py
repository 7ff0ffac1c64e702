"""Stores for limits and the cache: `base` holds the contracts, `memory` and `redis` are the backends.

Add one: a module here with `open_store`, and its scheme in the table below.
"""

from importlib import import_module
from typing import Any, Final

from proxy.core.errors import SettingError
from proxy.kv.base import CacheStore, LimitStore, Store, StoreOptions

__all__ = ["SCHEMES", "StoreOptions", "Stores", "check_url", "open_kv"]

SCHEMES: Final[dict[str, str]] = {
    "memory": "memory",
    "redis": "redis",
    "rediss": "redis",
    "unix": "redis",
    "redis+cluster": "redis",
    "rediss+cluster": "redis",
}
"""What `kv.url` may begin with, and the module that opens it; imported when it is opened, since clients are large."""


class Stores:
    """The store of limits and that of the cache; often they are one."""

    __slots__ = ("_all", "cache", "limits")

    def __init__(self, limits: LimitStore, cache: CacheStore) -> None:
        self.limits = limits
        self.cache = cache
        self._all: list[Store] = list({id(store): store for store in (cache, limits)}.values())

    def tick(self) -> None:
        """Once a second, from the loop: housekeeping."""
        for store in self._all:
            store.tick()

    async def close(self) -> None:
        """Write what is pending and let go of everything."""
        for store in self._all:
            await store.close()

    def counters(self) -> dict[str, int]:
        """Return the counters of both for the metrics page; where both know one, that of the limits."""
        return {name: value for store in self._all for name, value in store.counters().items()}


def open_kv(url: str, options: StoreOptions) -> Stores:
    """Open the stores at `url` without waiting for a server. Raises `SettingError` for a URL of no known scheme, and
    where a folder is in use by another process for longer than `options.wait_s`."""
    module: Any = import_module(f"proxy.kv.{check_url(url)}")
    store = module.open_store(url, options)
    return Stores(store, store)


def check_url(url: str) -> str:
    """Return the module that opens `url`. Raises `SettingError` where its scheme is not known."""
    scheme, mark, _ = url.partition("://")
    module = SCHEMES.get(scheme)
    if module is None or bool(mark) is (scheme == "memory"):
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES if scheme != "memory")
        raise SettingError("kv.url", url, f"memory, or an address that begins with one of {known}")
    return module
