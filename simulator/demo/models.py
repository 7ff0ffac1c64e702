"""The models that the demo calls: where they are, and how fast they answer."""

import random
from typing import Final

import msgspec

__all__ = ["MODELS", "Model"]


class Model(msgspec.Struct, frozen=True):
    """A model at a provider. `path` is below the gateway, `upstream` what of it the provider sees."""

    name: str
    provider: str
    dialect: str
    operation: str
    host: str
    path: str
    upstream: str
    first_token_s: float
    tokens_a_second: float

    def first_token_us(self, chance: random.Random, load: float = 1.0) -> int:
        """How long the first token takes this time; `load` is how busy the provider is."""
        return int(self.first_token_s * load * chance.lognormvariate(0, 0.35) * 1e6)

    def rest_us(self, tokens: int, chance: random.Random, load: float = 1.0) -> int:
        """How long the tokens after the first take."""
        return int(tokens / self.tokens_a_second * load * chance.lognormvariate(0, 0.18) * 1e6)


def _chat(name: str, provider: str, host: str, path: str, first_token_s: float, tokens_a_second: float) -> Model:
    upstream = path[path.index("/") :] if path.startswith(provider) else "/" + path
    return Model(name, provider, "openai", "chat", host, path, upstream, first_token_s, tokens_a_second)


def _openai(name: str, operation: str, path: str, first_token_s: float, tokens_a_second: float) -> Model:
    host = "api.openai.com"
    return Model(name, "openai", "openai", operation, host, "openai" + path, path, first_token_s, tokens_a_second)


def _anthropic(name: str, first_token_s: float, tokens_a_second: float) -> Model:
    host, path = "api.anthropic.com", "/v1/messages"
    return Model(
        name, "anthropic", "anthropic", "messages", host, "anthropic" + path, path, first_token_s, tokens_a_second
    )


_COMPLETIONS: Final = "/v1/chat/completions"
_GEMINI: Final = "gemini/v1beta/openai/chat/completions"
_ALL: Final = (
    _openai("gpt-4o", "chat", _COMPLETIONS, 0.46, 92),
    _openai("gpt-4o-mini", "chat", _COMPLETIONS, 0.34, 130),
    _openai("gpt-4.1-mini", "chat", _COMPLETIONS, 0.38, 120),
    _openai("gpt-5", "chat", _COMPLETIONS, 1.9, 75),
    _openai("gpt-4o-audio-preview", "chat", _COMPLETIONS, 0.9, 80),
    _openai("text-embedding-3-small", "embeddings", "/v1/embeddings", 0.07, 1e6),
    _openai("gpt-image-1", "images", "/v1/images/generations", 11.0, 900),
    _anthropic("claude-sonnet-4-5", 0.88, 68),
    _anthropic("claude-haiku-4-5", 0.42, 145),
    _anthropic("claude-opus-4-5", 1.35, 52),
    _chat("gemini-2.5-flash", "gemini", "generativelanguage.googleapis.com", _GEMINI, 0.36, 190),
    _chat("llama-3.3-70b-versatile", "groq", "api.groq.com", "groq/openai/v1/chat/completions", 0.13, 290),
    _chat(
        "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "together",
        "api.together.xyz",
        "together/v1/chat/completions",
        0.41,
        95,
    ),
    _chat("mistral-small-latest", "mistral", "api.mistral.ai", "mistral/v1/chat/completions", 0.3, 150),
)
MODELS: Final = {model.name: model for model in _ALL}
