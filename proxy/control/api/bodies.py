"""`/api/requests/{id}/bodies`: the sizes of a call's bodies, and each body by itself, whole or in pieces."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, HeaderParameter
from litestar.response import Stream

from proxy.control.api.byte_range import ByteRange, parse_range
from proxy.control.api.one_call import NoSuchCall, call_named
from proxy.control.api.problems import Problem, answer
from proxy.control.auth import needs
from proxy.control.plane import ControlPlane
from proxy.logstore import FilterError, LogStore
from proxy.logstore.call_reader import BODY_PARTS, BodyPart, BodySizes, body_sizes, read_body

__all__ = ["BODY_ROUTES", "StoredBodies", "StoredBody", "stored_body"]

_PIECE_BYTES: Final = 8 << 20
"""Of a body in memory at once: the default of `log.max_body`, so that most bodies are read in one piece."""
_SHOWN_TYPES: Final = ("application/json", "text/event-stream", "text/plain", "audio/", "video/", "image/png")
"""Content types that a browser may be told: none of them can run a script."""


class StoredBody(msgspec.Struct, frozen=True):
    """One body as the log has it."""

    bytes: int
    """Of what `GET …/bodies/<name>` gives."""
    type: str = ""
    """Content-Type, as it was sent."""
    base64: bool = False
    """It is not UTF-8, and is base64 where it stands in JSON."""
    truncated: bool = False
    """It was above `log.max_body`, and its middle is left out."""


class StoredBodies(msgspec.Struct, frozen=True):
    """Sizes and types of a call's bodies, and the headers of the response that are stored.

    A body is null where it is not in the log: omitted, older than `log.body_ttl_days`, or the call had none.
    """

    id: str
    request: StoredBody | None
    response: StoredBody | None
    response_text: StoredBody | None
    tool_calls: StoredBody | None
    sent: StoredBody | None
    """What left instead of `request`; null where it left as it came."""
    chunk_times: StoredBody | None
    """When the pieces of a stream arrived; null where this was not asked for."""
    request_omitted: bool
    response_omitted: bool
    response_headers: dict[str, str]


@get(
    "/api/requests/{id:str}/bodies",
    sync_to_thread=True,
    opt=needs("viewer"),
    summary="Sizes and types of a call's bodies",
    operation_id="getRequestBodies",
)
def show_bodies(request: Request[Any, Any, Any], id: FromPath[str]) -> StoredBodies:
    """How large each body is, before it is fetched."""
    plane: ControlPlane = request.app.state.plane
    call = call_named(request, id)
    sizes = body_sizes(plane.log.store, call)
    return StoredBodies(
        id=call["id"],
        **{part: stored_body(call, sizes, part) for part in BODY_PARTS},
        request_omitted=call["request_omitted"],
        response_omitted=call["response_omitted"],
        response_headers=call["response_headers"],
    )


@get(
    "/api/requests/{id:str}/bodies/{part:str}",
    opt=needs("viewer"),
    summary="One body of a call, byte by byte",
    operation_id="getRequestBody",
)
async def show_body(
    request: Request[Any, Any, Any],
    id: FromPath[str],
    part: FromPath[str],
    wanted: Annotated[
        str, HeaderParameter(name="Range", description="`bytes=0-65535`: only these bytes, answered 206.")
    ] = "",
    if_range: Annotated[
        str, HeaderParameter(name="If-Range", description="The `ETag` of the pieces before: else the whole body.")
    ] = "",
) -> Response[Any]:
    """`request`, `response`, `response_text`, `tool_calls`, `sent` or `chunk_times`, byte by byte."""
    name = next((each for each in BODY_PARTS if each == part), None)
    if name is None:
        raise FilterError("part", part, "one of " + ", ".join(BODY_PARTS))
    plane: ControlPlane = request.app.state.plane
    call, stored = await asyncio.to_thread(_find, request, id, name)
    if stored is None:
        problem: Response[Any] = answer(Problem("No such body", 404, detail=_why_absent(call, name), parameter="part"))
        return problem
    tag = f'"{call["id"]}-{name}-{stored.bytes}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-cache",
    }
    piece = ByteRange(0, stored.bytes)
    status = 200
    if wanted and if_range in ("", tag):
        found = parse_range(wanted, stored.bytes)
        if found is None:
            refused: Response[Any] = answer(
                Problem(
                    "Range not satisfiable",
                    416,
                    parameter="Range",
                    value=wanted,
                    accepted=f"within {stored.bytes} bytes",
                )
            )
            refused.headers["Content-Range"] = f"bytes */{stored.bytes}"
            return refused
        if found != piece:
            status, piece = 206, found
            headers["Content-Range"] = f"bytes {piece.start}-{piece.end - 1}/{stored.bytes}"
    headers["Content-Length"] = str(piece.end - piece.start)
    return Stream(
        _pieces(plane.log.store, call, name, piece),
        status_code=status,
        headers=headers,
        media_type=_media_type(name, stored),
    )


def _media_type(part: BodyPart, stored: StoredBody) -> str:
    """What a browser is told; Litestar adds UTF-8 to text."""
    if part == "response_text":
        return "text/plain"
    if part in ("tool_calls", "chunk_times"):
        return "application/json"
    media_type = stored.type.partition(";")[0].strip().lower()
    is_shown = media_type.startswith(_SHOWN_TYPES) and not (stored.base64 and media_type.startswith("text/"))
    return media_type if is_shown else "application/octet-stream"


def _find(request: Request[Any, Any, Any], id: str, part: BodyPart) -> tuple[dict[str, Any], StoredBody | None]:
    plane: ControlPlane = request.app.state.plane
    call = call_named(request, id)
    return call, stored_body(call, body_sizes(plane.log.store, call), part)


def stored_body(call: dict[str, Any], sizes: BodySizes | None, part: BodyPart) -> StoredBody | None:
    """What the log has of one part of a call; None where it has nothing."""
    if sizes is None:
        return None
    match part:
        case "request":
            size, sent = sizes.request_bytes, call["request_size"]
            body = StoredBody(size, sizes.request_type, sizes.request_base64, call["truncated"] and size < sent)
            return body if size and not call["request_omitted"] else None
        case "response":
            size, sent = sizes.response_bytes, call["response_size"]
            body = StoredBody(size, sizes.response_type, sizes.response_base64, call["truncated"] and size < sent)
            return body if size and not call["response_omitted"] else None
        case "response_text":
            size = sizes.response_text_bytes
        case "sent":
            size = sizes.sent_bytes
            return StoredBody(size, sizes.request_type) if size and not call["request_omitted"] else None
        case "chunk_times":
            size = sizes.chunk_times_bytes
        case "tool_calls":
            size = sizes.tool_calls_bytes if sizes.tool_calls_bytes > len("[]") else 0
    return StoredBody(size) if size and not call["response_omitted"] else None


def _why_absent(call: dict[str, Any], part: BodyPart) -> str:
    if call["request_omitted" if part in ("request", "sent") else "response_omitted"]:
        return f"The caller of {call['id']} had this body omitted from the log."
    return f"Call {call['id']} has no {part} in the log: it had none, or bodies of its age are deleted."


async def _pieces(store: LogStore, call: dict[str, Any], part: BodyPart, piece: ByteRange) -> AsyncIterator[bytes]:
    at = piece.start
    while at < piece.end:
        read = await asyncio.to_thread(read_body, store, call, part, at, min(_PIECE_BYTES, piece.end - at))
        if not read:
            raise NoSuchCall(call["id"])  # deleted in the meantime: the response breaks off
        at += len(read)
        yield read


BODY_ROUTES: list[Any] = [show_bodies, show_body]
