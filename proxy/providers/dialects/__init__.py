"""Dialects: how providers speak. One module each, registered here by one line.

Add one: write `dialects/<name>.py` with a `Dialect`, add it to the tuple below.
"""

from typing import Final

from proxy.providers.dialects.anthropic import ANTHROPIC
from proxy.providers.dialects.base import CapturedExchange, Dialect, ExchangeReading
from proxy.providers.dialects.bedrock import BEDROCK
from proxy.providers.dialects.cohere import COHERE
from proxy.providers.dialects.gemini import GEMINI
from proxy.providers.dialects.ollama import OLLAMA
from proxy.providers.dialects.openai import OPENAI
from proxy.providers.dialects.openai_stream import add_stream_usage, peek
from proxy.providers.dialects.request_params import RequestParams, read_request_params
from proxy.providers.provider import Provider

__all__ = [
    "DIALECTS",
    "CapturedExchange",
    "Dialect",
    "ExchangeReading",
    "RequestParams",
    "add_stream_usage",
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


def read_exchange(dialect: str, exchange: CapturedExchange) -> ExchangeReading:
    """The exact reading of `exchange` in the dialect of that name; an unknown name reads as OpenAI's."""
    return DIALECTS.get(dialect, OPENAI).read(exchange)


def wants_stream_usage(provider: Provider, operation: str, dialect: str = "openai", path: str = "") -> bool:
    """Whether `stream_options.include_usage` may be added to a body that goes to `path` (with its query)."""
    if not provider.stream_usage or dialect != "openai" or operation not in ("chat", "completions"):
        return False
    if provider.stream_usage_since:
        version = path.partition("api-version=")[2][:10]
        return not version[:1].isdigit() or version >= provider.stream_usage_since
    return True
