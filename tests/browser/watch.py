"""Notes all that goes wrong in a browser's pages, and every request that leaves the origin."""

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Request, WebError

__all__ = ["Watch"]

_OWN_SCHEMES = ("data", "blob")


class Watch:
    """What went wrong in the pages of `context`, in order. A test says beforehand what it brings about itself."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.origin = origin
        self.seen: list[str] = []
        self._allowed: list[re.Pattern[str]] = []
        self._context = context
        self._handlers: dict[Any, Any] = {
            "console": self._console,
            "weberror": self._error,
            "request": self._request,
            "requestfailed": self._failed,
            "dialog": self._dialog,
        }
        for event, handler in self._handlers.items():
            context.on(event, handler)

    def allow(self, pattern: str) -> None:
        """Takes what matches as expected: `watch.allow("status of 404")`."""
        self._allowed.append(re.compile(pattern))

    def close(self) -> None:
        """Takes what has happened until now, and looks away: what comes then is of another test."""
        self._context.cookies()  # its answer comes after all events of before
        for event, handler in self._handlers.items():
            self._context.remove_listener(event, handler)

    def check(self) -> None:
        """Fails where something went wrong that no test allowed."""
        bad = [line for line in self.seen if not any(pattern.search(line) for pattern in self._allowed)]
        assert not bad, "the pages are not clean:\n" + "\n".join(dict.fromkeys(bad))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            where = message.location.get("url", "")
            self.seen.append(f"console {message.type}: {message.text} ({where})")

    def _error(self, error: WebError) -> None:
        self.seen.append(f"page error: {error.error}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self.origin + "/") and urlsplit(request.url).scheme not in _OWN_SCHEMES:
            self.seen.append(f"foreign request: {request.url[:200]}")

    def _failed(self, request: Request) -> None:
        # A page gives up a question itself when its filter changes or the reader goes elsewhere.
        if request.failure != "net::ERR_ABORTED":
            self.seen.append(f"failed request: {request.method} {request.url[:200]}: {request.failure}")

    def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog: {dialog.message[:200]}")
        dialog.dismiss()
