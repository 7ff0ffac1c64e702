"""`/api/schema`: the OpenAPI document and a page to read it. The page is plain HTML made here: no script, nothing from
elsewhere.

One more example: a row of `EXAMPLES` in `examples`.
"""

import html
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin

from proxy.control.api.examples import EXAMPLES

__all__ = ["SchemaJson", "SchemaPage", "complete"]

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457): what was wrong, where, what was found and what is accepted.",
    "required": ["title", "status"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "type": {"type": "string", "description": "absent: about:blank"},
        "detail": {"type": "string", "description": "a whole sentence"},
        "parameter": {"type": "string", "description": "which parameter, or the path to the value"},
        "value": {"type": "string", "description": "what was found"},
        "accepted": {"type": "string", "description": "what would be right"},
    },
}
_EXPLAINED: Final = {
    "400": "A value is wrong: `parameter` says which",
    "401": "Credentials are missing, wrong or expired",
    "403": "The caller's role does not allow this",
}


def complete(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` itself, with examples of bodies, the errors as they are sent, and how callers authenticate."""
    if "Problem" in schema["components"]["schemas"]:
        return schema
    schema["components"]["schemas"]["Problem"] = _PROBLEM
    schema["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "an API key with the scope read, write or admin"},
        "session": {"type": "apiKey", "in": "cookie", "name": "perihelion_session"},
    }
    schema["security"] = [{"key": []}, {"session": []}]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for _, _, operation in _operations(schema):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        example = EXAMPLES.get(operation["operationId"])
        if body is not None and example is not None:
            body["example"] = example
        for status, text in _EXPLAINED.items():
            operation["responses"][status] = {"description": text, "content": problem}
    return schema


class SchemaJson(JsonRenderPlugin):
    """The document: OpenAPI 3.1 as JSON."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, complete(openapi_schema))


class SchemaPage(OpenAPIRenderPlugin):
    """The page: each operation with its parameters, bodies and an example."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return _page(complete(openapi_schema)).encode()


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method.upper(), path, item[method]


_STYLE: Final = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: 13px/1.45 ui-monospace, monospace }
pre { overflow-x: auto; padding: .6rem .8rem; border: 1px solid #8884; border-radius: 4px }
summary { cursor: pointer; padding: .25rem 0 } summary b { display: inline-block; min-width: 4.2rem }
details details, details > div { margin-left: 1.2rem }
table { border-collapse: collapse; margin: .4rem 0 } td, th { text-align: left; padding: .15rem .8rem .15rem 0 }
td { vertical-align: top; border-top: 1px solid #8883 }
"""


def _page(schema: dict[str, Any]) -> str:
    groups: dict[str, list[str]] = {}
    for method, path, operation in _operations(schema):
        parts = path.strip("/").split("/")
        group = parts[1] if parts[0] in ("api", "v1") and len(parts) > 1 else parts[0]
        groups.setdefault(group, []).append(_operation(method, path, operation))
    inside = "".join(
        f"<h2 id={_quoted(name)}>{_text(name)}</h2>{''.join(each)}" for name, each in sorted(groups.items())
    )
    types = "".join(
        f"<details id={_quoted('type-' + name)}><summary><code>{_text(name)}</code></summary>{_type(one)}</details>"
        for name, one in sorted(schema["components"]["schemas"].items())
    )
    links = " · ".join(f"<a href={_quoted('#' + name)}>{_text(name)}</a>" for name in sorted(groups))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Perihelion API</title><style>{_STYLE}</style><h1>Perihelion API</h1>"
        f"<p>Version {_text(schema['info']['version'])}. Send <code>Authorization: Bearer &lt;API key&gt;</code>. "
        'The same as <a href="/api/schema/openapi.json">OpenAPI 3.1</a>.</p>'
        f"<nav>{links}</nav>{inside}<h2>Types</h2>{types}</html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{_text(each['name'])}</code><td>{_text(each['in'])}<td>{_type_name(each.get('schema', {}))}"
        f"<td>{_text(each.get('description', ''))}"
        for each in operation.get("parameters", [])
    )
    parts = [f"<p>{_text(operation['description'])}</p>" if operation.get("description") else ""]
    parts.append(f"<table><tr><th>parameter<th>in<th>type<th>meaning{rows}</table>" if rows else "")
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body, <code>{_text(kind)}</code>: {_type_name(content.get('schema', {}))}</p>")
        if "example" in content:
            text = msgspec.json.format(msgspec.json.encode(content["example"]), indent=2).decode()
            parts.append(f"<pre>{_text(text)}</pre>")
    for status, response in sorted(operation["responses"].items()):
        kinds = ", ".join(_type_name(each.get("schema", {})) for each in response.get("content", {}).values())
        parts.append(f"<div><code>{_text(status)}</code> {kinds or _text(response.get('description', ''))}</div>")
    return (
        f"<details id={_quoted(operation['operationId'])}><summary><b>{method}</b> <code>{_text(path)}</code> "
        f"{_text(operation.get('summary', ''))}</summary>{''.join(parts)}</details>"
    )


def _type(schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{_text(name)}</code>{'' if name in required else ' (optional)'}<td>{_type_name(one)}"
        f"<td>{_text(one.get('description', ''))}"
        for name, one in schema.get("properties", {}).items()
    )
    return f"<p>{_text(schema.get('description', ''))}</p>" + (f"<table>{rows}</table>" if rows else _type_name(schema))


def _type_name(schema: dict[str, Any]) -> str:
    """HTML: the type in a few words, with links to named ones."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"<a href={_quoted('#type-' + name)}>{_text(name)}</a>"
    for word in ("oneOf", "anyOf", "allOf"):
        if word in schema:
            return " or ".join(_type_name(each) for each in schema[word])
    if "enum" in schema:
        return " or ".join(f"<code>{_text(msgspec.json.encode(each).decode())}</code>" for each in schema["enum"])
    if "const" in schema:
        return f"<code>{_text(msgspec.json.encode(schema['const']).decode())}</code>"
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type_name(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type_name(schema['additionalProperties'])}"
    return _text(" or ".join(kind) if isinstance(kind, list) else str(schema.get("format", kind)))


def _text(text: object) -> str:
    return html.escape(str(text), quote=False)


def _quoted(text: str) -> str:
    return f'"{html.escape(text)}"'
