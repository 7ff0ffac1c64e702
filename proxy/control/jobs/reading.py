"""What a record's bodies say (moved to `proxy.providers.reading`, where the gateway may read it too)."""

from proxy.providers.reading import Reading, read_record

__all__ = ["Reading", "read_record"]
