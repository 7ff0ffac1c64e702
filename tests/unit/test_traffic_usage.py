"""Every exchange resolves and reads as its independent truth row says."""

import base64
import json
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest

from proxy.core.usage import Usage
from proxy.providers import Catalog, Route, load, resolve
from proxy.providers.dialects import DIALECTS, CapturedExchange, ExchangeReading, read_exchange
from tests import traffic

SELF_HOSTED = "http://localhost:8080, http://localhost:11434, http://127.0.0.1:11434"

# No exchange is excepted: a field that differs from its truth row fails.
SAME = (
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
    "input_includes_cached",
    "output_includes_reasoning",
    "norm_input_total",
    "norm_output_total",
)

NAMES = {
    "azure_openai": "azure",
    "azure_ai": "azure-ai",
    "bedrock_mantle": "bedrock-mantle",
    "vercel_gateway": "vercel",
}


@cache
def exchanges() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in traffic.exchanges()}


@cache
def catalog() -> Catalog:
    return load(allow=SELF_HOSTED)


def ids() -> list[str]:
    return list(exchanges())


def body_of(part: dict[str, Any]) -> bytes:
    body = part["body"]
    if part.get("body_encoding") == "base64":
        return base64.b64decode(body)
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def route_of(row: dict[str, Any]) -> Route:
    """By the target form, with the path as it came."""
    url = urlsplit(row["request"]["url"])
    return resolve(catalog(), "localhost", url.path, url.query, f"{url.scheme}://{url.netloc}")


def reading_of(row: dict[str, Any], cut: int | None = None) -> ExchangeReading:
    route = route_of(row)
    answer = row["response"]
    exchange = CapturedExchange(
        operation=route.operation,
        path=route.path,
        status=answer["status"],
        request_body=body_of(row["request"]),
        response_type=answer["headers"].get("content-type", ""),
        response_body=body_of(answer)[:cut],
        response_headers={name.lower(): value for name, value in answer["headers"].items()},
    )
    return read_exchange(route.dialect, exchange)


def cost_in_dollars(said: dict[str, Any] | None) -> float | None:
    """The truth keeps the provider's cost fields; this is what they come to."""
    if said is None:
        return None
    cost = said.get("cost")
    if isinstance(cost, dict):
        return float(cost["total_cost"])
    return float(cost) if cost is not None else said["cost_in_usd_ticks"] / 1e10


@pytest.mark.parametrize("id", ids())
def test_usage_is_what_the_provider_reported(id: str) -> None:
    row, expected = exchanges()[id], traffic.truth().get(id)
    found = reading_of(row)
    if expected is None:
        assert found.usage is None
        return
    assert found.usage is not None
    wrong = {
        name: (getattr(found.usage, name), expected[name])
        for name in SAME
        if getattr(found.usage, name) != expected[name] or type(getattr(found.usage, name)) is not type(expected[name])
    }
    assert not wrong
    assert found.usage.raw == expected["usage_raw"]
    assert found.usage.reported_cost == pytest.approx(cost_in_dollars(expected["reported_cost"]))
    assert (found.model_answered or found.model_asked or None) == expected["model"]
    assert bool(found.model_answered) == (expected["model_source"] == "response")
    assert found.usage.consumed == (row["endpoint"] != "count_tokens")


@traffic.needs_traffic
def test_every_truth_row_was_compared() -> None:
    assert traffic.truth().keys() <= exchanges().keys()
    assert len(traffic.truth()) >= 400


@pytest.mark.parametrize("id", ids())
def test_an_error_is_found_with_its_kind_and_message(id: str) -> None:
    row = exchanges()[id]
    found = reading_of(row)
    if row["response"]["status"] >= 400 or "midstream_error" in row["features"]:
        assert found.usage is None
        assert found.error_kind
        assert found.error_message
        assert found.error_message[:20] in body_of(row["response"]).decode().replace('\\"', '"')
    else:
        assert not found.error_kind or "error" in row["response"]["body"]


@pytest.mark.parametrize("id", ids())
def test_the_host_and_the_path_prefix_lead_to_the_same_place(id: str) -> None:
    row = exchanges()[id]
    url = urlsplit(row["request"]["url"])
    route = route_of(row)
    name = NAMES.get(row["provider"], row["provider"])
    assert route.provider.name == name
    assert route.path.partition("?")[0] == url.path
    prefix = f"/{name}"
    if "{" in route.provider.origin:
        prefix += "/" + variable_of(route)
    by_prefix = resolve(catalog(), "localhost", prefix + url.path, url.query)
    assert (by_prefix.provider, by_prefix.path, by_prefix.dialect) == (route.provider, route.path, route.dialect)
    assert by_prefix.operation == route.operation


