"""Anthropic's shapes."""

import base64
import json
from typing import Any

from simulator.script import Script
from simulator.shapes.base import Reply, Request, chunks_of_text, event, json_reply, text_of, tokens

__all__ = ["answer"]

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_HEADERS = [
    ("request-id", "req_011CSimSimSimSimSimSimSi"),
    ("anthropic-ratelimit-requests-limit", "4000"),
    ("anthropic-ratelimit-requests-remaining", "3999"),
]
Json = dict[str, Any]


def answer(request: Request) -> Reply | None:
    path = request.path
    if not ("/v1/messages" in path or "anthropic-version" in request.headers):
        return None
    script = request.script
    if script.status != 200:
        error = {"type": _KINDS.get(script.status, "api_error"), "message": script.error_text or "Simulated."}
        headers = [*_HEADERS, *([("retry-after", script.retry_after)] if script.retry_after else [])]
        return json_reply(script.status, headers, {"type": "error", "error": error, "request_id": _HEADERS[0][1]})
    if path.endswith("/count_tokens"):
        return json_reply(200, _HEADERS, {"input_tokens": tokens(request)[0]})
    if not path.endswith("/messages"):
        error = {"type": "not_found_error", "message": "Not found"}
        return json_reply(404, _HEADERS, {"type": "error", "error": error})
    return _stream(request) if request.json.get("stream") else _plain(request)


def _message(request: Request, content: list[Json], reason: str | None, given: int) -> Json:
    usage = {
        "input_tokens": tokens(request)[0],
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": request.script.cached_tokens,
        "output_tokens": given,
        "service_tier": "standard",
    }
    return {
        "id": "msg_01Sim",
        "type": "message",
        "role": "assistant",
        "model": request.json.get("model", "claude-sonnet-4-5"),
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }


def _plain(request: Request) -> Reply:
    given, script = tokens(request)[1], request.script
    content: list[Json] = []
    if script.think:
        content.append({"type": "thinking", "thinking": _thought(script), "signature": "c2lt"})
    if script.say or not script.tool:
        content.append({"type": "text", "text": text_of(script)})
    if script.tool:
        content.append({**_use(script), "input": json.loads(script.arguments)})
    return json_reply(200, _HEADERS, _message(request, content, "tool_use" if script.tool else "end_turn", given))


def _thought(script: Script) -> str:
    return base64.b64decode(script.think).decode()


def _use(script: Script) -> Json:
    return {"type": "tool_use", "id": script.tool_id or "toolu_01Sim", "name": script.tool, "input": {}}


def _blocks(script: Script) -> list[tuple[Json, list[Json]]]:
    """The content of a streamed answer: each block as it begins, and what is added to it."""
    found: list[tuple[Json, list[Json]]] = []
    if script.think:
        thought = _thought(script)
        cuts = [thought[at : at + 24] for at in range(0, len(thought), 24)]
        found.append(
            (
                {"type": "thinking", "thinking": "", "signature": ""},
                [
                    *({"type": "thinking_delta", "thinking": cut} for cut in cuts),
                    {"type": "signature_delta", "signature": "c2lt"},
                ],
            )
        )
    if script.say or not script.tool:
        deltas = [{"type": "text_delta", "text": text} for text in chunks_of_text(script)]
        found.append(({"type": "text", "text": ""}, deltas))
    if script.tool:
        text = script.arguments
        cuts = ["", *(text[at : at + 9] for at in range(0, len(text), 9))]
        found.append((_use(script), [{"type": "input_json_delta", "partial_json": cut} for cut in cuts]))
    return found


def _stream(request: Request) -> Reply:
    given = tokens(request)[1]
    rows: list[Json] = [{"type": "message_start", "message": _message(request, [], None, 1)}]
    for index, (block, deltas) in enumerate(_blocks(request.script)):
        rows.append({"type": "content_block_start", "index": index, "content_block": block})
        if index == 0:
            rows.append({"type": "ping"})
        rows += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        rows.append({"type": "content_block_stop", "index": index})
    rows += [
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use" if request.script.tool else "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": given},
        },
        {"type": "message_stop"},
    ]
    pieces = [event(row, row["type"]) for row in rows]
    if request.script.error_event >= 0:
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        pieces[request.script.error_event + 1 :] = [event(error, "error")]
    return Reply(200, [("content-type", "text/event-stream; charset=utf-8"), *_HEADERS], pieces, streams=True)
