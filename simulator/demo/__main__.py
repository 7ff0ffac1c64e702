"""`make demo`: Perihelion against a simulated provider, with two weeks of varied traffic in the log.

Starts `perihelion serve` over its own data folder with every provider pointed at the simulator, writes the history of
a bookkeeping company's calls, sends more of them through the gateway, and goes on sending a few until Ctrl-C (`--once`
ends instead).
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import NoReturn

from proxy.core.clock import now_us
from simulator import demo, process


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m simulator.demo", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--calls", type=int, default=60, help="sent through the gateway at once")
    options.add_argument("--history", type=int, default=8000, help="calls of the days before, written into a new log")
    options.add_argument("--days", type=float, default=14, help="how many days that is")
    options.add_argument("--rate", type=float, default=0.5, help="calls a second that are sent from then on")
    options.add_argument("--seed", type=int, default=1766, help="another one: other calls")
    options.add_argument("--data", default="./perihelion-demo")
    options.add_argument("--once", action="store_true", help="end when the traffic is logged")
    options.add_argument("--gateway-port", type=int, default=8787)
    options.add_argument("--control-port", type=int, default=8788)
    asked = options.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    data = Path(asked.data).absolute()
    catalog = data / "providers"
    catalog.mkdir(parents=True, exist_ok=True)
    provider = process.start()
    for name, text in demo.providers(provider.origin).items():
        (catalog / f"{name}.toml").write_text(text)
    environ = {
        **os.environ,
        "PERIHELION_DATA": str(data),
        "PERIHELION_PROVIDERS_FOLDER": str(catalog),
        "PERIHELION_GATEWAY_PORT": str(asked.gateway_port),
        "PERIHELION_CONTROL_PORT": str(asked.control_port),
        "PERIHELION_CHANNELS_ALLOW": provider.origin,
    }
    serve = subprocess.Popen([sys.executable, "-m", "proxy", "serve"], env=environ)
    try:
        _run(asked, data, environ, serve, provider.origin)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if serve.poll() is None:
            serve.send_signal(signal.SIGTERM)
        provider.stop()
        serve.wait(60)


def _run(
    asked: argparse.Namespace, data: Path, environ: dict[str, str], serve: "subprocess.Popen[bytes]", receiver: str
) -> None:
    gateway, control = f"http://127.0.0.1:{asked.gateway_port}", f"http://127.0.0.1:{asked.control_port}"
    written = data / "demo-history"  # an own mark: the spool is empty once its calls are in the log
    if asked.history and not written.exists():
        count = demo.write_history(data / "spool", asked.history, now_us(), days=asked.days, seed=asked.seed)
        written.write_text(f"{count} calls\n")
    _wait_until_ready(gateway + "/readyz", serve)
    _wait_until_ready(control + "/readyz", serve)
    token = (data / "control.token").read_text()
    key = demo.set_up(control, token, receiver)
    print(f"\nSending {asked.calls} calls to {gateway} …", flush=True)
    good = demo.send(gateway, asked.calls, seed=asked.seed, key=key)
    print(f"{good} succeeded, the others failed as scripted. The newest:\n", flush=True)
    time.sleep(2)  # the shipper's turn
    demo.rate_calls(control, token, seed=asked.seed)
    subprocess.run([sys.executable, "-m", "proxy", "requests", "--limit", "12"], env=environ, check=True)
    if asked.once:
        return
    print(f"\nLook around at {control}; Ctrl-C ends the demo.", flush=True)
    sending = demo.trickle(gateway, asked.rate, seed=asked.seed + 1, key=key)
    threading.Thread(target=asyncio.run, args=(sending,), daemon=True).start()
    serve.wait()


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _wait_until_ready(url: str, child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the demo could not start: {url} does not answer")


if __name__ == "__main__":
    main()
