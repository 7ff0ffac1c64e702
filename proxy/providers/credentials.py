"""What carries a credential: the headers of every provider's key, and the names by which others are recognised."""

from typing import Final

from _speedups import CREDENTIALS

__all__ = ["CREDENTIAL_HEADERS", "KEY_HEADERS", "QUERY_SECRETS", "is_credential"]

CREDENTIAL_HEADERS: Final = frozenset(CREDENTIALS)
"""Headers that carry a provider's key, whichever provider it is."""
KEY_HEADERS: Final = CREDENTIAL_HEADERS - {"authorization"}
"""Where SDKs put the one key that they are given, without a scheme before it."""
QUERY_SECRETS: Final = frozenset(
    {
        "access_token",
        "api-key",
        "api_key",
        "apikey",
        "auth_token",
        "client_secret",
        "key",
        "password",
        "secret",
        "sig",
        "signature",
        "token",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
        "x-goog-credential",
        "x-goog-signature",
    }
)
"""Fields of a query that hold a credential."""
_WORDS: Final = ("auth", "cookie", "credential", "key", "password", "secret", "token", "signature")
"""What the header of an unknown provider's credential is called."""
_HARMLESS: Final = frozenset({"idempotency-key", "x-idempotency-key"})


def is_credential(name: str) -> bool:
    """Whether a header (lower case) may carry a credential. One too many costs the cache a miss; one too few, somebody
    gets another's answer."""
    return name not in _HARMLESS and any(word in name for word in _WORDS)
