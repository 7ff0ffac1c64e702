"""Writes docs/settings.md from the settings and docs/event.schema.json from the event.

Run `python docs/generate.py`; a test checks that it was run.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec

from proxy.core.event import EventWithBodies
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


def event_schema() -> str:
    """The JSON Schema of the public event."""
    schema = msgspec.json.schema(EventWithBodies)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


if __name__ == "__main__":
    (HERE / "settings.md").write_text(settings_page(), "utf-8")
    (HERE / "event.schema.json").write_text(event_schema(), "utf-8")
