"""Every method of `perihelion.client` fits the OpenAPI document: its route, its parameters, the fields of its body."""

import inspect
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, Router

from perihelion.client import ApiError, AsyncClient, Client
from proxy.control.app import ROUTES

CALLS: dict[str, tuple[Any, ...]] = {
    "requests": ("status>=400",),
    "count_requests": ("status>=400",),
    "request": ("an id/with a slash",),
    "bodies": ("id",),
    "body": ("id", "request"),
    "export": ("user:ada",),
    "add_scores": ("id", {"helpful": 1}),
    "set_properties": ("id", {"feature": "search"}),
    "metrics": (["cost"],),
    "groups": ("users", "user:ada"),
    "session": ("id",),
    "session_tree": ("id", "/plan"),
    "session_calls": ("id", "/plan"),
    "sql": ("SELECT 1", {"a": 1}),
}
"""Arguments for each method; those with fields of their own are below."""
FIELDS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "add_feedback": (("id",), {"rating": True, "note": "good"})
}
ANSWER = {"data": [{"id": "1"}], "next": None, "total": {"value": 1, "exact": True}}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    document: dict[str, Any] = Litestar([Router("/", route_handlers=ROUTES)]).openapi_schema.to_schema()
    return document


def sent_by(name: str, *args: Any, **fields: Any) -> httpx.Request:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=ANSWER)

    with Client("http://control", "sk-perihelion-key", transport=httpx.MockTransport(answer)) as client:
        result = getattr(client, name)(*args, **fields)
        if isinstance(result, Iterator):
            assert list(result)
    assert sent[0].headers["authorization"] == "Bearer sk-perihelion-key"
    return sent[0]


def operation_of(schema: dict[str, Any], request: httpx.Request) -> dict[str, Any]:
    path = request.url.raw_path.decode().partition("?")[0]
    for template, item in schema["paths"].items():
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and request.method.lower() in item:
            found: dict[str, Any] = item[request.method.lower()]
            return found
    raise AssertionError(f"the API has no {request.method} {path}")


def methods() -> set[str]:
    known = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    return known - {"call", "stream", "close"}


def test_all_methods_are_tried() -> None:
    assert methods() == CALLS.keys() | FIELDS.keys()


@pytest.mark.parametrize("name", sorted(CALLS.keys() | FIELDS.keys()))
def test_a_method_fits_the_document(schema: dict[str, Any], name: str) -> None:
    args, fields = FIELDS.get(name, (CALLS.get(name, ()), {}))
    request = sent_by(name, *args, **fields)
    operation = operation_of(schema, request)
    known = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
    assert set(request.url.params) <= known
    if request.content:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        named = schema["components"]["schemas"].get(body.get("$ref", "").rpartition("/")[2], body)
        sent = set(httpx.Response(200, content=request.content).json())
        assert sent <= set(named.get("properties", sent)), "a field that the route does not know"


async def test_the_asynchronous_client_does_the_same() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=ANSWER))
    async with AsyncClient("http://control", transport=transport) as client:
        pages = client.requests()
        assert isinstance(pages, AsyncIterator)
        assert [row async for row in pages] == [{"id": "1"}]
        assert await client.count_requests() == {"value": 1, "exact": True}


def test_a_refusal_says_what_the_api_said() -> None:
    problem = {"title": "Bad parameter", "status": 400, "detail": "filter is …", "parameter": "filter", "accepted": "x"}
    transport = httpx.MockTransport(lambda request: httpx.Response(400, json=problem))
    with Client("http://control", transport=transport) as client, pytest.raises(ApiError) as caught:
        client.request("id")
    assert (caught.value.status, caught.value.parameter, caught.value.accepted) == (400, "filter", "x")
    assert str(caught.value) == "Bad parameter: filter is …"


def test_a_control_plane_that_is_not_there_is_named() -> None:
    with Client("http://127.0.0.1:1") as client, pytest.raises(ApiError) as caught:
        client.metrics(["calls"])
    assert caught.value.status == 0
    assert "was not reached" in str(caught.value)
