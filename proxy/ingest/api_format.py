"""Finds out which provider and API format a reported call speaks: by its URL, a name, or the shape of its bodies."""

from typing import Any, Final

import msgspec

from proxy.core.masking import mask_query
from proxy.core.origin import Origin
from proxy.providers.dialects import DIALECTS
from proxy.providers.index import Catalog
from proxy.providers.origin import parse_origin

__all__ = ["ApiFormat", "find_format", "provider_name"]


class ApiFormat(msgspec.Struct, frozen=True):
    """Whose API it is, and how its bodies are read. Empty: not known."""

    provider: str = ""
    dialect: str = "openai"
    operation: str = "chat"
    scheme: str = ""
    host: str = ""
    path: str = ""
    """Path and query, secrets masked."""


_ALIASES: Final[dict[str, str]] = {
    # OpenTelemetry's gen_ai.provider.name and gen_ai.system
    "aws.bedrock": "bedrock",
    "aws": "bedrock",
    "az.ai.openai": "azure",
    "az.ai.inference": "azure-ai",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure-ai",
    "gcp.gemini": "gemini",
    "gcp.gen_ai": "gemini",
    "gcp.vertex_ai": "vertex",
    "ibm.watsonx.ai": "watsonx",
    "mistral_ai": "mistral",
    "x_ai": "xai",
    "moonshot_ai": "moonshot",
    # OpenInference's llm.provider and llm.system
    "mistralai": "mistral",
    "vertexai": "vertex",
    # Helicone's names
    "googleapis": "gemini",
    "aws_bedrock": "bedrock",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "google_vertex": "vertex",
}
"""Names that others give a provider, in lower case, to the catalog's."""

_MODELS: Final = (
    (("gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-", "davinci", "babbage"), "openai"),
    (("claude",), "anthropic"),
    (("gemini",), "gemini"),
)
"""Beginnings of model names that one provider gives."""

_SHAPES: Final = (
    (b'"message_start"', "anthropic", "messages"),
    (b'"candidates"', "gemini", "generate_content"),
    (b'"usageMetadata"', "gemini", "generate_content"),
    (b'"response.created"', "openai", "responses"),
    (b'"chat.completion', "openai", "chat"),
    (b'"text_completion"', "openai", "completions"),
)
"""What only one format has near the start of a response that is no single JSON object."""
_HEAD_BYTES: Final = 4096


class _Members(msgspec.Struct, frozen=True):
    """Members by which formats differ."""

    object: Any = None
    type: Any = None
    choices: msgspec.Raw = msgspec.Raw()
    candidates: msgspec.Raw = msgspec.Raw()
    contents: msgspec.Raw = msgspec.Raw()
    messages: msgspec.Raw = msgspec.Raw()
    input: msgspec.Raw = msgspec.Raw()
    prompt: msgspec.Raw = msgspec.Raw()


_decode_members: Final = msgspec.json.Decoder(_Members).decode


def provider_name(catalog: Catalog, name: str) -> str:
    """The catalog's name for a provider that others call `name`; `name` itself, in lower case, where it has none."""
    low = name.strip().lower()
    for known in (_ALIASES.get(low, low), low.replace("_", "-"), low.partition(".")[0]):
        found = catalog.prefixes.get(known)
        if found is not None:
            return found.name
    return _ALIASES.get(low, low)[:64]


def find_format(
    catalog: Catalog, *, url: str = "", provider: str = "", model: str = "", request: bytes = b"", response: bytes = b""
) -> ApiFormat:
    """The format of a call. `provider` is any name of it; a `url` with a host counts before it."""
    parsed = parse_origin(url) if "://" in url else ""
    if not isinstance(parsed, str):
        return _by_url(catalog, *parsed)
    dialect, operation = _by_shape(request, response)
    if provider:
        name = provider_name(catalog, provider)
        known = catalog.providers.get(name)
        if known is not None and not dialect:
            dialect = known.dialect
    else:
        name = {"anthropic": "anthropic", "gemini": "gemini"}.get(dialect) or _by_model(model) or catalog.custom.name
    if not operation:
        operation = {"anthropic": "messages", "gemini": "generate_content"}.get(dialect, "chat")
    return ApiFormat(name, dialect or "openai", operation)


def _by_url(catalog: Catalog, origin: Origin, path: str, query: str) -> ApiFormat:
    provider = catalog.at(origin) or catalog.custom
    dialect = next((other for part, other in provider.dialects.items() if part in path), provider.dialect)
    masked = f"{path}?{mask_query(query)}" if query else path
    return ApiFormat(provider.name, dialect, DIALECTS[dialect].operation(path), origin.scheme, origin.host, masked)


def _by_model(model: str) -> str:
    bare = model.lower().rpartition("/")[2]
    return next((provider for starts, provider in _MODELS if bare.startswith(starts)), "")


def _by_shape(request: bytes, response: bytes) -> tuple[str, str]:
    """Dialect and operation; empty where the bodies do not tell."""
    answer, asked = _members(response), _members(request)
    if answer is not None:
        if answer.type == "message":
            return "anthropic", "messages"
        if answer.candidates:
            return "gemini", "generate_content"
        if answer.object == "response":
            return "openai", "responses"
        if answer.object == "list" and asked is not None and asked.input:
            return "openai", "embeddings"
        if answer.choices:
            return "openai", "completions" if answer.object == "text_completion" else "chat"
    head = response[:_HEAD_BYTES]
    for mark, dialect, operation in _SHAPES:
        if mark in head:
            return dialect, operation
    if asked is not None and asked.contents:
        return "gemini", "generate_content"
    if asked is not None and asked.prompt and not asked.messages:
        return "", "completions"
    return "", ""


def _members(body: bytes) -> _Members | None:
    if body[:1] != b"{":
        return None
    try:
        return _decode_members(body)
    except (msgspec.MsgspecError, RecursionError):
        return None
