"""Dialects: how providers speak. One module each, registered here by one line.

Add one: write `dialects/<name>.py` with a `Dialect`, add it to the tuple below.
"""

from typing import Final

from proxy.providers.dialects.anthropic import ANTHROPIC
from proxy.providers.dialects.asked import Asked, look
from proxy.providers.dialects.base import Dialect, Exchange, Reading
from proxy.providers.dialects.bedrock import BEDROCK
from proxy.providers.dialects.cohere import COHERE
from proxy.providers.dialects.gemini import GEMINI
from proxy.providers.dialects.ollama import OLLAMA
from proxy.providers.dialects.openai import OPENAI
from proxy.providers.dialects.openai_stream import add_stream_usage, peek
from proxy.providers.provider import Provider

__all__ = [
    "DIALECTS",
    "Asked",
    "Dialect",
    "Exchange",
    "Reading",
    "add_stream_usage",
    "look",
    "peek",
    "read",
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


def read(dialect: str, exchange: Exchange) -> Reading:
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
