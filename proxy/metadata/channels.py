"""Channels of an organisation: where notifications go. Their secrets are sealed, and nobody can read them back."""

__all__ = ["about"]


def about(id: str) -> str:
    """Return the context that the seal of a channel's secrets is bound to."""
    return f"channel {id}"
