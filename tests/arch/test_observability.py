"""The Grafana dashboard and the alert rules name metrics and labels that both planes expose."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.core.prometheus import METRICS, Metric
from tests.stack import ROOT

FOLDER = ROOT / "observability"
BY_NAME = {metric.name: metric for metric in METRICS}
SCRAPED = {"instance"}
"""Labels that Prometheus adds, and that are used here; its `job` makes our own label `exported_job`."""


def metric_of(name: str) -> Metric:
    family = re.sub(r"_(bucket|sum|count)$", "", name)
    found = BY_NAME.get(name) or BY_NAME.get(family)
    assert found is not None, f"{name} is exposed nowhere"
    assert (found.kind == "histogram") == (name != found.name), f"{name} is no series of a {found.kind}"
    return found


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "grafana" / "perihelion.json").read_text("utf-8"))
    return found


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Each expression with the text that its labels are put into."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"], target["legendFormat"]
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"], ""
    for rule in rules():
        yield rule["expr"], rule["annotations"]["summary"]


EXPRESSIONS = list(expressions())


@pytest.mark.parametrize(("expression", "text"), EXPRESSIONS, ids=[expression[:60] for expression, _ in EXPRESSIONS])
def test_an_expression_names_what_is_exposed(expression: str, text: str) -> None:
    names = re.findall(r"perihelion_[a-z0-9_]+", expression)
    metrics = [metric_of(name) for name in names]
    assert metrics or "up{" in expression
    labels = SCRAPED.union(*(metric.labels for metric in metrics))
    labels = {{"job": "exported_job"}.get(label, label) for label in labels} | (
        {"job"} if "up{" in expression else set()
    )
    used = set(re.findall(r"(\w+)\s*=~?\s*\"", expression)) - {"__name__"}
    for group in re.findall(r"by \(([^)]*)\)", expression):
        used |= {label.strip() for label in group.split(",")}
    used |= set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", text))
    assert used <= labels, f"{used - labels} are no labels of {names}"
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)


def test_the_dashboard_can_be_imported() -> None:
    found = dashboard()
    ids = [panel["id"] for panel in found["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in found["panels"] if panel["type"] != "row")
    assert {variable["name"] for variable in found["templating"]["list"]} == {
        "datasource",
        "instance",
        "provider",
        "model",
    }


def test_rules_say_what_happened_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".") and rule["annotations"]["description"][-1] in ".?"


def test_the_scrape_configuration_has_both_planes() -> None:
    document = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
    jobs = {job["job_name"] for job in document["scrape_configs"]}
    assert jobs == {"perihelion-gateway", "perihelion-control"}
    for expression, _ in EXPRESSIONS:
        assert set(re.findall(r'job="([^"]*)"', expression)) <= jobs
    assert [Path(name).name for name in document["rule_files"]] == ["alerts.yml"]
