"""Every exchange passes a real gateway unchanged, however it is cut up, and its usage is logged right."""

import asyncio
import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from proxy.providers import load
from proxy.providers.origin import holes
from simulator import process
from tests.stack import Stack, wait_for
from tests.traffic import exchanges, folders, needs_traffic, no_usage, truth

FIELDS = {
    "input_tokens": "provider_input_tokens",
    "output_tokens": "provider_output_tokens",
    "cached_input_tokens": "cached_input_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "reasoning_tokens": "reasoning_tokens",
    "total_tokens": "total_tokens",
    "input_includes_cached": "input_includes_cached",
    "output_includes_reasoning": "output_includes_reasoning",
    "norm_input_total": "input_tokens",
    "norm_output_total": "output_tokens",
}
"""The truth's names to the log's."""
OF_THE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server", "content-encoding"}

SHORTER: dict[str, str] = {}
"""Exchanges whose body the caller sees shorter, with the reason."""


def body_of(exchange: dict[str, Any]) -> bytes:
    response = exchange["response"]
    if response.get("body_encoding") == "base64":
        return base64.b64decode(response["body"])
    return str(response["body"]).encode()


def request_of(exchange: dict[str, Any]) -> tuple[str, str, bytes, dict[str, str]]:
    """Method, path through the gateway, body and headers."""
    request = exchange["request"]
    url = httpx.URL(request["url"])
    origin = f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port else "")
    provider = CATALOG.at(_origin(origin)) or CATALOG.providers["openai"]
    labels = ["x" for _ in holes(provider.origin)]
    path = "/".join([f"/{provider.name}", *labels]) + url.raw_path.decode()
    body = request["body"]
    sent = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    headers = {name: value for name, value in request["headers"].items() if value.isascii()}
    return request["method"], path, sent, headers


def _origin(text: str) -> Any:
    from proxy.providers.origin import parse_origin

    found = parse_origin(text)
    assert not isinstance(found, str), text
    return found[0]


CATALOG = load()


def providers_at(origin: str) -> dict[str, str]:
    return dict.fromkeys(CATALOG.providers, f'origin = "{origin}"')


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    provider = process.start(replay=folders())
    with Stack(tmp_path_factory.mktemp("stack"), providers_at(provider.origin)) as running:
        yield running
    provider.stop()


async def play(stack: Stack, script: Any) -> dict[str, tuple[int, httpx.Headers, bytes]]:
    """Every exchange once, with what `script` (exchange -> headers) says; what the caller got, by exchange id."""
    room = asyncio.Semaphore(24)
    got: dict[str, tuple[int, httpx.Headers, bytes]] = {}
    async with httpx.AsyncClient(base_url=stack.gateway, timeout=60) as client:

        async def one(exchange: dict[str, Any]) -> None:
            method, path, body, headers = request_of(exchange)
            id = str(uuid.uuid4())
            headers |= {"x-sim-replay": exchange["id"], "helicone-request-id": id, **script(exchange)}
            pieces: list[bytes] = []
            status, told = 0, httpx.Headers({"helicone-id": id})
            try:
                async with room, client.stream(method, path, content=body, headers=headers) as answer:
                    status, told = answer.status_code, answer.headers
                    async for piece in answer.aiter_raw():
                        pieces.append(piece)
            except httpx.RemoteProtocolError:
                pass  # a body that was cut where only the connection can say so, perhaps before its head left
            got[exchange["id"]] = status, told, b"".join(pieces)

        await asyncio.gather(*map(one, exchanges()))
    return got


def split(exchange: dict[str, Any]) -> dict[str, str]:
    """One byte at a time where that is bearable, else seeded random pieces."""
    return {"x-sim-split": "1" if len(body_of(exchange)) < 3000 else "r7"}


