"""Browser profiles that tests take one after the other.

The first page of a profile compiles the dashboard's scripts; a page that is used again has them, and takes half the
CPU. What a reader's own browser would hold (cookies, storage) is emptied between two tests.
"""

from collections import OrderedDict
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Dialog, Page

__all__ = ["DESKTOP", "PATIENCE_MS", "PHONE", "Profile", "Profiles"]

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 60_000
_KEPT = 4
"""Each is a process with 100 MB and more."""


class Profile(NamedTuple):
    """What a profile is made for."""

    origin: str
    dark: bool
    phone: bool
    timezone: str

    @property
    def viewport(self) -> Any:
        return PHONE if self.phone else DESKTOP


class Profiles:
    """Pages of one browser, each in a profile of its own."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: OrderedDict[Page, Profile] = OrderedDict()
        self._taken: dict[Page, Profile] = {}

    def take(self, wanted: Profile) -> Page:
        """A blank page of such a profile, without cookies and storage."""
        page = next((page for page, profile in reversed(self._idle.items()) if profile == wanted), None)
        if page is not None:
            del self._idle[page]
            self._empty(page, wanted)
        else:
            page = self._open(wanted)
        self._taken[page] = wanted
        return page

    def give_back(self, page: Page) -> None:
        """Ends what the page does, and keeps it for the next test; the oldest is closed for it."""
        profile = self._taken.pop(page)
        for other in page.context.pages:
            if other is not page:
                other.close()
        if page.is_closed():
            page.context.close()
            return
        page.unroute_all(behavior="ignoreErrors")
        page.on("dialog", _leave)
        page.goto("about:blank")
        page.remove_listener("dialog", _leave)
        self._idle[page] = profile
        if len(self._idle) > _KEPT:
            oldest, _ = self._idle.popitem(last=False)
            oldest.context.close()

    def _open(self, wanted: Profile) -> Page:
        context = self._browser.new_context(
            base_url=wanted.origin,
            viewport=wanted.viewport,
            has_touch=wanted.phone,
            color_scheme="dark" if wanted.dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id=wanted.timezone,
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(PATIENCE_MS)
        return context.new_page()

    def _empty(self, page: Page, profile: Profile) -> None:
        page.context.clear_cookies()
        page.goto("/healthz")  # storage belongs to an origin
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.goto("about:blank")
        page.mouse.move(0, 0)  # nothing is under it
        page.set_viewport_size(profile.viewport)
        page.emulate_media(color_scheme="dark" if profile.dark else "light")


def _leave(dialog: Dialog) -> None:
    """To a page that asks whether to keep what was typed."""
    dialog.accept()
