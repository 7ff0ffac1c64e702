"""The identity of a caller: organisation and API key."""

from typing import Final

import msgspec

__all__ = ["DEFAULT_ORG", "UNKNOWN", "Identity", "is_key"]

DEFAULT_ORG = "default"

_KEY_PREFIXES = ("sk-perihelion-", "sk-helicone-", "pk-helicone-")


class Identity(msgspec.Struct, frozen=True):
    """The organisation a call belongs to, and the id (never the text) of the key that said so."""

    org: str = DEFAULT_ORG
    key_id: str = ""
    policy: str = ""
    """Rate limits of the key."""
    org_policy: str = ""
    """Limits of its organisation, as `OrgRow.limits` writes them."""


UNKNOWN: Final = Identity()
"""Of a call that was refused before it was known whose it is; compare with `is`."""


def is_key(text: str) -> bool:
    """Whether `text` has the form of a key of ours (or one imported from Helicone)."""
    return text.startswith(_KEY_PREFIXES)
