"""`python -m benchmarks.long_session_page`: how the page of a long session loads and scrolls in headless Chromium.

It needs a control plane whose log has such a session (`python -m benchmarks.long_session`). Prints JSON: times in
milliseconds, frames a second while the page scrolls through all rows, and the longest task of the page's thread.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

_WATCH = """
window.tasks = [];
new PerformanceObserver((list) => { for (const each of list.getEntries()) tasks.push(each.duration); })
    .observe({ type: "longtask", buffered: true });
"""
_SCROLL = """
async (seconds) => {
    tasks.length = 0;
    const from = scrollY, to = document.documentElement.scrollHeight - innerHeight, began = performance.now();
    const gaps = [];
    let last = began, waiting = 0, frames = 0;
    for (;;) {
        const now = await new Promise(requestAnimationFrame);
        gaps.push(now - last);
        last = now;
        frames += 1;
        waiting += document.querySelectorAll("[role=row][aria-busy]").length > 0;
        const share = (now - began) / (seconds * 1000);
        if (share >= 1) break;
        scrollTo(0, from + (to - from) * share);
    }
    gaps.sort((one, other) => one - other);
    return {
        frames_per_second: Math.round(frames / ((last - began) / 1000) * 10) / 10,
        p95_frame_ms: Math.round(gaps[Math.floor(gaps.length * 0.95)] * 10) / 10,
        slowest_frame_ms: Math.round(gaps[gaps.length - 1] * 10) / 10,
        longest_task_ms: Math.round(Math.max(0, ...tasks)),
        tasks_over_100_ms: tasks.filter((each) => each > 100).length,
    };
}
"""


def measure(page: Page, address: str, seconds: float) -> dict[str, Any]:
    """Loads the page in order of time, scrolls to its end, and back up in wheel steps."""
    page.add_init_script(_WATCH)
    began = time.monotonic()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("[role=treegrid] [role=row]:not([aria-busy])")
    shown = time.monotonic() - began
    page.wait_for_timeout(1500)
    loading = page.evaluate("Math.round(Math.max(0, ...tasks))")
    before = _renderer_s(page)
    scroll = page.evaluate(_SCROLL, seconds)
    frames = scroll["frames_per_second"] * seconds
    scroll["cpu_ms_per_frame"] = round((_renderer_s(page) - before) * 1000 / frames, 1)
    page.wait_for_selector("[role=treegrid] [role=row]:not([aria-busy])")
    rows = page.locator("[role=treegrid] [role=row]").count()
    return {
        "first_rows_ms": round(shown * 1000),
        "longest_task_loading_ms": loading,
        "scroll": scroll,
        "rows_drawn": rows,
    }


def _renderer_s(page: Page) -> float:
    """Processor time of the processes that draw pages: what a frame costs, however busy the machine is."""
    assert page.context.browser is not None
    found = page.context.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    return float(sum(each["cpuTime"] for each in found["processInfo"] if each["type"] == "renderer"))


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.long_session_page")
    options.add_argument("--control", default="http://127.0.0.1:8788")
    options.add_argument("--data", default="./perihelion-demo", help="for its token")
    options.add_argument("--session", default="close-the-books")
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--chromium", default="/usr/bin/chromium")
    asked = options.parse_args()
    token = (Path(asked.data) / "control.token").read_text().strip()
    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        for view in ("time", "tree"):
            context = browser.new_context(
                viewport={"width": 1440, "height": 900}, extra_http_headers={"Authorization": f"Bearer {token}"}
            )
            address = f"{asked.control}/sessions/one?id={asked.session}&view={view}"
            found[view] = measure(context.new_page(), address, asked.seconds)
            context.close()
        browser.close()
    json.dump(found, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
