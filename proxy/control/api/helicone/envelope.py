"""Helicone's envelope: `{"data": …, "error": null}`, or `{"data": null, "error": "what is wrong"}`."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec
from litestar import Request, Response

from proxy.control.api.problems import HANDLERS, Problem

__all__ = ["ENVELOPE_HANDLERS", "Result", "enveloped"]

_T = TypeVar("_T")
_Handler = Callable[[Request[Any, Any, Any], Any], Response[bytes]]


class Result(msgspec.Struct, Generic[_T]):
    """What every route of Helicone's API answers."""

    data: _T
    error: str | None = None


def enveloped(data: object, status: int = 200) -> Response[Any]:
    return Response(
        msgspec.json.encode({"data": data, "error": None}), status_code=status, media_type="application/json"
    )


def _in_envelope(handler: _Handler) -> _Handler:
    def answer(request: Request[Any, Any, Any], error: Any) -> Response[bytes]:
        response = handler(request, error)
        problem = msgspec.json.decode(response.content, type=Problem)
        return Response(
            msgspec.json.encode({"data": None, "error": problem.detail or problem.title}),
            status_code=response.status_code,
            media_type="application/json",
            headers=dict(response.headers),
        )

    return answer


ENVELOPE_HANDLERS: Final = {kind: _in_envelope(handler) for kind, handler in HANDLERS.items()}
"""The errors of our own API, in Helicone's envelope."""
