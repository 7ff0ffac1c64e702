"""Dialects: the wire formats that providers use. One module each, registered here by one line.

Add one: write `dialects/<name>.py` with a `Dialect`, add it to the tuple below. It names its operations
by the rows of `operations`.
"""

from collections.abc import Container
from typing import Final

from proxy.providers.dialects.anthropic import ANTHROPIC
from proxy.providers.dialects.base import CapturedExchange, Dialect, ExchangeReading
from proxy.providers.dialects.bedrock import BEDROCK
from proxy.providers.dialects.cohere import COHERE
from proxy.providers.dialects.gemini import GEMINI
from proxy.providers.dialects.ollama import OLLAMA
from proxy.providers.dialects.openai import OPENAI
from proxy.providers.dialects.openai_stream import add_stream_usage, peek
from proxy.providers.dialects.operations import OPERATIONS, Operation
from proxy.providers.dialects.request_params import RequestParams, read_request_params
from proxy.providers.provider import Provider

__all__ = [
    "DIALECTS",
    "OPERATIONS",
    "RATE_LIMIT_HEADERS",
    "CapturedExchange",
    "Dialect",
    "ExchangeReading",
    "Operation",
    "RequestParams",
    "add_stream_usage",
    "guess_dialect",
    "peek",
    "read_exchange",
    "read_request_params",
    "wants_stream_usage",
]

DIALECTS: Final[dict[str, Dialect]] = {
    dialect.name: dialect
    for dialect in (
        OPENAI,
        ANTHROPIC,
        GEMINI,
        COHERE,
        BEDROCK,
        OLLAMA,
    )
}


RATE_LIMIT_HEADERS: Final = tuple(pair for dialect in DIALECTS.values() for pair in dialect.rate_limit_headers)
"""(remaining, reset) headers of every dialect: hosts of several dialects send those of any."""


def guess_dialect(path: str, carried: Container[str] = ()) -> Dialect:
    """Return the dialect of a call that is not routed, or not yet: OpenAI's where nothing says another.

    `carried` holds the names of the call's headers, and `?name` for the fields of its query. As in routing, a prefix
    counts before them, and they count before the rest of the path."""
    dialects = DIALECTS.values()
    for dialect in dialects:
        if path.startswith("/" + dialect.name):
            return dialect
    for dialect in dialects:
        if any(name in carried for name in dialect.caller_headers):
            return dialect
    for dialect in dialects:
        if any(mark in path for mark in dialect.caller_marks):
            return dialect
    return OPENAI


def read_exchange(dialect: str, exchange: CapturedExchange) -> ExchangeReading:
    """Return the exact reading of `exchange` in the dialect of that name; an unknown name reads as OpenAI's."""
    return DIALECTS.get(dialect, OPENAI).read(exchange)


def wants_stream_usage(provider: Provider, operation: str, dialect: str = "openai", path: str = "") -> bool:
    """Tell whether `stream_options.include_usage` may be added to a body that goes to `path` (with its query)."""
    if not provider.stream_usage or operation not in DIALECTS[dialect].stream_usage_operations:
        return False
    if provider.stream_usage_since:
        version = path.partition("api-version=")[2][:10]
        return not version[:1].isdigit() or version >= provider.stream_usage_since
    return True
