"""Finds what is wider than the window."""

from playwright.sync_api import Page

__all__ = ["scrolls_sideways"]


def scrolls_sideways(page: Page) -> str:
    """What is wider than the window; empty where the page does not scroll sideways."""
    return str(
        page.evaluate(
            """() => {
              const root = document.scrollingElement;
              if (root.scrollWidth <= innerWidth) return "";
              const wide = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1);
              return `${root.scrollWidth} px: ` + wide.slice(0, 5).map((one) => one.tagName + "." + one.className).join(", ");
            }"""  # noqa: E501
        )
    )
