"""Writes a call as a `curl` command for a POSIX shell."""

import json

from proxy.control.snippets.call import EnvironmentValue, OutgoingCall

__all__ = ["render"]


def render(call: OutgoingCall) -> str:
    """The command. It prints the response body."""
    # -g: brackets in the address are no patterns. --path-as-is: `..` in it stays.
    flags = "-sS -g --path-as-is" + (" -N" if call.streamed else "")
    lines = [f"curl {flags} -X {call.method} {_quote(call.url)}"]
    for name, value in call.headers:
        if isinstance(value, EnvironmentValue):
            lines.append(f'-H "{name}: {value.before}${value.name}"')
        else:
            lines.append(f"-H {_quote(f'{name}: {value}' if value else f'{name};')}")
    payload = call.payload
    before = ""
    match payload.kind:
        case "json":
            lines.append(f"--data-raw {_quote(json.dumps(payload.json, indent=2, ensure_ascii=False))}")
        case "text":
            lines.append(f"--data-raw {_quote(payload.text)}")
        case "file":
            lines.append(f"--data-binary {_quote('@' + payload.text)}")
        case "base64":
            before = f"printf %s {_quote(payload.text)} | base64 -d | "
            lines.append("--data-binary @-")
    if payload.kind != "none" and not any(name == "Content-Type" for name, _ in call.headers):
        lines.append("-H 'Content-Type:'")  # curl would add that of a form
    return before + " \\\n  ".join(lines) + "\n"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
