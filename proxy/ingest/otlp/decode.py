"""Decodes the body of an OTLP export, span by span: one that cannot be read is named, and the others are taken.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import base64
import zlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from proxy.core.errors import PerihelionError
from proxy.ingest.otlp.span import Fault, Span, SpanEvent

__all__ = [
    "MAX_SENT_BYTES",
    "MAX_SPANS",
    "MAX_UNPACKED_BYTES",
    "Undecodable",
    "decode_json",
    "decode_protobuf",
    "unpack",
]

MAX_SENT_BYTES: Final = 16 << 20
"""The largest body, as it is sent."""
MAX_UNPACKED_BYTES: Final = 32 << 20
"""The largest body, decompressed."""
MAX_SPANS: Final = 20_000
"""Spans of one export that are taken."""
_MAX_DEPTH: Final = 32
_MAX_VARINT_BYTES: Final = 10
_ERROR: Final = 2
"""`STATUS_CODE_ERROR`."""
_STATUS_NAMES: Final = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": _ERROR}
_HEX: Final = frozenset("0123456789abcdefABCDEF")

Decoded = tuple[list[Span], list[Fault]]


class Undecodable(PerihelionError):
    """The body is no export: nothing of it can be taken."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class _Wrong(Exception):
    """A part of a span is not what the protocol says; `place` is the path inside it."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason


def unpack(body: bytes, encoding: str) -> bytes:
    """`body` without its `Content-Encoding`. Raises `Undecodable`: 400, 413 or 415."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name != "gzip":
        raise Undecodable(f"Content-Encoding is {encoding[:40]!r}; accepted: gzip or none.", 415)
    parts: list[bytes] = []
    size = 0
    while body:
        stream = zlib.decompressobj(31)
        try:
            parts.append(stream.decompress(body, MAX_UNPACKED_BYTES - size + 1))
        except zlib.error as error:
            raise Undecodable(f"The body is no gzip: {error}.") from None
        size += len(parts[-1])
        if size > MAX_UNPACKED_BYTES:
            raise Undecodable(f"The body has more than {MAX_UNPACKED_BYTES} bytes when it is decompressed.", 413)
        if not stream.eof:
            raise Undecodable("The gzip body ends in the middle.")
        body = stream.unused_data
    return b"".join(parts)


# --- protobuf -------------------------------------------------------------------------------------------------------


