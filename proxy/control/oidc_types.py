"""The outcome of a login at an OpenID provider, apart from `oidc`: its libraries load only where one is configured."""

from typing import Final

import msgspec

from proxy.core.errors import PerihelionError

__all__ = ["FLOW_S", "OidcError", "Person"]

FLOW_S: Final = 600
"""How long a login may take at the provider."""


class OidcError(PerihelionError):
    """The login is refused, or the provider cannot be reached."""


class Person(msgspec.Struct, frozen=True):
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    email: str
    """Empty where the provider does not say that it is verified."""
    name: str
