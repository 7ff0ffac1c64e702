"""`python -m benchmarks.dashboard`: figures of the dashboard in a headless Chromium, against their bounds."""

import argparse
import json
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import draw, machine
from benchmarks.dashboard.extra_calls import LARGE, MARK, SESSION, live_call, write_extra_calls
from benchmarks.dashboard.watching import BEGIN, heap_bytes, painted_ms, scroll
from benchmarks.store.fill import fill
from tests.browser.chromium import launch
from tests.e2e.control_process import ControlProcess, spool

_FULL: Final = 10_000_000
_RESULTS: Final = Path(__file__).resolve().parent.parent / "results" / "dashboard.json"
_TURNS: Final = 5
_ROW: Final = (
    "document.querySelector('[role=table] [role=row] a[href*=\"/requests\"], [role=table] [role=row]:nth-child(3)')"
)
_SETTLED: Final = "!document.querySelector('#main [aria-busy=true]')"
_ROWS: Final = f"{_ROW} && {_SETTLED}"
_OVERVIEW: Final = f"document.querySelector('#main h1') && document.querySelector('#main canvas') && {_SETTLED}"
_LIVE_A_SECOND: Final = 20
_SCROLLED_ROWS: Final = 100_000

Figures = dict[str, Any]


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=__doc__)
    options.add_argument(
        "--folder", type=Path, help="a folder of benchmarks.store (its log is used); default: a new log"
    )
    options.add_argument("--rows", type=int, default=200_000, help="calls in a new log, or in that of the folder")
    options.add_argument("--minutes", type=float, default=5.0, help="how long the live tail is watched")
    options.add_argument("--only", default="", help="only figures whose name holds this")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = (asked.folder or Path(temporary)).absolute() / "data"
        report = {"environment": machine.environment(), "rows": asked.rows}
        filled = fill(data, asked.rows)
        write_extra_calls(data)
        control = ControlProcess(data).start().ready().shipped()
        try:
            with sync_playwright() as playwright:
                browser = launch(playwright)
                results = Measuring(browser, control, filled.end_us).all(asked.only, asked.minutes)
                browser.close()
        finally:
            control.end()
    print(draw.table("dashboard", results))
    missed = [name for name, row in results.items() if not row.get("holds", True)]
    for name in missed:
        print(f"BOUND: {name}: {results[name]}", file=sys.stderr)
    if asked.rows < _FULL:
        print(f"Nothing is written: that is for a run over {_FULL:,} calls.")
    else:
        if asked.only:  # these figures replace their rows of the last whole run
            report = json.loads(_RESULTS.read_text())
            results = {**report.pop("results")["dashboard"], **results}
        _RESULTS.write_text(json.dumps({**report, "results": {"dashboard": results}}, indent=1) + "\n")
        draw.into_readme()
    return 1 if missed else 0


