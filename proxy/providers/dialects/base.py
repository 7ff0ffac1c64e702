"""What a dialect is: names for its paths, a reader of its bodies, the shape of its errors, the marks of its streams."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from proxy.core.usage import Usage

__all__ = ["CapturedExchange", "Dialect", "ExchangeReading", "name_operation", "nothing_in_path"]

_REFUSAL_MARKS: Final = (b'"content_filter"',)
_REFUSAL: Final = re.compile(rb'"refusal":\s?"[^"]|"type":\s?"(?:refusal"|response\.refusal\.)')
"""OpenAI's models refuse in words of their own too, with an ordinary finish reason."""


class CapturedExchange(msgspec.Struct, kw_only=True):
    """One finished call, bodies complete (or as far as they arrived) and decompressed."""

    operation: str
    path: str
    status: int = 200
    request_body: bytes = b""
    response_type: str = ""
    """Content-Type of the answer; only a hint, the body's own shape decides."""
    response_body: bytes = b""
    response_headers: dict[str, str] = {}
    """Lower-case names."""
    streamed: bool | None = None
    """None: decided from the body."""


class ExchangeReading(msgspec.Struct, kw_only=True):
    """What an exchange says. Empty and None mean that it does not say."""

    usage: Usage | None = None
    model_asked: str = ""
    model_answered: str = ""
    finish_reason: str = ""
    text: str = ""
    """The answer's text, assembled where it was streamed; the first choice where there are more."""
    reasoning_text: str = ""
    tool_calls: list[dict[str, Any]] = []
    """`{"id", "name", "arguments"}`, arguments as JSON text."""
    error_kind: str = ""
    error_message: str = ""
    stream: bool = False
    prompt_text: str = ""
    """The last user message, at most 16,384 characters of it."""
    system_text: str = ""
    """The system prompt, bounded like `prompt_text`."""
    user: str | None = None
    """Top-level `user` of the request; None where it was not looked for."""
    quantities: dict[str, int | float] = {}
    """What is billed and not in the usage object, under the usage keys of `genai-prices`."""
    conditions: dict[str, str] = {}
    """What a price depends on beside quantities, e.g. `service_tier`."""
    unpriced: tuple[str, ...] = ()
    """What is billed and has no unit in any price data."""

    response_id: str = ""
    """The provider's id of the response."""
    background_id: str = ""
    """The id of a response that runs in the background; empty for all others."""

    @property
    def billed(self) -> Usage | None:
        """The usage with all that the price depends on; None where nothing was reported."""
        if not (self.quantities or self.conditions or self.unpriced):
            return self.usage
        usage = self.usage
        if usage is None:
            if not (self.quantities or self.unpriced):
                return None
            usage = Usage()
        return msgspec.structs.replace(
            usage, quantities=self.quantities, conditions=self.conditions, unpriced=self.unpriced
        )


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """One way that providers speak. Registered in `dialects/__init__.py`."""

    name: str
    operation: Callable[[str], str]
    """Upstream path (a query may follow) to the name of what it asks for."""
    model_in: Callable[[str], str]
    """Upstream path, percent-decoded, to the model it names; empty where none is."""
    read: Callable[[CapturedExchange], ExchangeReading]
    """Return the exact reading of an exchange. Never raises; off the hot path."""
    error_body: Callable[[int, str, str, str, str | None], bytes]
    """(status, kind, message, code, param) to the body of an error of ours."""
    error_event: Callable[[int, str, str, str, str | None], bytes]
    """The same as an event inside a stream that has begun."""
    token_keys: tuple[bytes, ...]
    """JSON keys whose first non-empty string value is the first token of a stream."""
    done_marks: tuple[bytes, ...]
    """Bytes that only the last event of a complete stream contains."""
    stream_mark: str = ""
    """Part of a path whose answer is a stream, whatever its Content-Type; empty where there is none."""
    stream_usage_operations: frozenset[str] = frozenset()
    """Operations whose streams report usage where the request's `stream_options.include_usage` asks for it."""
    refusal_marks: tuple[bytes, ...] = _REFUSAL_MARKS
    """Values of a finish reason that say that the provider refused. Inside a text their quotes are escaped."""
    refusal: re.Pattern[bytes] | None = _REFUSAL
    """What else a refusal looks like; it must contain `refusal`. None: the marks are all."""
    rate_limit_headers: tuple[tuple[str, str], ...] = ()
    """(remaining, reset) headers of each of its rate limits, lower case."""
    caller_marks: tuple[str, ...] = ()
    """Parts of a caller's path that tell the dialect before the call is routed, for the shape of our errors."""
    caller_headers: tuple[str, ...] = ()
    """Headers (lower case) that tell the same, and `?name` for fields of the query."""


def name_operation(path: str, tails: dict[str, str], folders: dict[str, str]) -> str:
    """The operation of `path`: `tails` by its last segment or last two, else `folders` by any segment, the last
    known one winning; `other` where neither knows it. What follows a `?` is not read."""
    segments = path.partition("?")[0].rstrip("/").split("/")
    last = segments[-1]
    if len(segments) > 1:
        found = tails.get(f"{segments[-2]}/{last}")
        if found is not None:
            return found
    found = tails.get(last)
    if found is not None:
        return found
    for segment in reversed(segments):
        found = folders.get(segment)
        if found is not None:
            return found
    return "other"


def nothing_in_path(path: str) -> str:
    """No path of this dialect names a model."""
    return ""
