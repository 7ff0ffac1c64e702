"""The SQL console: run, faults at their place, drafts, history, saved and linked queries, charts, downloads, stop."""

import re
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, Watching

BY_MODEL = "SELECT model, count() AS calls, sum(cost) AS usd FROM requests GROUP BY model ORDER BY calls DESC"


def editor(page: Page) -> Locator:
    return page.get_by_role("textbox", name="SQL")


def write(page: Page, sql: str) -> None:
    """Puts a text into the editor, in place of all that stands there."""
    editor(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(sql)


def rows(page: Page) -> Locator:
    return page.get_by_role("grid", name="Rows of the result").get_by_role("row")


def test_a_query_runs_by_keyboard_is_in_the_url_and_goes_back(page: Page) -> None:
    page.goto("/sql")
    write(page, BY_MODEL)
    page.keyboard.press("Control+Enter")
    expect(rows(page).filter(has_text="gpt-4o").first).to_be_visible()
    expect(page.get_by_label("Result").get_by_role("status")).to_contain_text("rows")
    expect(page).to_have_url(re.compile("sql=SELECT"))
    write(page, "SELECT 7 AS seven")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("columnheader", name="seven")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("columnheader", name="usd")).to_be_visible()
    expect(editor(page)).to_contain_text("GROUP BY model")
    page.get_by_text("History", exact=True).click()
    expect(page.get_by_role("complementary").get_by_text("SELECT 7 AS seven")).to_be_visible()


def test_a_fault_is_shown_at_its_place_in_the_engine_s_words(page: Page, watch: Watching) -> None:
    watch.allow("status of 400")
    page.goto("/sql")
    write(page, "SELECT model,\n  modl\nFROM requests")
    page.get_by_role("button", name="Run", exact=True).click()
    fault = page.get_by_role("alert")
    expect(fault).to_contain_text("line 2, column 3")
    expect(fault).to_contain_text("Unknown expression identifier `modl`")
    expect(page.locator(".cm-fault")).to_have_text("modl")
    write(page, "SELECT model FROM requests LIMIT 3")
    expect(page.locator(".cm-fault")).to_have_count(0)


def test_what_was_typed_is_there_after_a_reload(page: Page) -> None:
    page.goto("/sql")
    write(page, "SELECT 'not run yet'")
    page.reload()
    expect(editor(page)).to_contain_text("not run yet")
    page.goto("/sql?sql=" + quote("SELECT 1 AS of_a_link"))
    expect(page.get_by_role("columnheader", name="of_a_link")).to_be_visible()
    page.keyboard.press("Escape")
    write(page, "SELECT 2 AS typed_later")
    page.reload()
    expect(editor(page)).to_contain_text("typed_later")


def test_a_column_of_the_schema_is_put_into_the_query_and_names_are_completed(page: Page) -> None:
    page.goto("/sql")
    write(page, "SELECT ")
    page.get_by_label("Find a column").fill("ttft")
    page.get_by_role("button", name="ttft_ms").click()
    expect(editor(page)).to_contain_text("SELECT ttft_ms")
    page.keyboard.type(" FROM reque")
    page.get_by_role("option", name="requests").first.click()
    expect(editor(page)).to_contain_text("FROM requests")


def test_a_query_is_saved_shared_and_opened_by_its_link_with_its_chart(page: Page, open_page: OpenPage) -> None:
    page.goto("/sql")
    write(page, BY_MODEL)
    page.keyboard.press("Control+Enter")
    page.get_by_label("How the result is shown").get_by_text("Chart").click()
    expect(page.get_by_role("heading", name="calls")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Calls by model")
    dialog.get_by_label("Share with the whole organisation").check()
    dialog.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile("query=[0-9a-f-]{36}"))
    expect(page.locator("header").first).to_contain_text("Calls by model")
    other = open_page()
    other.goto(page.url)
    expect(editor(other)).to_contain_text("GROUP BY model")
    expect(other.get_by_role("heading", name="calls")).to_be_visible()
    write(other, BY_MODEL + " LIMIT 2")
    expect(other.locator("header").first).to_contain_text("not saved")
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.locator("header").first).not_to_contain_text("not saved")


def test_a_result_is_downloaded(page: Page) -> None:
    page.goto("/sql?sql=" + quote("SELECT 1 AS one, 'a,b' AS two"))
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="CSV").click()
    assert download.value.suggested_filename == "result.csv"
    assert download.value.path().read_text() == '"one","two"\n1,"a,b"\n'


def test_a_long_query_is_stopped(page: Page) -> None:
    page.goto("/sql")
    write(page, "SELECT count() FROM requests AS a, requests AS b, requests AS c, requests AS d WHERE a.id < b.id")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()


def test_a_link_to_a_query_that_is_gone_says_so(page: Page, watch: Watching) -> None:
    watch.allow("status of 404")
    page.goto("/sql?query=01a21e0d-8548-7034-901b-71d1d835b19c")
    expect(page.get_by_text("The query of this link was deleted, or it is not shared with you.")).to_be_visible()


def test_a_phone_has_the_console_without_scrolling_sideways(phone_page: Page) -> None:
    phone_page.goto("/sql?sql=" + quote(BY_MODEL))
    expect(rows(phone_page).filter(has_text="gpt-4o").first).to_be_visible()
    assert phone_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
