"""Anthropic's shapes."""

from typing import Any

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
        error = {"type": _KINDS.get(script.status, "api_error"), "message": "Simulated."}
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
    given = tokens(request)[1]
    if request.script.tool:
        use = {"type": "tool_use", "id": "toolu_01Sim", "name": request.script.tool, "input": {"city": "Lisbon"}}
        return json_reply(200, _HEADERS, _message(request, [use], "tool_use", given))
    text = {"type": "text", "text": text_of(request.script.answer_bytes)}
    return json_reply(200, _HEADERS, _message(request, [text], "end_turn", given))


def _stream(request: Request) -> Reply:
    given = tokens(request)[1]
    tool = request.script.tool
    block: Json = {"type": "text", "text": ""}
    deltas: list[Json] = [{"type": "text_delta", "text": text} for text in chunks_of_text(request.script)]
    if tool:
        block = {"type": "tool_use", "id": "toolu_01Sim", "name": tool, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in ("", '{"city": ', '"Lisbon"}')]
    rows: list[Json] = [
        {"type": "message_start", "message": _message(request, [], None, 1)},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use" if tool else "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": given},
        },
        {"type": "message_stop"},
    ]
    pieces = [event(row, row["type"]) for row in rows]
    if request.script.error_event >= 0:
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        pieces[request.script.error_event + 1 :] = [event(error, "error")]
    return Reply(200, [("content-type", "text/event-stream; charset=utf-8"), *_HEADERS], pieces, streams=True)
