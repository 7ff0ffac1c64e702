"""The cache: `key` (which calls share an answer), `control` (Cache-Control), `entry` (an answer as it is stored),
`inflight` (identical calls in flight are sent once), `store` (one worker's cache, made of these)."""

from proxy.gateway.cache.store import Cache

__all__ = ["Cache"]
