"""`python -m benchmarks.rivals`: Perihelion and others under the same load, on the same core, in one run.

Each is installed into a folder of its own under `.bench/`, started, pinned to core 1, and measured: what it adds at one
connection, calls/s at 32, CPU a call over its whole process tree. Perihelion runs first and last; a rival that cannot
be measured is named with the reason.
"""

import contextlib
import importlib
import json
import pkgutil
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks import draw, machine, rivals
from benchmarks.load import Spec, run
from benchmarks.rig import COUNTER, HEADERS, chat_body, rig, rows_in_store
from simulator import process
from tests.stack import free_port, wait_for

_HERE = Path(__file__).resolve().parent
_FOLDER = _HERE.parent.parent / ".bench"
_SECONDS = 6.0
_BODY = chat_body(1_000)


def main() -> int:
    rows: dict[str, Any] = {"perihelion": _perihelion()}
    for _, name, _ in pkgutil.iter_modules(rivals.__path__):
        if name == "__main__":
            continue
        rival = importlib.import_module(f"benchmarks.rivals.{name}")
        try:
            rows[rival.NAME] = _rival(rival, _FOLDER / name)
        except Exception as error:  # a rival's trouble is a row of the table, not the end of the run
            rows[rival.NAME] = {"not_measured": f"{type(error).__name__}: {error}"[:120]}
        print(rival.NAME, rows[rival.NAME], file=sys.stderr, flush=True)
    rows["perihelion, again"] = _perihelion()
    base = rows.get("nginx proxy_pass", {}).get("calls_s")
    for row in rows.values():
        if base and "calls_s" in row:
            row["calls_s_of_nginx"] = f"{row['calls_s'] / base:.0%}"
    results = {"rivals": rows}
    out = _HERE.parent / "results" / "rivals.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps({"environment": machine.environment(), "results": results}, indent=1) + "\n")
    draw.into_readme()
    print(draw.table("rivals", rows))
    return 0


def _perihelion() -> dict[str, Any]:
    with rig(answer_bytes=700) as made:
        row = _measure(made.direct, made.proxied, {}, made.gateway, made)
        folder, written = made.stack.folder, made.written()
        made.stack.stop()
        rows = rows_in_store(folder)
    if rows != written:
        raise SystemExit(f"void: {written} calls written, {rows} rows in the log")
    return {**row, "logs": f"yes, {rows} rows counted"}


def _rival(rival: Any, folder: Path) -> dict[str, Any]:
    rival.install(folder)
    folder.mkdir(parents=True, exist_ok=True)
    provider = process.start(answer_bytes=700)
    port = free_port()
    machine.pin([provider.process.pid], 0)
    server = rival.start(provider.origin, port, folder)
    try:
        url = f"http://127.0.0.1:{port}{rival.PATH}"
        headers = rival.headers(provider.origin)
        wait_for(rival.NAME, lambda: _answers(url, headers), 120)
        pids = machine.tree(server.pid)
        machine.pin(pids, 1)
        row = _measure(provider.origin + "/v1/chat/completions", url, headers, pids, None)
    finally:
        server.terminate()
        with contextlib.suppress(Exception):
            server.wait(10)
        server.kill()
        provider.stop()
    return {**row, "logs": "yes" if rival.LOGS else "no"}


def _measure(direct: str, proxied: str, headers: dict[str, str], pids: list[int], made: Any) -> dict[str, Any]:
    def load(url: str, connections: int, seconds: float) -> Any:
        sent = {**HEADERS, **headers}
        return run(
            Spec(
                url=url, connections=connections, body=_BODY, headers=sent, counter=COUNTER, seconds=seconds, warm_up=1
            )
        )

    load(proxied, 32, 1.0)
    if made is not None:
        made.wait_until_shipped()
        pids = made.gateway + made.control
    before = machine.cpu_seconds(pids)
    with _undisturbed(made):
        many = load(proxied, 32, _SECONDS)
    if made is not None:
        made.wait_until_shipped()
    cpu = machine.cpu_seconds(pids) - before
    calls = many.calls + 32  # with each connection's warm-up call
    alone = load(direct, 1, 1.5)
    with _undisturbed(made):
        through = load(proxied, 1, 2.0)
    return {
        "calls_s": round(many.calls / many.seconds, 1),
        "errors": many.errors,
        "tree_cpu_us": round(cpu / calls * 1e6, 1),
        "added_p50_ms": round(through.p50 - alone.p50, 3),
        "added_p99_ms": round(through.p99 - alone.p99, 3),
    }


def _undisturbed(made: Any) -> Any:
    """See `Rig.control_waits`; a rival has nothing that waits."""
    return made.control_waits() if made is not None else contextlib.nullcontext()


def _answers(url: str, headers: dict[str, str]) -> bool:
    request = urllib.request.Request(url, _BODY.encode(), {**HEADERS, **headers})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    sys.exit(main())
