"""Writes a call as Python with `httpx`."""

from typing import Any

from proxy.control.snippets.call import EnvironmentValue, OutgoingCall

__all__ = ["render"]


def render(call: OutgoingCall) -> str:
    """The script. It prints the response body."""
    modules = {"os": any(isinstance(value, EnvironmentValue) for _, value in call.headers)}
    arguments = [repr(call.method), repr(call.url)]
    if call.headers:
        arguments.append(f"headers={_literal(dict(call.headers), 1)}")
    payload = call.payload
    match payload.kind:
        case "json":
            arguments.append(f"json={_literal(payload.json, 1)}")
        case "text":
            arguments.append(f"content={payload.text!r}.encode()")
        case "base64":
            modules["base64"] = True
            arguments.append(f"content=base64.b64decode({payload.text!r})")
        case "file":
            modules["pathlib"] = True
            arguments.append(f"content=pathlib.Path({payload.text!r}).read_bytes()")
    arguments.append("timeout=600")
    imports = "".join(f"import {name}\n" for name in sorted(modules) if modules[name])
    body = "".join(f"    {argument},\n" for argument in arguments)
    head = f"{imports}\nimport httpx\n\n" if imports else "import httpx\n\n"
    if call.streamed:
        return (
            f"{head}with httpx.stream(\n{body}) as response:\n"
            '    for text in response.iter_text():\n        print(text, end="", flush=True)\n'
        )
    return f"{head}response = httpx.request(\n{body})\nprint(response.text)\n"


def _literal(value: Any, depth: int) -> str:
    """A value as Python writes it, one member a line; `depth` is the indentation of its closing bracket."""
    inner, outer = "    " * (depth + 1), "    " * depth
    match value:
        case dict() if value:
            members = "".join(f"{inner}{key!r}: {_literal(each, depth + 1)},\n" for key, each in value.items())
            return f"{{\n{members}{outer}}}"
        case list() if value:
            return "[\n" + "".join(f"{inner}{_literal(each, depth + 1)},\n" for each in value) + f"{outer}]"
        case EnvironmentValue(before, name):
            return f"{before!r} + os.environ[{name!r}]" if before else f"os.environ[{name!r}]"
        case _:
            return repr(value)
