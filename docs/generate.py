"""Writes docs/settings.md from the settings themselves (`python docs/generate.py`; a test checks that it was run)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from proxy.core.settings import SETTINGS, Settings

HERE = Path(__file__).resolve().parent


def settings_page() -> str:
    """The whole page."""
    lines = [
        "# Settings",
        "",
        "A setting `gateway.port` is `[gateway] port` in a TOML file (`-c FILE`), `PERIHELION_GATEWAY_PORT` in the",
        "environment and `--set gateway.port=…` on the command line; the later of these wins. `perihelion check`",
        "shows each value and where it came from. This page is made by `python docs/generate.py`.",
        "",
        "| setting | default | environment variable | what it does |",
        "|---|---|---|---|",
    ]
    variables = list(Settings({row.name: row.default for row in SETTINGS}).environ())  # as `load` reads them
    for row, variable in zip(SETTINGS, variables, strict=True):
        expected = f" Accepted: {row.expected}." if row.expected.startswith("one of") else ""
        lines.append(
            f"| `{row.name}` | `{row.default!r}` | `{variable}` | {row.help}{expected} |".replace("`''`", "empty")
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    (HERE / "settings.md").write_text(settings_page(), "utf-8")
