"""Webhooks for calls: which calls an organisation sends where, and how far each webhook is. Secrets are sealed."""

__all__ = ["about"]


def about(id: str) -> str:
    """Return the context that the seal of a webhook's secrets is bound to."""
    return f"call webhook {id}"
