"""Which provider and format a reported call speaks."""

import json
from typing import Any

import pytest

from proxy.ingest.api_format import find_format, provider_name
from proxy.providers import load

CATALOG = load()


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"url": "https://api.openai.com/v1/responses"}, ("openai", "openai", "responses")),
        (
            {"url": "https://api.anthropic.com/v1/messages", "provider": "openai"},
            ("anthropic", "anthropic", "messages"),
        ),
        ({"url": "https://llm.example.com/v1/chat/completions"}, ("custom", "openai", "chat")),
        ({"url": "custom-model-nopath", "model": "gpt-4o"}, ("openai", "openai", "chat")),
        ({"model": "anthropic/claude-sonnet-4-5"}, ("anthropic", "openai", "chat")),
        ({"provider": "GOOGLE"}, ("gemini", "gemini", "generate_content")),
        ({"provider": "nobody", "model": "gpt-4o"}, ("nobody", "openai", "chat")),
        ({"response": {"type": "message", "content": []}}, ("anthropic", "anthropic", "messages")),
        ({"response": {"candidates": [{}]}}, ("gemini", "gemini", "generate_content")),
        ({"response": {"object": "response", "output": []}}, ("custom", "openai", "responses")),
        ({"response": {"object": "text_completion", "choices": [{}]}}, ("custom", "openai", "completions")),
        ({"response": {"object": "list", "data": []}, "request": {"input": "x"}}, ("custom", "openai", "embeddings")),
        (
            {"response": b'event: message_start\ndata: {"type": "message_start"}'},
            ("anthropic", "anthropic", "messages"),
        ),
        ({"request": {"contents": []}}, ("gemini", "gemini", "generate_content")),
        ({"request": {"prompt": "x"}, "provider": "openai"}, ("openai", "openai", "completions")),
        ({"request": b"no JSON", "response": b"\xff"}, ("custom", "openai", "chat")),
        ({"url": "https://no host/"}, ("custom", "openai", "chat")),
    ],
)
def test_url_name_shape_and_model_count_in_this_order(given: dict[str, Any], found: tuple[str, str, str]) -> None:
    bodies = {
        name: value if isinstance(value, bytes) else json.dumps(value).encode()
        for name, value in given.items()
        if name in ("request", "response")
    }
    format = find_format(CATALOG, **{**given, **bodies})
    assert (format.provider, format.dialect, format.operation) == found


def test_a_url_s_secrets_are_masked() -> None:
    format = find_format(
        CATALOG, url="https://generativelanguage.googleapis.com/v1beta/models/x:generateContent?key=AIza"
    )
    assert format.path == "/v1beta/models/x:generateContent?key=***"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("OpenAI", "openai"), ("azure.ai.openai", "azure"), ("gcp.gemini", "gemini"), ("mistral_ai", "mistral"),
        ("MISTRALAI", "mistral"), ("anthropic.messages", "anthropic"), ("TOGETHER_AI", "together"),
        ("x" * 99, "x" * 64),
    ],
)  # fmt: skip
def test_names_of_others_are_the_catalog_s(name: str, known: str) -> None:
    assert provider_name(CATALOG, name) == known
