"""The simulator as a process of its own, for callers that have no event loop."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Running", "start"]

_ROOT = Path(__file__).resolve().parent.parent


class Running:
    """A started simulator: where it listens, and how to end it."""

    def __init__(self, process: "subprocess.Popen[str]", told: dict[str, str]) -> None:
        self.process = process
        self.origin = told["origin"]
        self.port = int(told["port"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def start(*, replay: Sequence[Path] = (), tls_ca_out: Path | None = None, port: int = 0, **defaults: object) -> Running:
    """Starts one and waits until it listens. `defaults` are script fields, e.g. `delay_ms=50`.

    With `tls_ca_out` it speaks TLS, and the file gets the authority to trust.
    """
    command = [sys.executable, "-m", "simulator", "--port", str(port)]
    for folder in replay:
        command += ["--replay", str(folder)]
    if tls_ca_out is not None:
        command += ["--tls", "--tls-ca-out", str(tls_ca_out)]
    for name, value in defaults.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    path = os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the simulator ended with {process.wait()}")
    return Running(process, json.loads(line))
