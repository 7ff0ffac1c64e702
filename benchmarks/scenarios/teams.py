"""What keys and prompts cost a gateway: a key's check, a prompt filled in, a large snapshot taken over."""

import asyncio
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from proxy.core.clock import now_us
from proxy.core.secret import Secret, token_hash
from proxy.core.settings import load
from proxy.core.snapshot import Head, KeyRow, PromptRow, frames
from proxy.core.template import parse
from proxy.gateway.directory import Directory

__all__ = ["measure"]


def measure(short: bool) -> dict[str, Any]:
    """CPU µs of a check and of a rendering; seconds of a load, and its longest piece between two calls."""
    keys, versions = (10_000, 1_000) if short else (100_000, 10_000)
    rounds = 5_000 if short else 50_000
    with tempfile.TemporaryDirectory() as folder:
        directory, token = _directory(Path(folder), keys, versions)
        load_s = asyncio.run(_taken(directory))
        check_us = _cpu_us(lambda: directory.key(token), rounds)
    text = " ".join(["{{v" + str(number) + "}}" + " word" * 38 for number in range(10)])
    template = parse({"model": "m", "messages": [{"role": "system", "content": text}]})
    values = {f"v{number}": "value" for number in range(10)}
    return {
        "a key's check": {"cpu_us": check_us},
        f"a prompt of {len(text)} bytes, 10 variables": {"cpu_us": _cpu_us(lambda: template.render(values), rounds)},
        f"a snapshot of {keys} keys and {versions} versions": {
            "load_s": round(load_s, 3),
            "longest_piece_ms": round(directory.longest_s * 1e3, 2),
        },
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


async def _taken(directory: Directory) -> float:
    """Seconds from the moment it is read until it is in force, calls being let through between pieces."""
    watch = asyncio.create_task(directory._watch())  # noqa: SLF001 - as a worker does, less the first reading
    began = time.perf_counter()
    while not directory.loads:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.001)
    watch.cancel()
    return time.perf_counter() - began - 0.25  # it looks four times a second


def _cpu_us(work: Any, rounds: int) -> float:
    work()
    began = time.process_time()
    for _ in range(rounds):
        work()
    return round((time.process_time() - began) / rounds * 1e6, 3)
