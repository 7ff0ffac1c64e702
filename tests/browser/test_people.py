"""People and control: login, first run, settings, cache, limits, and what a page says when something is away."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from simulator import demo
from tests.browser.axe import find_faults
from tests.browser.conftest import OpenPage, Watching
from tests.stack import ROOT, Stack, wait_for

PASSWORD = "correct horse battery"
TABS = re.findall(r'path: "([a-z]+)"', (ROOT / "dashboard/src/pages/settings/Page.tsx").read_text("utf-8"))
UNKNOWN = r"status of (400|401|403|429)"


def invited(stack: Stack, email: str, role: str = "member") -> str:
    """The address of an invitation."""
    owner = {"Authorization": f"Bearer {stack.token}"}
    made = httpx.post(stack.control + "/api/members", json={"email": email, "role": role}, headers=owner, timeout=30)
    return str(made.json()["path"])


def join(page: Page, path: str, name: str) -> None:
    page.goto(path)
    page.get_by_label("Your name").fill(name)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def log_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()


@pytest.fixture(scope="module")
def fresh(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An installation that nobody has used yet, whose gateway needs keys."""
    folder = tmp_path_factory.mktemp("fresh")
    started = Stack(folder, demo.providers(provider), auth__mode="required")
    started.output = folder / "serve.log"
    with started:
        yield started


def test_the_first_run_leads_from_the_link_to_the_first_call(
    fresh: Stack, open_page: OpenPage, watch: Watching
) -> None:
    watch.allow(UNKNOWN)
    page = open_page(cookie=None, at=fresh)
    assert fresh.output is not None
    link = re.search(r"/login\?token=\S+", fresh.output.read_text())
    assert link is not None
    page.goto(link[0])
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Create my account").click()
    expect(page.get_by_text("Needs a password of 10")).to_be_visible()  # at its field, and nothing is lost
    expect(page.get_by_label("E-mail")).to_have_value("ada@example.com")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Create my account").click()
    expect(page).to_have_url(re.compile("/start"))
    page.get_by_role("button", name="Create a key").click()
    snippet = page.locator("pre")
    expect(snippet).to_contain_text(re.compile(r"sk-perihelion-\w"))  # the key, no longer the word for one
    expect(snippet).to_contain_text(fresh.gateway + "/v1")
    expect(page.get_by_role("status").filter(has_text="Waiting")).to_be_visible()
    key = re.search(r"sk-perihelion-[\w-]+", snippet.inner_text())
    assert key is not None

    def called() -> bool:
        asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
        headers = {"Helicone-Auth": f"Bearer {key[0]}", "Authorization": "Bearer sk-x"}
        return httpx.post(fresh.gateway + "/v1/chat/completions", json=asked, headers=headers).status_code == 200

    wait_for("the gateway to know the key", called)
    expect(page.get_by_text("Your call is here")).to_be_visible()
    page.get_by_role("link", name="Open it").click()
    expect(page).to_have_url(re.compile("/requests/[0-9a-f]{8}-"))
    page.goto(link[0])
    expect(page.get_by_role("heading", name="This link was used already")).to_be_visible()
    page.goto("/")  # there is a call now: no way back to the first run by itself, but by the menu
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.get_by_role("button", name=re.compile("Account")).click()
    page.get_by_role("menuitem", name="Send a call").click()
    expect(page).to_have_url(re.compile("/start"))


def test_a_first_visit_finds_the_login_and_no_error(open_page: OpenPage) -> None:
    page = open_page(cookie=None)
    page.goto("/requests?q=status:200")
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_a_link_from_another_site_finds_the_session(page: Page) -> None:
    """A browser sends no cookie with it; the page asks again for itself."""
    page.route("**/requests", lambda route: route.continue_(headers={**route.request.headers, "cookie": ""}))
    page.goto("/requests")
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")