def decode_protobuf(body: bytes) -> Decoded:
    """The spans of an `ExportTraceServiceRequest`. Raises `Undecodable` where it holds nothing that can be read."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1 import trace_pb2

    spans: list[Span] = []
    faults: list[Fault] = []

    def read(kind: Any, payload: memoryview, place: str) -> Any:
        try:
            return kind.FromString(bytes(payload))
        except (DecodeError, RecursionError) as error:
            faults.append(Fault(place, f"it is no {kind.DESCRIPTOR.name}: {error}", kind is trace_pb2.Span))
            return None

    for i, (number, group) in enumerate(_parts(memoryview(body), "the body", faults)):
        if number != 1:
            continue
        resource: dict[str, Any] = {}
        scopes = list(_parts(group, f"resourceSpans[{i}]", faults))
        for number, payload in scopes:
            if number == 1 and (found := read(Resource, payload, f"resourceSpans[{i}].resource")) is not None:
                resource = _attributes_of(found.attributes)
        for j, scope_group in enumerate([payload for number, payload in scopes if number == 2]):
            place = f"resourceSpans[{i}].scopeSpans[{j}]"
            members = list(_parts(scope_group, place, faults))
            scope = ""
            for number, payload in members:
                if number == 1 and (named := read(InstrumentationScope, payload, f"{place}.scope")) is not None:
                    scope = named.name
            for k, payload in enumerate([payload for number, payload in members if number == 2]):
                if len(spans) >= MAX_SPANS:
                    faults.append(Fault(f"{place}.spans[{k}]", f"an export may have {MAX_SPANS} spans"))
                    continue
                message = read(trace_pb2.Span, payload, f"{place}.spans[{k}]")
                if message is not None:
                    span = _span_of(message, f"{place}.spans[{k}]", faults)
                    if span is not None:
                        span.resource, span.scope = resource, scope
                        spans.append(span)
    if faults and not spans:
        raise Undecodable(f"The body is no OTLP export of traces: {faults[0].text}.")
    return spans, faults


def _parts(data: memoryview, place: str, faults: list[Fault]) -> Iterator[tuple[int, memoryview]]:
    """(field number, payload) of each length-delimited field of a message; what is torn is noted and ends it."""
    at = 0
    while at < len(data):
        try:
            key, at = _varint(data, at)
            kind = key & 7
            if kind == 2:
                size, at = _varint(data, at)
                if size > len(data) - at:
                    raise ValueError("it ends in the middle of a field")
                yield key >> 3, data[at : at + size]
                at += size
            elif kind == 0:
                _, at = _varint(data, at)
            elif kind in (1, 5):
                at += 8 if kind == 1 else 4
            else:
                raise ValueError(f"wire type {kind} is not used here")
        except ValueError as error:
            faults.append(Fault(place, str(error)))
            return


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(_MAX_VARINT_BYTES):
        if at >= len(data):
            raise ValueError("it ends in the middle of a field")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than 64 bits")


def _span_of(message: Any, place: str, faults: list[Fault]) -> Span | None:
    try:
        return Span(
            place=place,
            trace_id=_id(bytes(message.trace_id), 16, "traceId"),
            span_id=_id(bytes(message.span_id), 8, "spanId"),
            parent_id=bytes(message.parent_span_id).hex() if len(message.parent_span_id) == 8 else "",
            name=message.name,
            start_us=message.start_time_unix_nano // 1000,
            end_us=message.end_time_unix_nano // 1000,
            failed=message.status.code == _ERROR,
            message=message.status.message,
            attributes=_attributes_of(message.attributes),
            events=[
                SpanEvent(event.name, event.time_unix_nano // 1000, _attributes_of(event.attributes))
                for event in message.events
            ],
        )
    except _Wrong as error:
        faults.append(Fault(f"{place}.{error.place}", error.reason))
        return None


def _attributes_of(pairs: Any, depth: int = 0) -> dict[str, Any]:
    return {pair.key: _value_of(pair.value, depth) for pair in pairs}


def _value_of(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise _Wrong("attributes", f"values are nested deeper than {_MAX_DEPTH}")
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value_of(item, depth + 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes_of(value.kvlist_value.values, depth + 1)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return None if kind is None else getattr(value, kind)


def _id(raw: bytes, size: int, place: str) -> str:
    if len(raw) != size or not any(raw):
        raise _Wrong(place, f"found {len(raw)} bytes; accepted: {size} bytes that are not all zero")
    return raw.hex()


# --- JSON -----------------------------------------------------------------------------------------------------------


def decode_json(body: bytes) -> Decoded:
    """The same of the JSON form: ids as hex digits, 64-bit numbers as text or numbers, unknown members ignored."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Undecodable(f"The body is no JSON: {error}.") from None
    except RecursionError:
        raise Undecodable("The JSON is nested too deep.") from None
    if not isinstance(document, dict) or not isinstance(document.get("resourceSpans", []), list):
        raise Undecodable("The body is no OTLP export of traces: accepted is an object with a list `resourceSpans`.")
    spans: list[Span] = []
    faults: list[Fault] = []
    for i, group in enumerate(document.get("resourceSpans", [])):
        place = f"resourceSpans[{i}]"
        try:
            resource = _attributes(_member(_object(group, ""), "resource").get("attributes"), "resource.attributes")
            scopes = _list(group.get("scopeSpans", group.get("instrumentationLibrarySpans")), "scopeSpans")
        except _Wrong as error:
            faults.append(Fault(f"{place}.{error.place}".rstrip("."), error.reason, _count_spans(group)))
            continue
        for j, scope_group in enumerate(scopes):
            inside = f"{place}.scopeSpans[{j}]"
            try:
                scope = _text(_member(_object(scope_group, ""), "scope").get("name"), "scope.name")
                members = _list(scope_group.get("spans"), "spans")
            except _Wrong as error:
                faults.append(Fault(f"{inside}.{error.place}".rstrip("."), error.reason, _count_spans(scope_group)))
                continue
            for k, member in enumerate(members):
                try:
                    if len(spans) >= MAX_SPANS:
                        raise _Wrong("", f"an export may have {MAX_SPANS} spans")
                    spans.append(_span(member, f"{inside}.spans[{k}]", resource, scope))
                except _Wrong as error:
                    faults.append(Fault(f"{inside}.spans[{k}].{error.place}".rstrip("."), error.reason))
    return spans, faults


