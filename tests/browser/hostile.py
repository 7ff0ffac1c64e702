"""Calls whose every text tries to run, to load or to lead away; sent through the gateway of a stack."""

import base64
import json
from typing import Any

import httpx

from tests.stack import Stack

__all__ = ["MARKUP", "NAME", "send_hostile_calls"]

NAME = "\"><img src=x onerror='window.hit=1'><script>window.hit=2</script>"
"""For users, sessions, properties, prompts: what a header can carry."""

MARKUP = """<script>window.hit = 3</script><img src=x onerror="window.hit=4"><svg onload="window.hit=5"><a href="javascript:alert(1)">x</a></svg>

[a link](javascript:window.hit=6) [another](data:text/html,<script>window.hit=7</script>) [vb](vbscript:alert(1))
![picture](https://evil.example/pixel.png) ![svg](data:image/svg+xml,<svg onload=alert(1)>) <https://evil.example/auto>
[good](https://example.com/page "title")

<style>@import "https://evil.example/a.css"; body { background: url(https://evil.example/b.png); display: none }</style>
<iframe src="https://evil.example"></iframe><object data="https://evil.example"></object><base href="https://evil.example/">
<form action="https://evil.example"><input autofocus onfocus="window.hit=8"><button formaction="javascript:alert(1)">go</button></form>
<details open ontoggle="window.hit=9"><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<meta http-equiv="refresh" content="0;url=https://evil.example"><link rel=stylesheet href="https://evil.example/c.css">

```html
</code></pre><script>window.hit = 10</script>
```

| a | b |
|---|---|
| <img src=x onerror=alert(1)> | `</td><script>alert(1)</script>` |

\u202eright to left\u202c \x1b[31mred\x1b[0m \u0000 {{constructor.constructor('window.hit=11')()}} ${window.hit=12}
"""  # noqa: E501

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="top.hit=13">'
    '<script>top.hit=14</script><image xlink:href="https://evil.example/d.png"/>'
    '<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="https://evil.example"/></foreignObject></svg>'
)


def send_hostile_calls(stack: Stack) -> list[str]:
    """Ids of the calls, once all of them are in the log."""
    svg = "data:image/svg+xml;base64," + base64.b64encode(_SVG.encode()).decode()
    deep: Any = MARKUP
    for _ in range(400):
        deep = {"__proto__": deep}
    content = [
        {"type": "text", "text": MARKUP},
        {"type": "image_url", "image_url": {"url": "https://evil.example/e.png"}},
        {"type": "image_url", "image_url": {"url": svg}},
        {"type": "image_url", "image_url": {"url": "javascript:alert(1)"}},
        {"type": "image_url", "image_url": {"url": "data:text/html,<script>top.hit=15</script>"}},
        {"type": "input_audio", "input_audio": {"data": "<script>", "format": NAME}},
        {"type": NAME, NAME: NAME},
    ]
    tools = [{"type": "function", "function": {"name": "a<script>window.hit=16</script>", "description": MARKUP}}]
    used = {"id": NAME, "type": "function", "function": {"name": NAME, "arguments": "{not json " + MARKUP}}
    chat = {
        "model": NAME,
        "messages": [
            {"role": "system", "content": MARKUP},
            {"role": NAME, "content": MARKUP},
            {"role": "assistant", "content": None, "tool_calls": [used]},
            {"role": "tool", "tool_call_id": NAME, "content": MARKUP},
            {"role": "user", "content": content},
        ],
        "tools": tools,
    }
    claude = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 100,
        "system": MARKUP,
        "stream": True,
        "messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": NAME, "name": NAME, "input": {NAME: MARKUP}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": NAME, "content": MARKUP}]},
            {
                "role": "user",
                "content": [{"type": "image", "source": {"type": "url", "url": "https://evil.example/f"}}],
            },
        ],
    }
    said = {"x-sim-say": base64.b64encode(MARKUP.encode()).decode()}
    called = {"x-sim-tool": "a<img src=x onerror=alert(1)>", "x-sim-tool-input": said["x-sim-say"]}
    huge = {"model": "gpt-4o", "messages": [{"role": "user", "content": "A" * 400_000}], "deep": deep}
    sent = [
        ("openai/v1/chat/completions", chat, said),
        ("openai/v1/chat/completions", {**chat, "stream": True}, said),
        ("anthropic/v1/messages", claude, said),
        ("anthropic/v1/messages", {**claude, "stream": False}, {**called, "x-sim-tool-input": ""}),
        ("openai/v1/chat/completions", huge, {"x-sim-status": "400", "x-sim-error-text": NAME}),
    ]
    tags = {
        "Helicone-User-Id": NAME,
        "Helicone-Session-Id": NAME,
        "Helicone-Session-Name": NAME,
        "Helicone-Session-Path": "/" + NAME,
        "Helicone-Request-Name": NAME,
        "Helicone-Prompt-Id": NAME,
        "Helicone-Property-Evil": NAME,
        "Authorization": "Bearer sk-x",
        "Content-Type": "application/json",
    }
    ids = []
    for path, body, script in sent:
        answer = httpx.post(f"{stack.gateway}/{path}", content=json.dumps(body), headers=tags | script, timeout=60)
        assert answer.status_code in (200, 400), answer.text
        ids.append(answer.headers["helicone-id"])
    for id in ids:
        stack.record(id)
    return ids