def test_a_login_leads_back_to_the_page_that_was_asked_for(stack: Stack, open_page: OpenPage, watch: Watching) -> None:
    watch.allow(UNKNOWN)
    join(open_page(cookie=None), invited(stack, "grace@people.example"), "Grace")
    page = open_page(cookie=None)
    page.goto("/requests?q=status:200&since=7d")
    log_in(page, "grace@people.example", "a wrong guess")
    expect(page.get_by_role("alert")).to_have_text("This e-mail and password do not fit together.")
    log_in(page, "grace@people.example", PASSWORD)
    expect(page).to_have_url(re.compile(r"/requests\?q=status:200&since=7d"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Requests")


@pytest.mark.parametrize(
    "next", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/login?next=/login"]
)
def test_a_login_leads_nowhere_else(login: Any, open_page: OpenPage, next: str) -> None:
    page = open_page()
    page.goto(f"/login?next={httpx.QueryParams({'n': next})}".replace("n=", "", 1))
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def test_links_that_are_over_say_what_to_do(open_page: OpenPage) -> None:
    page = open_page(cookie=None)
    page.goto("/login?token=no-such-link")
    expect(page.get_by_role("heading", name="This link is not known")).to_be_visible()
    page.get_by_role("button", name="Log in with a password").click()
    expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    page.get_by_text("Forgot your password?").click()
    expect(page.get_by_text("perihelion users reset")).to_be_visible()


def test_an_admin_resets_a_password_and_old_sessions_end(
    stack: Stack, page: Page, open_page: OpenPage, watch: Watching
) -> None:
    watch.allow(UNKNOWN)
    theirs = open_page(cookie=None)
    join(theirs, invited(stack, "linus@people.example"), "Linus")
    page.goto("/settings/members")
    page.get_by_role("button", name="Reset password of Linus").click()
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_role("dialog").locator("code")
    expect(link).to_contain_text("/login?token=")
    again = open_page(cookie=None)
    again.goto(link.inner_text())
    expect(again.get_by_role("heading", name="Choose a new password")).to_be_visible()
    again.get_by_label("New password").fill("a wholly new one")
    again.get_by_role("button", name="Set the password and log in").click()
    expect(again.get_by_role("heading", level=1)).to_have_text("Overview")
    dialog = theirs.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()  # the page asks for the state of the installation every 15 s


def test_an_ended_session_keeps_the_page_and_what_was_typed(stack: Stack, open_page: OpenPage, watch: Watching) -> None:
    watch.allow(UNKNOWN)
    page = open_page(cookie=None)
    join(page, invited(stack, "alan@people.example", "admin"), "Alan")
    page.goto("/settings/keys?zone=utc&new=1")
    page.get_by_label("Name").fill("typed before")
    page.context.clear_cookies()
    page.get_by_role("button", name="Create the key").click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog.get_by_label("E-mail")).to_have_value("alan@people.example")
    dialog.get_by_role("textbox", name="Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Log in", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/settings/keys\?.*zone=utc"))
    expect(page.get_by_label("Name")).to_have_value("typed before")
    page.get_by_role("button", name="Create the key").click()
    expect(page.locator("code").filter(has_text="sk-perihelion-")).to_be_visible()
    page.get_by_role("button", name="Done, I have it").click()
    page.get_by_role("button", name="Revoke typed before").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke typed before").click()
    expect(page.get_by_text("typed before is revoked.")).to_be_visible()
    expect(page.get_by_role("list", name="API keys").get_by_text("typed before")).to_be_hidden()


def test_the_own_password_is_changed_and_other_sessions_end(stack: Stack, open_page: OpenPage, watch: Watching) -> None:
    watch.allow(UNKNOWN)
    here, there = open_page(cookie=None), open_page(cookie=None)
    join(here, invited(stack, "ida@people.example", "viewer"), "Ida")
    there.goto("/login")
    log_in(there, "ida@people.example", PASSWORD)
    expect(there.get_by_role("heading", level=1)).to_have_text("Overview")
    here.goto("/settings/sessions")
    expect(here.get_by_role("list", name="Your sessions").get_by_role("listitem")).to_have_count(2)
    here.get_by_role("link", name="Account", exact=True).click()
    here.get_by_role("textbox", name="Current password").fill("a wrong guess")
    here.get_by_role("textbox", name="New password").fill("quite another one")
    here.get_by_role("button", name="Change the password").click()
    expect(here.get_by_text("This is not your password.")).to_be_visible()
    here.get_by_role("textbox", name="Current password").fill(PASSWORD)
    here.get_by_role("button", name="Change the password").click()
    expect(here.get_by_text("1 other session ended.")).to_be_visible()
    here.get_by_role("link", name="Sessions", exact=True).last.click()
    expect(here.get_by_role("list", name="Your sessions").get_by_role("listitem")).to_have_count(1)


def test_a_viewer_sees_who_may_and_no_way_to_do_it(stack: Stack, open_page: OpenPage, watch: Watching) -> None:
    watch.allow(UNKNOWN)
    page = open_page(cookie=None)
    join(page, invited(stack, "vera@people.example", "viewer"), "Vera")
    page.goto("/settings/keys")
    expect(page.get_by_text("API keys are for admins and owners")).to_be_visible()
    page.goto("/settings/members")
    expect(page.get_by_role("list", name="Members")).to_contain_text("vera@people.example")
    expect(page.get_by_role("button", name=re.compile("Remove|Reset|Invite"))).to_have_count(0)
    page.goto("/settings/organisation")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.goto("/settings/nothing")
    expect(page.get_by_text("There is no such setting")).to_be_visible()


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_of_the_settings_is_accessible(open_page: OpenPage, tab: str) -> None:
    for dark, phone in ((False, False), (True, True)):
        page = open_page(dark=dark, phone=phone)
        page.goto(f"/settings/{tab}")
        expect(page.get_by_role("navigation", name="Settings").locator("[aria-current]")).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert find_faults(page) == []


@pytest.mark.parametrize("path", ["/login", "/login?token=none"])
def test_the_login_is_accessible(open_page: OpenPage, path: str) -> None:
    page = open_page(cookie=None)
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert find_faults(page) == []


def test_prices_are_stored_and_found(page: Page, watch: Watching) -> None:
    watch.allow(UNKNOWN)
    page.goto("/settings/prices?search=claude-haiku-4-5")
    expect(page.get_by_role("table", name="Built-in prices")).to_contain_text("claude-haiku-4-5")
    page.get_by_role("button", name="Add a price").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Not a label!")
    dialog.get_by_label("Model").fill("own-model-*")
    dialog.get_by_label("Rate of input").fill("0.25")
    dialog.get_by_role("button", name="Store the price").click()
    expect(dialog.get_by_text(re.compile("^Needs "))).to_be_visible()
    dialog.get_by_label("Name").fill("own-model")
    dialog.get_by_role("button", name="Store the price").click()
    expect(page.get_by_role("list", name="Own prices")).to_contain_text("own-model-*")


@pytest.mark.parametrize("path", ["/cache", "/limits"])
def test_cache_and_limits_lead_to_their_calls(page: Page, path: str) -> None:
    page.goto(f"{path}?since=30d")
    figure = page.get_by_role("link", name=re.compile("^(Hits|Counted by a limit)"))
    expect(figure).to_be_visible()
    figure.click()
    expect(page).to_have_url(re.compile(r"/requests\?"))
    expect(page.get_by_role("table").locator("a[href*='/requests/']").first).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/login", "/start", "/cache", "/limits", "/settings/members", "/settings/keys", "/settings/prices"]
)
def test_a_phone_shows_it_without_scrolling_sideways(open_page: OpenPage, login: Any, path: str) -> None:
    page = open_page(phone=True, **({"cookie": None} if path == "/login" else {}))
    page.goto(path)
    expect(page.locator("#main h1, #main header").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_control_plane_that_restarts_is_said_and_comes_back(
    fresh: Stack, open_page: OpenPage, watch: Watching
) -> None:
    watch.allow(".*")
    email = {"email": "mia@people.example", "role": "owner"}
    owner = {"Authorization": f"Bearer {fresh.token}"}
    path = httpx.post(fresh.control + "/api/members", json=email, headers=owner).json()["path"]
    page = open_page(cookie=None, at=fresh)
    join_at(page, path)
    page.goto("/settings/members")
    expect(page.get_by_role("list", name="Members")).to_contain_text("mia@people.example")
    listeners = subprocess.run(["ss", "-ltnp"], capture_output=True, text=True, check=True).stdout
    line = next(line for line in listeners.splitlines() if f":{fresh.control_port} " in line)
    for pid in set(re.findall(r"pid=(\d+)", line)):
        os.kill(int(pid), signal.SIGKILL)
    page.get_by_role("link", name="Sessions", exact=True).last.click()
    said = page.get_by_text("The control plane does not answer").filter(visible=True)
    expect(said.first).to_be_visible()  # above all pages, and after a while in the place of the list too
    expect(said).to_have_count(0)
    expect(page.get_by_role("list", name="Your sessions")).to_contain_text("this one")


def join_at(page: Page, path: str) -> None:
    page.goto(path)
    page.get_by_label("Your name").fill("Mia")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    expect(page).not_to_have_url(re.compile("/login"))
