"""Every page of the router, in light, dark and on a phone: loads, has a heading, is clean on the console, asks no other
origin, does not scroll sideways, and axe finds no serious fault."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import find_faults
from tests.browser.routes import PATHS, Addresses
from tests.browser.sideways import scrolls_sideways
from tests.stack import Stack

PHONE = {"width": 390, "height": 844}
FINITE_ANIMATIONS = """Promise.all(document.getAnimations()
  .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity).map((one) => one.finished))"""
"""Resolves when colours have changed. Skeletons and lights that pulse for ever are not waited for."""


@pytest.fixture(scope="module")
def addresses(stack: Stack) -> Addresses:
    return Addresses(stack)


def open_at(page: Page, address: str) -> None:
    """Opens a page and waits until nothing of it is on its way any more."""
    page.goto(address)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_be_visible()
    expect(heading).not_to_have_text("This page failed")
    expect(heading).not_to_have_text("Not found")
    if address != "/design":  # it shows how loading looks
        expect(page.locator("[aria-busy=true]")).to_have_count(0)


def test_the_router_is_read() -> None:
    assert {"/", "/requests", "/requests/$id"} <= set(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_in_light_and_dark(page: Page, addresses: Addresses, path: str) -> None:
    open_at(page, addresses.of(path))
    assert scrolls_sideways(page) == ""
    faults = [f"light: {fault}" for fault in find_faults(page)]
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    page.evaluate(FINITE_ANIMATIONS)
    faults += [f"dark: {fault}" for fault in find_faults(page, "color-contrast")]  # all that a theme can change
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_on_a_phone(phone_page: Page, addresses: Addresses, path: str) -> None:
    open_at(phone_page, addresses.of(path))
    assert scrolls_sideways(phone_page) == ""
    faults = find_faults(phone_page)
    assert not faults, "\n".join(faults)
