"""Gemini's generateContent, plain and streamed."""

from typing import Any

import msgspec

from simulator.shapes.base import Reply, Request, chunks_of_text, json_reply, text_of, tokens

__all__ = ["answer"]

_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}


def answer(request: Request) -> Reply | None:
    path = request.path
    if "enerateContent" not in path and ":countTokens" not in path:
        return None
    script = request.script
    if script.status != 200:
        error = {"code": script.status, "message": "Simulated.", "status": _STATUS.get(script.status, "UNAVAILABLE")}
        return json_reply(script.status, [], {"error": error})
    asked, given = tokens(request)
    if ":countTokens" in path:
        return json_reply(200, [], {"totalTokens": asked})
    usage = {"promptTokenCount": asked, "candidatesTokenCount": given, "totalTokenCount": asked + given}
    model = path.rpartition("/")[2].partition(":")[0]

    def row(text: str, last: bool) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
        if last:
            candidate["finishReason"] = "STOP"
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model, "responseId": "sim"}

    if "stream" not in path:
        return json_reply(200, [], row(text_of(script), True))
    texts = chunks_of_text(script)
    rows = [msgspec.json.encode(row(text, at == len(texts) - 1)) for at, text in enumerate(texts)]
    if "alt=sse" in request.target:
        pieces = [b"data: " + data + b"\r\n\r\n" for data in rows]
        return Reply(200, [("content-type", "text/event-stream")], pieces, streams=True)
    pieces = [b"[" + rows[0], *(b",\r\n" + data for data in rows[1:]), b"]"]
    return Reply(200, [("content-type", "application/json; charset=UTF-8")], pieces, streams=True)
