"""Nothing that a call carries can run, load anything, open a dialog or lead away, on any page that shows it."""

import re
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.hostile import MARKUP, NAME, send_hostile_calls
from tests.stack import Stack

_LINKS = """() => [...document.querySelectorAll("a[href], area[href], form[action]")].map((one) => [
  one.getAttribute("href") ?? one.getAttribute("action"), one.rel, one.target,
])"""
_LOADING = (
    "iframe, object, embed, base, meta[http-equiv], link[href*='evil'], form[action], [src*='evil'], [srcset*='evil']"
)


@pytest.fixture(scope="module")
def ids(stack: Stack) -> list[str]:
    return send_hostile_calls(stack)


def settle(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def check_harmless(page: Page) -> None:
    """The page as it is now. Dialogs and requests are the watch's matter."""
    assert page.evaluate("window.hit") is None
    assert page.evaluate("Object.prototype.hit") is None
    assert page.locator(f"#main :is({_LOADING})").count() == 0
    assert page.locator("#main script, #main style:not([nonce])").count() == 0
    names = "() => [...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())"
    assert [name for name in page.evaluate(names) if name.startswith("on")] == []
    for href, rel, target in page.evaluate(_LINKS):
        if re.match(r"[/?#]", href) and not href.startswith("//"):
            continue
        assert re.match(r"https?://|mailto:|blob:", href), href
        assert "noreferrer" in rel and "noopener" in rel and target == "_blank", (href, rel, target)
    assert page.evaluate("getComputedStyle(document.body).display") != "none"
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("number", range(5))
def test_a_call_in_all_its_tabs(page: Page, ids: list[str], number: int) -> None:
    page.goto(f"/requests/{ids[number]}")
    settle(page)
    check_harmless(page)
    tabs = page.locator("#main").get_by_role("tab")
    for at in range(tabs.count()):
        tabs.nth(at).click()
        settle(page)
        check_harmless(page)


def test_the_lists_and_groups_that_show_it(page: Page, stack: Stack, ids: list[str]) -> None:
    name = quote(NAME, safe="")
    for address in (
        "/requests?q=" + quote(f"user:{quoted(NAME)}", safe=""),
        "/requests?call=" + ids[0],
        "/sessions",
        "/users",
        f"/users/one?id={name}",
        "/properties",
        "/properties/one?name=evil",
        "/",
    ):
        page.goto(address)
        settle(page)
        check_harmless(page)


def test_a_prompt_of_hostile_texts(page: Page, stack: Stack) -> None:
    body = {"model": NAME, "messages": [{"role": "user", "content": MARKUP.replace("{{", "{").replace("}}", "}")}]}
    asked = {"id": "hostile", "name": NAME, "body": body, "note": NAME}
    headers = {"Authorization": f"Bearer {stack.token}"}
    answer = httpx.post(stack.control + "/api/prompts", json=asked, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    for address in ("/prompts", "/prompts/hostile"):
        page.goto(address)
        settle(page)
        check_harmless(page)


@pytest.mark.parametrize(
    "address",
    [
        "/?q=" + quote(NAME, safe=""),
        "/requests?q=" + quote(f"user:{NAME}", safe="") + "&sort=%3Cscript%3E&columns=__proto__,constructor",
        "/requests?since=" + quote(NAME, safe="") + "&zone=javascript:alert(1)",
        "/users/one?id=" + quote("javascript:window.hit=1", safe=""),
        "/%3Cscript%3Ewindow.hit=1%3C/script%3E",
    ],
)
def test_an_address_made_by_an_enemy(page: Page, watch: object, address: str) -> None:
    watch.allow("status of 400")  # type: ignore[attr-defined]
    page.goto(address)
    settle(page)
    check_harmless(page)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
