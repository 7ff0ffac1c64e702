"""One `perihelion serve` with the demo's traffic for all browser tests, and pages that are logged in to it.

A test takes `page`, `dark_page` or `phone_page`; for anything else it calls `open_page(...)`. Each is a browser profile
of its own, empty at first. The test fails at its end if one of its pages had an error or a warning on the console, or
asked another origin; `watch.allow(pattern)` says beforehand which errors a test brings about itself.
"""

import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from proxy.core.clock import now_us
from simulator import demo, process
from tests.browser.chromium import NAMES, find_chromium, launch
from tests.browser.profiles import PATIENCE_MS, Profile, Profiles
from tests.browser.watch import Watch
from tests.receivers import HttpReceiver
from tests.stack import ROOT, Stack, wait_for

OpenPage = Callable[..., Page]
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session", autouse=True)
def needs_browser_and_dist() -> None:
    """Skips where no Chromium is found or the dashboard is not built; fails where it is built from other sources."""
    if find_chromium() is None:
        pytest.skip(f"no Chromium on the PATH (looked for {', '.join(NAMES)}); Debian: apt-get install chromium")
    if not (ROOT / "dashboard" / "dist" / "index.html").is_file():
        pytest.skip("dashboard/dist is not built (no Node?); `make dashboard` builds it")
    sys.path.insert(0, str(ROOT / "dashboard"))
    import build

    assert build.is_built(), "dashboard/dist is built from other sources than these: run `make dashboard`"


@pytest.fixture(scope="package")
def provider() -> Iterator[str]:
    """The origin of a simulated provider."""
    running = process.start()
    yield running.origin
    running.stop()


@pytest.fixture(scope="package")
def receiver() -> Iterator[HttpReceiver]:
    """A receiver of webhooks that the installation of `stack` may call."""
    running = HttpReceiver()
    yield running
    running.close()


@pytest.fixture(scope="package")
def stack(
    needs_browser_and_dist: None, provider: str, receiver: HttpReceiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Both planes with the demo's traffic in the log. Tests share it: they add to it, and take nothing away."""
    folder = tmp_path_factory.mktemp("browser")
    allowed = f"{provider},{receiver.origin}"
    started = Stack(folder, demo.providers(provider), channels__allow=allowed, budgets__interval_s="4")
    started.output = folder / "serve.log"
    with started:
        prepare(started, receiver=provider)
        yield started


def prepare(stack: Stack, history: int = 400, calls: int = 60, receiver: str = "") -> None:
    """Fills the log with the demo's traffic, and waits until it is there."""
    written = demo.write_history(stack.folder / "data" / "spool", history, now_us())
    key = demo.set_up(stack.control, stack.token, receiver)
    with ThreadPoolExecutor(1) as thread:  # an open browser holds the event loop of this one
        thread.submit(demo.send, stack.gateway, calls, key=key, pace=0.1).result()

    def logged() -> bool:
        asked = {"since": "30d", "limit": 0, "total": True}
        headers = {"Authorization": f"Bearer {stack.token}"}
        answer = httpx.post(stack.control + "/api/requests/query", json=asked, headers=headers, timeout=30)
        return bool(answer.json()["total"]["value"] >= written + calls)

    wait_for("the demo's calls in the log", logged, 60)
    demo.rate_calls(stack.control, stack.token)


def use_setup_link(stack: Stack, email: str = "ada@example.com", password: str = "correct horse battery") -> Any:
    """Makes the first person through the link that `serve` printed; gives the session's cookie for `add_cookies`."""
    assert stack.output is not None
    printed = stack.output

    def link() -> str | None:
        found = re.search(r"/login\?token=(\S+)", printed.read_text())
        return found[1] if found else None

    token = wait_for("the setup link", link)
    asked = {"token": token, "email": email, "name": "Ada", "password": password}
    answer = httpx.post(stack.control + "/api/links/use", json=asked, timeout=30)
    assert answer.status_code == 200, answer.text
    [(name, value)] = answer.cookies.items()
    return {"name": name, "value": value, "url": stack.control}


@pytest.fixture(scope="package")
def login(stack: Stack) -> Any:
    """The cookie of the owner's session, opened by the one-time link."""
    return use_setup_link(stack)


@pytest.fixture(scope="package")
def browser(needs_browser_and_dist: None) -> Iterator[Browser]:
    # Not for the whole session: an open Playwright holds this thread's event loop, which other folders' tests need.
    with sync_playwright() as playwright:
        # Drawing is for the processor here; a GPU process that pretends to be one takes a fifth more.
        started = launch(playwright, "--disable-gpu")
        yield started
        started.close()


@pytest.fixture(scope="package")
def profiles(browser: Browser) -> Profiles:
    return Profiles(browser)


@pytest.fixture
def watch() -> Iterator["Watching"]:
    watching = Watching()
    yield watching
    watching.check()


class Watching:
    """The watches over all pages of a test."""

    def __init__(self) -> None:
        self.watches: list[Watch] = []
        self._allowed: list[str] = []

    def add(self, context: BrowserContext, origin: str) -> None:
        added = Watch(context, origin)
        for pattern in self._allowed:
            added.allow(pattern)
        self.watches.append(added)

    def allow(self, pattern: str) -> None:
        """Takes what matches as expected, in every page of this test."""
        self._allowed.append(pattern)
        for one in self.watches:
            one.allow(pattern)

    def close(self) -> None:
        for one in self.watches:
            one.close()

    def check(self) -> None:
        for one in self.watches:
            one.check()


@pytest.fixture
def open_page(profiles: Profiles, stack: Stack, login: Any, watch: Watching) -> Iterator[OpenPage]:
    """Opens a page in a browser profile of its own: `open_page(dark=True, phone=True, timezone="Asia/Tokyo")`.

    `cookie=None` is somebody who is not logged in; `at` is another stack than the shared one."""
    pages: list[Page] = []

    def open_one(
        *,
        dark: bool = False,
        phone: bool = False,
        timezone: str = "Europe/Berlin",
        cookie: Any = login,
        at: Stack = stack,
    ) -> Page:
        page = profiles.take(Profile(at.control, dark, phone, timezone))
        pages.append(page)
        watch.add(page.context, at.control)
        if cookie is not None:
            page.context.add_cookies([cookie])
        return page

    yield open_one
    watch.close()
    for page in pages:
        profiles.give_back(page)


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()


@pytest.fixture
def dark_page(open_page: OpenPage) -> Page:
    return open_page(dark=True)


@pytest.fixture
def phone_page(open_page: OpenPage) -> Page:
    return open_page(phone=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Names the folder in each test, so that `-m browser` or `-k` can choose them."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")
