"""The values of `Helicone-Fallback` and `Helicone-Fallbacks`, parsed and checked.

Both are checked before the first attempt, so that a mistake is reported at once and not when a provider fails.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec

from _speedups import HOP_BY_HOP
from proxy.core.errors import BadDirective

__all__ = ["Codes", "Fallback", "ModelFallback", "parse_fallbacks", "parse_model_fallbacks", "shown_value"]

_MAX_ENTRIES: Final = 10
_SET_BY_US: Final = HOP_BY_HOP | {"host", "content-length"}
"""Headers that a fallback may not set."""

Codes = tuple[tuple[int, int], ...]
"""Statuses, as inclusive ranges."""


class ModelFallback(msgspec.Struct, forbid_unknown_fields=True):
    """One entry of `Helicone-Fallback`: the same provider with another model."""

    model: str


class _CodeRange(msgspec.Struct, forbid_unknown_fields=True):
    from_: int = msgspec.field(name="from")
    to: int


class Fallback(msgspec.Struct, forbid_unknown_fields=True):
    """One entry of `Helicone-Fallbacks`: an origin with headers and changes of its own."""

    target_url: str = msgspec.field(name="target-url")
    headers: dict[str, str] = {}
    on_codes: list[int | _CodeRange] | None = msgspec.field(default=None, name="onCodes")
    body_key_override: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict, name="bodyKeyOverride")

    @property
    def codes(self) -> Codes | None:
        """Statuses that lead on to the next target; None: the usual ones."""
        if self.on_codes is None:
            return None
        return tuple((code, code) if isinstance(code, int) else (code.from_, code.to) for code in self.on_codes)


@lru_cache(128)
def parse_model_fallbacks(text: str) -> tuple[ModelFallback, ...]:
    """Return the entries of `Helicone-Fallback`. Raises `BadDirective`."""
    entries = _parse("Helicone-Fallback", text, list[ModelFallback], '[{"model": "gpt-4o-mini"}]')
    if not all(entry.model.strip() for entry in entries):
        raise BadDirective("Helicone-Fallback", text, "a model's name in each entry", code="invalid_policy")
    return tuple(entries)


@lru_cache(128)
def parse_fallbacks(text: str) -> tuple[Fallback, ...]:
    """Return the entries of `Helicone-Fallbacks`, the first being the primary. Raises `BadDirective`."""
    form = '[{"target-url": "https://…", "headers": {…}, "onCodes": [429, {"from": 500, "to": 599}], '
    form += '"bodyKeyOverride": {…}}]'
    entries = _parse("Helicone-Fallbacks", text, list[Fallback], form)
    for number, entry in enumerate(entries):
        for name, value in entry.headers.items():
            if name.lower() in _SET_BY_US or name.lower().startswith("helicone-") or not _is_header(name, value):
                raise BadDirective(
                    "Helicone-Fallbacks", f"$[{number}].headers: {name}",
                    "headers for the provider, without line breaks; not Host, lengths or Helicone-*",
                    code="invalid_policy",
                )  # fmt: skip
        for low, high in entry.codes or ():
            if not 100 <= low <= high <= 599:
                raise BadDirective(
                    "Helicone-Fallbacks", f"$[{number}].onCodes: {low} to {high}", "statuses, 100 to 599, from <= to",
                    code="invalid_policy",
                )  # fmt: skip
    return tuple(entries)


def shown_value(header: str, text: str) -> str:
    """The value as an error may quote it: entries of `Helicone-Fallbacks` hold credentials of providers."""
    return text if header == "Helicone-Fallback" else f"{len(text)} characters, not shown since they may hold keys"


def _parse(header: str, text: str, form: Any, example: str) -> Any:
    shown = shown_value(header, text)
    try:
        entries = msgspec.json.decode(text, type=form)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadDirective(header, shown, f"{example} ({error})", code="invalid_policy") from None
    if not 1 <= len(entries) <= _MAX_ENTRIES:
        raise BadDirective(header, shown, f"1 to {_MAX_ENTRIES} entries, as {example}", code="invalid_policy")
    return entries


def _is_header(name: str, value: str) -> bool:
    token = bool(name) and name.isascii() and all(char.isalnum() or char in "!#$%&'*+-.^_`|~" for char in name)
    return token and value.isprintable() and all(ord(char) < 256 for char in value)
