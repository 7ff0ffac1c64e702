"""Scripts that measure inside a page: when something is painted, frame times and long tasks, memory."""

import statistics
from typing import Any, Final

from playwright.sync_api import Page

__all__ = ["BEGIN", "Frames", "heap_bytes", "painted_ms", "scroll"]

BEGIN: Final = """
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((one) => [one.startTime, one.duration])))
  .observe({ type: "longtask", buffered: true });
for (const kind of ["keydown", "click"])
  addEventListener(kind, (event) => { if (event.isTrusted) window.began = event.timeStamp }, true);
"""
"""To be run before any script of a page."""

_PAINTED: Final = """(began) => new Promise((resolve) => {
  const look = () => {
    if (!(CONDITION)) return requestAnimationFrame(look);
    const at = performance.now();
    const told = () => resolve(performance.now() - (began === null ? window.began : began));
    requestAnimationFrame(() => setTimeout(told, 0));
  };
  look();
})"""
_SCROLL: Final = """({ pixels, seconds }) => new Promise((resolve) => {
  const frames = [], from = performance.now();
  const first = scrollY;
  let before = from, moved = false;
  const step = (at) => {
    frames.push(at - before);
    before = at;
    moved ||= scrollY !== first;
    if (at - from > seconds * 1000) return resolve({ frames: frames.slice(2), from, moved });
    const end = scrollY + innerHeight >= document.scrollingElement.scrollHeight - 2;
    scrollTo(0, end ? 0 : scrollY + pixels);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def painted_ms(page: Page, condition: str, began: float | None = None) -> float:
    """Milliseconds from `began` (a page's own time; None: the last key or click) until the frame in which `condition`,
    an expression of JavaScript, holds."""
    return float(page.evaluate(_PAINTED.replace("CONDITION", condition), began))


class Frames:
    """Frame times while something moves, and the tasks that were long meanwhile. Milliseconds."""

    def __init__(self, frames: list[float], tasks: list[float]) -> None:
        self.frames, self.tasks = frames, tasks

    def figures(self) -> dict[str, Any]:
        ordered = sorted(self.frames)
        return {
            "frames_s": round(1000 / statistics.fmean(ordered), 1),
            "frame_p95_ms": round(ordered[int(len(ordered) * 0.95)], 1),
            "longest_task_ms": round(max(self.tasks, default=0.0), 1),
        }


def scroll(page: Page, pixels: int, seconds: float) -> Frames:
    """Scrolls by so many pixels each frame; from the end it begins anew."""
    page.evaluate("longTasks.length = 0")
    done = page.evaluate(_SCROLL, {"pixels": pixels, "seconds": seconds})
    assert done["moved"], "the page did not scroll: its frame times say nothing"
    page.wait_for_timeout(300)  # long tasks are told of with a delay
    tasks = [duration for start, duration in page.evaluate("longTasks") if start >= done["from"]]
    return Frames(done["frames"], tasks)


def heap_bytes(page: Page) -> int:
    """The page's JavaScript heap after a collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    used = int(session.send("Runtime.getHeapUsage")["usedSize"])
    session.detach()
    return used
