"""Names of OpenTelemetry's GenAI conventions, a row for each thing that is exported, a column for each version.

`1.36` is what instrumentations emit by default and most backends read. `latest` is the development version, which has
no releases: https://github.com/open-telemetry/semantic-conventions-genai (docs/gen-ai). An empty name is not exported.
What 1.36 does not name has the name that instrumentations of that time gave it.
"""

from typing import Final

import msgspec

__all__ = ["OPERATIONS", "VERSIONS", "Names", "Version", "names_of"]

VERSIONS: Final = ("1.36", "latest")
Version = str
"""One of `VERSIONS`."""

_TABLE: Final[tuple[tuple[str, str, str], ...]] = (
    # what, its name in 1.36, its name in the latest version
    ("operation", "gen_ai.operation.name", "gen_ai.operation.name"),
    ("provider", "gen_ai.system", "gen_ai.provider.name"),
    ("model_asked", "gen_ai.request.model", "gen_ai.request.model"),
    ("model", "gen_ai.response.model", "gen_ai.response.model"),
    ("response_id", "gen_ai.response.id", "gen_ai.response.id"),
    ("finish_reason", "gen_ai.response.finish_reasons", "gen_ai.response.finish_reasons"),
    ("streamed", "", "gen_ai.request.stream"),
    ("first_token_s", "gen_ai.server.time_to_first_token", "gen_ai.response.time_to_first_chunk"),
    ("input_tokens", "gen_ai.usage.input_tokens", "gen_ai.usage.input_tokens"),
    ("output_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.output_tokens"),
    ("cached_input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read.input_tokens"),
    ("cache_write_tokens", "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write.input_tokens"),
    ("reasoning_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.reasoning.output_tokens"),
    ("cost", "gen_ai.usage.cost", "gen_ai.usage.cost"),  # in no version; what Langfuse and Phoenix read
    ("session_id", "gen_ai.conversation.id", "gen_ai.conversation.id"),
    ("prompt_id", "gen_ai.prompt.name", "gen_ai.prompt.name"),
    ("user_id", "user.id", "user.id"),
    ("error", "error.type", "error.type"),
    ("address", "server.address", "server.address"),
    ("port", "server.port", "server.port"),
    ("status", "http.response.status_code", "http.response.status_code"),
    ("system_instructions", "", "gen_ai.system_instructions"),
    ("input_messages", "", "gen_ai.input.messages"),
    ("output_messages", "", "gen_ai.output.messages"),
    ("content", "gen_ai.event.content", ""),
    ("id", "perihelion.request.id", "perihelion.request.id"),
    ("org", "perihelion.organisation", "perihelion.organisation"),
    ("key", "perihelion.key.id", "perihelion.key.id"),
    ("request_name", "perihelion.request.name", "perihelion.request.name"),
    ("session_name", "perihelion.session.name", "perihelion.session.name"),
    ("session_path", "perihelion.session.path", "perihelion.session.path"),
    ("prompt_version", "perihelion.prompt.version", "perihelion.prompt.version"),
    ("cached", "perihelion.cached", "perihelion.cached"),
    ("cut", "perihelion.cut", "perihelion.cut"),
    ("attempt_count", "perihelion.attempts", "perihelion.attempts"),
    ("property", "perihelion.property.", "perihelion.property."),
    ("duration", "gen_ai.client.operation.duration", "gen_ai.client.operation.duration"),
    ("first_token", "gen_ai.server.time_to_first_token", "gen_ai.client.operation.time_to_first_chunk"),
    ("tokens", "gen_ai.client.token.usage", "gen_ai.client.inference.tokens"),
    ("token_type", "gen_ai.token.type", "gen_ai.token.type"),
    ("spent", "perihelion.cost", "perihelion.cost"),
)

_PROVIDERS: Final[dict[str, tuple[str, str]]] = {
    # of ours: in 1.36, in the latest version; others keep their names
    "azure": ("az.ai.openai", "azure.ai.openai"),
    "azure-ai": ("az.ai.inference", "azure.ai.inference"),
    "bedrock": ("aws.bedrock", "aws.bedrock"),
    "bedrock-mantle": ("aws.bedrock", "aws.bedrock"),
    "gemini": ("gcp.gemini", "gcp.gemini"),
    "mistral": ("mistral_ai", "mistral_ai"),
    "moonshot": ("moonshot_ai", "moonshot_ai"),
    "vertex": ("gcp.vertex_ai", "gcp.vertex_ai"),
    "xai": ("xai", "x_ai"),
}

OPERATIONS: Final = {
    "": "other",
    "completions": "text_completion",
    "converse": "chat",
    "interactions": "chat",
    "invoke": "chat",
    "messages": "chat",
    "responses": "chat",
    "tool": "execute_tool",
    "agent": "invoke_agent",
    "workflow": "invoke_workflow",
}
"""Operations of ours that the conventions name differently."""


class Names(msgspec.Struct, frozen=True):
    """The names of one version."""

    version: Version
    of: dict[str, str]
    """Thing to name; empty: not exported."""
    providers: dict[str, str]
    """Our name of a provider to theirs, where they differ."""
    counts_tokens: bool
    """Whether tokens are a counter; else a histogram."""

    @property
    def schema_url(self) -> str:
        """Where the names are defined; the latest version has no such place."""
        return "https://opentelemetry.io/schemas/1.36.0" if self.version == "1.36" else ""


def names_of(version: Version) -> Names:
    """The names of one of `VERSIONS`."""
    at = VERSIONS.index(version)
    return Names(
        version,
        {row[0]: row[1 + at] for row in _TABLE},
        {ours: theirs[at] for ours, theirs in _PROVIDERS.items()},
        counts_tokens=version == "latest",
    )
