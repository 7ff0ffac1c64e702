"""What carries a credential to a provider: the headers of every provider's key, and words in the names of others."""

from typing import Final

from _speedups import CREDENTIALS

__all__ = ["CREDENTIAL_HEADERS", "KEY_HEADERS", "is_credential"]

CREDENTIAL_HEADERS: Final = frozenset(CREDENTIALS)
"""Headers that carry a provider's key, whichever provider it is."""
KEY_HEADERS: Final = CREDENTIAL_HEADERS - {"authorization"}
"""Where SDKs put the one key that they are given, without a scheme before it."""
_WORDS: Final = ("auth", "cookie", "credential", "key", "password", "secret", "token", "signature")
"""What the header of an unknown provider's credential is called."""
_HARMLESS: Final = frozenset({"idempotency-key", "x-idempotency-key"})


def is_credential(name: str) -> bool:
    """Whether a header (lower case) may carry a credential. One too many costs the cache a miss; one too few, somebody
    gets another's answer."""
    return name not in _HARMLESS and any(word in name for word in _WORDS)
