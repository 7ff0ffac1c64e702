"""Portkey's open-source gateway (Node), as its package starts it; it keeps no log."""

import os
import subprocess
from pathlib import Path

NAME = "Portkey"
LOGS = False
PATH = "/v1/chat/completions"


def headers(upstream: str) -> dict[str, str]:
    return {"x-portkey-provider": "openai", "x-portkey-custom-host": upstream + "/v1"}


def install(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node_modules").exists():
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run([*command, "@portkey-ai/gateway"], check=True, timeout=600)


def start(upstream: str, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    script = folder / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    environ = {**os.environ, "TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost", "NODE_ENV": "production"}
    return subprocess.Popen(
        ["node", str(script), f"--port={port}", "--headless"], env=environ, stdout=subprocess.DEVNULL
    )
