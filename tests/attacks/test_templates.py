"""Templates multiply what they are given; what they make is bounded while it is made, on both planes."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from proxy.core.errors import BadRequest
from proxy.core.template import Template, fill, parse
from tests.stack import Stack

MESSAGE = {"role": "user", "content": "{{x}}" * 10_000}


def said(content: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": content}], **more}


def refused(work: Any) -> BadRequest:
    """What the work raises; it must not take much memory before that."""
    tracemalloc.start()
    with pytest.raises(BadRequest) as caught:
        work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20
    assert caught.value.code in ("filled_too_large", "invalid_template")
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        said("{{x}}" * 10_000),
        said([{"type": "text", "text": "{{x}}"}] * 10_000),
        {"messages": [{"role": "user", "content": "{{x}}"}] * 10_000},
        said("hi", tools=["{{x}}"] * 10_000),
        said("hi", response_format={str(n): "{{x}}" for n in range(10_000)}),
    ],
)
@pytest.mark.parametrize("value", ["x" * 100_000, ["x" * 1000] * 100, {"a": ["ü" * 50_000]}])
def test_a_variable_is_not_put_in_without_end(body: dict[str, Any], value: Any) -> None:
    refused(lambda: fill(body, {"x": value}))
    refused(lambda: parse(body).render({"x": value}))


def test_partials_do_not_multiply() -> None:
    """Each level holds the one below forty times."""
    levels: dict[str, Template] = {"p0": parse(said("some text " * 100))}
    for depth in range(1, 6):
        levels[f"p{depth}"] = parse(said(f"{{{{hcp:p{depth - 1}:0}}}}" * 40))
    refused(lambda: levels["p5"].render({}, lambda prompt, index, environment: levels[prompt]))
    large = {"big": parse(said("{{v}}" + "y" * 500_000)), "top": parse(said("{{hcp:big:0}}" * 900))}
    refused(lambda: large["top"].render({"v": "x"}, lambda prompt, index, environment: large[prompt]))


def test_as_many_placeholders_as_one_likes_are_refused() -> None:
    refused(lambda: fill(said("{{x}}" * 1_000_000), {"x": ""}))
    refused(lambda: parse(said("{{x}}" * 1_000_000)))


def test_a_partial_is_looked_up_once() -> None:
    asked: list[str] = []
    partial = parse(said("text"))

    def found(prompt: str, index: int, environment: str) -> Template:
        asked.append(prompt)
        return partial

    assert parse(said("{{hcp:p:0}}" * 500)).render({}, found) == said("text" * 500)
    assert asked == ["p"]


def test_large_values_and_texts_may_be_put_in_some_times() -> None:
    document = "d" * (3 << 20)
    body = said("{{doc}} and again {{doc}}")
    assert fill(body, {"doc": document}) == said(f"{document} and again {document}")
    policy = parse(said("p" * (2 << 20)))
    made = parse(said("{{hcp:policy:0}}{{hcp:policy:0}}")).render({}, lambda *_: policy)
    assert len(made["messages"][0]["content"]) == 4 << 20
    assert fill(said("{{x}}" * 10_000), {"x": "y" * 100}) == said("y" * 1_000_000)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("templates")
    with Stack(folder, {"openai": f'origin = "{simulator_origin}"'}) as running:
        yield running


def test_both_planes_refuse_to_multiply(stack: Stack) -> None:
    body = {"model": "gpt-4o-mini", "messages": [MESSAGE]}
    asked = {"prompt_id": "none", "inputs": {"x": "v" * 100_000}}
    headers = {"Helicone-Prompt-Variables": '{"x": "' + "v" * 10_000 + '"}', "Authorization": "Bearer sk-x"}
    answer = httpx.post(f"{stack.gateway}/v1/chat/completions", json=body, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "filled_too_large")
    owner = httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"}, timeout=60)
    with owner as client:
        drafted = client.post("/api/prompts/render", json={"body": body, "values": asked["inputs"]}).json()
        assert drafted["body"] is None
        assert "too large" in drafted["problem"]
        made = client.post("/api/prompts", json={"id": "many", "body": body, "environments": ["production"]})
        assert made.status_code == 201, made.text
        filled = client.post("/api/prompts/many/render", json={"variables": asked["inputs"]})
        assert filled.status_code == 400
        assert "too large" in filled.text
