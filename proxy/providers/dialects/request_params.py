"""What limits must know of a request body before the call: model, user, maximum output."""

from typing import Any

import msgspec

__all__ = ["RequestParams", "read_request_params"]

_MAX_BYTES = 32 << 20
"""A body above this (pictures, files) is not looked into: 32 MiB take some 40 ms, and only where a budget asks."""


class RequestParams(msgspec.Struct, frozen=True):
    """Empty and 0 where the body does not say."""

    model: str = ""
    user: str = ""
    max_output_tokens: int = 0
    """Tokens, for all choices together."""
    size: int = 0
    """Bytes of the body."""


class _Body(msgspec.Struct):
    model: Any = None
    user: Any = None
    metadata: Any = None
    max_tokens: Any = None
    max_completion_tokens: Any = None
    max_output_tokens: Any = None
    n: Any = None
    generation_config: Any = msgspec.field(default=None, name="generationConfig")
    inference_config: Any = msgspec.field(default=None, name="inferenceConfig")
    options: Any = None


_decode = msgspec.json.Decoder(_Body).decode


def read_request_params(body: bytes) -> RequestParams:
    """Reads the top level of a JSON body of any dialect; never raises."""
    if not body or len(body) > _MAX_BYTES:
        return RequestParams(size=len(body))
    try:
        found = _decode(body)
    except (msgspec.DecodeError, RecursionError):
        return RequestParams(size=len(body))
    max_output = 0
    for value in (
        found.max_completion_tokens,
        found.max_output_tokens,
        found.max_tokens,
        _inner(found.generation_config, "maxOutputTokens"),
        _inner(found.inference_config, "maxTokens"),
        _inner(found.options, "num_predict"),
    ):
        if isinstance(value, int) and 0 < value < 1 << 40:
            max_output = value
            break
    choices = found.n if isinstance(found.n, int) and 1 < found.n < 1000 else 1
    user = found.user if isinstance(found.user, str) else _inner(found.metadata, "user_id")
    return RequestParams(
        found.model if isinstance(found.model, str) else "",
        user if isinstance(user, str) else "",
        max_output * choices,
        len(body),
    )


def _inner(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
