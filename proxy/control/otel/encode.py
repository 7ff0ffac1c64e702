"""Bodies of OTLP requests: protobuf through the messages that OpenTelemetry publishes, and JSON.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec

from proxy.control.otel.metrics import MetricFamily
from proxy.control.otel.spans import AttributeValue, CallSpan

__all__ = ["JsonEncoder", "OtlpEncoder", "ProtobufEncoder", "Resource"]

_CLIENT: Final = 3
"""`SPAN_KIND_CLIENT`."""
_ERROR: Final = 2
"""`STATUS_CODE_ERROR`."""
Pairs = Sequence[tuple[str, AttributeValue]]


class Resource(msgspec.Struct, frozen=True):
    """What the spans and metrics are of: the attributes of the process, and who made them."""

    attributes: tuple[tuple[str, AttributeValue], ...]
    scope: str
    version: str
    schema_url: str


class OtlpEncoder(Protocol):
    """One form of OTLP."""

    content_type: str

    def traces(self, spans: Sequence[CallSpan]) -> bytes:
        """The body of a request to `/v1/traces`."""

    def metrics(self, families: Sequence[MetricFamily], since_ns: int, now_ns: int, *, delta: bool) -> bytes:
        """The body of a request to `/v1/metrics`."""

    def rejected(self, answer: bytes) -> tuple[int, str]:
        """How many spans or points a 200 says were not taken, and why."""


class ProtobufEncoder:
    """`application/x-protobuf`."""

    content_type = "application/x-protobuf"

    def __init__(self, resource: Resource) -> None:
        from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

        self._traces = traces
        self._metrics = metrics
        self._resource = resource

    def traces(self, spans: Sequence[CallSpan]) -> bytes:
        request = self._traces.ExportTraceServiceRequest()
        made = self._scoped(request.resource_spans.add(), "scope_spans").spans
        for span in spans:
            out = made.add(
                trace_id=bytes.fromhex(span.trace_id),
                span_id=bytes.fromhex(span.span_id),
                parent_span_id=bytes.fromhex(span.parent_id),
                name=span.name,
                kind=_CLIENT,
                start_time_unix_nano=span.start_ns,
                end_time_unix_nano=span.end_ns,
            )
            _put(out.attributes, span.attributes)
            for event in span.events:
                _put(out.events.add(name=event.name, time_unix_nano=event.at_ns).attributes, event.attributes)
            if span.failed:
                out.status.code = _ERROR
                out.status.message = span.message
        return bytes(request.SerializeToString())

    def metrics(self, families: Sequence[MetricFamily], since_ns: int, now_ns: int, *, delta: bool) -> bytes:
        request = self._metrics.ExportMetricsServiceRequest()
        made = self._scoped(request.resource_metrics.add(), "scope_metrics").metrics
        for family in families:
            out = made.add(name=family.name, unit=family.unit, description=family.help)
            data = out.histogram if family.bounds else out.sum
            data.aggregation_temporality = 1 if delta else 2
            if not family.bounds:
                out.sum.is_monotonic = True
            for attributes, point in family.points.items():
                made_point = data.data_points.add(start_time_unix_nano=since_ns, time_unix_nano=now_ns)
                _put(made_point.attributes, attributes)
                if family.bounds:
                    made_point.count = point.count
                    made_point.sum = point.sum
                    made_point.bucket_counts.extend(point.buckets)
                    made_point.explicit_bounds.extend(family.bounds)
                else:
                    made_point.as_double = point.sum
        return bytes(request.SerializeToString())

    def rejected(self, answer: bytes) -> tuple[int, str]:
        from google.protobuf.message import DecodeError

        try:  # the answer for metrics has the same form
            partial = self._traces.ExportTraceServiceResponse.FromString(answer).partial_success
        except DecodeError:
            return 0, ""
        return partial.rejected_spans, partial.error_message

    def _scoped(self, group: Any, member: str) -> Any:
        _put(group.resource.attributes, self._resource.attributes)
        scope = getattr(group, member).add(schema_url=self._resource.schema_url)
        scope.scope.name, scope.scope.version = self._resource.scope, self._resource.version
        return scope


def _put(target: Any, attributes: Pairs) -> None:
    for name, value in attributes:
        out = target.add(key=name).value
        kind = type(value)
        if kind is str:
            out.string_value = value
        elif kind is bool:
            out.bool_value = value
        elif kind is int:
            out.int_value = value
        elif kind is float:
            out.double_value = value
        else:
            for text in value:  # type: ignore[union-attr]
                out.array_value.values.add(string_value=text)


class JsonEncoder:
    """`application/json`: ids as hex digits, 64-bit numbers as texts."""

    content_type = "application/json"

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    def traces(self, spans: Sequence[CallSpan]) -> bytes:
        return self._scoped("Spans", "spans", [_span(span) for span in spans])

    def metrics(self, families: Sequence[MetricFamily], since_ns: int, now_ns: int, *, delta: bool) -> bytes:
        rows: list[dict[str, Any]] = []
        for family in families:
            points: list[dict[str, Any]] = []
            for attributes, point in family.points.items():
                out: dict[str, Any] = {
                    "startTimeUnixNano": str(since_ns),
                    "timeUnixNano": str(now_ns),
                    "attributes": _pairs(attributes),
                }
                if family.bounds:
                    out["count"] = str(point.count)
                    out["sum"] = point.sum
                    out["bucketCounts"] = [str(count) for count in point.buckets]
                    out["explicitBounds"] = family.bounds
                else:
                    out["asDouble"] = point.sum
                points.append(out)
            data = {"dataPoints": points, "aggregationTemporality": 1 if delta else 2}
            kind = "histogram" if family.bounds else "sum"
            if not family.bounds:
                data["isMonotonic"] = True
            rows.append({"name": family.name, "unit": family.unit, "description": family.help, kind: data})
        return self._scoped("Metrics", "metrics", rows)

    def rejected(self, answer: bytes) -> tuple[int, str]:
        try:
            document = msgspec.json.decode(answer)
            partial = document.get("partialSuccess") or {}
            count = partial.get("rejectedSpans", partial.get("rejectedDataPoints", 0))
            return int(count), str(partial.get("errorMessage", ""))
        except (msgspec.MsgspecError, AttributeError, ValueError, TypeError):
            return 0, ""

    def _scoped(self, group: str, member: str, rows: list[dict[str, Any]]) -> bytes:
        resource = self._resource
        scope: dict[str, Any] = {"scope": {"name": resource.scope, "version": resource.version}, member: rows}
        if resource.schema_url:
            scope["schemaUrl"] = resource.schema_url
        whole = {"resource": {"attributes": _pairs(resource.attributes)}, f"scope{group}": [scope]}
        return _json({f"resource{group}": [whole]})


def _span(span: CallSpan) -> dict[str, Any]:
    out: dict[str, Any] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": _CLIENT,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _pairs(span.attributes),
    }
    if span.parent_id:
        out["parentSpanId"] = span.parent_id
    if span.events:
        out["events"] = [
            {"name": event.name, "timeUnixNano": str(event.at_ns), "attributes": _pairs(event.attributes)}
            for event in span.events
        ]
    if span.failed:
        out["status"] = {"code": _ERROR, "message": span.message}
    return out


class _Text(msgspec.Struct, gc=False):
    stringValue: str


class _Bool(msgspec.Struct, gc=False):
    boolValue: bool


class _Int(msgspec.Struct, gc=False):
    intValue: str


class _Double(msgspec.Struct, gc=False):
    doubleValue: float


class _Array(msgspec.Struct, gc=False):
    arrayValue: dict[str, list[_Text]]


class _Pair(msgspec.Struct, gc=False):
    """Structs, because the collector of garbage does not walk them: dictionaries take a third longer."""

    key: str
    value: Any


def _pairs(attributes: Pairs) -> list[_Pair]:
    return [_Pair(name, _value(value)) for name, value in attributes]


def _value(value: AttributeValue) -> Any:
    kind = type(value)
    if kind is str:
        return _Text(value)  # type: ignore[arg-type]
    if kind is bool:
        return _Bool(value)  # type: ignore[arg-type]
    if kind is int:
        return _Int(str(value))
    if kind is float:
        return _Double(value)  # type: ignore[arg-type]
    return _Array({"values": [_Text(text) for text in value]})  # type: ignore[union-attr]


_json = msgspec.json.Encoder().encode
