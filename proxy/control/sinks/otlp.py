"""Sends spans and metrics of calls to an OTLP/HTTP receiver: `otel.endpoint` turns it on.

At least once: a request whose answer was lost is sent again, with the same ids of spans. What the receiver refuses for
good (400, 413 for a single call, …) is counted and not repeated; https://opentelemetry.io/docs/specs/otlp/#failures
"""

import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import proxy
from proxy.control.jobs.row_builder import LogRows
from proxy.control.otel.encode import JsonEncoder, OtlpEncoder, ProtobufEncoder, Resource
from proxy.control.otel.metrics import CallMetrics
from proxy.control.otel.names import Names, names_of
from proxy.control.otel.spans import SpanMaker, is_exported
from proxy.control.sinks.base import RowBatch
from proxy.core.call_labels import ModelLabels
from proxy.core.clock import now_us, uuid7
from proxy.core.errors import PerihelionError
from proxy.core.setting import header_list
from proxy.core.settings import Settings
from proxy.net.client import HttpClient

__all__ = ["OtlpError", "OtlpSink", "make_otlp_sink"]

_MAX_SPANS: Final = 512
_MAX_BODY_BYTES: Final = 2 << 20
"""Of the bodies in one request; collectors take some megabytes."""
_AGAIN: Final = frozenset({401, 403, 404, 408, 429, 500, 502, 503, 504})
"""What a receiver answers that may take the same request later; the first three may be a setting."""
_GZIP_LEVEL: Final = 1

_log = logging.getLogger(__name__)


class OtlpError(PerihelionError):
    """The receiver did not take a request, and may take it later."""


class OtlpSink:
    """Sends a span of each call, and metrics of each batch."""

    name: Final = "otlp"

    def __init__(
        self,
        endpoint: str,
        client: HttpClient,
        encoder: OtlpEncoder,
        names: Names,
        *,
        headers: dict[str, str] | None = None,
        compress: bool = True,
        traces: bool = True,
        metrics: bool = True,
        bodies: bool = False,
        delta: bool = True,
        durable: bool = False,
        clock: Callable[[], int] = now_us,
    ) -> None:
        """`clock` gives microseconds since the epoch."""
        self.durable = durable
        self.target = endpoint.rstrip("/")
        self.rejected = 0
        """Spans and points that the receiver refused for good."""
        self._client = client
        self._encoder = encoder
        self._headers = {"Content-Type": encoder.content_type, "User-Agent": f"perihelion/{proxy.__version__}"}
        if compress:
            self._headers["Content-Encoding"] = "gzip"
        self._headers |= headers or {}
        self._compress = compress
        self._traces = traces
        self._with_metrics = metrics
        self._bodies = bodies
        self._delta = delta
        self._clock = clock
        self._names = names
        self._maker = SpanMaker(names, bodies=bodies)
        self._models = ModelLabels()
        self._metrics = CallMetrics(names, clock() * 1000, self._models)
        self._batch = ("", -1, -1)
        self._sent = 0
        """Requests of that batch which the receiver has."""
        self._failed: tuple[tuple[str, int], bytes] | None = None
        """First id and number of the calls of a request that failed, and its body: it is not made again and again."""
        self._counted = False
        """Whether that batch is in the metrics."""

    def deliver(self, batch: RowBatch) -> None:
        """Sends the batch; one that failed before goes on where it failed. Raises `OtlpError` and `HttpError`."""
        place = (batch.segment, batch.start, batch.end)
        if place != self._batch:
            self._batch, self._sent, self._counted = place, 0, False
        rows = [rows for rows in batch.rows if is_exported(rows.request)]
        if not rows:
            return
        if self._traces:
            for number, part in enumerate(self._parts(rows)):
                if number >= self._sent:
                    self._send_spans(part)
                    self._sent = number + 1
        if self._with_metrics:
            self._send_metrics(rows)

    def _parts(self, rows: list[LogRows]) -> Iterator[list[LogRows]]:
        part: list[LogRows] = []
        size = 0
        for each in rows:
            more = 0
            if self._bodies and each.body is not None:
                more = len(each.body.request) + len(each.body.response_text)
            if part and (len(part) >= _MAX_SPANS or size + more > _MAX_BODY_BYTES):
                yield part
                part, size = [], 0
            part.append(each)
            size += more
        yield part

    def _send_spans(self, rows: Sequence[LogRows]) -> None:
        ids = (rows[0].request.id, len(rows))
        if self._failed is None or self._failed[0] != ids:
            self._failed = ids, self._packed(self._encoder.traces([self._maker.make(each) for each in rows]))
        status = self._post("/v1/traces", self._failed[1], len(rows))
        self._failed = None
        if status == 413 and len(rows) > 1:
            middle = len(rows) // 2
            self._send_spans(rows[:middle])
            self._send_spans(rows[middle:])
        elif status >= 400:
            self.rejected += len(rows)

    def _send_metrics(self, rows: list[LogRows]) -> None:
        if not self._counted:
            self._metrics.add(each.request for each in rows)
            self._counted = True
        families = self._metrics.families
        if not families:
            return
        now_ns = self._clock() * 1000
        points = sum(len(family.points) for family in families)
        body = self._packed(self._encoder.metrics(families, self._metrics.since_ns, now_ns, delta=self._delta))
        if self._post("/v1/metrics", body, points) >= 400:
            self.rejected += points
        if self._delta:
            self._metrics = CallMetrics(self._names, now_ns, self._models)

    def _packed(self, body: bytes) -> bytes:
        if not self._compress:
            return body
        packer = zlib.compressobj(_GZIP_LEVEL, wbits=31)
        return packer.compress(body) + packer.flush()

    def _post(self, path: str, body: bytes, items: int) -> int:
        """The status of the answer: a good one, or one that refuses the request for good."""
        url = self.target + path
        answer = self._client.request("POST", url, headers=self._headers, content=body)
        if answer.status in _AGAIN:
            raise OtlpError(f"{url} answered {answer.status}: {_shown(answer.body)}")
        if not 200 <= answer.status < 300:
            _log.warning("%s refused %d spans or points: %d %s", url, items, answer.status, _shown(answer.body))
            return max(answer.status, 400)
        count, reason = self._encoder.rejected(answer.body) if answer.body else (0, "")
        if count > 0:
            self.rejected += count
            _log.warning("%s did not take %d of %d spans or points: %s", url, count, items, reason[:200])
        return answer.status


def make_otlp_sink(settings: Settings) -> OtlpSink | None:
    """The sink of the settings `otel.*`, or None where they name no receiver."""
    endpoint = settings.get_str("otel.endpoint")
    if not endpoint:
        return None
    names = names_of(settings.get_str("otel.semconv"))
    process = (
        ("service.name", settings.get_str("otel.service_name")),
        ("service.version", proxy.__version__),
        ("service.instance.id", uuid7(now_us())),
    )
    resource = Resource(process, "perihelion", proxy.__version__, names.schema_url)
    json = settings.get_str("otel.protocol") == "json"
    signals = settings.get_str("otel.signals")
    return OtlpSink(
        endpoint,
        HttpClient([endpoint]),
        JsonEncoder(resource) if json else ProtobufEncoder(resource),
        names,
        headers=header_list(settings.get_str("otel.headers")),
        compress=settings.get_bool("otel.gzip"),
        traces=signals != "metrics",
        metrics=signals != "traces",
        bodies=settings.get_bool("otel.bodies"),
        delta=settings.get_str("otel.temporality") == "delta",
        durable=settings.get_bool("otel.durable"),
    )


def _shown(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace").strip() or "no body"