def variable_of(route: Route) -> str:
    if route.provider.name == "vertex":
        return route.origin.host.removesuffix("aiplatform.googleapis.com").rstrip("-") or "global"
    return route.origin.host.split(".")[1 if route.provider.name.startswith("bedrock") else 0]


ENDPOINT_OPERATIONS = {
    "generate": "completions",
    "generateContent": "generate_content",
    "streamGenerateContent": "generate_content",
    "ollama_chat": "chat",
    "ollama_generate": "completions",
    "ollama_embed": "embeddings",
    "converse-stream": "converse",
    "invoke-stream": "invoke",
    "audio_speech": "audio",
    "audio_transcription": "audio",
    "cached_contents": "other",
}


@pytest.mark.parametrize("id", ids())
def test_the_operation_is_the_endpoint_asked_for(id: str) -> None:
    row = exchanges()[id]
    endpoint = row["endpoint"]
    assert route_of(row).operation == ENDPOINT_OPERATIONS.get(endpoint, endpoint)


def test_a_model_asked_for_is_found() -> None:
    for row in exchanges().values():
        if row["request_model"] and row["kind"] not in ("models", "files", "batches"):
            assert reading_of(row).model_asked in (row["request_model"], f"models/{row['request_model']}"), row["id"]


def test_streams_are_told_from_plain_answers() -> None:
    for row in exchanges().values():
        if row["response"]["status"] < 400 and row["kind"] != "batches":
            assert reading_of(row).stream == row["stream"], row["id"]


SPOKEN = ("chat", "messages", "responses", "generate_content", "converse", "completions", "interactions")


def test_streams_give_their_text_or_calls() -> None:
    empty = [
        row["id"]
        for row in exchanges().values()
        if row["kind"]
        in ("chat", "messages", "responses", "generate_content", "converse", "completions", "interactions")
        and not ((found := reading_of(row)).text or found.tool_calls or found.reasoning_text or found.error_kind)
    ]
    assert len(empty) < 0.02 * len(exchanges()), empty


# The provider's own last word is below, or lacks, what it said before.
DROPS = {"q:usage_decreasing", "q:usage_field_missing_in_last"}
CUTS = (0, 1, 2, 10, 37, 100, 333, 1000, 5000)


@pytest.mark.parametrize("id", ids())
def test_a_cut_body_reads_as_far_as_it_goes(id: str) -> None:
    """Never an exception; never a usage that the whole body does not lead up to."""
    row = exchanges()[id]
    size = len(body_of(row["response"]))
    whole = reading_of(row)
    cuts = {cut for cut in CUTS if cut < size} | {size * tenth // 10 for tenth in range(10)} | {size - 1, size - 3}
    for cut in sorted(cut for cut in cuts if cut >= 0):
        found = reading_of(row, cut)
        assert whole.text.startswith(found.text.rstrip('\ufffd}"')) or row["kind"] not in ("chat", "messages")
        if found.usage is not None:
            assert whole.usage is not None
            assert not exceeds(found.usage, whole.usage) or DROPS & set(row["features"])


def exceeds(part: Usage, whole: Usage) -> bool:
    """Whether a cut body claims a figure that is above the whole body's."""
    return any(
        (getattr(part, name) or 0) > (getattr(whole, name) or 0)
        for name in ("output_tokens", "cached_input_tokens", "cache_write_tokens", "total_tokens")
    )


@traffic.needs_traffic
def test_errors_that_were_seen_elsewhere_are_found() -> None:
    lines = (traffic.recorded / "supplement" / "observed_errors.jsonl").read_text("utf-8").splitlines()
    for row in map(json.loads, lines):
        dialect = row["provider"] if row["provider"] in DIALECTS else "openai"
        answer = row["response"]
        exchange = CapturedExchange(
            operation="responses" if "responses" in row["id"] else "chat",
            path="/",
            status=answer["status"],
            response_type=answer["headers"].get("content-type", ""),
            response_body=answer["body"].encode(),
        )
        found = read_exchange(dialect, exchange)
        assert found.error_kind, row["id"]
        assert found.error_message, row["id"]
        assert found.usage is None, row["id"]
