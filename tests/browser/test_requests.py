"""The explorer: filter and builder, values that filter, columns, order, drawer, saved views, live tail, export."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.stack import Stack, wait_for


def _search(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def _open(page: Page, search: str = "") -> None:
    page.goto(f"/requests{search}")
    expect(page.locator("[data-row-link]").first).to_be_visible()


def test_a_page_at_its_defaults_has_a_bare_url(page: Page) -> None:
    _open(page)
    assert urlsplit(page.url).query == ""


def test_a_filter_is_written_with_suggestions_from_the_log(page: Page) -> None:
    _open(page)
    page.keyboard.press("/")
    page.keyboard.type("provider:")
    option = page.get_by_role("option", name=re.compile("^openai")).first
    expect(option).to_be_visible()
    option.click()
    expect(page).to_have_url(re.compile(r"q=provider:openai"))
    expect(page.locator("[data-row-link]").first).to_be_visible()
    page.go_back()
    assert urlsplit(page.url).query == ""


def test_builder_and_text_say_the_same(page: Page) -> None:
    _open(page, "?q=status>=200")
    page.get_by_title("Change status>=200").click()
    builder = page.get_by_role("dialog")
    text = builder.get_by_label("As text")
    expect(text).to_have_value("status>=200")
    builder.get_by_role("combobox", name="Value").fill("400")
    expect(text).to_have_value("status>=400")
    text.fill("user:(ada, bob)")
    expect(builder.get_by_role("combobox", name="Column")).to_have_value("user")
    expect(builder.get_by_role("combobox", name="Comparison")).to_have_value("is any of")
    text.fill("status>=100")
    builder.get_by_role("button", name="Apply").click()
    assert _search(page)["q"] == "status>=100"


def test_the_whole_filter_is_edited_as_text(page: Page) -> None:
    _open(page, "?q=status>=200")
    page.get_by_role("button", name="Edit as text").click()
    field = page.get_by_label("Filter as text")
    expect(field).to_have_value("status>=200")
    field.fill('status>=200 OR "no such phrase"')
    field.press("Enter")
    expect(page).to_have_url(re.compile("OR"))
    page.locator("[data-row-link]").first.wait_for()


def test_a_filter_that_cannot_be_read_is_told_and_the_last_calls_stay(page: Page, watch: Any) -> None:
    watch.allow("status of 400")
    _open(page)
    page.keyboard.press("/")
    page.keyboard.type("modle:gpt-4o status>=200")
    page.keyboard.press("Enter")
    fault = page.get_by_role("alert")
    expect(fault).to_contain_text("There is no column “modle”. Did you mean model")
    expect(page.locator("[data-row-link]").first).to_be_visible()
    fault.get_by_role("button", name="Take it out").click()
    expect(fault).to_have_count(0)
    assert _search(page)["q"] == "status>=200"


@pytest.mark.parametrize(
    ("search", "told", "way_back"),
    [
        ("?since=foo", "In the start of the time range: found “foo”", "Show the last 24 hours"),
        ("?sort=nonsense", "There is no column “nonsense”", "Show the newest first"),
        ("?q=status>=", "Character 9: found the end of the filter", "Edit the text"),
        ("?columns=start,nonsense", "There is no column “nonsense” to show", "Show the usual columns"),
    ],
)
def test_hand_made_urls_get_a_word_and_a_way_back(
    page: Page, watch: Any, search: str, told: str, way_back: str
) -> None:
    watch.allow("status of 400")
    page.goto(f"/requests{search}")
    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text(told)
    page.get_by_role("button", name=way_back).first.click()
    if way_back != "Edit the text":
        expect(page.locator("[data-row-link]").first).to_be_visible()


def test_a_value_filters_and_excludes(page: Page) -> None:
    _open(page)
    model = page.locator("[role=row] [data-column=model] button").first
    name = model.inner_text()
    model.click()
    expect(page).to_have_url(re.compile("q=model:"))
    page.go_back()
    page.locator("[role=row] [data-column=model]").get_by_text(name, exact=True).first.hover()
    page.get_by_role("button", name=f"Exclude model {name}", exact=True).click()
    assert _search(page)["q"] == f"-model:{name}"
    expect(page.locator("[data-column=model]").get_by_text(name, exact=True)).to_have_count(0)


def test_the_keyboard_filters_by_a_value(page: Page) -> None:
    _open(page)
    page.keyboard.press("j")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    expect(page).to_have_url(re.compile("q=-model:"))


def test_columns_and_order_stand_in_the_url(page: Page) -> None:
    _open(page)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Hide Prompt").click()
    page.get_by_label("Find a column").fill("speed")
    page.get_by_role("dialog", name="Columns").get_by_role("button", name="Speed").click()
    page.keyboard.press("Escape")
    page.get_by_role("columnheader", name="Cost").get_by_role("button").click()
    expect(page).to_have_url(re.compile("sort=-cost"))
    assert "speed" in _search(page)["columns"]
    assert "prompt" not in _search(page)["columns"]
    page.reload()
    expect(page.get_by_role("columnheader", name="Speed")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Cost")).to_have_attribute("aria-sort", "descending")


def test_the_drawer_walks_the_list_and_keeps_the_place(page: Page) -> None:
    _open(page)
    page.mouse.wheel(0, 700)
    wait_for("the page to scroll", lambda: page.evaluate("scrollY > 500"))
    before = page.evaluate("scrollY")
    page.locator("[data-index='30'] [data-row-link]").click()
    expect(page).to_have_url(re.compile("call="))
    expect(page.get_by_role("dialog")).to_be_visible()
    first = _search(page)["call"]
    page.keyboard.press("j")
    expect(page).not_to_have_url(re.compile(first))
    page.keyboard.press("k")
    expect(page).to_have_url(re.compile(first))
    page.reload()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("call="))
    assert before > 500


def test_a_row_is_a_link_to_the_page_of_its_call(page: Page) -> None:
    _open(page, "?q=status>=200")
    href = page.locator("[data-row-link]").first.get_attribute("href")
    assert href is not None and re.match(r"/requests/[0-9a-f-]{36}\?q=status%3E%3D200$", href)
    with page.context.expect_page() as opened:
        page.locator("[data-row-link]").first.click(modifiers=["ControlOrMeta"])
    expect(opened.value).to_have_url(re.compile(r"/requests/[0-9a-f-]{36}"))


def test_views_are_saved_applied_shared_and_deleted(page: Page, open_page: Any) -> None:
    _open(page, "?q=status>=200&sort=-cost&columns=start,cost,model")
    page.get_by_role("button", name="Views", exact=True).click()
    page.get_by_role("button", name="Save as a new view").click()
    dialog = page.get_by_role("dialog", name="Save view")
    dialog.get_by_label("Name").fill("Dearest calls")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Dearest calls")).to_be_visible()
    view = _search(page)["view"]
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.get_by_role("button", name="Dearest calls")).to_contain_text("changed")

    other = open_page()
    _open(other, f"?saved={view}")
    expect(other).to_have_url(re.compile("sort=-cost"))
    assert _search(other) == {"view": view, "q": "status>=200", "sort": "-cost", "columns": "start,cost,model"}

    page.get_by_role("button", name="Dearest calls").click()
    page.get_by_role("button", name="Share Dearest calls").click()
    expect(page.get_by_role("button", name="Stop sharing Dearest calls")).to_be_visible()
    page.get_by_role("button", name="Delete Dearest calls").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("button", name="Views", exact=True)).to_be_visible()


def test_a_link_to_a_view_that_is_gone_says_so(page: Page, watch: Any) -> None:
    watch.allow("status of 40")
    page.goto("/requests?saved=01a21e29-0000-7180-803d-af4a70e54d88")
    expect(page.get_by_role("alert")).to_contain_text("was deleted, or it is not shared with you")
    page.get_by_role("button", name="Show all requests").click()
    assert urlsplit(page.url).query == ""


def test_the_live_tail_shows_new_calls_and_waits_while_one_reads(page: Page, stack: Stack) -> None:
    _open(page)
    page.get_by_role("button", name="Live").click()
    expect(page.get_by_role("status").filter(has_text="Live: new calls")).to_be_visible()
    _call(stack, "the first live call")
    expect(page.locator("[data-index='0']")).to_contain_text("the first live call")
    page.mouse.wheel(0, 800)
    wait_for("the page to scroll", lambda: page.evaluate("scrollY > 300"))
    _call(stack, "the second live call")
    waiting = page.get_by_role("button", name=re.compile(r"\d+ new calls?"))
    expect(waiting).to_be_visible()
    waiting.click()
    expect(page.locator("[data-index='0']")).to_contain_text("the second live call")
    page.get_by_role("button", name="Live").click()
    assert urlsplit(page.url).query == ""


def test_the_live_tail_says_when_it_is_cut_and_goes_on(page: Page, watch: Any) -> None:
    watch.allow("/api/requests/tail")
    page.route("**/api/requests/tail*", lambda route: route.abort())
    _open(page, "?live=1")
    tail = page.get_by_role("status").filter(has_text=re.compile("Trying again|Live: new"))
    expect(tail).to_contain_text("Trying again")
    page.unroute("**/api/requests/tail*")
    expect(tail).to_contain_text("Live: new calls")


def test_a_file_is_exported(page: Page) -> None:
    _open(page, "?q=status>=200")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("dialog", name="Export")).to_contain_text(
        re.compile(r"[\d,]+ calls, all of this filter: about")
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.endswith(".csv")
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith("id,")
    assert len(lines) > 10


def test_a_brush_over_the_histogram_zooms(page: Page) -> None:
    _open(page)
    plot = page.locator(".u-over").first
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"since=20.*until=20"))


def test_nothing_matches_and_the_way_on(page: Page) -> None:
    page.goto("/requests?q=user:nobody+status>=200&since=1h")
    expect(page.get_by_text("No call matches")).to_be_visible()
    page.get_by_role("button", name="Without user:nobody").click()
    assert _search(page)["q"] == "status>=200"


_HURRY = """() => new Promise((resolve) => {
  let left = 20;
  const step = () => (left-- ? (scrollTo(0, scrollY - 1500), requestAnimationFrame(step)) : resolve());
  step();
})"""


def test_a_hundred_thousand_rows_scroll_with_few_in_the_document(page: Page) -> None:
    page.route("**/api/requests/query", _many_calls)
    _open(page)
    for _ in range(60):
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(30)
    wait_for("the page to scroll", lambda: page.evaluate("document.documentElement.scrollHeight > 34 * 5000"))
    assert page.get_by_role("row").count() < 120
    page.evaluate(_HURRY)  # rows that nobody can read are left out on the way
    expect(page.locator("[role=row] [data-column=start]").first).to_be_visible()
    page.evaluate("scrollTo(0, 34 * 3000)")
    expect(page.get_by_text("prompt of row 3010", exact=False).first).to_be_visible()


def test_a_phone_shows_two_lines_a_call_and_the_drawer_over_all(phone_page: Page) -> None:
    _open(phone_page)
    assert phone_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone_page.locator("[data-row-link]").first.click()
    drawer = phone_page.get_by_role("dialog")
    expect(drawer).to_be_visible()
    box = drawer.bounding_box()
    assert box is not None and box["width"] == 390


def _call(stack: Stack, prompt: str) -> None:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}]}
    answer = httpx.post(
        stack.gateway + "/v1/chat/completions", json=body, headers={"Authorization": "Bearer sk-test"}, timeout=30
    )
    assert answer.status_code == 200, answer.text


def _many_calls(route: Route) -> None:
    """Answers pages of 100,000 made-up calls; everything else goes to the control plane."""
    asked = json.loads(route.request.post_data or "{}")
    if not asked.get("limit"):
        route.continue_()
        return
    first = int(asked["cursor"] or 0)
    made = {"start": "2026-11-27T10:00:00Z", "status": 200, "outcome": "success", "error": "", "properties": {}}
    rows = [
        made | {"id": f"{at:08d}-0000-7000-8000-000000000000", "request_preview": f"prompt of row {at}"}
        for at in range(first, first + asked["limit"])
    ]
    after = first + asked["limit"]
    route.fulfill(
        json={"data": rows, "next": str(after) if after < 100_000 else None, "total": None, "histogram": None}
    )