def _span(member: Any, place: str, resource: dict[str, Any], scope: str) -> Span:
    span = _object(member, "")
    status = _member(span, "status")
    code = status.get("code", 0)
    parent = span.get("parentSpanId") or ""
    return Span(
        place=place,
        trace_id=_hex_id(span.get("traceId"), 32, "traceId"),
        span_id=_hex_id(span.get("spanId"), 16, "spanId"),
        parent_id=_hex_id(parent, 16, "parentSpanId") if parent else "",
        name=_text(span.get("name"), "name"),
        start_us=_integer(span.get("startTimeUnixNano", 0), "startTimeUnixNano") // 1000,
        end_us=_integer(span.get("endTimeUnixNano", 0), "endTimeUnixNano") // 1000,
        failed=(_STATUS_NAMES.get(code) if isinstance(code, str) else code) == _ERROR,
        message=_text(status.get("message"), "status.message"),
        attributes=_attributes(span.get("attributes"), "attributes"),
        events=[
            SpanEvent(
                _text(_object(event, f"events[{n}]").get("name"), f"events[{n}].name"),
                _integer(event.get("timeUnixNano", 0), f"events[{n}].timeUnixNano") // 1000,
                _attributes(event.get("attributes"), f"events[{n}].attributes"),
            )
            for n, event in enumerate(_list(span.get("events"), "events"))
        ],
        resource=resource,
        scope=scope,
    )


def _attributes(pairs: Any, place: str, depth: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, pair in enumerate(_list(pairs, place)):
        key = _object(pair, f"{place}[{number}]").get("key")
        if not isinstance(key, str):
            raise _Wrong(f"{place}[{number}].key", f"found {_kind(key)}; accepted: text")
        found[key] = _value(pair.get("value"), f"{place}[{number}].value", depth)
    return found


def _value(value: Any, place: str, depth: int) -> Any:
    if value is None or value == {}:
        return None
    if depth > _MAX_DEPTH:
        raise _Wrong(place, f"values are nested deeper than {_MAX_DEPTH}")
    for kind, content in _object(value, place).items():
        if kind == "stringValue":
            return _text(content, f"{place}.{kind}")
        if kind == "boolValue":
            if not isinstance(content, bool):
                raise _Wrong(f"{place}.{kind}", f"found {_kind(content)}; accepted: true or false")
            return content
        if kind == "intValue":
            return _integer(content, f"{place}.{kind}")
        if kind == "doubleValue":
            return _number(content, f"{place}.{kind}")
        if kind == "arrayValue":
            items = _list(_object(content, f"{place}.{kind}").get("values"), f"{place}.{kind}.values")
            return [_value(item, f"{place}.{kind}.values[{n}]", depth + 1) for n, item in enumerate(items)]
        if kind == "kvlistValue":
            return _attributes(_object(content, f"{place}.{kind}").get("values"), f"{place}.{kind}.values", depth + 1)
        if kind == "bytesValue":
            return _text(content, f"{place}.{kind}")
    raise _Wrong(
        place, "accepted: stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue or bytesValue"
    )


def _count_spans(group: Any) -> int:
    """How many spans are in what is not taken; at least one."""
    scopes = group.get("scopeSpans", [group]) if isinstance(group, dict) else []
    lists = [scope.get("spans") for scope in scopes if isinstance(scope, dict)] if isinstance(scopes, list) else []
    return max(1, sum(len(spans) for spans in lists if isinstance(spans, list)))


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(place, f"found {_kind(value)}; accepted: an object")
    return value


def _member(parent: dict[str, Any], name: str) -> dict[str, Any]:
    return _object(parent.get(name) or {}, name)


def _list(value: Any, place: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _Wrong(place, f"found {_kind(value)}; accepted: a list")
    return value


def _text(value: Any, place: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Wrong(place, f"found {_kind(value)}; accepted: text")
    return value


def _integer(value: Any, place: str) -> int:
    if isinstance(value, str) and len(value) < 24 and value.removeprefix("-").isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise _Wrong(place, f"found {_kind(value)}; accepted: a whole number, or text that is one")
    if not -(1 << 63) <= value < 1 << 64:
        raise _Wrong(place, "accepted: a number of 64 bits")
    return int(value)


def _number(value: Any, place: str) -> float:
    if isinstance(value, str):
        try:
            return float(value)  # NaN and Infinity are texts in this form
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong(place, f"found {_kind(value)}; accepted: a number")
    return float(value)


def _hex_id(value: Any, digits: int, place: str) -> str:
    if not (isinstance(value, str) and len(value) == digits and _HEX.issuperset(value) and value.strip("0")):
        raise _Wrong(place, f"accepted: {digits} hex digits that are not all zero")
    return value.lower()


def _kind(value: Any) -> str:
    names = {str: "text", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "nothing")