@pytest.mark.parametrize("script", [lambda _: {}, split], ids=["whole", "byte by byte"])
def test_status_headers_body_and_usage(stack: Stack, script: Any) -> None:
    got = asyncio.run(play(stack, script))
    assert len(got) == len(exchanges())
    records = {row["id"]: row for row in _records(stack, {headers["helicone-id"] for _, headers, _ in got.values()})}
    wrong: list[str] = []
    for exchange in exchanges():
        id = exchange["id"]
        status, headers, body = got[id]
        recorded = exchange["response"]
        if status != recorded["status"]:
            wrong.append(f"{id}: status {status}, recorded {recorded['status']}")
        for name, value in recorded["headers"].items():
            if name.lower() not in OF_THE_HOP and headers.get(name) != value:
                wrong.append(f"{id}: header {name} is {headers.get(name)!r}, recorded {value!r}")
        if body != body_of(exchange) and id not in SHORTER:
            wrong.append(f"{id}: body of {len(body)} bytes, recorded {len(body_of(exchange))}")
        wrong += _usage_differences(id, records[headers["helicone-id"]])
    assert not wrong, "\n".join(wrong)


def _records(stack: Stack, ids: set[str]) -> list[dict[str, Any]]:
    def probe() -> list[dict[str, Any]] | None:
        rows = [row for row in stack.records() if row["id"] in ids]
        return rows if len(rows) >= len(ids) else None

    return wait_for("all records", probe, 60)


def _usage_differences(id: str, record: dict[str, Any]) -> list[str]:
    expected = truth().get(id)
    if expected is None:
        found = [name for name in FIELDS.values() if record[name] is not None]
        return [f"{id}: {found} logged where nothing is reported"] if found else []
    assert id not in no_usage()
    # Where a body does not let one tell a total, the log shows the provider's own figure.
    fallback = {"norm_input_total": expected["input_tokens"], "norm_output_total": expected["output_tokens"]}
    wrong = []
    for name, column in FIELDS.items():
        true = fallback.get(name) if expected[name] is None else expected[name]
        if record[column] != true:
            wrong.append(f"{id}: {column} {record[column]}, true {name} {true}")
    if record["model"] != (expected["model"] or ""):
        wrong.append(f"{id}: model {record['model']!r}, true {expected['model']!r}")
    if record["usage_raw"] != expected["usage_raw"]:
        wrong.append(f"{id}: usage_raw {record['usage_raw']}, true {expected['usage_raw']}")
    return wrong


def test_cut_short(stack: Stack) -> None:
    """Half an answer: the caller gets what came of it (of a stream not the piece of an event that would be taken for a
    whole one), and an error or a broken connection, never a quiet end."""
    got = asyncio.run(play(stack, lambda exchange: {"x-sim-cut": str(len(body_of(exchange)) // 2)}))
    records = {row["id"]: row for row in _records(stack, {headers["helicone-id"] for _, headers, _ in got.values()})}
    wrong: list[str] = []
    for exchange in exchanges():
        status, headers, body = got[exchange["id"]]
        whole = body_of(exchange)
        record = records[headers["helicone-id"]]
        if len(whole) < 2:
            continue
        if record["cut"] != "upstream" or record["error"] != "upstream_reset":
            wrong.append(f"{exchange['id']}: logged as {record['cut']!r}, {record['error']!r}")
        if record.get("reading_error"):
            wrong.append(f"{exchange['id']}: {record['reading_error']}")
        came = whole[: len(whole) // 2]
        if headers.get("content-type", "").startswith(("text/event-stream", "application/x-ndjson")):
            ends = [end for end in (b"\n\n", b"\r\n\r\n", b"\r\r", b"}\n") if end in came]
            came = came[: max((came.rfind(end) + len(end) for end in ends), default=0)]
        if status not in (0, 502) and not body.startswith(came):
            wrong.append(f"{exchange['id']}: what had come by then was not passed on")
    assert not wrong, "\n".join(wrong)


@needs_traffic
def test_the_recorded_traffic_was_part_of_this() -> None:
    assert len(exchanges()) > 500
