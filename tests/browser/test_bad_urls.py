"""Addresses made by hand, ids of other organisations, an expired login, a control plane that restarts under an open
page: a clear word and the way back, never a white page."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Watching, use_setup_link
from tests.stack import Stack, wait_for

NO_CALL = "01a21d5f-0299-7598-b6d2-de375cbf80a6"


@pytest.fixture(scope="module")
def small(needs_browser_and_dist: None, provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An installation of its own, for tests that log out or restart it."""
    folder: Path = tmp_path_factory.mktemp("small")
    stack = Stack(folder, {"openai": f'origin = "{provider}"\n'})
    stack.output = folder / "serve.log"
    with stack:
        call(stack)
        yield stack


@pytest.fixture(scope="module")
def owner(small: Stack) -> Any:
    return use_setup_link(small, "grace@example.com", "correct horse battery")


def call(stack: Stack, **headers: str) -> str:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
    sent = {"Authorization": "Bearer sk-x", **headers}
    answer = httpx.post(stack.gateway + "/openai/v1/chat/completions", json=body, headers=sent, timeout=30)
    id: str = answer.headers["helicone-id"]
    stack.record(id)
    return id


def says(page: Page, pattern: str) -> None:
    """The page has its frame, a word for the reader, and links that lead on."""
    expect(page.locator("#main")).to_contain_text(re.compile(pattern, re.IGNORECASE))
    assert page.locator("a[href]").count() >= 1


@pytest.mark.parametrize("address", ["/nowhere", "/requests/a/b/c", "/%E0%A4%A"])
def test_an_address_that_no_page_has(page: Page, watch: Watching, address: str) -> None:
    watch.allow("status of 4")
    page.goto(address)
    says(page, "no page at this address")
    page.locator("#main").get_by_role("link", name="Go to the overview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def test_a_setting_that_is_not_there(page: Page) -> None:
    page.goto("/settings/nothing")
    says(page, "no such setting")
    page.get_by_role("link", name="Go to the settings").click()
    expect(page).to_have_url(re.compile("/settings$"))


@pytest.mark.parametrize("id", [NO_CALL, "nonsense", "..%2F..%2Fetc", "x" * 3000])
def test_a_call_that_is_not_there(page: Page, watch: Watching, id: str) -> None:
    watch.allow("status of 4(04|00|14)")
    page.goto(f"/requests/{id}")
    says(page, "no (such )?(call|request)|no id of a call|no page at this address")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("q=nosuchcolumn:1", "nosuchcolumn"),
        ("q=status%3E%3E", "status"),
        ("q=(((", r"\("),
        ("since=yesterdayish", "since|time|yesterdayish"),
    ],
)
def test_a_filter_that_cannot_be_read(page: Page, watch: Watching, query: str, told: str) -> None:
    watch.allow("status of 400")
    page.goto(f"/requests?{query}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    says(page, told)


def test_columns_and_an_order_that_do_not_exist_are_told(page: Page, watch: Watching) -> None:
    odd = quote("__proto__", safe="")
    watch.allow("status of 400")
    page.goto(f"/requests?sort=-{odd}&columns={odd},cost&zone=mars&call=&unknown=1&since=")
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    says(page, "__proto__|cannot be read")


def test_a_login_that_ended_leads_to_the_login_page_and_back(
    open_page: OpenPage, watch: Watching, small: Stack, owner: Any
) -> None:
    watch.allow("status of 401")
    person = httpx.post(
        small.control + "/api/login",
        json={"email": "grace@example.com", "password": "correct horse battery"},
        timeout=30,
    )
    [(name, value)] = person.cookies.items()
    page = open_page(cookie={"name": name, "value": value, "url": small.control}, at=small)
    page.goto("/requests?q=status:200")
    expect(page.get_by_role("table").locator("a").first).to_be_visible()
    headers = {"X-CSRF-Token": person.json()["csrf"]}
    assert (
        httpx.post(small.control + "/api/logout", cookies={name: value}, headers=headers, timeout=30).status_code < 300
    )
    page.reload()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    page.get_by_label("E-mail").fill("grace@example.com")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page).to_have_url(re.compile(r"/requests\?q=status:200"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")


def test_a_control_plane_that_restarts_under_an_open_page(
    open_page: OpenPage, watch: Watching, small: Stack, owner: Any
) -> None:
    watch.allow("failed request|Failed to load resource|status of 5|ERR_|preload CSS|imported module")
    page = open_page(cookie=owner, at=small)
    page.goto("/requests")
    rows = page.get_by_role("table").locator("a[href*='/requests']")
    expect(rows.first).to_be_visible()
    small.kill("control")
    page.get_by_role("link", name="Overview").click()  # its script may not arrive: then it loads by itself later
    expect(page.locator("#main")).not_to_be_empty()
    wait_for("the control plane", lambda: small.answers(small.control + "/readyz"), 60)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.get_by_role("link", name="Requests", exact=True).click()
    expect(rows.first).to_be_visible()


def test_a_call_of_another_organisation(open_page: OpenPage, watch: Watching, small: Stack, owner: Any) -> None:
    """It is as if it were not there. The last test here: a later login would lead to the new organisation."""
    mine = call(small)
    watch.allow("status of 404")
    with httpx.Client(base_url=small.control, timeout=30) as person:
        me = person.post("/api/login", json={"email": "grace@example.com", "password": "correct horse battery"}).json()
        headers = {"X-CSRF-Token": me["csrf"]}
        made = person.post("/api/organisations", json={"name": "Mars"}, headers=headers)
        assert made.status_code == 201, made.text
        switched = person.post("/api/session", json={"organisation": made.json()["id"]}, headers=headers)
        [(name, value)] = switched.cookies.items()
    page = open_page(cookie={"name": name, "value": value, "url": small.control}, at=small)
    page.goto(f"/requests/{mine}")
    says(page, "no (such )?(call|request)|not arrived")
    assert "Say hello" not in page.content()
