"""Unmodified SDKs work with one changed base URL, and each call is in the log with its tokens, cost and tags."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
import together

from tests.stack import Stack

TAGS = {
    "Helicone-User-Id": "ada",
    "Helicone-Session-Id": "s-1",
    "Helicone-Session-Path": "/plan/draft",
    "Helicone-Session-Name": "Trip",
    "Helicone-Request-Name": "greet",
    "Helicone-Property-Feature": "search",
    "x-sim-input-tokens": "21",
    "x-sim-output-tokens": "34",
}
ASK: Any = [{"role": "user", "content": "Say hello."}]
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    here = f'origin = "{simulator_origin}"'
    providers = dict.fromkeys(("openai", "anthropic", "together", "azure"), here)
    with Stack(tmp_path_factory.mktemp("stack"), providers) as running:
        yield running


def openai_client(stack: Stack) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{stack.gateway}/openai/v1", api_key="sk-test", default_headers=TAGS, max_retries=0)


def anthropic_client(stack: Stack) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        base_url=f"{stack.gateway}/anthropic", api_key="sk-test", default_headers=TAGS, max_retries=0
    )


def assert_tagged(record: dict[str, Any], provider: str, model: str) -> None:
    assert record["provider"] == provider
    assert record["model_asked"] == model
    assert record["status"] == 200
    assert record["user_id"] == "ada"
    assert (record["session_id"], record["session_path"], record["session_name"]) == ("s-1", "/plan/draft", "Trip")
    assert record["request_name"] == "greet"
    assert record["properties"] == {"feature": "search"}
    assert (record["input_tokens"], record["output_tokens"]) == (21, 34)
    assert record["usage_source"] == "provider"
    assert record["latency_ms"] > 0


def test_openai_chat(stack: Stack) -> None:
    raw = openai_client(stack).chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ASK)
    answer = raw.parse()
    assert answer.choices[0].message.content
    assert answer.usage and answer.usage.total_tokens == 55
    record = stack.record(raw.headers["helicone-id"])
    assert_tagged(record, "openai", "gpt-4o-mini")
    # 21 at $0.15 and 34 at $0.60 a million, in nano-dollars
    assert record["cost_nanousd"] == 21 * 150 + 34 * 600
    assert json.loads(record["bodies"]["request"])["messages"] == ASK
    assert record["bodies"]["response_text"] == answer.choices[0].message.content


def test_openai_chat_stream_is_the_same_as_without_the_proxy_and_its_usage_is_known(stack: Stack) -> None:
    raw = openai_client(stack).chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ASK, stream=True)
    chunks = list(raw.parse())
    assert all(chunk.choices for chunk in chunks), "the usage chunk that nobody asked for must not be seen"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    record = stack.record(raw.headers["helicone-id"])
    assert_tagged(record, "openai", "gpt-4o-mini")
    assert record["bodies"]["response_text"] == text
    assert record["streamed"]
    assert 0 < record["ttft_ms"] <= record["latency_ms"]
    assert record["cost_nanousd"] == 21 * 150 + 34 * 600


def test_openai_chat_stream_with_usage_asked_for_shows_it(stack: Stack) -> None:
    stream = openai_client(stack).chat.completions.create(
        model="gpt-4o-mini", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    assert [chunk.usage.total_tokens for chunk in stream if chunk.usage] == [55]


async def test_openai_async_stream(stack: Stack) -> None:
    client = openai.AsyncOpenAI(base_url=f"{stack.gateway}/openai/v1", api_key="k", default_headers=TAGS)
    raw = await client.chat.completions.with_raw_response.create(model="gpt-4o", messages=ASK, stream=True)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in raw.parse()])
    assert text
    assert stack.record(raw.headers["helicone-id"])["bodies"]["response_text"] == text


def test_openai_tools(stack: Stack) -> None:
    tool: Any = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
    raw = openai_client(stack).chat.completions.with_raw_response.create(
        model="gpt-4o-mini", messages=ASK, tools=[tool], extra_headers={"x-sim-tool": "weather"}
    )
    calls = raw.parse().choices[0].message.tool_calls
    assert calls and calls[0].type == "function" and calls[0].function.name == "weather"
    record = stack.record(raw.headers["helicone-id"])
    assert record["finish_reason"] == "tool_calls"
    assert record["bodies"]["tool_calls"][0]["name"] == "weather"


def test_openai_embeddings(stack: Stack) -> None:
    raw = openai_client(stack).embeddings.with_raw_response.create(model="text-embedding-3-small", input="hello")
    assert raw.parse().data[0].embedding
    record = stack.record(raw.headers["helicone-id"])
    assert record["operation"] == "embeddings"
    assert record["input_tokens"] == 21 and record["output_tokens"] is None
    assert record["cost_nanousd"] == 21 * 20


def test_openai_responses_plain_and_streamed(stack: Stack) -> None:
    client = openai_client(stack)
    raw = client.responses.with_raw_response.create(model="gpt-4o-mini", input="Say hello.")
    assert raw.parse().output_text
    assert_tagged(stack.record(raw.headers["helicone-id"]), "openai", "gpt-4o-mini")
    streamed = client.responses.with_raw_response.create(model="gpt-4o-mini", input="Say hello.", stream=True)
    events = list(streamed.parse())
    assert events[-1].type == "response.completed"
    record = stack.record(streamed.headers["helicone-id"])
    assert_tagged(record, "openai", "gpt-4o-mini")
    assert record["ttft_ms"] is not None


def test_anthropic_messages(stack: Stack) -> None:
    raw = anthropic_client(stack).messages.with_raw_response.create(
        model="claude-sonnet-4-5", max_tokens=64, messages=ASK
    )
    block = raw.parse().content[0]
    assert block.type == "text" and block.text
    record = stack.record(raw.headers["helicone-id"])
    assert_tagged(record, "anthropic", "claude-sonnet-4-5")
    assert record["cost_nanousd"] == 21 * 3_000 + 34 * 15_000


def test_anthropic_stream(stack: Stack) -> None:
    with anthropic_client(stack).messages.stream(model="claude-sonnet-4-5", max_tokens=64, messages=ASK) as stream:
        text = "".join(stream.text_stream)
        id = stream.response.headers["helicone-id"]
    record = stack.record(id)
    assert_tagged(record, "anthropic", "claude-sonnet-4-5")
    assert record["bodies"]["response_text"] == text
    assert 0 < record["ttft_ms"] <= record["latency_ms"]


async def test_anthropic_async_tools(stack: Stack) -> None:
    client = anthropic.AsyncAnthropic(base_url=f"{stack.gateway}/anthropic", api_key="k", default_headers=TAGS)
    tool: Any = {"name": "weather", "input_schema": WEATHER}
    raw = await client.messages.with_raw_response.create(
        model="claude-sonnet-4-5", max_tokens=64, messages=ASK, tools=[tool], extra_headers={"x-sim-tool": "weather"}
    )
    answer = await raw.parse()
    assert [block.name for block in answer.content if block.type == "tool_use"] == ["weather"]
    assert stack.record(raw.headers["helicone-id"])["bodies"]["tool_calls"][0]["name"] == "weather"


def test_azure_openai(stack: Stack) -> None:
    client = openai.AzureOpenAI(
        azure_endpoint=f"{stack.gateway}/azure/my-resource",
        api_key="k",
        api_version="2024-10-21",
        azure_deployment="gpt-4o-mini",
        default_headers=TAGS,
    )
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ASK)
    assert raw.parse().choices[0].message.content
    record = stack.record(raw.headers["helicone-id"])
    assert_tagged(record, "azure", "gpt-4o-mini")
    stream = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ASK, stream=True)
    for _ in stream.parse():
        pass
    assert_tagged(stack.record(stream.headers["helicone-id"]), "azure", "gpt-4o-mini")


def test_together(stack: Stack) -> None:
    client = together.Together(base_url=f"{stack.gateway}/together/v1", api_key="k", default_headers=TAGS)
    answer = client.chat.completions.create(model="meta-llama/Llama-3.3-70B-Instruct-Turbo", messages=ASK)
    assert answer.choices[0].message.content
    raw = client.chat.completions.with_raw_response.create(
        model="meta-llama/Llama-3.3-70B-Instruct-Turbo",
        messages=ASK,
        stream=True,
        extra_body={"stream_options": {"include_usage": True}},  # Together itself sends usage unasked
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in raw.parse() if chunk.choices)
    record = stack.record(raw.headers["helicone-id"])
    assert record["provider"] == "together" and record["bodies"]["response_text"] == text
    assert (record["input_tokens"], record["output_tokens"]) == (21, 34)


def test_files_and_models_pass_too(stack: Stack) -> None:
    client = openai_client(stack)
    assert client.models.list().data
    uploaded = client.files.with_raw_response.create(file=("a.jsonl", b'{"a": 1}\n' * 1000), purpose="batch")
    assert uploaded.parse().id
    record = stack.record(uploaded.headers["helicone-id"])
    assert record["operation"] == "files" and record["input_tokens"] is None and record["cost_nanousd"] is None


def test_omitted_bodies_are_nowhere_but_usage_and_cost_are(stack: Stack) -> None:
    secret = "a sentence that must not be kept"
    raw = openai_client(stack).chat.completions.with_raw_response.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": secret}],
        extra_headers={"Helicone-Omit-Request": "true", "Helicone-Omit-Response": "true"},
    )
    record = stack.record(raw.headers["helicone-id"])
    assert_tagged(record, "openai", "gpt-4o-mini")
    assert record["request_omitted"] and record["response_omitted"]
    assert record["cost_nanousd"] == 21 * 150 + 34 * 600
    assert record["request_size"] > 0
    kept = b"".join(path.read_bytes() for path in (stack.folder / "data").rglob("*") if path.is_file())
    assert secret.encode() not in kept


def test_command_line_shows_the_calls(stack: Stack) -> None:
    raw = openai_client(stack).chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ASK)
    id = raw.headers["helicone-id"]
    stack.record(id)
    table = stack.run("requests", "--limit", "3")
    assert table.returncode == 0 and "gpt-4o-mini" in table.stdout
    rows = [json.loads(line) for line in stack.run("requests", "--user", "ada", "--json").stdout.splitlines()]
    assert id in [row["id"] for row in rows]
    shown = stack.run("show", id)
    assert shown.returncode == 0 and "Say hello." in shown.stdout
