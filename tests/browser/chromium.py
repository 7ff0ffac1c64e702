"""Finds and starts the Chromium that the browser tests, the screenshots and the figures use."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

__all__ = ["NAMES", "find_chromium", "launch"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The path of a Chromium on this machine; `PERIHELION_CHROMIUM` names another one than the first on the PATH."""
    return os.environ.get("PERIHELION_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright, *arguments: str) -> Browser:
    """A headless browser. Raises `FileNotFoundError` where there is no Chromium."""
    path = find_chromium()
    if path is None:
        raise FileNotFoundError(f"no Chromium on the PATH: looked for {', '.join(NAMES)}")
    usual = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb", "--font-render-hinting=none"]
    return playwright.chromium.launch(executable_path=path, args=[*usual, *arguments])
