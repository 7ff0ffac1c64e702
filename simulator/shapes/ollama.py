"""Ollama's own API: newline-delimited JSON."""

from typing import Any

import msgspec

from simulator.shapes.base import Reply, Request, chunks_of_text, json_reply, text_of, tokens

__all__ = ["answer"]


def answer(request: Request) -> Reply | None:
    chat = request.path.endswith("/api/chat")
    if not chat and not request.path.endswith("/api/generate"):
        return None
    if request.script.status != 200:
        return json_reply(request.script.status, [], {"error": "simulated"})
    asked, given = tokens(request)
    head = {"model": request.json.get("model", "llama3.2"), "created_at": "2026-01-01T00:00:00Z"}
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": asked, "eval_count": given}

    def row(text: str) -> dict[str, Any]:
        return {**head, **({"message": {"role": "assistant", "content": text}} if chat else {"response": text})}

    if request.json.get("stream") is False:
        return json_reply(200, [], {**row(text_of(request.script)), **end})
    lines = [{**row(text), "done": False} for text in chunks_of_text(request.script)] + [{**row(""), **end}]
    pieces = [msgspec.json.encode(line) + b"\n" for line in lines]
    return Reply(200, [("content-type", "application/x-ndjson")], pieces, streams=True)
