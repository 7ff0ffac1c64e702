"""The OTLP sink against a receiver over HTTP: what it sends is read with OpenTelemetry's own messages."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from proxy.control.jobs.row_builder import LogRows, RowBuilder
from proxy.control.otel.names import VERSIONS, names_of
from proxy.control.sinks.base import RowBatch
from proxy.control.sinks.otlp import OtlpError, OtlpSink, make_otlp_sink
from proxy.core.errors import SettingError
from proxy.core.record import Ingested
from proxy.core.settings import load
from proxy.ingest.otlp.attributes import FIELDS
from proxy.net.client import HttpError
from tests.e2e.control_process import record
from tests.otlp_receiver import OtlpReceiver, attributes
from tests.unit.records import PRICES, START_US

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ID = "019b0000-0000-7000-8000-00000000abcd"


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    made = OtlpReceiver()
    yield made
    made.close()


def sink_of(url: str, **settings: str) -> OtlpSink:
    named = {f"otel.{name}": value for name, value in settings.items()}
    sink = make_otlp_sink(load(environ={}, overrides={"otel.endpoint": url, **named}))
    assert sink is not None
    return sink


def rows(**fields: Any) -> LogRows:
    return RowBuilder(PRICES).build_one(record(START_US, **{"id": ID, **fields}))


def batch(*made: LogRows, start: int = 8) -> RowBatch:
    return RowBatch("segment", start, start + 100, list(made))


@pytest.mark.parametrize("protocol", ["protobuf", "json"])
@pytest.mark.parametrize("compress", ["true", "false"])
def test_a_call_is_a_span_of_the_callers_trace(receiver: OtlpReceiver, protocol: str, compress: str) -> None:
    sink = sink_of(receiver.url + "/", protocol=protocol, gzip=compress, semconv="latest", headers="X-Key=a%20b, x-b=1")
    sink.deliver(batch(rows(traceparent=f"00-{TRACE}-{PARENT}-01", session_id="s-1", first_token_us=45_000)))
    path, headers, _ = receiver.requests[0]
    assert (path, headers["x-key"], headers["x-b"]) == ("/v1/traces", "a b", "1")
    [span] = receiver.spans()
    assert (span.trace_id.hex(), span.parent_span_id.hex(), span.span_id.hex()) == (
        TRACE,
        PARENT,
        ID.replace("-", "")[16:],
    )
    assert (span.name, span.kind, span.status.code) == ("chat gpt-4o", 3, 0)
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (START_US * 1000, START_US * 1000 + 200_000_000)
    found = attributes(span)
    cost = found.pop("gen_ai.usage.cost")
    assert cost == pytest.approx(0.0026)
    assert found == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": 0.045,
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.conversation.id": "s-1",
        "server.address": "api.openai.com",
        "server.port": 443,
        "http.response.status_code": 200,
        "user.id": "ada",
        "perihelion.cached": False,
        "perihelion.organisation": "default",
        "perihelion.property.app": "Tester",
        "perihelion.request.id": ID,
    }


def test_a_call_without_a_trace_gets_one_of_its_own(receiver: OtlpReceiver) -> None:
    sink = sink_of(receiver.url)
    sink.deliver(batch(rows(), rows(id="no uuid")))
    first, second = receiver.spans()
    assert (first.trace_id.hex(), first.parent_span_id) == (ID.replace("-", ""), b"")
    assert len(second.trace_id) == 16 and len(second.span_id) == 8


def test_a_failed_call_is_an_error(receiver: OtlpReceiver) -> None:
    failed = rows(status=429, outcome="send", error="rate_limit_exceeded", error_message="slow down", response_body=b"")
    sink_of(receiver.url).deliver(batch(failed))
    [span] = receiver.spans()
    assert (span.status.code, span.status.message) == (2, "slow down")
    assert attributes(span)["error.type"] == "rate_limit_exceeded"
    duration = receiver.metrics()["gen_ai.client.operation.duration"]
    assert attributes(duration.histogram.data_points[0])["error.type"] == "429"


def test_bodies_are_exported_only_if_wanted(receiver: OtlpReceiver) -> None:
    sink_of(receiver.url, semconv="latest").deliver(batch(rows()))
    sink_of(receiver.url, semconv="latest", bodies="true").deliver(batch(rows()))
    sink_of(receiver.url, bodies="true").deliver(batch(rows()))
    without, latest, old = receiver.spans()
    assert not any("messages" in name for name in attributes(without)) and not without.events
    assert json.loads(attributes(latest)["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Why is the sky blue?"}]}
    ]
    assert json.loads(attributes(latest)["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "Rayleigh scattering."}],
            "finish_reason": "stop",
        }
    ]
    assert [event.name for event in old.events] == ["gen_ai.user.message", "gen_ai.choice"]
    assert json.loads(attributes(old.events[1])["gen_ai.event.content"])["message"]["content"] == "Rayleigh scattering."


@pytest.mark.parametrize("protocol", ["protobuf", "json"])
@pytest.mark.parametrize("version", VERSIONS)
def test_metrics_are_histograms_of_the_batch(receiver: OtlpReceiver, protocol: str, version: str) -> None:
    sink = sink_of(receiver.url, protocol=protocol, semconv=version, signals="metrics")
    sink.deliver(batch(rows(), rows()))
    sink.deliver(batch(rows(), start=200))
    assert [path for path, _, _ in receiver.requests] == ["/v1/metrics"] * 2
    found = receiver.metrics()
    names = names_of(version).of
    duration = found[names["duration"]]
    assert (duration.unit, duration.histogram.aggregation_temporality) == ("s", 1)
    [point] = duration.histogram.data_points
    assert (point.count, point.sum) == (1, pytest.approx(0.2))
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1 and sum(point.bucket_counts) == 1
    assert attributes(point)["gen_ai.request.model"] == "gpt-4o"
    tokens = found[names["tokens"]]
    points = (tokens.histogram if version == "1.36" else tokens.sum).data_points
    used = {attributes(each)["gen_ai.token.type"]: each for each in points}
    amounts = {kind: each.sum if version == "1.36" else each.as_double for kind, each in used.items()}
    assert amounts == {"input": 1000, "output": 10}
    assert found["perihelion.cost"].sum.is_monotonic


def test_cumulative_metrics_count_from_the_start(receiver: OtlpReceiver) -> None:
    sink = sink_of(receiver.url, signals="metrics", temporality="cumulative")
    receiver.answers = [(200, b""), (503, b"")]
    sink.deliver(batch(rows()))
    with pytest.raises(OtlpError):
        sink.deliver(batch(rows(), start=200))
    sink.deliver(batch(rows(), start=200))  # the same batch again is counted once
    duration = receiver.metrics()["gen_ai.client.operation.duration"].histogram
    assert (duration.aggregation_temporality, duration.data_points[0].count) == (2, 2)


def test_models_that_no_provider_knows_make_no_series(receiver: OtlpReceiver) -> None:
    sink = sink_of(receiver.url, signals="metrics")
    body = '{{"model":"made-up-{}","messages":[]}}'
    made = [
        rows(status=404, outcome="send", request_body=body.format(n).encode(), response_body=b"") for n in range(50)
    ]
    sink.deliver(batch(*made))
    [point] = receiver.metrics()["gen_ai.client.operation.duration"].histogram.data_points
    assert (point.count, attributes(point)["gen_ai.request.model"]) == (50, "other")


def test_what_came_as_a_span_does_not_go_out_again(receiver: OtlpReceiver) -> None:
    sink = sink_of(receiver.url)
    sink.deliver(batch(rows(ingested=Ingested("otlp")), rows(ingested=Ingested("import:helicone"))))
    assert receiver.requests == []
    sink.deliver(batch(rows(ingested=Ingested("logger")), start=200))
    assert len(receiver.spans()) == 1


def test_a_large_batch_goes_in_several_requests_and_goes_on_where_it_failed(receiver: OtlpReceiver) -> None:
    sink = sink_of(receiver.url, signals="traces")
    made = batch(*[rows(id=f"{ID[:-4]}{number:04x}") for number in range(1200)])
    receiver.answers = [(200, b""), (503, b"busy")]
    with pytest.raises(OtlpError, match="503: busy"):
        sink.deliver(made)
    sink.deliver(made)
    assert len(receiver.requests) == 4
    assert len({span.span_id for span in receiver.spans()}) == 1200


def test_what_a_receiver_refuses_for_good_is_counted_and_not_repeated(receiver: OtlpReceiver) -> None:
    sink = sink_of(receiver.url, signals="traces")
    receiver.answers = [(400, b"bad")]
    sink.deliver(batch(rows(), rows()))
    assert (sink.rejected, len(receiver.requests)) == (2, 1)
    receiver.answers = [(413, b""), (413, b""), (200, b"")]
    sink.deliver(batch(rows(), rows(), start=200))
    assert (sink.rejected, len(receiver.requests)) == (3, 4)
    partial = ExportTracePartialSuccess(rejected_spans=1, error_message="one is too old")
    receiver.answers = [(200, ExportTraceServiceResponse(partial_success=partial).SerializeToString())]
    sink.deliver(batch(rows(), rows(), start=400))
    assert sink.rejected == 4


def test_a_receiver_that_redirects_or_is_away_is_an_error(receiver: OtlpReceiver) -> None:
    sink = sink_of(receiver.url, signals="traces")
    receiver.answers = [(302, b"")]
    sink.deliver(batch(rows()))
    assert (sink.rejected, len(receiver.requests)) == (1, 1)
    receiver.close()
    with pytest.raises(HttpError):
        sink_of(receiver.url).deliver(batch(rows(), start=200))


def test_no_receiver_no_sink_and_bad_settings_are_refused_without_their_secrets() -> None:
    assert make_otlp_sink(load(environ={})) is None
    for name, value in {"otel.endpoint": "localhost:4318", "otel.headers": "sk-secret", "otel.semconv": "2"}.items():
        with pytest.raises(SettingError, match=name) as caught:
            load(environ={}, overrides={name: value})
        assert "sk-secret" not in str(caught.value)


def test_our_own_reader_of_spans_knows_the_names_of_both_versions() -> None:
    known = {name for names in FIELDS.values() for name in names}
    for version in VERSIONS:
        names = names_of(version).of
        for what in ("operation", "provider", "model_asked", "model", "response_id", "finish_reason", "input_tokens",
                     "output_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens", "cost",
                     "session_id", "prompt_id", "user_id", "error", "status", "first_token_s"):  # fmt: skip
            assert names[what] in known, (version, what)
