"""The OpenAPI document and its page: complete, with examples that hold, and nothing from elsewhere."""

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("openapi")) as started:
        yield started


@pytest.fixture(scope="module")
def schema(stack: Stack) -> dict[str, Any]:
    with urllib.request.urlopen(f"{stack.control}/api/schema/openapi.json", timeout=20) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield f"{method.upper()} {path}", operation


def test_every_operation_has_a_summary_and_a_name_of_its_own(schema: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(schema)]
    assert len(names) == len(set(names))
    assert [where for where, operation in operations(schema) if not operation.get("summary")] == []


def test_every_json_body_has_an_example_that_fits_its_type(schema: dict[str, Any]) -> None:
    checked = 0
    for where, operation in operations(schema):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is None:
            continue
        assert "example" in body, f"{where}: add {operation['operationId']} to proxy/control/api/examples.py"
        whole = {**body["schema"], "components": schema["components"]}
        jsonschema_rs.Draft202012Validator(whole).validate(body["example"])
        checked += 1
    assert checked > 10


def test_the_page_lists_every_operation_and_loads_nothing(stack: Stack, schema: dict[str, Any]) -> None:
    with urllib.request.urlopen(f"{stack.control}/api/schema", timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/html")
        page = answer.read().decode()
    for _, operation in operations(schema):
        assert f'id="{operation["operationId"]}"' in page
    assert re.findall(r"<script|src=|@import|url\(", page) == []
    assert {link for link in re.findall(r'href="([^"]*)"', page) if not link.startswith("#")} == {
        "/api/schema/openapi.json"
    }
    anchors, targets = set(re.findall(r'href="#([^"]*)"', page)), set(re.findall(r'id="([^"]*)"', page))
    assert anchors <= targets


@pytest.mark.parametrize("operation", ["createKey", "invite", "createOrganisation", "createPrompt"])
def test_the_server_takes_the_examples(stack: Stack, schema: dict[str, Any], operation: str) -> None:
    where, found = next((where, each) for where, each in operations(schema) if each["operationId"] == operation)
    method, path = where.split(" ")
    request = urllib.request.Request(
        stack.control + path,
        method=method,
        data=json.dumps(found["requestBody"]["content"]["application/json"]["example"]).encode(),
        headers={"Authorization": f"Bearer {stack.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 201
