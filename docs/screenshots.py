"""`make screenshots`: pictures of every page of the dashboard, light and dark, on a desktop and on a phone.

They show the demo's calls of two fixed weeks, so that a picture changes only where the page does; pages that show what
is now have calls of the last minutes as well. `python -m docs.screenshots requests sessions` makes those of some pages
only.
"""

import base64
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from simulator import demo, process
from tests.browser.chromium import launch
from tests.browser.routes import PATHS, Addresses
from tests.otlp_receiver import OtlpReceiver
from tests.stack import ROOT, Stack, wait_for

FOLDER = ROOT / "docs" / "screenshots"
END = datetime(2026, 11, 26, 16, 0, tzinfo=UTC)
BEGIN = datetime(2026, 11, 19, 16, 0, tzinfo=UTC)
CALLS = 8000
QUALITY = 80
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
UNTIMED = (
    *("/design", "/login", "/start", "/settings", "/new-prompt", "/playground"),
    *("/channels", "/webhooks", "/budgets", "/exports", "/limits"),
)
NOW = 240
"""Calls of the last minutes."""
DAILY = """SELECT toDate(start) AS day, model, sum(cost) AS usd
FROM requests
WHERE start < '2026-11-26 16:00:00'
GROUP BY day, model
ORDER BY day, usd DESC"""
SHOWN = {
    "/playground": "?call={call}&models=anthropic:claude-sonnet-4-5|openai:gpt-4o-mini",
    "/sql": "?" + urlencode({"sql": DAILY}),
}
"""What these pages are asked for, so that they show something."""


def main() -> int:
    wanted = sys.argv[1:]
    FOLDER.mkdir(exist_ok=True)
    with filled_stack() as stack, sync_playwright() as playwright:
        browser = launch(playwright)
        addresses = Addresses(stack)
        for path in PATHS:
            if not wanted or name_of(path) in wanted:
                address = addresses.of(path)
                if path in SHOWN:
                    address += SHOWN[path].format(call=addresses.of("/requests/$id").rpartition("/")[2])
                take(browser, stack, path, address)
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
    spans = OtlpReceiver()
    try:
        with tempfile.TemporaryDirectory() as folder:
            stack = Stack(
                Path(folder),
                demo.providers(provider.origin),
                channels__allow=provider.origin,
                sink__jsonl__path=f"{folder}/calls.jsonl",
                parquet__target=f"{folder}/hours",
                otel__endpoint=spans.url,
            )
            stack.quiet = True
            with stack:
                end_us = int(END.timestamp() * 1e6)
                written = demo.write_history(Path(folder) / "data" / "spool", CALLS, end_us)
                key = demo.set_up(stack.control, stack.token, provider.origin)
                for name in ("openai", "anthropic"):
                    store_credential(stack, name)
                demo.send(stack.gateway, NOW, key=key)
                wait_for("the calls in the log", lambda: logged(stack) >= written + NOW, 120)
                demo.rate_calls(stack.control, stack.token, since="400d")
                yield stack
    finally:
        provider.stop()
        spans.close()


def store_credential(stack: Stack, provider: str) -> None:
    """Stores a key of a provider, which the playground needs."""
    headers = {"Authorization": f"Bearer {stack.token}"}
    answer = httpx.put(f"{stack.control}/api/credentials/{provider}", json={"value": "sk-demo"}, headers=headers)
    answer.raise_for_status()


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
        if path in STEPS:
            STEPS[path](page)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(600)
            save(page, FOLDER / f"{name_of(path)}-{size}-{scheme}.webp")
        context.close()
    print(name_of(path), flush=True)


def run_playground(page: Page) -> None:
    """Runs what the playground holds with both models."""
    page.get_by_role("button", name="Run", exact=True).first.click()
    expect(page.get_by_role("link", name="Open in the log").first).to_be_visible(timeout=60_000)


def show_chart(page: Page) -> None:
    """Shows a query's result as a chart."""
    page.get_by_text("Chart", exact=True).click()
    expect(page.locator("#main canvas").first).to_be_visible()


STEPS: dict[str, Callable[[Page], None]] = {"/playground": run_playground, "/sql": show_chart}
"""What is done on a page before its picture."""


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
