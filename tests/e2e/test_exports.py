"""Exports of a running control plane: spans to a receiver, hourly files, the page for Prometheus, and their state."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet
import pytest
from prometheus_client.parser import text_string_to_metric_families

from proxy.core.clock import now_us
from proxy.query.hours import HOUR_US
from tests.e2e.control_process import ROOT, ControlProcess, free_port, record, spool, until
from tests.otlp_receiver import OtlpReceiver, attributes

HOUR = now_us() // HOUR_US * HOUR_US - 3 * HOUR_US
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def receiver() -> Iterator[OtlpReceiver]:
    made = OtlpReceiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory, receiver: OtlpReceiver) -> Iterator[ControlProcess]:
    data = tmp_path_factory.mktemp("exports") / "data"
    traced = record(HOUR + 1, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    spool(data, traced, record(HOUR + 2), record(HOUR + HOUR_US))
    process = ControlProcess(
        data,
        PERIHELION_OTEL_ENDPOINT=receiver.url,
        PERIHELION_OTEL_HEADERS="x-key=sk-secret",
        PERIHELION_PARQUET_TARGET=str(data.parent / "files"),
        PERIHELION_PARQUET_DELAY_S="1",
    ).start()
    yield process.shipped()
    process.end()


def status(control: ControlProcess) -> dict[str, Any]:
    found: dict[str, Any] = control.get("/api/exports/status")
    return found


def command(control: ControlProcess, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "proxy", *arguments], env=control.environ, cwd=ROOT, capture_output=True, text=True
    )


def test_spans_of_shipped_calls_arrive(control: ControlProcess, receiver: OtlpReceiver) -> None:
    spans = until(lambda: (found := receiver.spans()) and len(found) == 3 and found, "three spans")
    assert TRACE in {span.trace_id.hex() for span in spans}
    assert {attributes(span)["gen_ai.system"] for span in spans} == {"openai"}
    [sink] = until(lambda: (found := status(control)["sinks"])[0]["delivered"] == 3 and found, "the sink's count")
    assert (sink["name"], sink["target"], sink["waiting"], sink["last_error"]) == ("otlp", receiver.url, 0, "")
    assert sink["last_delivery"] and not sink["durable"]
    assert "sk-secret" not in str(status(control))


def test_hours_are_written_and_written_again_by_the_command(control: ControlProcess) -> None:
    done = command(control, "export", "parquet", "--since", "1d", "--org", "*")
    assert done.returncode == 0, done.stderr
    assert "2 hours to write." in done.stderr and "all files are written" in done.stdout
    files = sorted((control.data.parent / "files").rglob("*.parquet"))
    assert [pyarrow.parquet.read_metadata(path).num_rows for path in files] == [2, 1]
    parquet = status(control)["parquet"]
    assert (parquet["waiting"], parquet["failures"], parquet["last_error"]) == (0, 0, "")
    assert parquet["written"] >= 2 and parquet["last_hour"]


def test_the_filter_of_an_export_may_still_come_first(control: ControlProcess) -> None:
    done = command(control, "export", "user:ada", "--format", "csv", "--columns", "id,user")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4


def test_the_page_for_prometheus_has_the_calls_and_the_exports(control: ControlProcess) -> None:
    page = httpx.get(control.url + "/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(page)}
    counts = {
        tuple(sample.labels.values()): sample.value
        for sample in families["perihelion_control_call_duration_seconds"].samples
        if sample.name.endswith("_count")
    }
    assert counts == {("openai", "gpt-4o", "2xx"): 3}
    assert families["perihelion_control_parquet_hours"].samples[0].value >= 2
    assert families["perihelion_control_sink_rejected"].samples[0].labels == {"sink": "otlp"}


def test_a_time_that_cannot_be_is_refused(control: ControlProcess) -> None:
    headers = {"Authorization": f"Bearer {control.token}"}

    def ask(body: dict[str, str]) -> httpx.Response:
        return httpx.post(control.url + "/api/exports/parquet", json=body, headers=headers)

    assert ask({"since": "1h", "until": "2h"}).status_code == 400
    assert ask({"since": "1h", "organisation": "nobody"}).status_code == 404
    assert ask({"since": "soon"}).status_code == 400


def test_a_receiver_that_is_down_changes_nothing_in_the_log(tmp_path: Path) -> None:
    data = tmp_path / "data"
    spool(data, record(HOUR), record(HOUR + 1))
    process = ControlProcess(
        data, PERIHELION_OTEL_ENDPOINT=f"http://127.0.0.1:{free_port()}", PERIHELION_OTEL_DURABLE="1"
    )
    try:
        process.start().ready()
        until(lambda: len(process.ids()) == 2, "both calls in the log")
        [sink] = until(lambda: (found := status(process)["sinks"])[0]["failures"] and found, "a failed delivery")
        assert (sink["durable"], sink["waiting"], sink["skipped"]) == (True, 2, 0)
        assert "refused" in sink["last_error"].lower()
        answer = httpx.post(
            process.url + "/api/exports/parquet",
            json={"since": "1d"},
            headers={"Authorization": f"Bearer {process.token}"},
        )
        assert answer.status_code == 409 and "parquet.target" in answer.text
        assert list((data / "spool").glob("*.seg"))  # kept for the sink
    finally:
        process.end()
