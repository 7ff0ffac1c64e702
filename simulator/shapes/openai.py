"""OpenAI's shapes, and those of everyone who speaks like it (Azure, Together, Groq, …)."""

import base64
import struct
import zlib
from typing import Any

from simulator.script import Script
from simulator.shapes.base import Reply, Request, chunks_of_text, event, json_reply, text_of, tokens

__all__ = ["answer", "picture_of"]

_CREATED = 1_760_000_000
_ERRORS = {
    400: ("invalid_request_error", "invalid_value", "Invalid value for 'temperature'."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-sim."),
    403: ("invalid_request_error", "unsupported_country_region_territory", "Not supported here."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    503: ("server_error", "service_unavailable", "The engine is currently overloaded."),
}
Json = dict[str, Any]


def answer(request: Request) -> Reply | None:
    path = request.path
    if request.script.status != 200:
        return _error(request)
    for tail, shape in _PATHS:
        if path.endswith(tail):
            return shape(request)
    if "/files" in path and request.method == "POST":
        return json_reply(200, _headers(), _file(len(request.body)))
    if path.endswith("/files"):
        return json_reply(200, _headers(), {"object": "list", "data": [_file(140)], "has_more": False})
    if path.endswith("/models"):
        rows = [{"id": id, "object": "model", "created": _CREATED, "owned_by": "sim"} for id in ("gpt-4o", "o4-mini")]
        return json_reply(200, _headers(), {"object": "list", "data": rows})
    return None


def _headers() -> list[tuple[str, str]]:
    return [
        ("x-request-id", "req_5f0c2a9be1d44b0c8f3f2d0c9a7e6b51"),
        ("openai-processing-ms", "12"),
        ("openai-version", "2020-10-01"),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-remaining-requests", "9999"),
    ]


def _error(request: Request) -> Reply:
    script = request.script
    kind, code, message = _ERRORS.get(script.status, ("server_error", None, "The server had an error."))
    message = script.error_text or message
    headers = _headers()
    if script.retry_after:
        headers.append(("retry-after", script.retry_after))
    if script.retry_after_ms:
        headers.append(("retry-after-ms", script.retry_after_ms))
    return json_reply(
        script.status, headers, {"error": {"message": message, "type": kind, "param": None, "code": code}}
    )


def _usage(request: Request) -> Json:
    asked, given = tokens(request)
    script = request.script
    return {
        "prompt_tokens": asked,
        "completion_tokens": given,
        "total_tokens": asked + given,
        "prompt_tokens_details": {"cached_tokens": script.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": script.reasoning_tokens, "audio_tokens": 0},
    }


def _chat(request: Request) -> Reply:
    if request.json.get("stream"):
        return _chat_stream(request)
    message: Json = {"role": "assistant", "content": text_of(request.script), "refusal": None}
    reason = "stop"
    if request.script.tool:
        reason = "tool_calls"
        words = request.script.words or None
        message = {"role": "assistant", "content": words, "tool_calls": [_call(request.script)], "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return json_reply(
        200, _headers(), {**_head(request, "chat.completion"), "choices": [choice], "usage": _usage(request)}
    )


def _head(request: Request, kind: str) -> Json:
    model = request.json.get("model", "gpt-4o-mini")
    return {
        "id": "chatcmpl-CWY7rlcOr1iUirg2FqR1IMWdv3fFu",
        "object": kind,
        "created": _CREATED,
        "model": model,
        "service_tier": "default",
        "system_fingerprint": "fp_sim",
    }


def _call(script: Script) -> Json:
    function = {"name": script.tool, "arguments": script.arguments}
    return {"id": script.tool_id or "call_sim1", "type": "function", "function": function}


def _chat_stream(request: Request) -> Reply:
    wants_usage = bool((request.json.get("stream_options") or {}).get("include_usage"))
    head = _head(request, "chat.completion.chunk")

    def chunk(delta: Json, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return event({**head, "choices": [choice], **({"usage": None} if wants_usage else {})})

    pieces = [chunk({"role": "assistant", "content": "", "refusal": None})]
    if "/deployments/" in request.path:  # Azure opens with its content filter's results
        filtered = {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]}
        pieces.insert(0, event({**head, "id": "", "model": "", "choices": [], **filtered}))
    reason = "stop"
    if request.script.tool:
        reason = "tool_calls"
        call = _call(request.script)
        pieces += [chunk({"content": text}) for text in chunks_of_text(request.script) if request.script.say]
        text = call["function"]["arguments"]
        opened = {**call, "index": 0, "function": {**call["function"], "arguments": ""}}
        pieces.append(chunk({"tool_calls": [opened]}))
        pieces += [
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": text[at : at + 4]}}]})
            for at in range(0, len(text), 4)
        ]
    else:
        pieces += [chunk({"content": text}) for text in chunks_of_text(request.script)]
    pieces.append(chunk({}, reason))
    if wants_usage:
        pieces.append(event({**head, "choices": [], "usage": _usage(request)}))
    pieces.append(event(b"[DONE]"))
    _break(request, pieces, event({"error": {"message": "The server had an error.", "type": "server_error"}}))
    return Reply(200, [("content-type", "text/event-stream; charset=utf-8"), *_headers()], pieces, streams=True)


def _break(request: Request, pieces: list[bytes], error: bytes) -> None:
    at = request.script.error_event
    if at >= 0:
        pieces[at + 1 :] = [error]


def _completions(request: Request) -> Reply:
    head = {**_head(request, "text_completion"), "id": "cmpl-sim"}
    if request.json.get("stream"):
        wants_usage = bool((request.json.get("stream_options") or {}).get("include_usage"))
        rows = [
            event({**head, "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": None}]})
            for text in chunks_of_text(request.script)
        ]
        if wants_usage:
            rows.append(event({**head, "choices": [], "usage": _usage(request)}))
        rows.append(event(b"[DONE]"))
        return Reply(200, [("content-type", "text/event-stream"), *_headers()], rows, streams=True)
    choice = {"index": 0, "text": text_of(request.script), "logprobs": None, "finish_reason": "stop"}
    return json_reply(200, _headers(), {**head, "choices": [choice], "usage": _usage(request)})


def _embeddings(request: Request) -> Reply:
    vector = [0.0023, -0.0091, 0.0154, 0.25] * 4
    encoded: object = vector
    if request.json.get("encoding_format") == "base64":
        encoded = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    given = request.json.get("input", "")
    rows = given if isinstance(given, list) and given and isinstance(given[0], str) else [given]
    asked = tokens(request)[0]
    value = {
        "object": "list",
        "data": [{"object": "embedding", "index": at, "embedding": encoded} for at in range(len(rows))],
        "model": request.json.get("model", "text-embedding-3-small"),
        "usage": {"prompt_tokens": asked, "total_tokens": asked},
    }
    return json_reply(200, _headers(), value)


def _responses(request: Request) -> Reply:
    asked, given = tokens(request)
    script = request.script
    usage = {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": script.cached_tokens},
        "output_tokens": given,
        "output_tokens_details": {"reasoning_tokens": script.reasoning_tokens},
        "total_tokens": asked + given,
    }
    stream = bool(request.json.get("stream"))
    text = "".join(chunks_of_text(script)) if stream else text_of(script)
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    item = {"id": "msg_sim", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    whole: Json = {
        "id": "resp_sim",
        "object": "response",
        "created_at": _CREATED,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": request.json.get("model", "gpt-4o-mini"),
        "output": [item],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": usage,
    }
    if not stream:
        return json_reply(200, _headers(), whole)
    young = {**whole, "status": "in_progress", "output": [], "usage": None}
    at = {"item_id": "msg_sim", "output_index": 0, "content_index": 0}
    rows: list[Json] = [
        {"type": "response.created", "response": young},
        {"type": "response.in_progress", "response": young},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
        *(
            {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
            for piece in chunks_of_text(script)
        ),
        {"type": "response.output_text.done", **at, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    pieces = [event({**row, "sequence_number": at}, row["type"]) for at, row in enumerate(rows)]
    return Reply(200, [("content-type", "text/event-stream; charset=utf-8"), *_headers()], pieces, streams=True)


def _file(size: int) -> Json:
    return {
        "id": "file-sim",
        "object": "file",
        "bytes": size,
        "created_at": _CREATED,
        "filename": "a.jsonl",
        "purpose": "batch",
        "status": "processed",
    }


def _transcription(request: Request) -> Reply:
    return json_reply(200, _headers(), {"text": text_of(request.script)})


def _image(request: Request) -> Reply:
    asked, given = tokens(request)
    usage = {"input_tokens": asked, "output_tokens": given, "total_tokens": asked + given}
    picture = {"b64_json": base64.b64encode(picture_of(request.body)).decode()}
    return json_reply(200, _headers(), {"created": _CREATED, "data": [picture], "usage": usage})


def picture_of(seed: bytes, size: int = 48) -> bytes:
    """A small PNG of a gradient; another one for each seed."""
    red, green, blue = zlib.crc32(seed).to_bytes(4)[:3]
    rows = b"".join(
        b"\0" + b"".join(bytes([(red + 3 * x) % 256, (green + 2 * y) % 256, (blue + x + y) % 256]) for x in range(size))
        for y in range(size)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


_PATHS = (
    ("/chat/completions", _chat),
    ("/completions", _completions),
    ("/responses", _responses),
    ("/embeddings", _embeddings),
    ("/audio/transcriptions", _transcription),
    ("/images/generations", _image),
)
