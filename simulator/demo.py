"""`make demo`: Perihelion against the simulator, with a few minutes' worth of varied, tagged traffic sent at once.

Starts `perihelion serve` over its own data folder with every provider pointed at the simulator, sends the traffic with
the real SDKs' wire format, prints what to look at, and stays up until Ctrl-C (`--once` ends instead).
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import httpx

from simulator import process

_USERS = ("ada", "grace", "linus", "margaret", "alan")
_FEATURES = ("search", "support", "summaries", "agents")
_CHAT = (
    ("openai/v1/chat/completions", "gpt-4o-mini"),
    ("openai/v1/chat/completions", "gpt-4o"),
    ("together/v1/chat/completions", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    ("groq/openai/v1/chat/completions", "llama-3.3-70b-versatile"),
)
_QUESTIONS = (
    "What is the perihelion of Mercury?",
    "Summarise this ticket in one sentence.",
    "Write a haiku about comets.",
    "Which of these invoices is overdue?",
    "Draft a polite reply.",
)


def _call(chance: random.Random) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Path, body and headers of one call."""
    user, feature = chance.choice(_USERS), chance.choice(_FEATURES)
    headers = {
        "Helicone-User-Id": user,
        "Helicone-Session-Id": f"{user}-{chance.randrange(6)}",
        "Helicone-Session-Path": chance.choice(("/plan", "/plan/search", "/plan/answer")),
        "Helicone-Session-Name": f"{feature} for {user}",
        "Helicone-Property-Feature": feature,
        "Helicone-Property-Environment": chance.choice(("production", "staging")),
        "x-sim-delay-ms": str(chance.randrange(20, 400)),
        "x-sim-chunk-ms": "15",
        "x-sim-chunks": str(chance.randrange(5, 40)),
        "x-sim-input-tokens": str(chance.randrange(20, 2000)),
        "x-sim-output-tokens": str(chance.randrange(10, 600)),
        "authorization": "Bearer sk-demo",
    }
    if chance.random() < 0.06:
        headers["x-sim-status"] = chance.choice(("400", "429", "500", "529"))
    question = chance.choice(_QUESTIONS)
    kind = chance.random()
    if kind < 0.15:
        return "openai/v1/embeddings", {"model": "text-embedding-3-small", "input": question}, headers
    messages = [{"role": "user", "content": question}]
    stream = chance.random() < 0.5
    if kind < 0.45:
        body = {"model": "claude-sonnet-4-5", "max_tokens": 512, "messages": messages, "stream": stream}
        return "anthropic/v1/messages", body, headers
    path, model = chance.choice(_CHAT)
    body = {"model": model, "messages": messages, "stream": stream}
    if stream and not path.startswith("openai"):
        body["stream_options"] = {"include_usage": True}  # these providers send usage unasked, the simulator does not
    return path, body, headers


def providers(origin: str) -> dict[str, str]:
    """What the catalog's own files say, so that every provider is the simulator at `origin`."""
    return dict.fromkeys(("openai", "anthropic", "together", "groq"), f'origin = "{origin}"\n')


def send(gateway: str, calls: int) -> int:
    """Sends calls through the gateway at once; says how many succeeded."""
    return asyncio.run(_send(gateway, calls))


async def _send(gateway: str, calls: int) -> int:
    chance = random.Random(1766)
    room = asyncio.Semaphore(32)
    async with httpx.AsyncClient(timeout=60) as client:

        async def one(path: str, body: dict[str, Any], headers: dict[str, str]) -> bool:
            async with room:
                answer = await client.post(f"{gateway}/{path}", json=body, headers=headers)
                return answer.status_code == 200

        done = await asyncio.gather(*(one(*_call(chance)) for _ in range(calls)))
    return sum(done)


def _wait_until_ready(url: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the demo could not start: {url} does not answer")


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m simulator.demo", description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=int, default=600)
    options.add_argument("--data", default="./perihelion-demo")
    options.add_argument("--once", action="store_true", help="end when the traffic is logged")
    options.add_argument("--gateway-port", type=int, default=8787)
    options.add_argument("--control-port", type=int, default=8788)
    asked = options.parse_args()
    data = Path(asked.data).absolute()
    catalog = data / "providers"
    catalog.mkdir(parents=True, exist_ok=True)
    provider = process.start()
    for name, text in providers(provider.origin).items():
        (catalog / f"{name}.toml").write_text(text)
    environ = {
        **os.environ,
        "PERIHELION_DATA": str(data),
        "PERIHELION_PROVIDERS_FOLDER": str(catalog),
        "PERIHELION_GATEWAY_PORT": str(asked.gateway_port),
        "PERIHELION_CONTROL_PORT": str(asked.control_port),
    }
    gateway, control = f"http://127.0.0.1:{asked.gateway_port}", f"http://127.0.0.1:{asked.control_port}"
    perihelion = [sys.executable, "-m", "proxy"]
    serve = subprocess.Popen([*perihelion, "serve"], env=environ)
    try:
        _wait_until_ready(gateway + "/readyz", serve)
        _wait_until_ready(control + "/readyz", serve)
        print(f"\nSending {asked.calls} calls to {gateway} …", flush=True)
        good = send(gateway, asked.calls)
        print(f"{good} succeeded, {asked.calls - good} failed as scripted. The newest:\n", flush=True)
        time.sleep(2)  # the shipper's turn
        subprocess.run([*perihelion, "requests", "--limit", "12"], env=environ, check=True)
        if not asked.once:
            port = "" if asked.control_port == 8788 else f" --set control.port={asked.control_port}"
            print(
                f"\nLook around with `perihelion requests --follow --set data={asked.data}{port}`; "
                "Ctrl-C ends the demo.",
                flush=True,
            )
            serve.wait()
    except KeyboardInterrupt:
        pass
    finally:
        if serve.poll() is None:
            serve.send_signal(signal.SIGTERM)
        serve.wait(60)
        provider.stop()


if __name__ == "__main__":
    main()
