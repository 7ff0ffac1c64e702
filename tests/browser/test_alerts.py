"""Alerts: a rule is written beside its preview, fires, is acknowledged and silenced; faults stand at their field."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from simulator import demo
from tests.browser.conftest import OpenPage, Watching, prepare, use_setup_link
from tests.stack import Stack, wait_for


@pytest.fixture(scope="module", autouse=True)
def quick(needs_browser_and_dist: None, provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An installation of its own that evaluates its rules each second. Before the browser: see `conftest.browser`."""
    folder: Path = tmp_path_factory.mktemp("alerts")
    started = Stack(folder, demo.providers(provider), alerts__interval_s="1", alerts__delay_s="0.3")
    started.output = folder / "serve.log"
    with started:
        prepare(started, history=200, calls=20)
        yield started


@pytest.fixture(scope="module")
def cookie(quick: Stack) -> Any:
    return use_setup_link(quick)


@pytest.fixture
def alerts(open_page: OpenPage, quick: Stack, cookie: Any) -> Page:
    return open_page(at=quick, cookie=cookie)


def rule_of(stack: Stack, name: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {stack.token}"}
    found = httpx.get(stack.control + "/api/alerts", params={"limit": 500}, headers=headers, timeout=30).json()["data"]
    return next((one for one in found if one["rule"]["name"] == name), {"state": ""})


def test_a_rule_is_written_fires_is_acknowledged_and_silenced(alerts: Page, quick: Stack) -> None:
    page = alerts
    page.goto("/alerts")
    expect(page.get_by_text("ready-made rules wait for a channel")).to_be_visible()
    page.get_by_role("link", name="New rule").click()
    page.get_by_role("button", name="Cost of a user in a day").click()
    preview = page.locator("section", has=page.get_by_role("heading", name="Preview"))
    expect(preview).to_contain_text("Alert when cost of any user in the last day is above $1.")
    expect(preview.get_by_text("Would not have fired")).to_be_visible()
    page.get_by_label("Value").fill("0.000001")
    expect(preview.get_by_text(re.compile(r"Would have fired (once|\d+ times)"))).to_be_visible()
    expect(preview.get_by_role("list", name="When it would have fired").get_by_role("link").first).to_have_attribute(
        "href", re.compile(r"/requests\?q=user:\S+&since=")
    )
    expect(page).to_have_url(re.compile("draft="))
    page.get_by_label("Name").fill("Pennies")
    expect(page).to_have_url(re.compile("Pennies"))
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("Pennies")
    page.get_by_role("button", name="Make the rule").click()
    expect(page).to_have_url(re.compile(r"/alerts/[\w-]{36}$"))
    wait_for("the alert", lambda: rule_of(quick, "Pennies")["state"] == "alerting", 60)

    groups = page.get_by_role("list", name="Groups that are not normal").get_by_role("listitem")
    expect(groups.first).to_contain_text("Firing")
    expect(groups.first.locator("a").first).to_have_attribute("href", re.compile(r"/requests\?q=user:\S+&since=1d"))
    page.locator("header").get_by_role("button", name="Acknowledge").click()
    expect(groups.first.get_by_text("acknowledged")).to_be_visible()
    expect(page.get_by_role("list", name="History")).to_contain_text("acknowledged by Ada")
    groups.first.get_by_role("button", name=re.compile("^Silence user")).click()
    page.get_by_role("menuitem", name="For 1 hour").click()
    expect(groups.get_by_text("silenced")).to_have_count(1)

    page.goto("/alerts/silences")
    silences = page.get_by_role("list", name="Silences").get_by_role("listitem")
    mine = silences.filter(has_text="Pennies")
    expect(mine).to_contain_text("active")
    mine.get_by_role("button", name="End now").click()
    expect(mine).to_have_count(0)
    page.goto("/alerts/history")
    expect(page.get_by_role("list", name="History").get_by_role("link", name="Pennies").first).to_be_visible()


def test_the_link_of_a_message_asks_to_acknowledge(alerts: Page, quick: Stack) -> None:
    id = rule_of(quick, "Nightly import did not run")["id"]
    wait_for("the alert", lambda: rule_of(quick, "Nightly import did not run")["state"] == "alerting", 60)
    alerts.goto(f"/alerts/{id}?acknowledge=1")
    dialog = alerts.get_by_role("dialog", name="Acknowledge Nightly import did not run?")
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(dialog).to_be_hidden()
    expect(alerts).to_have_url(re.compile(r"/alerts/[\w-]+$"))
    expect(alerts.get_by_role("list", name="Groups that are not normal")).to_contain_text("acknowledged")


def test_faults_stand_at_their_field(alerts: Page, watch: Watching) -> None:
    watch.allow("400")
    alerts.goto("/alerts/new")
    alerts.get_by_label("Value").fill("500")
    expect(alerts.get_by_text("can never hold")).to_be_visible()
    expect(alerts.get_by_label("Value")).to_have_attribute("aria-invalid", "true")
    alerts.get_by_label("Value").fill("5")
    expect(alerts.get_by_text("can never hold")).to_be_hidden()
    alerts.get_by_role("combobox", name="In the last").fill("90s")
    expect(alerts.get_by_text(re.compile("“90s”.*1m to 31d"))).to_be_visible()
    alerts.get_by_role("combobox", name="In the last").fill("15m")
    alerts.get_by_label("Filter", exact=True).fill("mood:good")
    alerts.keyboard.press("Enter")
    expect(alerts.get_by_role("alert")).to_contain_text("There is no column “mood”")


def test_a_silence_is_made_of_matchers(alerts: Page, watch: Watching) -> None:
    watch.allow("400")
    alerts.goto("/alerts/silences")
    alerts.get_by_role("combobox", name="Label 1").fill("user")
    alerts.get_by_role("combobox", name="Comparison 1").click()
    alerts.get_by_role("option", name="matches", exact=True).click()
    alerts.get_by_role("combobox", name="Value 1").fill("(")
    alerts.get_by_label("Why").fill("deployment")
    alerts.get_by_role("button", name="Silence", exact=True).click()
    expect(alerts.get_by_text("Needs a regular expression")).to_be_visible()
    alerts.get_by_role("combobox", name="Value 1").fill("ada.*")
    alerts.get_by_role("button", name="Silence", exact=True).click()
    made = alerts.get_by_role("list", name="Silences").get_by_role("listitem").filter(has_text="deployment")
    expect(made).to_contain_text("ada.*")


def test_on_a_phone(open_page: OpenPage, quick: Stack, cookie: Any) -> None:
    page = open_page(at=quick, cookie=cookie, phone=True)
    for address in ("/alerts", "/alerts/new", "/alerts/history", "/alerts/silences"):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), address
