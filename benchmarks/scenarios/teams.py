"""What keys and prompts cost a gateway: a key's check, a prompt filled in, a large snapshot taken over."""

import asyncio
import json
import os
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks import machine
from proxy.core.clock import now_us
from proxy.core.secret import Secret, token_hash
from proxy.core.settings import load
from proxy.core.snapshot import Head, KeyRow, PromptRow, frames
from proxy.core.template import parse
from proxy.gateway.directory import Directory
from tests.stack import Stack

__all__ = ["measure"]


def measure(short: bool) -> dict[str, Any]:
    """CPU µs of a check and of a rendering; seconds of a load, its longest piece, the longest wait of others; MiB of
    the whole control plane; seconds until a change is in force."""
    keys, versions = (10_000, 1_000) if short else (100_000, 10_000)
    rounds = 5_000 if short else 50_000
    with tempfile.TemporaryDirectory() as folder:
        directory, token = _directory(Path(folder), keys, versions)
        load_s, stall_s = asyncio.run(_taken(directory))
        check_us = _cpu_us(lambda: directory.key(token), rounds)
    text = " ".join(["{{v" + str(number) + "}}" + " word" * 38 for number in range(10)])
    template = parse({"model": "m", "messages": [{"role": "system", "content": text}]})
    values = {f"v{number}": "value" for number in range(10)}
    return {
        "a key's check": {"cpu_us": check_us},
        f"a prompt of {len(text)} bytes, 10 variables": {"cpu_us": _cpu_us(lambda: template.render(values), rounds)},
        f"a snapshot of {keys} keys and {versions} versions": {
            "load_s": round(load_s, 3),
            "longest_piece_ms": round(directory.max_pause_s * 1e3, 2),
            "longest_stall_ms": round(stall_s * 1e3, 2),
        },
        **_running(3 if short else 10),
    }


def _directory(folder: Path, keys: int, versions: int) -> tuple[Directory, str]:
    """One whose snapshot is about to come."""
    settings = load(environ={"PERIHELION_DATA": str(folder), "PERIHELION_SECRET_KEY": "ab" * 32})
    secret, pepper = Secret(bytes.fromhex("ab" * 32)), os.urandom(32)
    body = json.dumps({"body": {"messages": [{"role": "system", "content": "Hello {{name}}. " * 20}]}, "variables": []})
    rows = (
        KeyRow(token_hash(pepper, f"sk-perihelion-{number}"), f"{number:036d}", "default", 0, "")
        for number in range(keys)
    )
    prompts = (
        PromptRow("default", f"prompt-{number // 10}", number % 10 + 1, (), number % 10 == 9, body.encode())
        for number in range(versions)
    )
    head = Head(1, now_us(), secret.fingerprint, secret.seal(pepper, "pepper"))
    file = folder / "snapshot" / "snapshot.bin"
    file.parent.mkdir()
    file.write_bytes(b"".join(frames(head, keys=rows, prompts=prompts)))
    return Directory(settings), f"sk-perihelion-{keys // 2}"


async def _taken(directory: Directory) -> tuple[float, float]:
    """Seconds from the moment it is read until it is in force, in the place of another as large, and the longest that a
    call had to wait meanwhile."""
    file = directory._file  # noqa: SLF001 - as a worker does, less the first reading
    watch = asyncio.create_task(directory._watch())  # noqa: SLF001
    stall_s = 0.0
    for turn in (1, 2):
        began = time.perf_counter()
        while directory.loads < turn:
            passed = time.perf_counter()
            await asyncio.sleep(0)
            stall_s = max(stall_s, time.perf_counter() - passed)
        load_s = time.perf_counter() - began - 0.25  # it looks four times a second
        os.utime(file)
    watch.cancel()
    return load_s, stall_s


def _running(turns: int) -> dict[str, Any]:
    """A control plane with its store open, and how soon a change is in force at its own gateway and at one that asks
    over HTTP."""
    took: dict[str, list[float]] = {"beside it": [], "over HTTP": []}
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "near", auth__mode="required") as near:
        shown = {"Authorization": f"Bearer {near.token}", "Content-Type": "application/json"}

        def asked(method: str, path: str, body: object = None) -> Any:
            raw = json.dumps(body).encode() if body is not None else None
            request = urllib.request.Request(near.control + path, raw, shown, method=method)
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)

        time.sleep(5)  # so that it is idle
        control = near.processes("control")
        store_kib, whole_kib = max(map(machine.rss_kib, control)), sum(map(machine.pss_kib, control))
        watcher = asked("POST", "/api/keys", {"name": "w", "scopes": ["snapshot"]})["key"]
        far = Stack(
            Path(folder) / "far", auth__mode="required", snapshot__url=near.control, snapshot__token=watcher,
            secret__file=str(near.folder / "data" / "secret.key"),
        )  # fmt: skip
        far.start("gateway")
        try:
            for _ in range(turns):
                made = asked("POST", "/api/keys", {"name": "k"})
                for gateway in (near, far):
                    _wait(lambda at=gateway, key=made["key"]: _status(at, key) != 401)
                asked("DELETE", f"/api/keys/{made['about']['id']}")
                began = time.perf_counter()
                for where, gateway in zip(took, (near, far), strict=True):
                    _wait(lambda at=gateway, key=made["key"]: _status(at, key) == 401)
                    took[where].append(time.perf_counter() - began)
        finally:
            far.stop()
    return {
        "the control plane, idle": {
            "rss_mib": round(store_kib / 1024, 1),
            "all_its_processes_mib": round(whole_kib / 1024, 1),
        },
        **{f"a revocation, {where}": {"in_force_s": round(max(each), 2)} for where, each in took.items()},
    }


def _status(stack: Stack, key: str) -> int:
    """Of a call to an address that is nobody's: a key is asked for before that is found out."""
    request = urllib.request.Request(stack.gateway + "/no-such-path", headers={"Helicone-Auth": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _wait(true: Any) -> None:
    while not true():
        time.sleep(0.01)


def _cpu_us(work: Any, rounds: int) -> float:
    work()
    began = time.process_time()
    for _ in range(rounds):
        work()
    return round((time.process_time() - began) / rounds * 1e6, 3)
