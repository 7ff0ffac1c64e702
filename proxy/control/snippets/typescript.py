"""Writes a call as TypeScript with `fetch`, for Node 18 or later, Deno or Bun. It runs as JavaScript too."""

import json

from proxy.control.snippets.call import EnvironmentValue, OutgoingCall

__all__ = ["render"]


def render(call: OutgoingCall) -> str:
    """The module. It prints the response body."""
    lines = [f"method: {json.dumps(call.method)},"]
    if call.headers:
        members = "".join(f"  {json.dumps(name)}: {_header(value)},\n" for name, value in call.headers)
        lines.append(f"headers: {{\n{members}}},")
    payload = call.payload
    imports = ""
    match payload.kind:
        case "json":
            lines.append(f"body: JSON.stringify({json.dumps(payload.json, indent=2, ensure_ascii=False)}),")
        case "text":
            lines.append(f"body: {json.dumps(payload.text)},")
        case "base64":
            lines.append(f'body: Buffer.from({json.dumps(payload.text)}, "base64"),')
        case "file":
            imports = 'import { readFile } from "node:fs/promises";\n\n'
            lines.append(f"body: await readFile({json.dumps(payload.text)}),")
    options = "  " + "\n".join(lines).replace("\n", "\n  ")
    show = (
        "for await (const chunk of response.body ?? []) {\n  process.stdout.write(chunk);\n}\n"
        if call.streamed
        else "console.log(await response.text());\n"
    )
    return f"{imports}const response = await fetch({json.dumps(call.url)}, {{\n{options}\n}});\n{show}"


def _header(value: str | EnvironmentValue) -> str:
    if isinstance(value, EnvironmentValue):
        return f"`{value.before}${{process.env.{value.name}}}`"
    return json.dumps(value)
