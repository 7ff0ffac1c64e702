"""The settings of one organisation, as the database stores them and the gateways know them."""

import msgspec

__all__ = ["OrgSettings"]


class OrgSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """A field here needs no migration: it is stored in one JSON object, and a missing one has its default."""

    policy: str = ""
    """Rate limits for every call, as in Helicone-RateLimit-Policy."""
    zone: str = ""
    """Name of the zone whose days and months budgets have; empty: UTC."""