class Measuring:
    """The figures of one control plane; each turn has a browser profile of its own, so nothing is cached."""

    def __init__(self, browser: Browser, control: ControlProcess, end_us: int) -> None:
        self.browser, self.control = browser, control
        self.end_us = end_us
        self.headers = {"Authorization": f"Bearer {control.token}"}

    def all(self, only: str, minutes: float) -> dict[str, Figures]:
        """Each figure by name. One that fails is told, and the others are measured all the same."""
        rows: list[tuple[str, Callable[[], Figures]]] = [
            ("first load: compressed script", self.first_load),
            ("overview, first visit", self.overview),
            ("explorer, from the overview", self.explorer),
            ("filter changed: painted", self.filter),
            ("a call with a body of 5 MB: first content", self.large_body),
            ("scrolling the list", self.scroll_list),
            ("session of 30,000 calls: first content", self.session),
            ("scrolling that session", self.scroll_session),
            (f"live tail at {_LIVE_A_SECOND} calls/s", lambda: self.live_tail(minutes)),
        ]
        results: dict[str, Figures] = {}
        for name, measure in rows:
            if only not in name:
                continue
            results[name] = measure()
            print(f"{name}: {results[name]}", flush=True)
        return results

    @contextmanager
    def page(self, address: str = "") -> Iterator[Page]:
        context = self.browser.new_context(
            base_url=self.control.url, viewport={"width": 1440, "height": 900}, extra_http_headers=self.headers
        )
        context.set_default_timeout(120_000)
        context.add_init_script(BEGIN)
        opened = context.new_page()
        if address:
            opened.goto(address, wait_until="commit")
        yield opened
        context.close()

    def first_load(self) -> Figures:
        with self.page("/") as page:
            painted_ms(page, _OVERVIEW, 0)
            found = page.evaluate(
                "performance.getEntriesByType('resource').map((one) => [one.name, one.encodedBodySize])"
            )
            sizes = [size for name, size in found if name.endswith(".js")]
        return _bounded({"kB": round(sum(sizes) / 1000, 1), "files": len(sizes)}, "kB", 300)

    def overview(self) -> Figures:
        return self._times(self._overview, 1500)

    def _overview(self) -> float:
        with self.page("/") as page:
            return painted_ms(page, _OVERVIEW, 0)

    def explorer(self) -> Figures:
        return self._times(self._explorer, 500)

    def _explorer(self) -> float:
        with self.page("/?since=7d") as page:
            painted_ms(page, _OVERVIEW, 0)
            page.wait_for_timeout(1000)  # its parts are fetched when the pointer comes near
            page.get_by_role("link", name="Requests", exact=True).first.click()
            return painted_ms(page, f"location.pathname === '/requests' && {_ROWS}")

    def filter(self) -> Figures:
        return self._times(self._filter, 300)

    def _filter(self) -> float:
        with self.page("/requests?since=7d") as page:
            painted_ms(page, _ROWS, 0)
            page.wait_for_timeout(1000)
            page.keyboard.press("/")
            page.keyboard.type("status>=400")
            page.evaluate("window.first = document.querySelector('#main [role=table]').innerText")
            page.keyboard.press("Enter")
            return painted_ms(
                page, f"{_ROWS} && document.querySelector('#main [role=table]').innerText !== window.first"
            )

    def large_body(self) -> Figures:
        ids = [row["id"] for row in self._query(f"user:{LARGE}", limit=_TURNS + 1)]
        return self._times(lambda: self._large_body(ids.pop()), 400)

    def _large_body(self, id: str) -> float:
        with self.page(f"/requests?q=user:{LARGE}&since=40d") as page:
            painted_ms(page, _ROWS, 0)
            page.wait_for_timeout(1000)
            assert not page.evaluate(f"document.body.innerText.includes('{MARK}')"), "the list must not hold the mark"
            page.locator(f"[role=table] a[href*='{id}']").first.click()
            return painted_ms(page, f"document.querySelector('[role=dialog]')?.innerText.includes('{MARK}')")

    def scroll_list(self) -> Figures:
        """Slowly, then on to the row 100,000, or the last there is. `rows` says how far it came."""
        with self.page("/requests?since=40d") as page:
            painted_ms(page, _ROWS, 0)
            page.wait_for_timeout(1000)
            slow = scroll(page, 120, 8)
            tasks, reached, still = list(slow.tasks), 0, 0
            while reached < _SCROLLED_ROWS and still < 10:
                tasks += scroll(page, 1200, 2).tasks
                before, reached = reached, int(page.evaluate("Math.round(scrollY / 34)"))
                still = still + 1 if reached <= before else 0
        found = {**slow.figures(), "longest_task_ms": round(max(tasks, default=0.0), 1), "rows": reached}
        return _bounded(found, "longest_task_ms", 100)

    def session(self) -> Figures:
        return self._times(self._session, None)

    def _session(self) -> float:
        with self.page(self._session_address) as page:
            return painted_ms(
                page, f"document.querySelector('#main [role=row], #main [role=treeitem]') && {_SETTLED}", 0
            )

    @property
    def _session_address(self) -> str:
        return f"/sessions/one?id={SESSION}&since=40d"

    def scroll_session(self) -> Figures:
        with self.page(self._session_address) as page:
            painted_ms(page, f"document.querySelector('#main [role=row], #main [role=treeitem]') && {_SETTLED}", 0)
            page.get_by_text("In order of time").click()  # the tree is folded at first, and does not scroll
            page.wait_for_function("document.scrollingElement.scrollHeight > 5 * innerHeight")
            page.wait_for_timeout(1000)
            slow, fast = scroll(page, 120, 8), scroll(page, 4000, 15)
        longest = round(max([*slow.tasks, *fast.tasks], default=0.0), 1)
        return _bounded({**slow.figures(), "longest_task_ms": longest}, "longest_task_ms", 100)

    def live_tail(self, minutes: float) -> Figures:
        """The page's heap after a collection, while calls arrive; the growth of the second half, as of an hour."""
        ended = threading.Event()
        feeding = threading.Thread(target=self._feed, args=(ended,), daemon=True)
        heaps: list[tuple[float, int]] = []
        with self.page("/requests?live=1") as page:
            painted_ms(page, "document.querySelector('#main h1')", 0)
            feeding.start()
            try:
                for at in range(int(minutes * 6) + 1):
                    page.wait_for_timeout(10_000)
                    heaps.append((at / 6, heap_bytes(page)))
                nodes = page.evaluate("document.querySelectorAll('*').length")
                shown = page.evaluate("document.querySelectorAll('#main [role=row]').length")
            finally:
                ended.set()
                feeding.join()
        later = heaps[len(heaps) // 2 :]
        slope = statistics.linear_regression(*zip(*later, strict=True)).slope if len(later) > 1 else 0.0
        return _bounded(
            {
                "minutes": minutes,
                "heap_MB_begin": round(heaps[0][1] / 1e6, 1),
                "heap_MB_end": round(heaps[-1][1] / 1e6, 1),
                "growth_MB_an_hour": round(slope * 60 / 1e6, 1),
                "nodes": nodes,
                "rows": shown,
            },
            "growth_MB_an_hour",
            20,
        )

    def _feed(self, ended: threading.Event) -> None:
        number = 0
        while not ended.wait(0.5):
            spool(self.control.data, *(live_call(number + at) for at in range(_LIVE_A_SECOND // 2)))
            number += _LIVE_A_SECOND // 2

    def _query(self, filter: str, limit: int) -> list[dict[str, Any]]:
        asked = {"filter": filter, "since": "40d", "columns": ["id"], "limit": limit}
        answer = httpx.post(self.control.url + "/api/requests/query", json=asked, headers=self.headers, timeout=120)
        rows: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
        return rows

    def _times(self, one: Callable[[], float], bound_ms: int | None) -> Figures:
        """The median of several turns after one that is not counted, and the slowest."""
        one()
        times = [one() for _ in range(_TURNS)]
        found = {"ms": round(statistics.median(times), 1), "slowest_ms": round(max(times), 1)}
        return _bounded(found, "ms", bound_ms) if bound_ms else found


def _bounded(figures: Figures, name: str, bound: float) -> Figures:
    return {**figures, f"bound_{name}": bound, "holds": figures[name] <= bound}


if __name__ == "__main__":
    sys.exit(main())
