"""Who reported a call: what its record says of them."""

import msgspec

__all__ = ["Reporter"]


class Reporter(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation that a reported call belongs to, and where the report came from."""

    org: str
    key: str = ""
    """Id of the API key."""
    client_ip: str = ""
    user_agent: str = ""
    worker: str = ""
