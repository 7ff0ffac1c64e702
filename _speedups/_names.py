"""Header names that both twins know, each with what becomes of it. Data only; one row adds a name."""

from typing import Final

__all__ = ["DIRECTIVES", "DROPPED", "JOINED", "PREFIX", "PROPERTY", "SLOTS", "SWITCHES"]

PREFIX: Final = "helicone-"
PROPERTY: Final = "helicone-property-"

SLOTS: Final[dict[str, str]] = {
    "host": "host",
    "content-type": "content_type",
    "content-encoding": "content_encoding",
    "accept-encoding": "accept_encoding",
    "transfer-encoding": "transfer_encoding",
    "user-agent": "user_agent",
    "upgrade": "upgrade",
    "authorization": "authorization",
    "x-api-key": "x_api_key",
    "api-key": "api_key",
    "x-goog-api-key": "x_goog_api_key",
    "cache-control": "plain_cache_control",
    "connection": "connection",
    "content-length": "content_length",
    "helicone-auth": "auth",
    "helicone-user-id": "user_id",
    "helicone-session-id": "session_id",
    "helicone-session-path": "session_path",
    "helicone-session-name": "session_name",
    "helicone-request-name": "request_name",
    "helicone-request-id": "request_id",
    "helicone-prompt-id": "prompt_id",
    "helicone-target-url": "target_url",
    "helicone-openai-api-base": "openai_api_base",
    "helicone-model-override": "model_override",
    "helicone-ratelimit-policy": "rate_policy",
    "helicone-cache-control": "cache_control",
    "traceparent": "traceparent",
}
"""Name to the text slot it fills."""

JOINED: Final = frozenset(
    {
        "accept-encoding",
        "transfer-encoding",
        "upgrade",
        "cache-control",
        "connection",
        "helicone-ratelimit-policy",
        "helicone-cache-control",
    }
)
"""Lists: several lines are joined by a comma. Of any other slot the first line counts."""

SWITCHES: Final[dict[str, str]] = {
    "helicone-cache-enabled": "cache_enabled",
    "helicone-cache-read": "cache_read",
    "helicone-cache-save": "cache_save",
    "helicone-retry-enabled": "retry_enabled",
    "helicone-omit-request": "omit_request",
    "helicone-omit-response": "omit_response",
    "helicone-stream-usage": "stream_usage",
}
"""Name to the slot of a yes-or-no directive."""

DIRECTIVES: Final = (
    "helicone-cache-seed",
    "helicone-cache-bucket-max-size",
    "helicone-cache-ignore-keys",
    "helicone-cache-mode",
    "helicone-cache-similarity",
    "helicone-cache-pace",
    "helicone-retry-num",
    "helicone-retry-factor",
    "helicone-retry-min-timeout",
    "helicone-retry-max-timeout",
    "helicone-hedge-enabled",
    "helicone-fallback",
    "helicone-fallbacks",
    "helicone-prompt-variables",
    "helicone-prompt-version",
    "helicone-prompt-environment",
    "helicone-webhook-enabled",
    "helicone-moderations-enabled",
    "helicone-llm-security-enabled",
    "helicone-increase-timeout",
    "helicone-stream-force-format",
)
"""Known names without a slot of their own."""

DROPPED: Final = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "proxy-authenticate",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "accept-encoding",
    }
)
"""Never forwarded, beside everything that starts with `PREFIX`: hop-by-hop, or written by the gateway itself."""
