"""Puts together a chat exchange in OpenAI's form where a source keeps only its parts: messages, parameters, answer.

What is no message stays as it is.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from proxy.ingest.imports.row import as_body

__all__ = ["chat_request", "chat_response"]


def chat_request(model: str, prompt: Any, parameters: Mapping[str, Any]) -> bytes:
    """The request of `prompt`: a list of messages, an object that has one, a text, or anything else as it is."""
    if isinstance(prompt, dict) and ("messages" in prompt or "input" in prompt or "contents" in prompt):
        return as_body({"model": model, **parameters, **prompt} if model else prompt)
    if isinstance(prompt, list) and prompt and all(isinstance(one, dict) and "role" in one for one in prompt):
        return _json({"model": model, "messages": prompt, **parameters})
    if isinstance(prompt, dict) and "role" in prompt:
        return _json({"model": model, "messages": [prompt], **parameters})
    if isinstance(prompt, str) and prompt:
        return _json({"model": model, "messages": [{"role": "user", "content": prompt}], **parameters})
    return as_body(prompt)


def chat_response(model: str, answer: Any) -> bytes:
    """The response that holds `answer`: a message, a list of one, a text, or a complete response as it is."""
    if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], dict) and "role" in answer[0]:
        answer = answer[0]
    if isinstance(answer, str) and answer:
        answer = {"role": "assistant", "content": answer}
    if isinstance(answer, dict) and ("role" in answer or "tool_calls" in answer) and "object" not in answer:
        message = {"role": "assistant", **answer}
        return _json({"object": "chat.completion", "model": model, "choices": [{"index": 0, "message": message}]})
    return as_body(answer)


def _json(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(value)
