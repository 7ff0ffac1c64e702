"""`make screenshots`: pictures of every page of the dashboard, light and dark, on a desktop and on a phone.

They show the demo's calls of two fixed weeks, so that a picture changes only where the page does. `python -m
docs.screenshots requests sessions` makes those of some pages only.
"""

import base64
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from simulator import demo, process
from tests.browser.chromium import launch
from tests.browser.routes import PATHS, Addresses
from tests.stack import ROOT, Stack, wait_for

FOLDER = ROOT / "docs" / "screenshots"
END = datetime(2026, 11, 26, 16, 0, tzinfo=UTC)
BEGIN = datetime(2026, 11, 19, 16, 0, tzinfo=UTC)
CALLS = 8000
QUALITY = 80
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
UNTIMED = (
    *("/design", "/login", "/start", "/settings", "/new-prompt", "/playground"),
    *("/channels", "/webhooks", "/budgets", "/exports"),
)


def main() -> int:
    wanted = sys.argv[1:]
    FOLDER.mkdir(exist_ok=True)
    with filled_stack() as stack, sync_playwright() as playwright:
        browser = launch(playwright)
        addresses = Addresses(stack)
        for path in PATHS:
            if not wanted or name_of(path) in wanted:
                take(browser, stack, path, addresses.of(path))
        browser.close()
    if not wanted:
        known = {name_of(path) for path in PATHS}
        for picture in FOLDER.glob("*.webp"):
            if picture.stem.rpartition("-")[0].rpartition("-")[0] not in known:
                picture.unlink()
    size = sum(picture.stat().st_size for picture in FOLDER.glob("*.webp"))
    print(f"{FOLDER.relative_to(ROOT)}: {size / 1e6:.1f} MB")
    return 0


@contextmanager
def filled_stack() -> Iterator[Stack]:
    """A running installation with the demo's calls until `END`."""
    provider = process.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            stack = Stack(Path(folder), demo.providers(provider.origin), channels__allow=provider.origin)
            stack.quiet = True
            with stack:
                end_us = int(END.timestamp() * 1e6)
                written = demo.write_history(Path(folder) / "data" / "spool", CALLS, end_us)
                demo.set_up(stack.control, stack.token, provider.origin)
                wait_for("the calls in the log", lambda: logged(stack) >= written, 120)
                demo.rate_calls(stack.control, stack.token, since="400d")
                yield stack
    finally:
        provider.stop()


def logged(stack: Stack) -> int:
    """How many calls the log has."""
    asked = {"since": "400d", "limit": 0, "total": True}
    headers = {"Authorization": f"Bearer {stack.token}"}
    answer = httpx.post(f"{stack.control}/api/requests/query", json=asked, headers=headers, timeout=60)
    return int(answer.json()["total"]["value"])


def name_of(path: str) -> str:
    """`/requests/$id` is `requests-id`, `/` is `overview`."""
    return re.sub(r"[^a-z]+", "-", path).strip("-") or "overview"


def take(browser: Browser, stack: Stack, path: str, address: str) -> None:
    """The four pictures of one page."""
    if not path.startswith(UNTIMED):
        mark = "&" if "?" in address else "?"
        address += mark + urlencode({"since": iso(BEGIN), "until": iso(END)})
    for size, (width, height) in SIZES.items():
        context = browser.new_context(
            base_url=stack.control,
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/Berlin",
            extra_http_headers={"Authorization": f"Bearer {stack.token}"},
        )
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=60_000)
        if path != "/design":
            expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=60_000)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(600)
            save(page, FOLDER / f"{name_of(path)}-{size}-{scheme}.webp")
        context.close()
    print(name_of(path), flush=True)


def save(page: Page, place: Path) -> None:
    """The window's picture as WebP, which Playwright itself does not write."""
    session = page.context.new_cdp_session(page)
    made = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    session.detach()
    place.write_bytes(base64.b64decode(made["data"]))


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    sys.exit(main())
