"""One request: its conversation, bodies, stream, changes and decisions; feedback; the ways on and back."""

import base64
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watching
from tests.stack import Stack

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SAID = "**Bold** words, a [source](https://example.com/a) and an\n\n![image](https://elsewhere.example/p.png)"


def send(stack: Stack, body: dict[str, Any], **headers: str) -> str:
    """The id of a call, once it is in the log."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx.post(
        f"{stack.gateway}/openai/v1/chat/completions",
        json={"model": "gpt-4o", **body},
        headers={"Authorization": "Bearer sk-x", **names},
        timeout=60,
    )
    assert answer.status_code < 500, answer.text
    id = answer.headers["helicone-id"]
    stack.record(id)
    return str(id)


def ask(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def talk(stack: Stack) -> str:
    """A call with a long system prompt, a tool with its result, and images."""
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    elsewhere = {"type": "image_url", "image_url": {"url": "https://elsewhere.example/q.png"}}
    tool = {"id": "call_1", "type": "function", "function": {"name": "find_order", "arguments": '{"order":"88-1043"}'}}
    messages = [
        {"role": "system", "content": "Be brief. " * 200},
        {"role": "user", "content": [{"type": "text", "text": "Look at these"}, image, elsewhere]},
        {"role": "assistant", "content": None, "tool_calls": [tool]},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"state":"waiting_for_lock"}'},
    ]
    return send(
        stack,
        {"messages": messages},
        x_sim_say=base64.b64encode(SAID.encode()).decode(),
        Helicone_User_Id="talker",
        Helicone_Session_Id="talk-1",
    )


def test_the_conversation_has_tools_beside_results_and_loads_no_image(page: Page, talk: str) -> None:
    page.goto(f"/requests/{talk}")
    panel = page.get_by_role("tabpanel", name="Conversation")
    tool = panel.get_by_role("region", name="Tool find_order")
    expect(tool).to_contain_text("88-1043")
    expect(tool).to_contain_text("waiting_for_lock")
    expect(panel.get_by_role("button", name="Show all of 2,000 characters")).to_be_visible()
    expect(panel.locator("strong", has_text="Bold")).to_be_visible()
    expect(panel.get_by_role("link", name="source")).to_have_attribute("rel", "noreferrer noopener")
    expect(panel.get_by_role("link", name="image, elsewhere.example")).to_have_attribute("target", "_blank")
    assert panel.locator("img").count() == 0
    panel.get_by_role("button", name="image, png").click()
    expect(page.get_by_role("dialog").locator("img")).to_have_attribute("src", re.compile("^blob:"))
    page.keyboard.press("Escape")
    panel.get_by_text("Plain").click()
    expect(panel.get_by_text("**Bold**")).to_be_visible()
    expect(page).to_have_url(re.compile("text=plain"))


def test_a_body_is_a_tree_that_can_be_searched(page: Page, talk: str) -> None:
    page.goto(f"/requests/{talk}?tab=request")
    tree = page.get_by_role("tree", name="JSON")
    expect(tree.get_by_role("treeitem").first).to_be_visible()
    page.get_by_label("Search in this body").fill("88-1043")
    expect(page.get_by_text("1 of 1")).to_be_visible()
    expect(page.get_by_text("messages[2].tool_calls[0].function.arguments", exact=True)).to_be_visible()
    page.get_by_label("Search in this body").fill("no such words")
    expect(page.get_by_text("no hits")).to_be_visible()
    page.get_by_role("button", name="Fold all", exact=True).click()
    expect(tree.get_by_role("treeitem")).to_have_count(3)


def test_a_large_body_is_there_at_once_and_whole(page: Page, stack: Stack) -> None:
    rows = [{"role": "user", "content": f"message {number} " + "word " * 180} for number in range(5000)]
    id = send(stack, {"messages": rows})
    page.goto(f"/requests/{id}?tab=request")
    expect(page.get_by_role("treeitem").first).to_be_visible()
    expect(page.get_by_text(re.compile(r"4\.\d MB, 15,00\d values"))).to_be_visible()
    page.get_by_label("Search in this body").fill("message 4999 ")
    expect(page.get_by_text("messages[4999].content", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Conversation").click()
    expect(page.get_by_role("button", name=re.compile("messages between"))).to_be_visible()


def test_what_is_deep_broken_or_long_does_nothing(page: Page, stack: Stack) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    for body in (deep.encode(), b'{"messages":[{"role":"user","content":"a\xff\xfe' + b"x" * 500_000):
        answer = httpx.post(
            f"{stack.gateway}/openai/v1/chat/completions",
            content=body,
            headers={"Authorization": "Bearer sk-x", "Content-Type": "application/json", "x-sim-status": "400"},
            timeout=60,
        )
        stack.record(answer.headers["helicone-id"])
        for tab in ("", "?tab=request"):
            page.goto(f"/requests/{answer.headers['helicone-id']}{tab}")
            expect(page.get_by_role("tabpanel")).to_be_visible()
            expect(page.locator("[aria-busy=true]")).to_have_count(0)
            assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def test_a_stream_shows_its_events_with_their_times(page: Page, stack: Stack) -> None:
    body = {"messages": ask("stream"), "stream": True}
    timed = send(stack, body, x_sim_chunks="6", x_sim_chunk_ms="20", Helicone_Stream_Times="true")
    page.goto(f"/requests/{timed}?tab=stream")
    events = page.get_by_role("listbox", name="Events").get_by_role("option")
    expect(events.nth(3)).to_contain_text(re.compile(r"\d m?s"))
    expect(page.get_by_text("longest pause")).to_be_visible()
    events.nth(2).click()
    expect(page.get_by_text("delta").first).to_be_visible()
    page.goto(f"/requests/{send(stack, body, x_sim_chunks='6')}?tab=stream")
    expect(page.get_by_text("The log has no time of each event")).to_be_visible()


def test_what_was_sent_stands_beside_what_was_asked(page: Page, stack: Stack) -> None:
    id = send(stack, {"messages": ask("Hi {{hc:who:string}}")}, Helicone_Prompt_Variables='{"who": "Ada"}')
    page.goto(f"/requests/{id}")
    expect(page.get_by_role("tabpanel", name="Conversation")).to_contain_text("Hi Ada")
    page.get_by_role("tab", name="Changes").click()
    expect(page.locator(".cm-editor").first).to_contain_text("Ada")


def test_feedback_is_given_and_stays(page: Page, talk: str) -> None:
    page.goto(f"/requests/{talk}")
    page.get_by_role("button", name="Good", exact=True).click()
    expect(page.get_by_role("button", name="Good", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Add a score").click()
    page.get_by_label("Name of the score").fill("helpful")
    page.get_by_label("Value").fill("0.8")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Take back helpful")).to_be_visible()
    page.get_by_role("button", name="Add a note").click()
    page.get_by_label("Add a note").fill("Looked at by a person.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("blockquote", name="Note")).to_be_visible()
    page.reload()
    expect(page.get_by_role("blockquote", name="Note")).to_be_visible()
    expect(page.get_by_role("button", name="Good", exact=True)).to_have_attribute("aria-pressed", "true")


def test_the_keys_walk_within_the_filter(page: Page, stack: Stack) -> None:
    ids = [send(stack, {"messages": ask(f"walk {number}")}, Helicone_User_Id="walker") for number in range(3)]
    page.goto(f"/requests/{ids[1]}?q=user%3Awalker")
    expect(page.get_by_role("link", name="Next")).to_be_visible()
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(ids[0]))
    page.keyboard.press("k")  # before the list is known again
    expect(page).to_have_url(re.compile(ids[1]))
    page.keyboard.press("k")
    expect(page).to_have_url(re.compile(ids[2]))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/requests\?q=user"))


def test_a_drawer_has_the_same_and_leads_to_the_page(page: Page, talk: str) -> None:
    page.goto(f"/requests?q=user%3Atalker&call={talk}")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("region", name="Tool find_order")).to_contain_text("waiting_for_lock")
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(f"/requests/{talk}"))


def test_decisions_are_told_in_words(page: Page, stack: Stack) -> None:
    for _ in range(2):
        limited = send(
            stack,
            {"messages": ask("limit")},
            Helicone_RateLimit_Policy="1;w=3600;s=user",
            Helicone_User_Id="limited",
        )
    page.goto(f"/requests/{limited}")
    expect(page.get_by_text("Limit: refused, above 1 requests in 1 h for each user")).to_be_visible()


def test_what_is_not_there_says_so_and_leads_back(page: Page, stack: Stack, watch: Watching) -> None:
    watch.allow("status of 40[04]")
    page.goto("/requests/0197f0a1-7921-7bcc-8000-000000000000")
    expect(page.get_by_text("No call with this id is in your log")).to_be_visible()
    page.goto("/requests/not-an-id")
    expect(page.get_by_text("This is no id of a call")).to_be_visible()
    page.get_by_role("link", name="Go to the requests").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    omitted = send(stack, {"messages": ask("secret")}, Helicone_Omit_Request="true", Helicone_Omit_Response="true")
    page.goto(f"/requests/{omitted}?tab=request")
    expect(page.get_by_text("The bodies of this call are not stored")).to_be_visible()


def test_a_phone_shows_all_of_it(phone_page: Page, talk: str) -> None:
    phone_page.goto(f"/requests/{talk}")
    expect(phone_page.get_by_role("region", name="Tool find_order")).to_be_visible()
    assert phone_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
