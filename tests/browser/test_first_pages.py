"""The overview and the list of requests load and show the demo's traffic."""

import re

from playwright.sync_api import Page, expect


def test_the_overview_shows_the_traffic(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.locator("#main")).to_contain_text("gpt-4o")


def test_the_list_leads_to_one_request_and_back(page: Page) -> None:
    page.goto("/requests")
    rows = page.get_by_role("table").locator("a[href*='/requests/']")
    expect(rows.first).to_be_visible()
    rows.first.click()
    expect(page).to_have_url(re.compile(r"/requests.*[0-9a-f]{8}-"))
    page.go_back()
    expect(rows.first).to_be_visible()


def test_a_phone_shows_the_list_without_scrolling_sideways(phone_page: Page) -> None:
    phone_page.goto("/requests")
    expect(phone_page.get_by_role("heading", level=1)).to_have_text("Requests")
    assert phone_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
