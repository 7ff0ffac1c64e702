"""Histograms of calls on the page for Prometheus, as prometheus_client's parser reads them."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from proxy.control.call_histograms import CallHistograms
from proxy.control.jobs.row_builder import LogRows, RowBuilder
from proxy.core.call_labels import OTHER_MODEL, ModelLabels
from proxy.core.prometheus import METRICS, render
from proxy.core.record import Ingested
from tests.e2e.control_process import record
from tests.unit.records import PRICES, START_US

PREFIX = "perihelion_control_"


def counted(*models: str) -> CallHistograms:
    return CallHistograms(PRICES.listed_model, frozenset({"openai"}), frozenset(models))


def rows(**fields: Any) -> LogRows:
    return RowBuilder(PRICES).build_one(record(START_US, **fields))


def asking(model: str, **fields: Any) -> LogRows:
    return rows(request_body=f'{{"model":"{model}","messages":[]}}'.encode(), response_body=b"", **fields)


def families(histograms: CallHistograms) -> dict[str, Any]:
    page = render(histograms.samples(), PREFIX)
    return {family.name.removeprefix(PREFIX): family for family in text_string_to_metric_families(page)}


def test_a_call_is_in_each_histogram_by_provider_model_and_status() -> None:
    histograms = counted()
    histograms.add([rows(), rows(ended_us=3_000_000), rows(status=500, outcome="send")])
    found = families(histograms)
    assert {family.type for family in found.values()} == {"histogram"}
    assert {name: family.documentation for name, family in found.items()} == {
        metric.name.removeprefix(PREFIX): metric.help for metric in METRICS if metric.name.startswith(PREFIX + "call_")
    }
    duration = [sample for sample in found["call_duration_seconds"].samples if sample.labels["status"] == "2xx"]
    assert {(sample.labels["provider"], sample.labels["model"]) for sample in duration} == {("openai", "gpt-4o")}
    buckets = {sample.labels["le"]: sample.value for sample in duration if sample.name.endswith("_bucket")}
    assert (buckets["0.1"], buckets["0.25"], buckets["2.5"], buckets["5"], buckets["+Inf"]) == (0, 1, 1, 2, 2)
    assert [sample.value for sample in duration if sample.name.endswith(("_sum", "_count"))] == [3.2, 2]
    tokens = {
        sample.labels["type"]: sample.value
        for sample in found["call_tokens"].samples
        if sample.name.endswith("_sum") and sample.labels["status"] == "2xx"
    }
    assert tokens == {"input": 2000, "output": 20}
    cost = [sample.value for sample in found["call_cost_usd"].samples if sample.name.endswith("_sum")]
    assert cost[0] == 0.0052


def models(histograms: CallHistograms) -> set[str]:
    return {sample.labels["model"] for sample in families(histograms)["call_duration_seconds"].samples}


def test_only_names_that_everybody_knows_are_labels() -> None:
    histograms = counted("ours")
    histograms.add(
        [asking("secret-project"), asking("ours"), asking("gpt-4o-mini"), asking("ft:mine", provider="acme")]
    )
    assert models(histograms) == {OTHER_MODEL, "ours", "gpt-4o-mini"}
    samples = families(histograms)["call_duration_seconds"].samples
    assert {sample.labels["provider"] for sample in samples} == {"openai", OTHER_MODEL}


def test_models_that_callers_make_up_are_one_series() -> None:
    histograms = counted("*")
    histograms.add([asking(f"made-up-{number}", status=404, outcome="send") for number in range(300)])
    histograms.add([asking(f"real-{number}") for number in range(300)])
    found = models(histograms)
    assert len(found) == 201 and OTHER_MODEL in found and "made-up-1" not in found
    samples = families(histograms)["call_duration_seconds"].samples
    assert sum(sample.value for sample in samples if sample.name.endswith("_count")) == 600


def test_names_that_hold_quotes_and_line_ends_stay_one_label() -> None:
    histograms = counted("*")
    histograms.add([rows(model_override='a"b\\c\nd')])
    [model] = {sample.labels["model"] for sample in families(histograms)["call_duration_seconds"].samples}
    assert model == 'a"b\\c\nd'


def test_imported_calls_and_steps_are_not_counted() -> None:
    histograms = counted()
    histograms.add([rows(ingested=Ingested("import:helicone"))])
    histograms.add([rows(ingested=Ingested("otlp", step=True), operation="tool", request_body=b"", response_body=b"")])
    assert histograms.samples() == {}


def test_there_is_room_for_so_many_models() -> None:
    labels = ModelLabels(2)
    assert [labels.label(model, answered=True) for model in ("a", "b", "c", "a", "")] == ["a", "b", "other", "a", ""]
    assert labels.label("b", answered=False) == "b"
