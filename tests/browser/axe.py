"""Runs axe-core over a page."""

from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.stack import ROOT

__all__ = ["find_faults"]

_SOURCE = ROOT / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_SERIOUS = ("serious", "critical")
_RUN = """async (only) => {
  const { violations } = await axe.run(document, { runOnly: only, resultTypes: ["violations"] });
  const told = (node) => [...node.any, ...node.all, ...node.none].map((one) => one.message).join("; ");
  return violations.map(({ id, impact, nodes }) => ({
    id, impact, nodes: nodes.slice(0, 5).map((node) => [node.html.slice(0, 160), told(node)]),
  }));
}"""


@cache
def _source() -> str:
    if not _SOURCE.is_file():
        pytest.skip("axe-core is not installed in dashboard/node_modules (no Node?); `make dashboard` does it")
    return _SOURCE.read_text("utf-8")


def find_faults(page: Page, *rules: str) -> list[str]:
    """The serious and critical faults (WCAG 2.2 A and AA) of the page as it is now, with where they are. With `rules`
    only those."""
    page.evaluate(_source())  # by the debugger: the page's content policy lets no foreign script in
    found: list[dict[str, Any]] = page.evaluate(_RUN, list(rules) or _TAGS)
    return [
        f"{fault['id']} ({fault['impact']}) {markup}: {told}"
        for fault in found
        if fault["impact"] in _SERIOUS
        for markup, told in fault["nodes"]
    ]
