"""What a call's cache headers allow: reading, saving, and for how long."""

from functools import lru_cache
from typing import Final

import msgspec

from proxy.core.errors import BadDirective

__all__ = ["CacheControl", "parse_cache_control"]

_DAY_S: Final = 86_400
_DEFAULT_AGE_S: Final = 7 * _DAY_S
_MAX_AGE_S: Final = 365 * _DAY_S


class CacheControl(msgspec.Struct, frozen=True):
    """What a `Cache-Control` header and the `Helicone-Cache-*` switches say together."""

    max_age_s: int = _DEFAULT_AGE_S
    reads: bool = True
    saves: bool = True


@lru_cache(4096)
def parse_cache_control(text: str, enabled: int, read: int, save: int) -> CacheControl:
    """Return what the header `text` and the switches (1 on, 0 off, -1 absent) allow. Raises `BadDirective`."""
    ages: dict[str, int] = {}
    reads = read == 1 or (enabled == 1 and read != 0)
    saves = save == 1 or (enabled == 1 and save != 0)
    for part in text.lower().split(",") if text else ():
        name, _, value = part.strip().partition("=")
        if name in ("max-age", "s-maxage"):
            value = value.strip('"')
            if not (value.isascii() and value.isdigit() and len(value) < 12):
                raise BadDirective("Cache-Control", part.strip(), f"{name}= a whole number of seconds")
            ages[name] = min(int(value), _MAX_AGE_S)
        elif name == "no-cache":
            reads = False
        elif name == "no-store":
            saves = False
    age = ages.get("s-maxage", ages.get("max-age", _DEFAULT_AGE_S))
    return CacheControl(age, reads and age > 0, saves and age > 0)
