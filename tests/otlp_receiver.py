"""A receiver of OTLP/HTTP that reads what it gets with OpenTelemetry's own messages."""

import base64
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["OtlpReceiver", "attributes"]


class OtlpReceiver:
    """An OTLP/HTTP receiver that keeps what it gets; `answers` are given in their order, then 200."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status, answer = receiver.answers.pop(0) if receiver.answers else (200, b"")
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def spans(self) -> list[Any]:
        found: list[Any] = []
        for path, headers, body in self.requests:
            if path == "/v1/traces":
                request = _message(ExportTraceServiceRequest(), headers, body)
                found += [span for group in request.resource_spans for scope in group.scope_spans
                          for span in scope.spans]  # fmt: skip
        return found

    def metrics(self) -> dict[str, Any]:
        """The metrics of the last request by name."""
        path, headers, body = self.requests[-1]
        assert path == "/v1/metrics"
        request = _message(ExportMetricsServiceRequest(), headers, body)
        [group] = request.resource_metrics
        return {metric.name: metric for metric in group.scope_metrics[0].metrics}


def _message(kind: Any, headers: dict[str, str], body: bytes) -> Any:
    body = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
    if headers["content-type"] == "application/json":
        document = json.loads(body)
        for group in document.get("resourceSpans", []):  # OTLP's JSON has hex digits where protobuf's has base64
            for scope in group["scopeSpans"]:
                for span in scope["spans"]:
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if name in span:
                            span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
        return Parse(json.dumps(document), kind)
    assert headers["content-type"] == "application/x-protobuf"
    kind.ParseFromString(body)
    return kind


def attributes(of: Any) -> dict[str, Any]:
    """The attributes of a span, an event or a point."""

    def value(each: Any) -> Any:
        kind = each.WhichOneof("value")
        return [value(part) for part in each.array_value.values] if kind == "array_value" else getattr(each, kind)

    return {pair.key: value(pair.value) for pair in of.attributes}
