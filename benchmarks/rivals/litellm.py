"""LiteLLM's proxy (Python), one worker, as its documentation starts it; no database, so nothing is logged."""

import os
import subprocess
import sys
from pathlib import Path

NAME = "LiteLLM"
LOGS = False
PATH = "/v1/chat/completions"

_CONFIG = """
model_list:
  - model_name: gpt-4o-mini
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "{upstream}/v1", api_key: sk-bench}}
litellm_settings: {{telemetry: false}}
"""


def headers(upstream: str) -> dict[str, str]:
    return {}


def install(folder: Path) -> None:
    if not (folder / "bin" / "litellm").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "litellm[proxy]"]
        subprocess.run(pip, check=True, timeout=600)


def start(upstream: str, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    config = folder / "config.yaml"
    config.write_text(_CONFIG.format(upstream=upstream))
    command = [str(folder / "bin" / "litellm"), "--config", str(config), "--port", str(port), "--num_workers", "1"]
    environ = {**os.environ, "LITELLM_MASTER_KEY": "sk-bench"}  # it refuses to start without; the load sends this one
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env=environ)
