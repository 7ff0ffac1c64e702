"""Boards: made, arranged, saved, shared, undone, contested; tiles that lead on and tiles that cannot be drawn."""

import re
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, Watching
from tests.stack import Stack


def board(stack: Stack, *tiles: dict[str, Any], name: str = "Team", **more: Any) -> str:
    """A saved board that is shared, by the API; gives its id."""
    body = {"kind": "board", "name": name, "shared": True, "content": {"tiles": list(tiles), "since": "30d", **more}}
    headers = {"Authorization": f"Bearer {stack.token}"}
    answer = httpx.post(stack.control + "/api/documents", json=body, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


COST = {"id": "cost", "type": "number", "measures": ["cost"], "w": 3, "h": 2}
MODELS = {"id": "models", "type": "list", "measures": ["calls"], "dimensions": ["model"], "x": 3, "w": 5, "h": 5}


def test_a_ready_board_shows_figures_and_leads_to_the_calls(page: Page) -> None:
    page.goto("/boards")
    page.get_by_role("link", name="Spend").click()
    expect(page).to_have_url(re.compile(r"/boards/spend\?since=7d"))
    expect(tile(page, "Cost").locator("strong")).to_contain_text("$")
    users = tile(page, "Cost by user")
    first = users.get_by_role("listitem").filter(has_not_text="no user").first
    name = first.locator("span").first.inner_text()
    first.click()
    expect(page).to_have_url(re.compile(r"/requests\?.*user"))
    expect(page.locator("#main")).to_contain_text(name)


def test_a_board_is_made_tile_by_tile_and_saved(page: Page) -> None:
    page.goto("/boards")
    page.get_by_role("button", name="New board").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill("Made here")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Add a tile").first.click()
    form = page.get_by_role("dialog", name="Add a tile")
    form.get_by_role("radio", name="Top list").click()
    form.get_by_label("Show").click()
    page.keyboard.type("requests")
    page.get_by_role("option", name="Requests", exact=True).click()
    expect(form.get_by_text("A list needs a column to group by.")).to_be_visible()
    form.get_by_label("Group by").click()
    page.get_by_role("option", name="model", exact=True).click()
    expect(form.get_by_label("Preview")).to_contain_text("gpt-4o")
    form.get_by_role("button", name="Add").click()
    expect(tile(page, "Requests by model")).to_contain_text("gpt-4o")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Changes that are not saved")).to_be_hidden()
    page.reload()
    expect(tile(page, "Requests by model")).to_contain_text("gpt-4o")


def test_tiles_are_moved_by_keys_and_pointer_and_moves_are_undone(page: Page, stack: Stack) -> None:
    page.goto(f"/boards/{board(stack, COST, MODELS)}")
    page.get_by_role("button", name="Edit", exact=True).click()
    place = "element => getComputedStyle(element).left + ' ' + getComputedStyle(element).width"
    before = tile(page, "Cost").evaluate(place)
    page.get_by_role("button", name="Move Cost:").focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.get_by_text("Cost: column 1, row 1, 2 wide, 2 high")).to_be_attached()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Changes that are not saved")).to_be_hidden()
    grip = page.get_by_role("button", name="Move Cost:").bounding_box()
    assert grip is not None
    page.mouse.move(grip["x"] + 8, grip["y"] + 8)
    page.mouse.down()
    page.mouse.move(grip["x"] + 900, grip["y"] + 30, steps=5)
    page.mouse.up()
    expect(page.get_by_text("Changes that are not saved")).to_be_visible()
    assert tile(page, "Cost").evaluate(place) != before
    page.reload()  # a draft is kept until it is saved or discarded
    expect(page.get_by_text("Changes that are not saved")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Changes that are not saved")).to_be_hidden()


def test_two_who_change_one_board_lose_nothing(page: Page, open_page: OpenPage, stack: Stack, watch: Watching) -> None:
    watch.allow("status of 409")
    where = f"/boards/{board(stack, COST, MODELS, name='Contested')}"
    other = open_page()
    for one in (page, other):
        one.goto(where)
        one.get_by_role("button", name="Edit", exact=True).click()
        one.get_by_role("button", name="Move Cost:").focus()
        one.keyboard.press("ArrowRight")
        expect(one.get_by_text("Changes that are not saved")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Changes that are not saved")).to_be_hidden()
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("changed it at")).to_be_visible()
    other.get_by_role("button", name="Save a copy").click()
    other.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(other.get_by_role("heading", level=1)).to_contain_text("Contested, copy")


def test_a_tile_that_cannot_be_drawn_says_why_and_the_others_go_on(page: Page, stack: Stack, watch: Watching) -> None:
    watch.allow("status of 400")
    gone = {"id": "gone", "type": "line", "measures": ["no_such_measure"], "x": 4}
    column = {"id": "column", "type": "list", "measures": ["cost"], "dimensions": ["no_such_column"], "x": 8}
    page.goto(f"/boards/{board(stack, COST, gone, column)}")
    expect(tile(page, "no_such_measure").get_by_role("alert")).to_contain_text("no_such_measure")
    expect(tile(page, "Cost by no such column").get_by_role("alert")).to_contain_text("no_such_column")
    expect(tile(page, "Cost").locator("strong")).to_contain_text("$")
    page.goto("/boards/01a21e0d-8548-7034-901b-71d1d835b19c")
    watch.allow("status of 404")
    expect(page.get_by_text("It was deleted, or it is not shared with you.")).to_be_visible()


def test_range_and_filter_of_a_board_are_in_its_url(page: Page, open_page: OpenPage, stack: Stack) -> None:
    page.goto(f"/boards/{board(stack, COST, MODELS, q='status:200')}")
    expect(page).to_have_url(re.compile(r"since=30d.*q=status:200|q=status:200.*since=30d"))
    page.get_by_role("button", name="Last 30 days").click()
    page.get_by_role("button", name="Last 24 hours").click()
    expect(page).not_to_have_url(re.compile("since="))
    other = open_page()
    other.goto(page.url)
    expect(other.get_by_role("button", name="Last 24 hours")).to_be_visible()


def test_a_phone_shows_tiles_below_each_other(phone_page: Page, stack: Stack) -> None:
    phone_page.goto(f"/boards/{board(stack, COST, MODELS)}")
    expect(tile(phone_page, "Requests by model")).to_contain_text("gpt-4o")
    assert phone_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
