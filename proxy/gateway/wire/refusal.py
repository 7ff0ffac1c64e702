"""What HTTP/1.1 has a server refuse before there is a call, and the answer to it."""

from typing import Final

from proxy.gateway.wire.base import Headers
from proxy.gateway.wire.http import REASONS

__all__ = ["Refusal", "check_head", "error_answer"]

_METHODS: Final = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_ALLOWED: Final = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
_TARGET_BYTES: Final = 64 << 10
_BODY: Final = b'{"error":{"message":"%b","type":"invalid_request_error","param":null,"code":"%b"}}'


class Refusal(Exception):
    """A request that is not taken."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def check_head(method: bytes, target: bytes, version: str, headers: Headers) -> None:
    """Raises `Refusal` for a request that HTTP/1.1 (RFC 9112, RFC 9110) has a server refuse, and for methods that have
    no meaning for an API: CONNECT would open a tunnel, TRACE would show the credentials that we add."""
    if version not in ("1.1", "1.0"):
        raise Refusal(505, f"The request is HTTP/{version}; taken are HTTP/1.1 and HTTP/1.0.")
    if method not in _METHODS:
        raise Refusal(405, f"The method is {method.decode('latin-1')}; taken are {_ALLOWED}.")
    if len(target) > _TARGET_BYTES:
        raise Refusal(414, f"The request's target has {len(target)} bytes; taken are at most {_TARGET_BYTES}.")
    hosts = 0
    for name, _ in headers:
        if name == "host":
            hosts += 1
        elif name == "transfer-encoding" and version == "1.0":
            raise Refusal(400, "Transfer-Encoding is not part of HTTP/1.0: send Content-Length.")
    if hosts > 1:
        raise Refusal(400, f"The request has {hosts} Host headers; HTTP allows one.")
    if hosts == 0 and version == "1.1":
        raise Refusal(400, "The request has no Host header, which HTTP/1.1 demands.")


def error_answer(status: int, text: str) -> bytes:
    """The answer to what is not a call: in OpenAI's error format, the end of its connection."""
    code = {405: b"method_not_allowed", 503: b"stopping"}.get(status, b"invalid_http")
    body = _BODY % (text.replace('"', "'").replace("\\", "/").encode("ascii", "replace"), code)
    more = f"allow: {_ALLOWED}\r\n" if status == 405 else "retry-after: 1\r\n" if status == 503 else ""
    head = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n{more}"
    return f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body
