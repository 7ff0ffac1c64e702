"""Settings of the gateway's side to callers: rows of `settings.SETTINGS`."""

from typing import Final

from proxy.core.setting import BYTES, COUNT, PORT, SECONDS, Setting, one_of

__all__ = ["GATEWAY_SETTINGS"]

GATEWAY_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("gateway.host", "127.0.0.1", "Address the gateway listens on."),
    Setting("gateway.port", 8787, "Port the gateway listens on.", *PORT),
    Setting("gateway.url", "", "URL of the gateway in code snippets. Empty: made of gateway.host and gateway.port."),
    Setting(
        "gateway.server",
        "direct",
        "HTTP server: `direct` (built in), or `granian` for HTTP/2 to clients.",
        *one_of("direct", "granian"),
    ),
    Setting("gateway.workers", 1, "Gateway worker processes.", *COUNT),
    Setting("gateway.backlog", 8192, "Listen backlog: connections the kernel may queue.", *COUNT),
    Setting("gateway.max_open", 16384, "Maximum open calls of one worker, streams included; above it 503.", *COUNT),
    Setting("gateway.idle_s", 75.0, "Idle timeout for client connections.", *SECONDS),
    Setting("gateway.request_timeout_s", 600.0, "Timeout for a whole request to arrive.", *SECONDS),
    Setting(
        "gateway.write_timeout_s",
        60.0,
        "A client that takes less than 1 KiB a second of its response over this time is disconnected.",
        *SECONDS,
    ),
    Setting(
        "gateway.max_connections",
        16384,
        "Maximum client connections of one worker; fewer where the limit of open files demands it.",
        *COUNT,
    ),
    Setting("gateway.max_connections_per_address", 8192, "The same from one address.", *COUNT),
    Setting("gateway.drain_s", 30.0, "Drain period: how long a stopping worker waits for its open calls.", *SECONDS),
    Setting("gateway.max_body", 64 << 20, "Maximum size of a request body, in bytes; above it 413.", *BYTES),
    Setting(
        "gateway.max_arriving",
        128 << 20,
        "Maximum bytes of incomplete request bodies above 1 MiB that one worker holds; above it 503.",
        *BYTES,
    ),
    Setting("gateway.max_answer", 1 << 30, "Maximum size of one streamed response, in bytes.", *BYTES),
    Setting("gateway.tls_cert", "", "Certificate file (PEM) for serving the gateway over TLS."),
    Setting("gateway.tls_key", "", "Key file (PEM) of that certificate."),
)
"""In the order in which docs/settings.md shows them."""
