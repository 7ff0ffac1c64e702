"""Prompts: written, tried, saved and released in the dashboard; a call through the gateway gets the new text."""

import json
import re
from typing import Any

import httpx
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.stack import Stack, wait_for

FIRST = "Greet {{name}} in one line."
SECOND = "Greet {{name}} like an old friend."


def sent_with(stack: Stack, provider: str, prompt: str) -> str:
    """The text that the provider got for a call that names the prompt."""
    headers = {"Helicone-Prompt-Id": prompt, "Helicone-Prompt-Variables": '{"name": "Ada"}'}
    httpx.post(f"{stack.gateway}/openai/v1/chat/completions", json={}, headers=headers, timeout=30)
    body: Any = json.loads(httpx.get(provider + "/_simulator/requests").json()[-1]["body"])
    return str((body.get("messages") or [{}])[0].get("content", ""))


def write_prompt(page: Page, name: str, text: str) -> None:
    page.goto("/new-prompt")
    page.get_by_label("Message 1, system").fill(text)
    page.get_by_role("button", name="Create").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("production").check()
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("tab", name=re.compile("Versions 1"))).to_be_visible()


def test_a_prompt_is_edited_to_a_live_answer_of_the_gateway(page: Page, stack: Stack, provider: str) -> None:
    write_prompt(page, "Warm greeting", FIRST)
    expect(page).to_have_url(re.compile("/prompts/warm-greeting"))
    wait_for("the first version", lambda: sent_with(stack, provider, "warm-greeting") == "Greet Ada in one line.")

    page.get_by_label("Message 1, system").fill(SECOND)
    page.get_by_label("Value of name").fill("Grace")
    expect(page.get_by_text("Greet Grace like an old friend.")).to_be_visible()
    page.get_by_role("button", name="Save version").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Message").fill("warmer")
    dialog.get_by_role("button", name="Save version 2").click()
    expect(page.get_by_role("tab", name=re.compile("Versions 2"))).to_be_visible()
    assert sent_with(stack, provider, "warm-greeting") == "Greet Ada in one line."

    page.get_by_role("tab", name=re.compile("Versions")).click()
    page.get_by_role("button", name="Environments of version 2").click()
    page.get_by_role("menuitem", name=re.compile("production")).click()
    page.get_by_role("button", name="Set production to version 2").click()
    expect(page.get_by_text("production v2")).to_be_visible()
    wait_for(
        "the second version", lambda: sent_with(stack, provider, "warm-greeting") == "Greet Ada like an old friend."
    )
    expect(page.locator(".cm-mergeView")).to_contain_text("like an old friend")


def test_what_is_not_saved_is_not_lost_by_a_click(page: Page) -> None:
    write_prompt(page, "Kept", FIRST)
    page.get_by_label("Message 1, system").fill("Not saved.")
    page.get_by_role("link", name="Requests").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("not saved")
    page.get_by_role("button", name="Stay").click()
    expect(page.get_by_label("Message 1, system")).to_have_value("Not saved.")


def test_two_who_save_at_once_do_not_overwrite_each_other(open_page: OpenPage, watch: Any) -> None:
    watch.allow("409")
    one, other = open_page(), open_page()
    write_prompt(one, "Shared by two", FIRST)
    other.goto("/prompts/shared-by-two")
    for page, text in ((other, "Theirs."), (one, "Mine.")):
        page.get_by_label("Message 1, system").fill(text)
        page.get_by_role("button", name="Save version").click()
        page.get_by_role("dialog").get_by_role("button", name="Save version 2").click()
    expect(one.get_by_role("dialog")).to_contain_text("Somebody saved another version meanwhile")
    one.get_by_role("button", name="Save mine as version 3").click()
    expect(one.get_by_role("tab", name=re.compile("Versions 3"))).to_be_visible()
    expect(one.get_by_label("Message 1, system")).to_have_value("Mine.")


def test_a_template_that_does_not_parse_says_where(page: Page, watch: Any) -> None:
    watch.allow("400")
    page.goto("/new-prompt")
    page.get_by_label("Message 1, system").fill("Hello {{oops")
    expect(page.get_by_role("alert")).to_contain_text("{{oops")


def test_the_playground_streams_two_models_and_finds_them_in_the_log(page: Page) -> None:
    page.goto("/playground?models=openai:gpt-4o-mini|anthropic:claude-sonnet-4-5")
    page.get_by_label("Message 2, user").fill("Say hello.")
    page.keyboard.press("Control+Enter")
    links = page.get_by_role("link", name="Open in the log")
    expect(links).to_have_count(2)
    for at in range(2):
        expect(page.locator("dl").nth(at)).to_contain_text("$")
    links.first.click()
    expect(page).to_have_url(re.compile(r"/requests/[0-9a-f]{8}-"))
    expect(page.locator("#main")).to_contain_text("Say hello.")


def test_a_stored_call_is_tried_again(page: Page, stack: Stack) -> None:
    body = {
        "model": "gpt-4o-mini",
        "temperature": 0.5,
        "messages": [{"role": "user", "content": "What is an aphelion?"}],
    }
    answer = httpx.post(f"{stack.gateway}/openai/v1/chat/completions", json=body, timeout=30)
    id = answer.headers["helicone-id"]
    stack.record(id)
    page.goto(f"/playground?call={id}")
    expect(page.get_by_label("Message 1, user")).to_have_value("What is an aphelion?")
    expect(page.get_by_label("Temperature")).to_have_value("0.5")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("link", name="Open in the log")).to_be_visible()


def test_what_goes_wrong_is_said_in_the_provider_s_words(page: Page, watch: Any) -> None:
    watch.allow("404|502|ERR_")
    answers = [
        {"status": 404, "headers": {"Perihelion-Relayed": "true"}, "json": {"error": {"message": "No model nova-9."}}},
        {"status": 502, "json": {"title": "The gateway does not answer", "detail": "http://127.0.0.1:1: refused"}},
        {
            "status": 200,
            "headers": {"Perihelion-Relayed": "true", "Content-Type": "text/event-stream", "Helicone-Id": ""},
            "body": 'data: {"choices":[{"delta":{"content":"Half an ans"}}]}\n\n',
        },
    ]

    def give(route: Route) -> None:
        route.fulfill(**answers.pop(0))  # type: ignore[arg-type]

    page.route("**/api/playground", give)
    page.goto("/playground?models=openai:nova-9")
    page.get_by_label("Message 2, user").fill("Say hello.")
    for said in (("answered 404", "No model nova-9."), ("The gateway does not answer", "refused"), ("broke off", "")):
        page.get_by_role("button", name="Run", exact=True).click()
        for text in said:
            expect(page.get_by_role("alert")).to_contain_text(text)
    expect(page.locator("#main")).to_contain_text("Half an ans")
    expect(page.get_by_text("run 3 of 3")).to_be_visible()


def test_json_that_is_wrong_is_marked(page: Page) -> None:
    page.goto("/playground?models=openai:gpt-4o-mini")
    page.get_by_role("button", name="Other parameters").click()
    page.get_by_label("Other parameters").click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Backspace")
    expect(page.get_by_text("Line 3")).to_be_visible()
    expect(page.locator(".cm-fault-line")).to_have_count(1)


def test_phones_scroll_no_page_sideways(phone_page: Page) -> None:
    for path in ("/prompts", "/prompts/support-reply", "/new-prompt", "/playground"):
        phone_page.goto(path)
        expect(phone_page.get_by_role("heading", level=1)).to_be_visible()
        expect(phone_page.locator("[aria-busy=true]")).to_have_count(0)
        assert phone_page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
