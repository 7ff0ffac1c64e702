"""Reads errors from answers: about twenty formats."""

from typing import Any

from proxy.providers.dialects.base import CapturedExchange, ExchangeReading
from proxy.providers.dialects.bodies import Documents
from proxy.providers.dialects.fields import get_str

__all__ = ["set_error", "status_kind"]

_STATUS_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    501: "not_implemented",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def status_kind(status: int) -> str:
    """The field's word for what an HTTP status means."""
    return _STATUS_KINDS.get(status, "api_error" if status >= 500 else "invalid_request_error")


def set_error(reading: ExchangeReading, exchange: CapturedExchange, found: Documents) -> None:
    """Sets the error of `reading` where the answer is one, or holds one."""
    failed = exchange.status >= 400
    for name, document in found.rows:
        if _set_document_error(reading, name, document, failed):
            break
    if failed:
        header = exchange.response_headers.get("x-amzn-errortype", "").partition(":")[0]
        reading.error_kind = header or reading.error_kind or status_kind(exchange.status)
        reading.error_message = reading.error_message or found.text[:500]


def _set_document_error(reading: ExchangeReading, name: str, document: Any, failed: bool = False) -> bool:
    """Sets the error of `reading` where `document` (of the event `name`) is one; `failed`: its status says so."""
    if isinstance(document, list):
        # One level, as Gemini streams: lists in lists may be deeper than Python's stack.
        return any(isinstance(part, dict) and _set_document_error(reading, name, part, failed) for part in document)
    if not isinstance(document, dict):
        return False
    error = document.get("error")
    if error is None and isinstance(document.get("response"), dict):
        error = document["response"].get("error")
    if error is None and isinstance(document.get("errors"), list) and document["errors"]:
        error = document["errors"][0]
    if not error:
        if not failed and name != "error" and document.get("type") != "error" and document.get("object") != "error":
            return False
        error = document
    kind, message = _kind(error), _message(error)
    if error is not document:
        kind = kind or _kind(document)
        message = message or _message(document)
    reading.error_kind = kind or reading.error_kind or ("" if failed else "api_error")
    reading.error_message = message or reading.error_message
    return True


def _kind(error: Any) -> str:
    """Its type, else its status word, else its code where that is a word."""
    for key in ("type", "error_type", "status", "code", "error_code", "__type"):
        found = get_str(error, key)
        if found and found != "error" and not found.isdigit():
            return found.rpartition("#")[2]
    return ""


def _message(error: Any) -> str:
    if isinstance(error, str):
        return error
    found = get_str(error, "message", "Message", "msg", "error", "error_message")
    if found or not isinstance(error, dict):
        return found
    detail = error.get("detail", error.get("message"))
    if isinstance(detail, str):
        return detail
    if isinstance(detail, list):
        return "; ".join(get_str(part, "msg", "message") or str(part)[:200] for part in detail[:5])
    return _message(detail) if isinstance(detail, dict) else ""
