"""The first step of every reader: decodes both bodies, finds the requested model, the prompt and any error."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from proxy.providers.dialects.base import CapturedExchange, ExchangeReading
from proxy.providers.dialects.bodies import Documents, decode_json, parse_documents
from proxy.providers.dialects.errors import set_error
from proxy.providers.dialects.fields import get_object, get_str
from proxy.providers.dialects.operations import OPERATIONS, OTHER
from proxy.providers.dialects.prompt_text import find_system_text, find_user_text

__all__ = ["MAX_ID", "DecodedExchange", "clean", "decode_exchange", "json_text"]

MAX_ID: Final = 256
"""Characters of a response's id that are kept."""
_ID_ROWS: Final = 3
_OTHERS_ERRORS: Final = frozenset({"files", "batches"})
"""Operations whose good answers list errors of other calls."""


class DecodedExchange(msgspec.Struct):
    """An exchange under reading."""

    exchange: CapturedExchange
    reading: ExchangeReading
    request: Any
    answer: Documents
    has_usage: bool
    """False where a usage object would be another call's, or where the answer is an error."""


def decode_exchange(
    exchange: CapturedExchange, model_in: Callable[[str], str], answer: Documents | None = None
) -> DecodedExchange:
    """Decodes both bodies. `model_in` finds a model in a path; `answer` is for dialects with their own framing."""
    found = parse_documents(exchange.response_body, exchange.response_type) if answer is None else answer
    request = _request(exchange.request_body)
    reading = ExchangeReading(stream=found.stream if exchange.streamed is None else exchange.streamed)
    reading.model_asked = get_str(request, "model") or model_in(unquote(exchange.path.partition("?")[0]))
    reading.prompt_text = clean(find_user_text(request))
    reading.system_text = clean(find_system_text(request))
    if exchange.status >= 400 or exchange.operation not in _OTHERS_ERRORS:
        set_error(reading, exchange, found)
    has_request = bool(exchange.request_body) or exchange.operation != "other"
    usable = exchange.status < 400 and OPERATIONS.get(exchange.operation, OTHER).reports_usage and has_request
    if usable:
        reading.response_id = _response_id(found)
    return DecodedExchange(exchange, reading, request, found, usable)


def clean(text: str) -> str:
    """`text` with halves of surrogate pairs joined, and lone ones replaced, so that it can be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _response_id(answer: Documents) -> str:
    """The id in the first documents of an answer: a stream may begin with one that has none."""
    for _, document in answer.rows[:_ID_ROWS]:
        found = (
            get_str(document, "id", "responseId", "generation_id")
            or get_str(get_object(document, "message"), "id")
            or get_str(get_object(document, "response"), "id")
        )
        if found:
            return clean(found[:MAX_ID])
    return ""


def json_text(value: object) -> str:
    """Arguments of a tool call as JSON text, whether they came as text or as an object."""
    if isinstance(value, str):
        return value
    return "" if value is None else clean(msgspec.json.encode(value).decode())


def _request(body: bytes) -> Any:
    if body[:2] == b"--":
        return _form(body)
    try:
        return decode_json(body) if body else None
    except ValueError:
        return parse_documents(body).first


def _form(body: bytes) -> dict[str, str]:
    """The text fields of a multipart form that readers look at."""
    fields = {}
    for name in ("model", "prompt"):
        at = body.find(f'name="{name}"\r\n'.encode())
        begin = body.find(b"\r\n\r\n", at) + 4
        if at >= 0 and begin > 3:
            fields[name] = body[begin : body.find(b"\r\n", begin)][:1000].decode("utf-8", "replace")
    return fields
