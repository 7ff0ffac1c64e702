"""`POST /v1/traces`: OpenTelemetry in, by OTLP over HTTP, as protobuf or JSON.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler

from proxy.control.api.log_calls import reporter_of
from proxy.control.auth import LOGS, needs
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us
from proxy.core.errors import ProxyError
from proxy.ingest.otlp.decode import MAX_SENT_BYTES, Undecodable, decode_json, decode_protobuf, unpack
from proxy.ingest.otlp.records import SpanRecords
from proxy.ingest.otlp.span import Fault
from proxy.ingest.spool import SpoolUnwritable
from proxy.ingest.tags import read_tags

__all__ = ["TRACE_ROUTES"]

_JSON: Final = "application/json"
_PROTOBUF: Final = "application/x-protobuf"
_MAX_AT_ONCE: Final = 4
"""Exports that are read at the same time: each may need several hundred MB. A further one is 429."""
_MAX_FAULTS: Final = 5
"""Faults that an answer names."""
_RETRY_S: Final = {429: "1", 503: "5"}
_RPC_CODES: Final = {400: 3, 413: 3, 415: 3, 429: 8, 501: 12, 503: 14}
"""google.rpc.Code: INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, UNAVAILABLE."""


class _Refused(Exception):
    """The export is not taken."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _operation_id(_: HTTPRouteHandler, __: str, path: list[Any]) -> str:
    return "exportTraces" if path[-1] == "traces" else "exportTraces" + str(path[-1]).title().replace("-", "")


@post(
    ["/v1/traces", "/v1/trace/log", "/v1/trace/log-python"],
    status_code=200,
    opt=needs(LOGS),
    request_max_body_size=None,  # bounded below, so that the answer has the form of the protocol
    summary="Take spans of OpenTelemetry (OTLP over HTTP, protobuf or JSON)",
    operation_id=_operation_id,
)
async def export_traces(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Model calls and steps of agents become rows of the log. The last two paths are Helicone's."""
    plane: ControlPlane = request.app.state.plane
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    as_json = kind == _JSON
    try:
        if kind not in (_JSON, _PROTOBUF, "application/protobuf", "application/octet-stream"):
            raise _Refused(415, f"Content-Type is {kind[:80]!r}; accepted: {_PROTOBUF} or {_JSON}.")
        if plane.open_exports >= _MAX_AT_ONCE:
            raise _Refused(429, "Too many exports at once; send it again.")
        plane.open_exports += 1
        try:
            body = await _receive(request)
            faults = await asyncio.to_thread(_take, request, plane, body, as_json)
        finally:
            plane.open_exports -= 1
    except _Refused as refusal:
        return _refusal(refusal.status, str(refusal), as_json)
    except Undecodable as error:
        return _refusal(error.status, str(error), as_json)
    except ProxyError as error:
        return _refusal(error.status, error.message, as_json)
    except SpoolUnwritable as error:
        return _refusal(503, f"Nothing was taken; send it again. {error}", as_json)
    return _answer(faults, as_json)


async def _receive(request: Request[Any, Any, Any]) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_SENT_BYTES:
            raise _Refused(413, f"The body is larger than {MAX_SENT_BYTES} bytes; send fewer spans at once.")
        chunks.append(chunk)
    return b"".join(chunks)


def _take(request: Request[Any, Any, Any], plane: ControlPlane, body: bytes, as_json: bool) -> Sequence[Fault]:
    """Writes the records of an export to the spool, and returns what was not taken."""
    tags = read_tags([(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]])
    unpacked = unpack(body, request.headers.get("content-encoding", ""))
    spans, faults = decode_json(unpacked) if as_json else decode_protobuf(unpacked)
    made = SpanRecords(
        spans,
        tags,
        reporter_of(request, plane),
        plane.catalog,
        now_us=now_us(),
        max_body=plane.settings.get_int("log.max_body"),
    )
    records, refused = made.make()
    plane.spool.write(records)
    return faults + refused


def _answer(faults: Sequence[Fault], as_json: bool) -> Response[bytes]:
    """An `ExportTraceServiceResponse`, with `partial_success` where something was not taken."""
    if not faults:
        return Response(b"{}" if as_json else b"", media_type=_JSON if as_json else _PROTOBUF)
    rejected = sum(fault.spans for fault in faults)
    named = "; ".join(fault.text for fault in faults[:_MAX_FAULTS])
    if len(faults) > _MAX_FAULTS:
        named += f"; and {len(faults) - _MAX_FAULTS} more"
    if as_json:
        partial = {"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": named}}
        return Response(msgspec.json.encode(partial), media_type=_JSON)
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTracePartialSuccess,
        ExportTraceServiceResponse,
    )

    found = ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=rejected, error_message=named)
    )
    return Response(found.SerializeToString(), media_type=_PROTOBUF)


def _refusal(status: int, message: str, as_json: bool) -> Response[bytes]:
    """A `google.rpc.Status`: field 1 is its code, field 2 the message."""
    code = _RPC_CODES.get(status, 3)
    headers = {"retry-after": _RETRY_S[status]} if status in _RETRY_S else {}
    if as_json:
        body = msgspec.json.encode({"code": code, "message": message})
        return Response(body, status_code=status, media_type=_JSON, headers=headers)
    text = message.encode()[:8000]
    body = bytes((0x08, code, 0x12)) + _varint(len(text)) + text
    return Response(body, status_code=status, media_type=_PROTOBUF, headers=headers)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


TRACE_ROUTES: Final[list[Any]] = [export_traces]
