"""Sessions, users, properties, models and errors: from a list to what is behind a row, and back."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, Watching
from tests.browser.sideways import scrolls_sideways
from tests.stack import Stack, wait_for

ODD = "a/b c?d=1&e#f 100% <i>ü</i> \"q\" 'r' " + "x" * 180
"""An id that an address cannot hold as it stands."""


@pytest.fixture(scope="module", autouse=True)
def odd_calls(stack: Stack) -> Iterator[None]:
    """Three calls of one session, one of which fails, with ids of odd characters."""
    for number, status in enumerate(("200", "500", "200")):
        headers = {
            "authorization": "Bearer sk-test", "helicone-user-id": ODD, "helicone-session-id": ODD,
            "helicone-session-path": f"/plan/step {number}", "helicone-property-odd": ODD, "x-sim-status": status,
            "helicone-property-" + "p" * 60: "z" * 200,
        }  # fmt: skip
        raw = {name: value.encode() for name, value in headers.items()}
        httpx.post(
            f"{stack.gateway}/openai/v1/chat/completions",
            json={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]},
            headers=raw,
            timeout=30,
        )

    def logged() -> bool:
        headers = {"Authorization": f"Bearer {stack.token}"}
        answer = httpx.get(stack.control + "/api/sessions/one", params={"id": ODD}, headers=headers, timeout=30)
        return answer.status_code == 200 and answer.json()["session"]["calls"] == 3

    wait_for("three calls of the odd session", logged)
    yield


def open_first(page: Page, label: str) -> None:
    link = page.get_by_role("table", name=label).locator("[data-row-link]").first
    expect(link).to_be_visible()
    link.click(position={"x": 4, "y": 4})  # beside the figures, which are links of their own


def query_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_session_is_a_tree_whose_calls_open(page: Page) -> None:
    page.goto("/sessions?since=14d&q=tool:*&sort=-calls")
    open_first(page, "Sessions")
    grid = page.get_by_role("treegrid")
    calls = grid.locator("a[href*='/requests/']")
    expect(calls.first).to_be_visible()
    grid.get_by_role("row").filter(
        has=page.locator("a[href*='/requests/']")
    ).first.click()  # its middle: the bars open the call, too
    drawer = page.get_by_role("dialog")
    expect(drawer).to_be_visible()
    first = query_of(page)["call"]
    page.keyboard.press("j")
    expect(page).not_to_have_url(re.compile(re.escape(first[0])))
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    page.go_back()
    expect(page.get_by_role("table", name="Sessions")).to_be_visible()
    assert query_of(page)["sort"] == ["-calls"]


def test_branches_fold_and_calls_come_in_order_of_time(page: Page) -> None:
    page.goto("/sessions?since=1h&q=property.odd:*")
    open_first(page, "Sessions")
    grid = page.get_by_role("treegrid")
    branch = grid.get_by_role("row", expanded=True).first
    expect(branch).to_be_visible()
    count = grid.get_by_role("row").count()
    page.keyboard.press("j")
    page.keyboard.press("ArrowLeft")
    expect(grid.get_by_role("row", expanded=False).first).to_be_visible()
    assert grid.get_by_role("row").count() < count
    page.get_by_text("In order of time").click()
    expect(page).to_have_url(re.compile("view=time"))
    page.reload()
    expect(grid.locator("a[href*='/requests/']")).to_have_count(3)


def test_a_session_is_filtered_and_its_errors_are_found(page: Page) -> None:
    page.goto("/sessions?since=1h&q=property.odd:*")
    open_first(page, "Sessions")
    page.get_by_role("button", name=re.compile("Next error")).click()
    expect(page.locator("[role=treegrid] [data-cursor]")).to_contain_text("server_error")
    page.locator("[data-filter-input]").fill("failed:true")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 3 calls match")).to_be_visible()
    page.locator("[data-filter-input]").fill("user:nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No call of this session matches")).to_be_visible()


def test_a_session_that_is_not_there(page: Page, watch: object) -> None:
    watch.allow("404")  # type: ignore[attr-defined]
    page.goto("/sessions/one?id=nobody")
    expect(page.get_by_text("No session with this id is in your log")).to_be_visible()


@pytest.mark.parametrize("list", ["users", "sessions"])
def test_ids_of_any_characters_lead_to_their_page_and_survive_a_reload(page: Page, list: str) -> None:
    page.goto(f"/{list}?since=1h&q=property.odd:*")
    open_first(page, list.title())
    expect(page).to_have_url(re.compile(f"/{list}/one"))
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("a/b c?d=1&e#f 100% <i>ü</i>")
    assert query_of(page)["id"] == [ODD]
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert scrolls_sideways(page) == ""


LONG = "y" * 200
LONG_PLACES = [
    f"/sessions/one?id={quote(ODD)}&since=1h",
    f"/users/one?id={quote(ODD)}&since=1h",
    "/properties/one?name=odd&since=1h",
    f"/requests?since=1h&q={LONG}:{LONG}",
    f"/requests/{LONG}",
    f"/prompts/{LONG}",
    f"/boards/{LONG}",
    "/requests/$odd",
]


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("state", ["loading", "failed", "loaded"])
def test_a_long_word_widens_no_page(
    open_page: OpenPage, stack: Stack, watch: Watching, state: str, phone: bool
) -> None:
    watch.allow("status of (400|404|500)")
    page = open_page(phone=phone)
    problem = {"title": LONG, "detail": LONG, "status": 500}

    def hold(route: Route) -> None:
        if route.request.url.endswith(("/api/me", "/api/status")):
            route.continue_()
        elif state == "failed":
            route.fulfill(status=500, json=problem)
        # else it is never answered

    if state != "loaded":
        page.route("**/api/**", hold)
    asked = {"filter": "property.odd:*", "since": "1h", "columns": ["id"], "limit": 1}
    headers = {"Authorization": f"Bearer {stack.token}"}
    found = httpx.post(stack.control + "/api/requests/query", json=asked, headers=headers, timeout=30)
    for place in LONG_PLACES:
        page.goto(place.replace("$odd", found.json()["data"][0]["id"]))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if state == "loaded":
            expect(page.locator("[aria-busy=true]")).to_have_count(0)
        assert (place, scrolls_sideways(page)) == (place, "")
    page.unroute_all(behavior="ignoreErrors")


def test_a_user_leads_to_their_sessions_and_calls(page: Page) -> None:
    page.goto("/users?since=14d&sort=-calls")
    open_first(page, "Users")
    expect(page.get_by_role("table", name="Sessions")).to_be_visible()
    page.get_by_role("link", name="All calls").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    assert query_of(page)["q"][0].startswith("user:")


def test_a_property_leads_to_its_values_and_their_calls(page: Page) -> None:
    page.goto("/properties?since=14d&sort=name")
    page.get_by_role("link", name="feature", exact=True).click(position={"x": 4, "y": 4})
    expect(page).to_have_url(re.compile("/properties/one"))
    open_first(page, "Values of feature")
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    assert query_of(page)["q"][0].startswith("property.feature:")


def test_models_stand_side_by_side(page: Page) -> None:
    page.goto("/models?since=14d")
    boxes = page.get_by_role("checkbox")
    expect(boxes.nth(1)).to_be_visible()
    boxes.nth(0).click()
    boxes.nth(1).click()
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    page.reload()
    expect(page.get_by_role("rowheader", name="First token P95")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("heading", name="Side by side")).to_be_hidden()


def test_a_group_of_errors_opens_with_its_latest_calls(page: Page) -> None:
    page.goto("/errors?since=14d")
    open_first(page, "Errors")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("Latest calls")).to_be_visible()
    expect(drawer.locator("a[href*='/requests/']").first).to_be_visible()
    drawer.get_by_role("link", name="Open in the explorer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    expect(page.get_by_role("table").locator("a[href*='/requests/'], [data-row-link]").first).to_be_visible()


@pytest.mark.parametrize("path", ["sessions", "users", "properties", "models", "errors"])
def test_lists_sort_by_the_url_and_say_why_they_are_empty(page: Page, path: str) -> None:
    page.goto(f"/{path}?since=14d")
    page.get_by_role("columnheader", name=re.compile("^Calls( |$|↓)")).get_by_role("button").first.click()
    expect(page).to_have_url(re.compile("sort=-?calls"))
    page.goto(f"/{path}?q=user:nobody-at-all")
    expect(page.get_by_role("button", name="Clear the filter")).to_be_visible()


@pytest.mark.parametrize("path", ["sessions", "users", "properties", "models", "errors"])
def test_a_phone_shows_the_lists_without_scrolling_sideways(open_page: OpenPage, path: str) -> None:
    phone = open_page(phone=True)
    phone.goto(f"/{path}?since=14d")
    expect(phone.locator("[data-row-link]").first).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
